//! What went wrong in a script, and where.

use std::fmt;

/// A place in a script.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// `scripts/lead.rhai`
    pub file: String,
    /// From 1.
    pub line: Option<u32>,
    /// From 1.
    pub column: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// A run that did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ScriptError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// The innermost place.
    pub place: Place,
    /// For people.
    pub message: String,
}

/// The kinds of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A mistake in the script, or it threw.
    Failed,
    /// It wanted more than its budget.
    Budget,
    /// A pure script needs a value that is not at hand: fetch this path of the record and judge again.
    Unavailable(String),
    /// The host ended the run and knows why.
    Ended,
    /// A defect of the platform.
    Panicked,
}

/// Whether a finding stops a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Error,
    /// It is probably not meant.
    Warning,
}

/// A finding in the text of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the package.
    pub severity: Severity,
    /// The package that sees the script.
    pub package: String,
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
