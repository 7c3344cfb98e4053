//! Failures of the rooms below as errors of the API. What happened inside is logged here, once, and never sent.

use std::time::Duration;

use axum::http::StatusCode;
use deploy::DeployError;
use engine::{Failed, ReadError, WriteError};
use graphql::{Code, Error, PathSegment, Root};
use query::access::Denied;
use query::cost::{self, CostExceeded};
use store::StoreError;

use crate::admin::AdminError;

fn at(mut error: Error, root: Option<&Root>) -> Error {
    if let Some(root) = root {
        error.locations.push(root.location);
        error.path = vec![PathSegment::Key(root.key.clone())];
    }
    error
}

/// A read that gave no answer.
pub(crate) fn read(error: &ReadError, root: &Root) -> Error {
    match error {
        ReadError::Store(inner) => store(inner, Some(root)),
        _ => at(read_itself(error), Some(root)),
    }
}

fn read_itself(error: &ReadError) -> Error {
    match error {
        ReadError::Denied(inner) => denied(inner),
        ReadError::Cost(exceeded) => cost(exceeded),
        ReadError::Stale => Error::new(Code::Conflict, error.to_string()),
        ReadError::Response(wrong) => Error::validation(wrong.to_string()),
        ReadError::Store(inner) => store(inner, None),
        other => internal(other),
    }
}

/// Nobody is known by what was sent: told alike, whether there was nothing, or what ended.
pub(crate) fn unauthenticated() -> Error {
    let message = "A valid key or session is needed; send Authorization: Bearer <key>, or log in";
    Error::new(Code::Unauthenticated, message)
}

/// What is not there for the caller, or is not granted.
pub(crate) fn denied(denied: &Denied) -> Error {
    if denied.forbidden() {
        return Error::new(Code::Forbidden, denied.to_string());
    }
    Error::validation(denied.to_string())
}

/// A user's record that could not be read.
pub(crate) fn person(error: &ReadError) -> Error {
    read_itself(error)
}

/// A read that costs too much.
pub(crate) fn cost(exceeded: &CostExceeded) -> Error {
    match exceeded {
        CostExceeded::Rows { rows } => Error::new(Code::CostExceeded, exceeded.to_string())
            .with("cost", *rows)
            .with("limit", cost::BUDGET),
        CostExceeded::Depth { depth } => Error::new(Code::CostExceeded, exceeded.to_string())
            .with("depth", *depth)
            .with("limit", cost::DEPTH),
        CostExceeded::PageSize { .. } | CostExceeded::Offset { .. } => {
            Error::validation(exceeded.to_string())
        }
    }
}

/// Not now: with the whole seconds after which to try again.
pub(crate) fn later(status: StatusCode, seconds: u64) -> Error {
    let told = match status {
        StatusCode::TOO_MANY_REQUESTS => "More is asked for than the rate of this key or tenant allows",
        _ => "There is too much to do",
    };
    Error::new(Code::RateLimited, format!("{told}; try again in {seconds} s")).with("retryAfter", seconds)
}

/// A time in whole seconds, rather longer than shorter.
pub(crate) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// A request that costs more than anybody may ask for at once.
pub(crate) fn too_much_at_once(cost: u64, burst: u32) -> Error {
    let message =
        format!("the request may cost {cost}, and {burst} is the most that may be asked for at once");
    Error::new(Code::CostExceeded, message).with("cost", cost).with("limit", burst)
}

/// A write that did not happen.
pub(crate) fn write(error: &WriteError, root: &Root) -> Error {
    match error {
        WriteError::Denied(inner) => at(denied(inner), Some(root)),
        WriteError::Forbidden(refusal) => {
            at(Error::new(Code::Forbidden, refusal.message.clone()), Some(root))
        }
        WriteError::Usage { message } => at(Error::validation(message.clone()), Some(root)),
        WriteError::Script(failed) => at(script(failed), Some(root)),
        WriteError::Stale | WriteError::Overtaken => {
            at(Error::new(Code::Conflict, error.to_string()), Some(root))
        }
        WriteError::Read(inner) => read(inner, root),
        WriteError::Store(inner) => store(inner, Some(root)),
        WriteError::Internal { detail } => {
            tracing::error!(detail, "a write failed");
            at(Error::new(Code::Internal, "The write could not be carried out"), Some(root))
        }
    }
}

/// An automation or a guard that failed: where, for those who wrote it. The record stands in the log of runs.
fn script(failed: &Failed) -> Error {
    let mut error =
        Error::new(Code::ScriptError, failed.to_string()).with("automation", failed.automation.as_str());
    if let Some(file) = failed.file() {
        error = error.with("file", file);
    }
    if let Some((object, id)) = &failed.record {
        error = error.with("object", object.as_str()).with("record", id.to_string());
    }
    let place = failed.place.as_ref();
    for (name, number) in [("line", place.and_then(|at| at.line)), ("column", place.and_then(|at| at.column))]
    {
        if let Some(number) = number {
            error = error.with(name, number);
        }
    }
    error
}

/// An act of administration that did not happen.
pub(crate) fn admin(error: &AdminError) -> Error {
    let told = error.to_string();
    match error {
        AdminError::Forbidden { .. } => Error::new(Code::Forbidden, told),
        AdminError::Wrong { .. } | AdminError::Refused(_) | AdminError::Write(WriteError::Usage { .. }) => {
            Error::validation(told)
        }
        AdminError::NotFound { .. } => Error::new(Code::NotFound, told),
        AdminError::Deploy(inner) => catalog(inner),
        AdminError::Busy => Error::new(Code::RateLimited, told),
        AdminError::Write(WriteError::Denied(inner)) => denied(inner),
        AdminError::Write(WriteError::Forbidden(refusal)) => {
            Error::new(Code::Forbidden, refusal.message.clone())
        }
        AdminError::Write(WriteError::Stale) => Error::new(Code::Conflict, told),
        AdminError::Write(WriteError::Store(inner)) | AdminError::Store(inner) => store(inner, None),
        AdminError::Write(WriteError::Read(inner)) | AdminError::Read(inner) => read_itself(inner),
        AdminError::Write(_) | AdminError::Internal(_) => internal(error),
    }
}

/// A failure of the database.
pub(crate) fn store(error: &StoreError, root: Option<&Root>) -> Error {
    let found = match error {
        StoreError::Overflow => Error::validation("A number is too large"),
        StoreError::RowTooLarge => Error::validation("The record holds more than fits into one row"),
        StoreError::StatementTimeout => {
            Error::new(Code::Timeout, "The request took too long and was stopped")
        }
        StoreError::LockTimeout | StoreError::Retryable => {
            Error::new(Code::Conflict, "Others are changing the same records; try again")
        }
        StoreError::SchemaChanged | StoreError::Stale { .. } => {
            Error::new(Code::Conflict, "The metadata changed while the request was on its way; try again")
        }
        other => internal(other),
    };
    at(found, root)
}

/// A failure to load a catalog.
pub(crate) fn catalog(error: &DeployError) -> Error {
    match error {
        DeployError::Store(inner) => store(inner, None),
        other => internal(other),
    }
}

/// Our fault: logged with all that is known, sent without.
pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Error {
    tracing::error!(error, "a request failed");
    Error::new(Code::Internal, "Something went wrong on our side; the trace id finds it in the log")
}
