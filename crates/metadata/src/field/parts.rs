//! What composites share: a column for each part; the whole is never read or written, its parts are.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::ValueProblem;
use crate::catalog::FieldType;
use crate::layout::Role;

const EXPECTED: &str = "one part at a time";

/// A column for each part.
pub(super) fn columns(ty: &FieldType) -> Vec<(Role, Encoding)> {
    let encoding = |ty: &Type| if *ty == Type::Float { Encoding::Float } else { Encoding::Text };
    ty.parts().iter().map(|(name, _, part)| (Role::Part((*name).to_owned()), encoding(part))).collect()
}

/// An object of its parts.
pub(super) fn schema(ty: &FieldType) -> Json {
    let kind = |ty: &Type| if *ty == Type::Float { "number" } else { "string" };
    let parts: serde_json::Map<String, Json> =
        ty.parts().iter().map(|(name, _, part)| ((*name).to_owned(), json!({"type": kind(part)}))).collect();
    json!({"type": "object", "properties": parts, "additionalProperties": false})
}

/// The answer to whoever gives the whole as JSON.
pub(super) fn whole_json(json: &Json) -> Result<Value, ValueProblem> {
    Err(ValueProblem::wrong_type(EXPECTED, json))
}

/// The answer to whoever gives the whole as text.
pub(super) fn whole_text(text: &str) -> Result<Value, ValueProblem> {
    Err(ValueProblem::new("type", EXPECTED, format!("`{text}`")))
}
