//! Result rows.

use expr::{Encoding, Value};
use sql::{CellType, Cells};

/// A row of a result.
pub struct Row {}

impl Cells for Row {
    fn is_null(&self, _column: usize) -> bool {
        true
    }

    fn write_json(&self, _column: usize, _cell: CellType, out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }

    fn value(&self, _column: usize, _encoding: Encoding) -> Value {
        Value::Null
    }
}
