//! What can go wrong beside a refusal. Messages are safe to show; the source is for the log.

use query::access::Denied;
use query::cost::CostExceeded;
use query::lower::LowerError;
use query::response::ResponseError;
use query::slots::BindError;
use store::StoreError;

use crate::automation::Failed;
use crate::outcome::Refusal;

/// A write that did not happen, for a reason that is not in its payload.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller sees the record but may not do this to it.
    #[error("{}", .0.message)]
    Forbidden(Refusal),
    /// The request cannot be meant: a key that is no unique field, too many records.
    #[error("{message}")]
    Usage {
        /// For people.
        message: String,
    },
    /// An automation or a scripted guard failed; nothing was written.
    #[error("{0}")]
    Script(Box<Failed>),
    /// Another catalog is published: reload, understand the request anew, try again.
    #[error("the metadata changed while the request was on its way; try again")]
    Stale,
    /// The job that it was done for has been taken by another worker meanwhile, or is gone.
    #[error("another worker has taken over the job")]
    Overtaken,
    /// The selected part of the records cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database said no, also after retries.
    #[error("the database could not take the write")]
    Store(#[source] StoreError),
    /// A defect of the program or of the catalog.
    #[error("the write could not be carried out")]
    Internal {
        /// For the log.
        detail: String,
    },
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::SchemaChanged | StoreError::Stale { .. } => WriteError::Stale,
            other => WriteError::Store(other),
        }
    }
}

impl WriteError {
    pub(crate) fn internal(detail: impl std::fmt::Display) -> Self {
        WriteError::Internal { detail: detail.to_string() }
    }
}

/// A read that gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It costs too much.
    #[error(transparent)]
    Cost(#[from] CostExceeded),
    /// Another catalog is published: reload and try again.
    #[error("the metadata changed while the request was on its way; try again")]
    Stale,
    /// The database said no.
    #[error("the database could not answer")]
    Store(#[source] StoreError),
    /// The answer cannot be given: a sum over several currencies, for one.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// A defect of the program or of the catalog.
    #[error("the read could not be carried out")]
    Lower(#[from] LowerError),
    /// The values of the request cannot be bound: a fault of the door, or a date out of range.
    #[error(transparent)]
    Bind(#[from] BindError),
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::SchemaChanged | StoreError::Stale { .. } => ReadError::Stale,
            other => ReadError::Store(other),
        }
    }
}
