//! A transaction of one tenant. Dropping it rolls back.

use expr::Value;
use sql::Statement;

use crate::{Cause, Row, StoreError};

/// An open transaction.
pub struct Transaction {}

fn unbuilt() -> StoreError {
    StoreError::Unavailable(Cause::text("not built yet"))
}

impl Transaction {
    /// Runs a statement; its rows.
    pub async fn run(&mut self, statement: &Statement, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let _ = (statement, values);
        Err(unbuilt())
    }

    /// Sets a savepoint. Names are made by the program: letters, digits and `_`.
    pub async fn savepoint(&mut self, name: &sql::Ident) -> Result<(), StoreError> {
        let _ = name;
        Err(unbuilt())
    }

    /// Undoes all since the savepoint, which stays.
    pub async fn rollback_to(&mut self, name: &sql::Ident) -> Result<(), StoreError> {
        let _ = name;
        Err(unbuilt())
    }

    /// Forgets the savepoint, keeping its work.
    pub async fn release(&mut self, name: &sql::Ident) -> Result<(), StoreError> {
        let _ = name;
        Err(unbuilt())
    }

    /// Holds the published version until the end of the transaction; [`StoreError::Stale`] unless it is the expected one.
    pub async fn check_version(&mut self, expected: i64) -> Result<(), StoreError> {
        let _ = expected;
        Err(unbuilt())
    }

    /// Keeps all writers out until the end of the transaction, to publish a version; the version published so far.
    pub async fn lock_catalog(&mut self) -> Result<i64, StoreError> {
        Err(unbuilt())
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), StoreError> {
        Err(unbuilt())
    }

    /// Undoes all.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Err(unbuilt())
    }
}
