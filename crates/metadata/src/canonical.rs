//! The form in which documents are kept, hashed and pulled: one document a file, keys as authored, layout of our own.

use crate::source::SourceFile;

/// One document as it is kept with a catalog version.
#[derive(Clone, Debug, PartialEq)]
pub struct CanonicalDocument {
    /// Its package.
    pub package: String,
    /// What it is.
    pub kind: Kind,
    /// Its stable name: of the object, list or role, `package/object` for an extension, the language tag of translations.
    pub name: String,
    /// Where `pull` writes it: `core/objects/lead.json`.
    pub path: String,
    /// What it says, without `$schema`.
    pub json: serde_json::Value,
}

/// Kinds of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `package.json`
    Package,
    /// A choice list.
    Choices,
    /// An object.
    Object,
    /// Additions to an object, of the same or another package.
    Extension,
    /// A role.
    Role,
    /// Titles in one language.
    Translation,
}

impl CanonicalDocument {
    /// The file that `pull` writes.
    pub fn source(&self) -> SourceFile {
        let mut text = serde_json::to_string_pretty(&self.json).unwrap_or_default();
        text.push('\n');
        SourceFile { path: self.path.clone(), text }
    }
}
