//! What the reference says of a field type.

/// Name, keywords and reference text of a field type.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// As `x-type` names it.
    pub name: &'static str,
    /// The same in plain JSON Schema, where there is a way.
    pub plain: &'static str,
    /// What it holds, in a sentence.
    pub summary: &'static str,
    /// Its keywords beyond the common ones.
    pub keywords: &'static [&'static str],
    /// A value in JSON.
    pub json: &'static str,
    /// The type in the API.
    pub graphql: &'static str,
    /// The columns it takes.
    pub columns: &'static str,
}

/// Keywords that every field may have.
pub const COMMON_KEYWORDS: &[&str] =
    &["$comment", "type", "x-type", "title", "x-titles", "description", "x-renamedFrom", "x-sensitive"];
