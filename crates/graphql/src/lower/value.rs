//! Single values that are not a field's own: what groups are compared with.

use expr::{Type, Value};
use serde_json::Value as Json;

use crate::schema::field::ValueType;

/// Reads a value of that type; the error says what would have been right.
pub(super) fn read_value(ty: &ValueType, json: &Json) -> Result<Value, &'static str> {
    let (of, expected) = match ty {
        ValueType::Int | ValueType::BigInt => (Type::Int, "a whole number"),
        ValueType::Decimal => (Type::Decimal, "a decimal as a string"),
        ValueType::Float => (Type::Float, "a number"),
        ValueType::Date => (Type::Date, "a day, \"2026-03-31\""),
        ValueType::Time => (Type::Time, "a time of day, \"09:30:00\""),
        ValueType::DateTime => (Type::DateTime, "an instant, \"2026-03-31T09:00:00Z\""),
        ValueType::Duration => (Type::Duration, "a duration, \"7d\""),
        ValueType::Bool => (Type::Bool, "true or false"),
        ValueType::Text | ValueType::Enum(_) => (Type::Text, "a string"),
        ValueType::Id => (Type::Id, "an id"),
        ValueType::Json | ValueType::TextList | ValueType::EnumList(_) => return Err("no value at all"),
    };
    let text = match json {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(truth) => truth.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => return Err(expected),
    };
    Value::parse(&of, &text).map_err(|_| expected)
}
