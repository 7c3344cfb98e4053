//! Definitions of tables, columns and indexes.

use expr::Encoding;

use crate::ident::Ident;
use crate::tree::Scalar;

/// A statement that changes the structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ddl {
    /// `id` is the primary key when it is among the columns.
    CreateTable {
        /// Its name.
        table: Ident,
        /// Name, encoding, whether NOT NULL.
        columns: Vec<ColumnDef>,
        /// Primary key columns.
        primary_key: Vec<Ident>,
    },
    /// Nullable, without default: instant on both databases.
    AddColumn {
        /// Of which table.
        table: Ident,
        /// The column.
        column: ColumnDef,
    },
    /// Drops a column.
    DropColumn {
        /// Of which table.
        table: Ident,
        /// Its name.
        column: Ident,
    },
    /// Drops a table.
    DropTable {
        /// Its name.
        table: Ident,
    },
    /// Creates an index.
    CreateIndex {
        /// Its name.
        name: Ident,
        /// On which table.
        table: Ident,
        /// Columns or expressions, in order; true for descending.
        parts: Vec<(Scalar, bool)>,
        /// Refuses duplicates.
        unique: bool,
        /// Which rows take part; columns unqualified.
        condition: Option<Scalar>,
        /// Without locking out writers (PostgreSQL; outside of a transaction).
        concurrently: bool,
    },
    /// Drops an index if it is there.
    DropIndex {
        /// Its name.
        name: Ident,
        /// Without locking out writers (PostgreSQL; outside of a transaction).
        concurrently: bool,
    },
}

/// A column of a new table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDef {
    /// Its name.
    pub name: Ident,
    /// Decides the SQL type.
    pub encoding: Encoding,
    /// NOT NULL; only on the platform's own columns.
    pub not_null: bool,
}
