//! The SQL tree and its two printers. The only place where dynamic SQL text is made.
//!
//! Pure. Deterministic: equal trees print equal text. Every value is a [`Param`], never text; every identifier is an [`Ident`], which
//! is checked and quoted by one function. Knows nothing of objects, fields or permissions. No `if sqlite` above this crate
//! and `store`: what differs between the dialects is a node of the tree.

mod ddl;
mod ident;
mod print;
mod statement;
mod tree;
mod write;

pub use ddl::*;
use expr::Encoding;
pub use ident::{BadIdent, Ident};
pub use print::{print_ddl, print_query, print_write};
pub use statement::*;
pub use tree::*;
pub use write::*;

/// The database that a statement is printed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL 15 and later.
    Postgres,
    /// SQLite 3.45 and later.
    Sqlite,
}

impl Dialect {
    /// Whether [`Write::Together`] is one statement.
    pub fn writes_together(self) -> bool {
        match self {
            Dialect::Postgres => true,
            Dialect::Sqlite => false,
        }
    }

    /// Whether transactions that write follow one another, so that none can disturb another.
    pub fn has_one_writer(self) -> bool {
        match self {
            Dialect::Postgres => false,
            Dialect::Sqlite => true,
        }
    }
}
