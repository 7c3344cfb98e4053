//! The two printers.

use crate::{Ddl, Dialect, Query, Statement, Write};

/// Prints a query.
pub fn print_query(query: &Query, dialect: Dialect) -> Statement {
    let _ = (query, dialect);
    Statement { chunks: [String::new()].into(), params: [].into() }
}

/// Prints a write; one statement on PostgreSQL, several for [`Write::Together`] on SQLite, to be run in one transaction.
pub fn print_write(write: &Write, dialect: Dialect) -> Vec<Statement> {
    let _ = (write, dialect);
    vec![]
}

/// Prints a definition.
pub fn print_ddl(ddl: &Ddl, dialect: Dialect) -> Vec<Statement> {
    let _ = (ddl, dialect);
    vec![]
}
