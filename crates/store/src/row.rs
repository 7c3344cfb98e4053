//! Result rows.

use expr::{Encoding, Value};
use sql::{CellType, Cells};

use crate::{postgres, sqlite};

/// A row of a result.
pub struct Row(pub(crate) Source);

pub(crate) enum Source {
    Postgres(sqlx::postgres::PgRow),
    Sqlite(Vec<sqlite::row::Cell>),
}

impl Cells for Row {
    fn is_null(&self, column: usize) -> bool {
        match &self.0 {
            Source::Postgres(row) => postgres::row::is_null(row, column),
            Source::Sqlite(cells) => {
                cells.get(column).is_none_or(|cell| matches!(cell, sqlite::row::Cell::Null))
            }
        }
    }

    fn write_json(&self, column: usize, cell: CellType, out: &mut Vec<u8>) {
        match &self.0 {
            Source::Postgres(row) => postgres::row::write_json(row, column, cell, out),
            Source::Sqlite(cells) => {
                sqlite::row::write_json(cells.get(column).unwrap_or(&sqlite::row::Cell::Null), cell, out);
            }
        }
    }

    fn value(&self, column: usize, encoding: Encoding) -> Value {
        match &self.0 {
            Source::Postgres(row) => postgres::row::value(row, column, encoding),
            Source::Sqlite(cells) => {
                cells.get(column).map_or(Value::Null, |cell| sqlite::row::value(cell, encoding))
            }
        }
    }
}
