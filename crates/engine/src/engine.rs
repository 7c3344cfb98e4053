//! The engine: what it keeps between requests, and its one way in for writes.

use expr::Value;
use query::request::{Selection, Write};
use sql::Statement;

use crate::caller::Caller;
use crate::error::WriteError;
use crate::outcome::Outcome;

/// Carries out writes and reads. One for the whole program; keeps nothing but what can be worked out again.
#[derive(Debug, Default)]
pub struct Engine {
    pub(crate) reads: crate::read::Reads,
}

/// What is answered of each written record. Slots in the selection are numbers into `values`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Returning {
    /// What of the record.
    pub selection: Selection,
    /// Values of its arguments.
    pub values: Vec<Value>,
}

/// Statements that are run in the same transaction as a write, just before it is committed: all or none of both.
#[derive(Clone, Debug, Default)]
pub struct Rider {
    /// Statements with their values.
    pub statements: Vec<(Statement, Vec<Value>)>,
}

impl Engine {
    /// An engine that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a write through the order of execution. Refusals of records are in the outcome; an error means that nothing was written.
    /// Lost races (deadlocks, serialization failures) are retried with the whole order.
    pub async fn write(
        &self,
        caller: &Caller,
        write: Write,
        returning: Option<&Returning>,
    ) -> Result<Outcome, WriteError> {
        self.write_with(caller, write, returning, None).await
    }

    /// The same, with statements that share its transaction.
    pub async fn write_with(
        &self,
        caller: &Caller,
        write: Write,
        returning: Option<&Returning>,
        rider: Option<&Rider>,
    ) -> Result<Outcome, WriteError> {
        let _ = (caller, write, returning, rider);
        Err(WriteError::Internal { detail: "writes are not built yet".to_owned() })
    }
}
