//! Field types. One file each: keywords, the JSON Schema of a value, columns, reading and writing; this file dispatches.

use expr::{Encoding, Value};

use crate::catalog::FieldType;
use crate::layout::Role;

/// Why a value is not one of the field's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// The keyword that was broken: `type`, `format`, `maxLength`, `enum` …
    pub rule: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Reads a value as it stands in JSON. Null is null. Limits are not checked here but by [`crate::validate`].
pub fn read_json(ty: &FieldType, json: &serde_json::Value) -> Result<Value, ValueProblem> {
    let _ = (ty, json);
    Err(ValueProblem { rule: "type", message: String::new(), expected: String::new(), found: String::new() })
}

/// Reads a value as it stands in a CSV cell. The empty cell is null; a choice may be named by value or label.
pub fn read_text(ty: &FieldType, text: &str) -> Result<Value, ValueProblem> {
    let _ = (ty, text);
    Err(ValueProblem { rule: "type", message: String::new(), expected: String::new(), found: String::new() })
}

/// Writes a value as JSON: decimals and 64-bit integers as strings.
pub fn write_json(ty: &FieldType, value: &Value) -> serde_json::Value {
    let _ = (ty, value);
    serde_json::Value::Null
}

/// The columns in which a field of that type is stored; none for what is computed at read.
pub fn columns(ty: &FieldType, folded: bool) -> Vec<(Role, Encoding)> {
    let _ = (ty, folded);
    Vec::new()
}
