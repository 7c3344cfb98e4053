//! What a deployment says no with: diagnostics go into the answer, everything else becomes an error with a code.

use async_graphql::{Error, ErrorExtensions, ID, SimpleObject};
use deploy::DeployError;
use metadata::diagnostic::Severity;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::admin::{ASK, AdminError};
use crate::failure;

/// Most entries of a page.
const LARGEST_PAGE: i32 = 1_000;

/// What is wrong with a document, where, and what to do.
#[derive(SimpleObject)]
pub(crate) struct Diagnostic {
    /// Stable code, `UNKNOWN_KEY`.
    code: String,
    /// `error` or `warning`.
    severity: String,
    /// Path of the file.
    file: String,
    /// Line, from 1.
    line: i32,
    /// Column, from 1.
    column: i32,
    /// JSON pointer into the document.
    pointer: String,
    /// What is wrong, in a sentence.
    message: String,
    /// What was expected.
    expected: Option<String>,
    /// What was found.
    found: Option<String>,
    /// What to do.
    hint: Option<String>,
}

fn number(value: impl TryInto<i32>) -> i32 {
    value.try_into().unwrap_or(i32::MAX)
}

impl From<&metadata::Diagnostic> for Diagnostic {
    fn from(found: &metadata::Diagnostic) -> Self {
        Diagnostic {
            code: found.code.to_owned(),
            severity: match found.severity {
                Severity::Error => "error".to_owned(),
                Severity::Warning => "warning".to_owned(),
            },
            file: found.file.clone(),
            line: number(found.line),
            column: number(found.column),
            pointer: found.pointer.clone(),
            message: found.message.clone(),
            expected: found.expected.clone(),
            found: found.found.clone(),
            hint: found.hint.clone(),
        }
    }
}

fn coded(
    code: &'static str,
    message: impl Into<String>,
    hint: Option<&str>,
    plan: Option<&deploy::Plan>,
) -> Error {
    let plan = plan.and_then(|plan| serde_json::to_value(plan).ok());
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", code);
        if let Some(hint) = hint {
            extensions.set("hint", hint);
        }
        if let Some(value) = plan.and_then(|plan: Json| async_graphql::Value::from_json(plan).ok()) {
            extensions.set("plan", value);
        }
    })
}

/// Diagnostics where the documents are at fault, an error otherwise.
pub(crate) fn diagnosed(error: DeployError) -> Result<Vec<Diagnostic>, Error> {
    match error {
        DeployError::Documents(found) => Ok(found.iter().map(Diagnostic::from).collect()),
        other => Err(refused(&other)),
    }
}

/// The error of a deployment that did not go through.
pub(crate) fn refused(error: &DeployError) -> Error {
    let message = error.to_string();
    match error {
        DeployError::Refused(plan) => coded(
            "REFUSED",
            message,
            Some("correct these records, or say in mapping what becomes of their values"),
            Some(plan),
        ),
        DeployError::Destructive(plan) => {
            coded("REFUSED", message, Some("pass allowDestructive: true"), Some(plan))
        }
        DeployError::Tests(_) => {
            coded("REFUSED", message, Some("correct them, or pass skipTests: true"), None)
        }
        DeployError::Untested(inner) => internal(inner),
        DeployError::OtherPlan { .. } | DeployError::Conflict { .. } => {
            coded("CONFLICT", message, Some("plan again and look at what has changed"), None)
        }
        DeployError::UnknownVersion(_) => {
            coded("NOT_FOUND", message, Some("history lists the versions"), None)
        }
        DeployError::Documents(_) | DeployError::Document(_) | DeployError::Lowering(_) => {
            coded("VALIDATION", message, None, None)
        }
        DeployError::Moment(_) => coded("VALIDATION", message, None, None),
        DeployError::Stored { .. } | DeployError::Stopped(_) => internal(error),
        DeployError::Store(inner) => {
            let sent = failure::store(inner, None);
            coded(sent.code.as_str(), sent.message, None, None)
        }
    }
}

/// Our fault.
pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Error {
    coded("INTERNAL", failure::internal(error).message, None, None)
}

/// The client's.
pub(crate) fn wrong(message: impl Into<String>) -> Error {
    coded("VALIDATION", message, None, None)
}

/// The client's, with what to do.
pub(crate) fn advised(message: impl Into<String>, hint: &str) -> Error {
    coded("VALIDATION", message, Some(hint), None)
}

/// A right that the caller does not have.
pub(crate) fn forbidden(message: impl Into<String>) -> Error {
    coded("FORBIDDEN", message, Some(ASK), None)
}

/// The id of a record, key, share or session.
pub(crate) fn identified(id: &ID) -> Result<Uuid, Error> {
    id.parse().map_err(|_| wrong(format!("{:?} is no id", id.as_str())))
}

/// The error of an act of administration that did not happen.
pub(crate) fn administered(error: &AdminError) -> Error {
    let sent = failure::admin(error);
    let hint = error.advice().map(ToOwned::to_owned);
    coded(sent.code.as_str(), sent.message, hint.as_deref(), None)
}

/// How many entries are wanted.
pub(crate) fn page(first: i32) -> Result<i64, Error> {
    if (1..=LARGEST_PAGE).contains(&first) {
        Ok(i64::from(first))
    } else {
        Err(wrong(format!("first: expected 1 to {LARGEST_PAGE}, found {first}")))
    }
}
