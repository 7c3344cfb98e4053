//! The values that expressions compute and that records hold.

use std::hash::{Hash, Hasher};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::duration::Duration;

/// One value. Decimals are normalised (no trailing zeros), texts NFC, instants cut to microseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, not known.
    Null,
    /// A truth value.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// An exact decimal.
    Decimal(Decimal),
    /// A finite binary float.
    Float(f64),
    /// NFC text without NUL.
    Text(String),
    /// A calendar day.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// An instant in UTC.
    DateTime(DateTime<Utc>),
    /// A length of time.
    Duration(Duration),
    /// A record's id.
    Id(Uuid),
    /// A list of values of one type.
    List(Vec<Value>),
    /// Any JSON value.
    Json(serde_json::Value),
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Bool(v) => v.hash(state),
            Value::Int(v) => v.hash(state),
            Value::Decimal(v) => v.hash(state),
            Value::Float(v) => v.to_bits().hash(state),
            Value::Text(v) => v.hash(state),
            Value::Date(v) => v.hash(state),
            Value::Time(v) => v.hash(state),
            Value::DateTime(v) => v.hash(state),
            Value::Duration(v) => v.hash(state),
            Value::Id(v) => v.hash(state),
            Value::List(v) => v.hash(state),
            Value::Json(v) => v.to_string().hash(state),
        }
    }
}

impl Value {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}
