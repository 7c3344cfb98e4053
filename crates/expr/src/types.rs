//! The types of the expression language.

use std::fmt;
use std::sync::Arc;

/// What kind of value an expression yields. Every type also admits null.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Only `null`, before it meets another type.
    Null,
    /// `true` or `false`; conditions are two-valued.
    Bool,
    /// A signed 64-bit integer.
    Int,
    /// An exact decimal with at most six fraction digits after each operation.
    Decimal,
    /// A binary floating-point number; never mixes with decimals unasked.
    Float,
    /// NFC text, compared by code point.
    Text,
    /// A calendar day.
    Date,
    /// A time of day, microseconds.
    Time,
    /// An instant, microseconds in UTC.
    DateTime,
    /// A length of time: months and microseconds.
    Duration,
    /// A record id (UUID).
    Id,
    /// Any JSON value; only tested for null.
    Json,
    /// A list of one element type (tags, multi-select).
    List(Box<Type>),
    /// A related record of the named object; compared by id, or stepped through.
    Record(Arc<str>),
}

impl Type {
    /// Whether arithmetic is defined on it.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Type::Int | Type::Decimal | Type::Float)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Null => f.write_str("null"),
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Decimal => f.write_str("decimal"),
            Type::Float => f.write_str("float"),
            Type::Text => f.write_str("text"),
            Type::Date => f.write_str("date"),
            Type::Time => f.write_str("time"),
            Type::DateTime => f.write_str("dateTime"),
            Type::Duration => f.write_str("duration"),
            Type::Id => f.write_str("id"),
            Type::Json => f.write_str("json"),
            Type::List(of) => write!(f, "list of {of}"),
            Type::Record(object) => write!(f, "{object} record"),
        }
    }
}
