//! A regular expression of a schema: checked when it is read, compiled once.

use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Value, json};

/// A regular expression that needs linear time only. Cheap to clone.
#[derive(Clone)]
pub struct Pattern {
    source: Arc<str>,
    compiled: Arc<Validator>,
}

impl Pattern {
    /// Compiles it, or says why it is none.
    pub fn new(source: &str) -> Result<Self, String> {
        let compiled = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(&json!({"pattern": source}))
            .map_err(|error| error.to_string())?;
        Ok(Self { source: Arc::from(source), compiled: Arc::new(compiled) })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is found in the text.
    pub fn matches(&self, text: &str) -> bool {
        self.compiled.is_valid(&Value::String(text.to_owned()))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.source)
    }
}
