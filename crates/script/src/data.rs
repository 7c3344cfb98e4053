//! The values that go in and out of scripts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use expr::Value;
use indexmap::IndexMap;
use rhai::{Dynamic, FnPtr, INT, ImmutableString};
use rust_decimal::Decimal;

use crate::handle::Handle;
use crate::moments::{Day, Instant, Length, TimeOfDay};
use crate::view::View;

/// Deepest nesting of lists and maps that leaves a script.
const DEPTH: usize = 16;

/// One value between a script and its host.
#[derive(Clone)]
pub enum Data {
    /// A plain value; lists and JSON come as [`Data::List`] and [`Data::Map`] out of scripts.
    Value(Value),
    /// Values in order.
    List(Vec<Data>),
    /// Values by name.
    Map(IndexMap<String, Data>),
    /// A record.
    Record(Arc<dyn View>),
}

impl Data {
    /// Nothing.
    pub const NULL: Data = Data::Value(Value::Null);

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Data::Value(Value::Text(text.into()))
    }

    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Data::Value(Value::Null))
    }

    /// JSON as a script sees it: numbers exact, objects as maps.
    pub fn from_json(json: &serde_json::Value) -> Data {
        use serde_json::Value as Json;
        match json {
            Json::Null => Data::NULL,
            Json::Bool(truth) => Data::Value(Value::Bool(*truth)),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Data::Value(Value::Int(number)),
                None => Data::Value(
                    Decimal::from_str(&number.to_string())
                        .or_else(|_| Decimal::from_scientific(&number.to_string()))
                        .map_or(Value::Null, |number| Value::Decimal(number.normalize())),
                ),
            },
            Json::String(text) => Data::text(text.as_str()),
            Json::Array(items) => Data::List(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => Data::Map(
                entries.iter().map(|(name, value)| (name.clone(), Self::from_json(value))).collect(),
            ),
        }
    }

    /// As JSON: text forms for what JSON does not have, a record as its id.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Data::Value(value) => value.to_json(),
            Data::List(items) => items.iter().map(Data::to_json).collect(),
            Data::Map(entries) => {
                entries.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
            Data::Record(view) => view.id().map_or(serde_json::Value::Null, serde_json::Value::String),
        }
    }

    /// The value without what only scripts have: a record is its id, a list of values a list.
    pub fn into_value(self) -> Value {
        match self {
            Data::Value(value) => value,
            Data::Record(view) => view.id().map_or(Value::Null, Value::Text),
            Data::List(items) => Value::List(items.into_iter().map(Data::into_value).collect()),
            Data::Map(_) => Value::Json(self.to_json()),
        }
    }

    pub(crate) fn into_dynamic(self) -> Dynamic {
        match self {
            Data::Value(value) => dynamic(value),
            Data::List(items) => Dynamic::from_array(items.into_iter().map(Data::into_dynamic).collect()),
            Data::Map(entries) => Dynamic::from_map(
                entries.into_iter().map(|(name, value)| (name.into(), value.into_dynamic())).collect(),
            ),
            Data::Record(view) => Dynamic::from(Handle::read_only(view)),
        }
    }

    pub(crate) fn from_dynamic(value: &Dynamic) -> Result<Self, String> {
        read(value, 0)
    }
}

impl From<Value> for Data {
    fn from(value: Value) -> Self {
        match value {
            Value::Json(json) => Data::from_json(&json),
            Value::List(items) => Data::List(items.into_iter().map(Data::from).collect()),
            value => Data::Value(value),
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::Value(value) => value.fmt(f),
            Data::List(items) => items.fmt(f),
            Data::Map(entries) => entries.fmt(f),
            Data::Record(view) => write!(f, "{} {}", view.kind(), view.id().unwrap_or_default()),
        }
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Data::Value(a), Data::Value(b)) => a == b,
            (Data::List(a), Data::List(b)) => a == b,
            (Data::Map(a), Data::Map(b)) => a == b,
            (Data::Record(a), Data::Record(b)) => a.kind() == b.kind() && a.id() == b.id(),
            _ => false,
        }
    }
}

/// A value as scripts hold it: floats as decimals, ids as text.
pub(crate) fn dynamic(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(truth) => truth.into(),
        Value::Int(number) => number.into(),
        Value::Decimal(number) => number.into(),
        Value::Float(number) => decimal_of(number).map_or(Dynamic::UNIT, Dynamic::from_decimal),
        Value::Text(text) => text.into(),
        Value::Date(day) => Dynamic::from(Day(day)),
        Value::Time(time) => Dynamic::from(TimeOfDay(time)),
        Value::DateTime(instant) => Dynamic::from(Instant(instant)),
        Value::Duration(length) => Dynamic::from(Length(length)),
        Value::Id(id) => id.to_string().into(),
        Value::List(items) => Dynamic::from_array(items.into_iter().map(dynamic).collect()),
        Value::Json(json) => Data::from_json(&json).into_dynamic(),
    }
}

/// The decimal that the shortest text of a float says; none beyond 28 digits.
fn decimal_of(number: f64) -> Option<Decimal> {
    let text = format!("{number}");
    Decimal::from_str(&text).ok().map(|number| number.normalize())
}

/// The plain value, where it is one.
pub(crate) fn plain(value: &Dynamic) -> Option<Value> {
    if value.is_unit() {
        return Some(Value::Null);
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Some(Value::Text(text.to_string()));
    }
    if let Ok(number) = value.as_int() {
        return Some(Value::Int(number));
    }
    if let Ok(number) = value.as_decimal() {
        return Some(Value::Decimal(number));
    }
    if let Ok(truth) = value.as_bool() {
        return Some(Value::Bool(truth));
    }
    if let Ok(letter) = value.as_char() {
        return Some(Value::Text(letter.to_string()));
    }
    moment(value)
}

fn moment(value: &Dynamic) -> Option<Value> {
    if let Some(Day(day)) = value.read_lock::<Day>().map(|held| *held) {
        return Some(Value::Date(day));
    }
    if let Some(Instant(instant)) = value.read_lock::<Instant>().map(|held| *held) {
        return Some(Value::DateTime(instant));
    }
    if let Some(Length(length)) = value.read_lock::<Length>().map(|held| *held) {
        return Some(Value::Duration(length));
    }
    value.read_lock::<TimeOfDay>().map(|held| Value::Time(held.0))
}

fn read(value: &Dynamic, depth: usize) -> Result<Data, String> {
    if let Some(value) = plain(value) {
        return Ok(Data::Value(value));
    }
    if depth >= DEPTH {
        return Err(format!("lists and maps are nested deeper than {DEPTH}"));
    }
    if let Ok(items) = value.as_array_ref() {
        return items.iter().map(|item| read(item, depth + 1)).collect::<Result<_, _>>().map(Data::List);
    }
    if let Ok(entries) = value.as_map_ref() {
        return entries
            .iter()
            .map(|(name, value)| Ok((name.to_string(), read(value, depth + 1)?)))
            .collect::<Result<_, String>>()
            .map(Data::Map);
    }
    if let Some(handle) = value.read_lock::<Handle>() {
        return Ok(Data::Record(handle.view()));
    }
    if value.is::<FnPtr>() {
        return Err("a function is no value that can be handed over".to_owned());
    }
    Err(format!("a value of type {} cannot be handed over", named(value)))
}

/// The type of a value as people call it.
pub(crate) fn named(value: &Dynamic) -> String {
    type_word(value.type_name()).to_owned()
}

/// The name of a type as people call it.
pub(crate) fn type_word(name: &str) -> &str {
    match name.rsplit("::").next().unwrap_or(name) {
        "()" => "null",
        "i64" | "INT" => "int",
        "Decimal" => "decimal",
        "ImmutableString" | "string" | "String" | "&str" => "text",
        "array" | "Array" => "list",
        "map" | "Map" => "map",
        "Day" => "date",
        "Instant" => "dateTime",
        "TimeOfDay" => "time",
        "Length" => "duration",
        "Handle" => "record",
        other => other,
    }
}

/// A text of the interpreter.
pub(crate) fn shared(text: &str) -> ImmutableString {
    text.into()
}

/// An int of the interpreter.
pub(crate) fn whole(count: usize) -> INT {
    INT::try_from(count).unwrap_or(INT::MAX)
}
