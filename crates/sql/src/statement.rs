//! A printed statement: chunks of text with holes for what is filled in when it is run, and the parameters it takes.

use std::sync::Arc;

use expr::{Encoding, Slot, Value};

/// SQL ready to run for any tenant on this layout. `store` fills the schema holes and binds the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Text between the holes.
    pub chunks: Arc<[String]>,
    /// What stands between two neighbours of the chunks.
    pub holes: Arc<[Hole]>,
    /// Parameters in the order of `$1, $2, …`.
    pub params: Arc<[Param]>,
}

impl Statement {
    /// The text with its holes shown, for people: `§` for the schema, `:n` for the n-th value.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        for (place, chunk) in self.chunks.iter().enumerate() {
            match place.checked_sub(1).and_then(|before| self.holes.get(before)) {
                Some(Hole::Schema) => text.push('§'),
                Some(Hole::Number(slot)) => {
                    text.push(':');
                    text.push_str(&slot.to_string());
                }
                None => {}
            }
            text.push_str(chunk);
        }
        text
    }
}

/// A place in the text that is filled in when the statement is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hole {
    /// The tenant's schema: `"t_acme".` on PostgreSQL, nothing on SQLite.
    Schema,
    /// The n-th value of the request, a whole number, written out. PostgreSQL plans by page sizes: what it does not know it takes for a
    /// tenth of the table, and then plans anew with each execution.
    Number(Slot),
}

/// One bound value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    /// Where its value comes from.
    pub source: Source,
    /// How it is written.
    pub encoding: Encoding,
    /// Whether it is a list of such values (an array on PostgreSQL, JSON text on SQLite).
    pub list: bool,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The n-th value of the request.
    Slot(Slot),
    /// A constant of the catalog.
    Constant(Value),
    /// Several lists of one length taken as rows: one JSON text `[[a1, b1], [a2, b2]]`. Made by the SQLite printer for
    /// [`crate::Rows::Unnest`], never by callers.
    Zip(Arc<[Param]>),
}

/// One result row, as the writers of responses see it. Implemented by `store` over the driver's rows.
pub trait Cells {
    /// Whether the cell is NULL.
    fn is_null(&self, column: usize) -> bool;
    /// Appends the cell as JSON; `encoding` says how it is stored. `null` for NULL.
    fn write_json(&self, column: usize, cell: CellType, out: &mut Vec<u8>);
    /// The cell as a value.
    fn value(&self, column: usize, encoding: Encoding) -> Value;
}

/// What a result cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellType {
    /// A stored value, to be written as JSON by its encoding (decimals and 64-bit integers as strings are separate).
    Plain(Encoding),
    /// An integer that travels as a string (BigInt).
    BigInt,
    /// JSON text made by the database, copied as it is.
    Raw,
}
