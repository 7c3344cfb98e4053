//! Statements that write rows.

use crate::ident::Ident;
use crate::tree::{Query, Scalar};

/// A writing statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// `INSERT`
    Insert(Insert),
    /// `UPDATE`
    Update(Update),
    /// `DELETE`
    Delete(Delete),
    /// Several writes in one statement on PostgreSQL (`WITH a AS (INSERT …), b AS (…)`); SQLite runs them one after the other, so
    /// that printing yields several statements.
    Together(Vec<Write>),
}

/// `INSERT`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insert {
    /// Into which table.
    pub table: Ident,
    /// Which columns.
    pub columns: Vec<Ident>,
    /// What.
    pub rows: Rows,
    /// `ON CONFLICT`.
    pub conflict: Option<Conflict>,
    /// `RETURNING` with aliases.
    pub returning: Vec<(Scalar, Ident)>,
}

/// The rows of an insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Written out; every row as long as the columns.
    Values(Vec<Vec<Scalar>>),
    /// From list parameters, one list per column: `SELECT * FROM unnest($1, $2 …)` on PostgreSQL, `json_each` on SQLite. One
    /// statement whatever the number of rows.
    Unnest(Vec<crate::statement::Param>),
    /// From a query.
    Query(Box<Query>),
}

/// `ON CONFLICT (…) DO …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The conflict target.
    pub columns: Vec<Ident>,
    /// Assignments; empty means DO NOTHING. `Scalar::Excluded` is the row that was refused.
    pub set: Vec<(Ident, Scalar)>,
}

/// `UPDATE`; columns in `set` and `filter` belong to `alias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Which table.
    pub table: Ident,
    /// Alias used in `set`, `filter` and `returning`.
    pub alias: Ident,
    /// Assignments.
    pub set: Vec<(Ident, Scalar)>,
    /// Which rows.
    pub filter: Scalar,
    /// `RETURNING` with aliases.
    pub returning: Vec<(Scalar, Ident)>,
}

/// `DELETE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    /// From which table.
    pub table: Ident,
    /// Alias used in `filter`.
    pub alias: Ident,
    /// Which rows.
    pub filter: Scalar,
}
