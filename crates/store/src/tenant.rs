//! One tenant's tables: reads, writes and definitions.

use expr::Value;
use futures::stream::BoxStream;
use sql::{Dialect, Statement};

use crate::{Row, StoreError, TenantName, Transaction, Cause};

/// Rows as they arrive.
pub type RowStream = BoxStream<'static, Result<Row, StoreError>>;

/// A tenant of a store. Cheap to clone.
#[derive(Clone)]
pub struct Tenant {
    name: TenantName,
}

fn unbuilt() -> StoreError {
    StoreError::Unavailable(Cause::text("not built yet"))
}

impl Tenant {
    /// Its name.
    pub fn name(&self) -> &TenantName {
        &self.name
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// Runs a query: one round trip, on a reading connection. `values` are the request's slots.
    pub async fn fetch(&self, statement: &Statement, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let _ = (statement, values);
        Err(unbuilt())
    }

    /// Runs a query whose rows are read as they arrive, in flat memory. Dropping the stream ends the query.
    pub fn stream(&self, statement: &Statement, values: &[Value]) -> RowStream {
        let _ = (statement, values);
        Box::pin(futures::stream::empty())
    }

    /// Begins a transaction. On SQLite this waits in the fair queue of the file's one writer.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Err(unbuilt())
    }

    /// Begins a transaction that sees one state of the database throughout and conflicts with what would break it (SERIALIZABLE).
    pub async fn begin_serializable(&self) -> Result<Transaction, StoreError> {
        Err(unbuilt())
    }

    /// Runs writes that belong together, all or none; one round trip when there is one statement on PostgreSQL. The rows
    /// that they return, one after the other.
    pub async fn run_write(&self, statements: &[Statement], values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let _ = (statements, values);
        Err(unbuilt())
    }

    /// Runs definitions outside of a transaction (concurrent indexes). Waits for locks shortly and tries again.
    pub async fn execute_ddl(&self, statements: &[Statement]) -> Result<(), StoreError> {
        let _ = statements;
        Err(unbuilt())
    }

    /// The catalog version that is published, 0 before the first.
    pub async fn published_version(&self) -> Result<i64, StoreError> {
        Err(unbuilt())
    }
}
