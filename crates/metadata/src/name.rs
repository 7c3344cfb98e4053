//! Names that authors give: one checked type, cheap to clone.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name of the form `[a-z][A-Za-z0-9]{0,59}`, as it stands in JSON, GraphQL, scripts and CSV headers.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// The text is not of the form `[a-z][A-Za-z0-9]{0,59}`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a name: a lower-case letter, then up to 59 letters and digits")]
pub struct BadName(pub String);

impl Name {
    /// Checks and wraps.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let mut bytes = text.bytes();
        let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        if starts_well && text.len() <= 60 && bytes.all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(BadName(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// `closeDate` as `CloseDate`, the form of GraphQL type names.
    pub fn pascal(&self) -> String {
        let mut chars = self.0.chars();
        chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
    }

    /// `closeDate` as `close_date`, the form that SQL names begin from.
    pub fn snake(&self) -> String {
        let mut out = String::with_capacity(self.0.len() + 4);
        for c in self.0.chars() {
            if c.is_ascii_uppercase() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        }
        out
    }
}

impl TryFrom<String> for Name {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::new(&text)
    }
}
impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.to_string()
    }
}
impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}
impl std::ops::Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}
