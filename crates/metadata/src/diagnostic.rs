//! What is wrong with a document, where, and what to do: the same form for `check`, `plan`, `apply` and the metadata API.

use serde::Serialize;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The change is refused.
    Error,
    /// The change goes through.
    Warning,
}

/// One finding. `code` is stable and listed in `docs/reference/errors.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable code, e.g. `UNKNOWN_KEY`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// Path of the file, relative to the folder that was checked.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// JSON pointer into the document.
    pub pointer: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What was expected, where that says more than the message.
    pub expected: Option<String>,
    /// What was found.
    pub found: Option<String>,
    /// What to do, e.g. ``did you mean `closeDate`?``.
    pub hint: Option<String>,
}

/// What is wrong at one place of a document, before its file is known.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Stable code.
    pub code: &'static str,
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// Whether the key is meant, not its value.
    pub key: bool,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What was found.
    pub found: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding at a value, with its message alone.
    pub fn new(code: &'static str, pointer: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            pointer: pointer.to_owned(),
            key: false,
            message: message.into(),
            expected: None,
            found: None,
            hint: None,
        }
    }
}
