//! Identifiers: checked once, quoted by one function.

use std::fmt;
use std::sync::Arc;

/// A table, column, index or alias name: 1 to 63 bytes of `[A-Za-z0-9_]`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ident(Arc<str>);

/// The text cannot be an identifier.
#[derive(Debug)]
pub struct BadIdent(pub String);

impl fmt::Display for BadIdent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an SQL identifier: 1 to 63 of letters, digits and _", self.0)
    }
}
impl std::error::Error for BadIdent {}

impl Ident {
    /// Checks and wraps.
    pub fn new(text: &str) -> Result<Self, BadIdent> {
        let legal =
            (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if legal { Ok(Self(Arc::from(text))) } else { Err(BadIdent(text.to_owned())) }
    }

    /// A name made by the program itself, such as a numbered alias.
    pub fn made(text: &str) -> Self {
        Self::new(text).expect("names made by the program are legal")
    }

    /// The bare text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends the name in double quotes: the only way into SQL text.
    pub fn quote_into(&self, out: &mut String) {
        out.push('"');
        out.push_str(&self.0);
        out.push('"');
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends a response key in double quotes, as the alias of a result column.
pub(crate) fn quote_key_into(key: &str, out: &mut String) {
    out.push('"');
    for c in key.chars().filter(|c| *c != '\0') {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}
