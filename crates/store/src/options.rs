//! How a store is opened.

use std::time::Duration;

/// Limits of a store. The defaults suit a server; commands of the command line take them too.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most connections to one PostgreSQL database; two of them are the platform's own.
    pub connections: u32,
    /// Most connections to a PostgreSQL database that work for one tenant at the same time; its further statements wait.
    pub tenant_connections: u32,
    /// Reading connections to each open SQLite file; one more writes.
    pub readers: u32,
    /// SQLite files of tenants that are kept open.
    pub open_tenants: usize,
    /// Longest run of a statement.
    pub statement_timeout: Duration,
    /// Longest wait for a lock (SQLite: for the file's writer).
    pub lock_timeout: Duration,
    /// Longest pause inside a transaction.
    pub idle_in_transaction_timeout: Duration,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
    /// Prepared statements kept on each connection.
    pub prepared_statements: usize,
    /// How often the published version and the keys are looked at where no notification arrives.
    pub poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 18,
            tenant_connections: 12,
            readers: 4,
            open_tenants: 200,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_mins(1),
            acquire_timeout: Duration::from_secs(10),
            prepared_statements: 1000,
            poll: Duration::from_millis(500),
        }
    }
}
