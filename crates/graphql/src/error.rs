//! Errors as the client sees them.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// The stable code of an error, sent as `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// No valid key.
    Unauthenticated,
    /// A visible thing, a forbidden act.
    Forbidden,
    /// No such record.
    NotFound,
    /// The request is wrong.
    Validation,
    /// A rule of the business says no.
    Refused,
    /// Somebody else was faster.
    Conflict,
    /// Too many requests.
    RateLimited,
    /// The request would read too much.
    CostExceeded,
    /// A script failed.
    ScriptError,
    /// It took too long.
    Timeout,
    /// Our fault.
    Internal,
}

impl Code {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Unauthenticated => "UNAUTHENTICATED",
            Code::Forbidden => "FORBIDDEN",
            Code::NotFound => "NOT_FOUND",
            Code::Validation => "VALIDATION",
            Code::Refused => "REFUSED",
            Code::Conflict => "CONFLICT",
            Code::RateLimited => "RATE_LIMITED",
            Code::CostExceeded => "COST_EXCEEDED",
            Code::ScriptError => "SCRIPT_ERROR",
            Code::Timeout => "TIMEOUT",
            Code::Internal => "INTERNAL",
        }
    }
}

/// A place in the document; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// A step of the path into the response, or into an argument's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PathSegment {
    /// A response key or the name of an input field.
    Key(Arc<str>),
    /// Place in a list.
    Index(usize),
}

/// One error.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// For people.
    pub message: String,
    /// For programs.
    pub code: Code,
    /// Where in the document.
    pub locations: Vec<Location>,
    /// Which field of the response.
    pub path: Vec<PathSegment>,
    /// Further members of `extensions`: `expected`, `found`, `hint`, `argument`, `cost`, `limit`, `traceId`.
    pub extensions: Vec<(&'static str, serde_json::Value)>,
}

impl Error {
    /// An error without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error {
            message: message.into(),
            code,
            locations: Vec::new(),
            path: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// The client's fault.
    pub fn validation(message: impl Into<String>) -> Error {
        Error::new(Code::Validation, message)
    }

    /// At this place of the document.
    pub fn at(mut self, location: Location) -> Error {
        self.locations.push(location);
        self
    }

    /// With a further member of `extensions`.
    pub fn with(mut self, key: &'static str, value: impl Into<serde_json::Value>) -> Error {
        self.extensions.push((key, value.into()));
        self
    }

    /// With `expected` and `hint`, where there are any.
    pub fn explained(mut self, expected: Option<String>, hint: Option<String>) -> Error {
        if let Some(expected) = expected {
            self.extensions.push(("expected", expected.into()));
        }
        if let Some(hint) = hint {
            self.extensions.push(("hint", hint.into()));
        }
        self
    }
}

struct Extensions<'a>(&'a Error);

impl Serialize for Extensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.0.code.as_str())?;
        for (key, value) in &self.0.extensions {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("message", &self.message)?;
        if !self.locations.is_empty() {
            map.serialize_entry("locations", &self.locations)?;
        }
        if !self.path.is_empty() {
            map.serialize_entry("path", &self.path)?;
        }
        map.serialize_entry("extensions", &Extensions(self))?;
        map.end()
    }
}
