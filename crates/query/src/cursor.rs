//! Positions in an order, as clients keep them.
//!
//! A cursor is the lower-case hex of a readable JSON object: `{"o": "opportunity -closeDate", "k0": "2026-01-31", "id": "…"}` (hex, because
//! both databases can write it, for cursors below the root, and no client needs to escape it). It is parsed strictly: a cursor of another object,
//! of another order, or one that was tampered with is refused, and its values are bound like all others.

use std::fmt::Write as _;
use std::sync::Arc;

use expr::{Encoding, Type, Value};
use metadata::catalog::Catalog;

use crate::lower;
use crate::request::OrderKey;

/// The text is no position in this order. Code `VALIDATION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cursor does not belong to this order")]
pub struct BadCursor;

/// Longest cursor that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;

/// The position of a record: hex of its JSON text.
pub fn encode(json: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(json.len() * 2);
    for byte in json {
        out.extend([byte >> 4, byte & 15].iter().filter_map(|nibble| DIGITS.get(usize::from(*nibble))));
    }
}

/// The values of a position, one for each key of the order and the id last; null where the record had no value.
pub fn decode(
    text: &str,
    catalog: &Catalog,
    object: &str,
    order: &[OrderKey],
) -> Result<Vec<Value>, BadCursor> {
    let json = unhex(text).ok_or(BadCursor)?;
    let parsed: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&json).map_err(|_| BadCursor)?;
    if parsed.len() != order.len() + 2
        || parsed.get("o").and_then(|o| o.as_str()) != Some(&fingerprint(object, order))
    {
        return Err(BadCursor);
    }
    let mut values = Vec::with_capacity(order.len() + 1);
    for (place, key) in order.iter().enumerate() {
        let encoding = lower::path_encoding(catalog, object, &key.path).ok_or(BadCursor)?;
        let json = parsed.get(&key_name(place)).ok_or(BadCursor)?;
        values.push(read(json, encoding).ok_or(BadCursor)?);
    }
    let id = read(parsed.get("id").ok_or(BadCursor)?, Encoding::Id).filter(|id| !id.is_null());
    values.push(id.ok_or(BadCursor)?);
    Ok(values)
}

/// What a cursor says of its order: object and keys.
pub(crate) fn fingerprint(object: &str, order: &[OrderKey]) -> String {
    let mut out = object.to_owned();
    for key in order {
        out.push_str(if key.descending { " -" } else { " +" });
        out.push_str(&key.path.iter().map(Arc::as_ref).collect::<Vec<&str>>().join("."));
        if key.nulls_first {
            out.push_str(" nulls first");
        }
    }
    out
}

/// The name of the n-th key in a cursor's JSON.
pub(crate) fn key_name(place: usize) -> String {
    let mut name = String::from("k");
    let _ = write!(name, "{place}");
    name
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// A key's value, in the form in which the database writes it into JSON; `None` when it is of another type.
fn read(json: &serde_json::Value, encoding: Encoding) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    let ty = match encoding {
        Encoding::Bool => return json.as_bool().map(Value::Bool),
        Encoding::Int => return json.as_i64().map(Value::Int),
        Encoding::Float => return json.as_f64().map(Value::Float),
        Encoding::Text => Type::Text,
        Encoding::Decimal(_) => Type::Decimal,
        Encoding::Date => Type::Date,
        Encoding::Time => Type::Time,
        Encoding::DateTime => Type::DateTime,
        Encoding::Duration => Type::Duration,
        Encoding::Id => Type::Id,
        Encoding::Json | Encoding::TextList => return None,
    };
    Value::parse(&ty, json.as_str()?).ok()
}
