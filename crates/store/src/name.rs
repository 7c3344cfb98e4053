//! The checked name of a tenant, and where it puts the tenant's tables.

use std::fmt;
use std::sync::Arc;

/// `[a-z][a-z0-9_-]{0,39}`, without `__` confusion: `-` becomes `_` in the PostgreSQL schema, so that `a-b` and `a_b` cannot both exist.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantName(Arc<str>);

/// The text cannot be the name of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a tenant name: 1 to 40 of a-z, 0-9, _ and -, beginning with a letter")]
pub struct BadTenantName(pub String);

impl TenantName {
    /// Checks and wraps.
    pub fn new(text: &str) -> Result<Self, BadTenantName> {
        let legal = text.len() <= 40
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if legal { Ok(Self(Arc::from(text))) } else { Err(BadTenantName(text.chars().take(80).collect())) }
    }

    /// The bare text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The schema of its tables on PostgreSQL; legal as an identifier by construction.
    pub(crate) fn schema(&self) -> String {
        format!("t_{}", self.0.replace('-', "_"))
    }

    /// The file of its tables on SQLite, without folder.
    pub(crate) fn file(&self) -> String {
        format!("{}.db", self.0)
    }
}

impl std::str::FromStr for TenantName {
    type Err = BadTenantName;

    fn from_str(text: &str) -> Result<Self, BadTenantName> {
        Self::new(text)
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_what_is_safe_in_schema_and_file_names() {
        for good in ["a", "acme", "acme-2", "a_b", &"x".repeat(40)] {
            assert!(TenantName::new(good).is_ok(), "{good}");
        }
        for bad in
            ["", "A", "1a", "_a", "-a", "a b", "a.b", "a/b", "..", "a\"b", "ä", "a\0", "a'", &"x".repeat(41)]
        {
            assert!(TenantName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dashes_become_underscores_in_schemas() {
        let name = TenantName::new("acme-eu").expect("legal");
        assert_eq!((name.schema().as_str(), name.file().as_str()), ("t_acme_eu", "acme-eu.db"));
    }
}
