//! Why a value is not one of the field's.

use expr::BadValue;
use serde_json::Value as Json;

/// Why a value is not one of the field's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// The keyword that was broken: `type`, `format`, `maxLength`, `enum` …
    pub rule: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl ValueProblem {
    /// With a message made from what was expected and what was found.
    pub(crate) fn new(rule: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let (expected, found) = (expected.into(), found.into());
        let found: String = found.chars().take(80).collect();
        Self { rule, message: format!("Expected {expected}, found {found}"), expected, found }
    }

    /// A value of another JSON type.
    pub(crate) fn wrong_type(expected: &str, json: &Json) -> Self {
        let found = match json {
            Json::Array(_) => "a list".to_owned(),
            Json::Object(_) => "an object".to_owned(),
            other => other.to_string(),
        };
        Self::new("type", expected, found)
    }

    /// Text that does not read as the type.
    pub(crate) fn bad_text(rule: &'static str, bad: &BadValue) -> Self {
        Self::new(rule, bad.expected, format!("`{}`", bad.found))
    }
}
