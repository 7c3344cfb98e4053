//! What is wrong with an expression or a filter, where, and what to do.

use std::fmt;

use crate::tree::Span;

/// One finding in an expression's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable code: one of the constants of [`code`].
    pub code: &'static str,
    /// Where in the source.
    pub span: Span,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What was expected, where that says more than the message.
    pub expected: Option<String>,
    /// What was found.
    pub found: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// One finding in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterProblem {
    /// Stable code: one of the constants of [`code`].
    pub code: &'static str,
    /// The keys from the filter's top down to the place; list elements by their number.
    pub path: Vec<String>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What was expected: legal names or a form of value.
    pub expected: Option<String>,
    /// What was found.
    pub found: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// The codes that problems carry.
pub mod code {
    /// The text does not parse.
    pub const SYNTAX: &str = "EXPRESSION_SYNTAX";
    /// Too long or nested too deeply.
    pub const LIMIT: &str = "EXPRESSION_LIMIT";
    /// No field, root or setting of that name.
    pub const UNKNOWN_NAME: &str = "UNKNOWN_NAME";
    /// No function of that name.
    pub const UNKNOWN_FUNCTION: &str = "UNKNOWN_FUNCTION";
    /// Types that do not go together.
    pub const TYPE: &str = "EXPRESSION_TYPE";
    /// A value that is not among a field's choices.
    pub const UNKNOWN_CHOICE: &str = "UNKNOWN_CHOICE";
    /// A literal that is not of the form its type wants.
    pub const VALUE: &str = "BAD_VALUE";
    /// A filter operator that the field does not have.
    pub const UNKNOWN_OPERATOR: &str = "UNKNOWN_OPERATOR";
    /// `null` where a filter compares.
    pub const NULL: &str = "NULL_COMPARED";
}

impl Problem {
    /// A problem without expectation or hint.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), expected: None, found: None, hint: None }
    }

    /// Adds what was expected.
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    /// Adds what was found.
    pub fn found(mut self, text: impl Into<String>) -> Self {
        self.found = Some(text.into());
        self
    }

    /// Adds what to do.
    pub fn hint(mut self, text: Option<String>) -> Self {
        self.hint = text.or(self.hint);
        self
    }
}

impl FilterProblem {
    /// A problem without expectation or hint.
    pub fn new(code: &'static str, path: &[String], message: impl Into<String>) -> Self {
        Self { code, path: path.to_vec(), message: message.into(), expected: None, found: None, hint: None }
    }

    /// Adds what was expected.
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    /// Adds what was found.
    pub fn found(mut self, text: impl Into<String>) -> Self {
        self.found = Some(text.into());
        self
    }

    /// Adds what to do.
    pub fn hint(mut self, text: Option<String>) -> Self {
        self.hint = text.or(self.hint);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl fmt::Display for FilterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.join("."), self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

/// ``did you mean `closeDate`?``, where one of the names is near enough to what was written.
pub fn did_you_mean<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = written.to_lowercase();
    let most = (written.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| format!("did you mean `{name}`?"))
}
