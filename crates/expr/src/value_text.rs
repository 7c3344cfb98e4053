//! The text forms of values: what literals, filters, CSV cells and JSON strings hold.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, SubsecRound, Timelike, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::decimal;
use crate::fold::nfc;
use crate::types::Type;
use crate::value::Value;

/// A text is not of the form that its type wants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct BadValue {
    /// The form wanted, in words.
    pub expected: &'static str,
    /// The text, shortened.
    pub found: String,
}

impl Value {
    /// Reads the text form of a value of that type. Texts are brought to normal form C; lists and null have no text form.
    pub fn parse(ty: &Type, text: &str) -> Result<Value, BadValue> {
        read(ty, text).ok_or_else(|| BadValue { expected: form(ty), found: shortened(text) })
    }

    /// Reads a JSON value of that type: numbers for numbers (ints and decimals also as strings, decimals exactly as they are written),
    /// text forms for the rest, arrays for lists. Null is no value here.
    pub fn from_json(ty: &Type, json: &serde_json::Value) -> Result<Value, BadValue> {
        use serde_json::Value as Json;
        let refused = || BadValue { expected: form(ty), found: shortened(&json.to_string()) };
        match (ty, json) {
            (Type::Json, _) => Ok(Value::Json(json.clone())),
            (Type::List(of), Json::Array(items)) => {
                items.iter().map(|item| Value::from_json(of, item)).collect::<Result<_, _>>().map(Value::List)
            }
            (Type::Bool, Json::Bool(truth)) => Ok(Value::Bool(*truth)),
            (Type::Int, Json::Number(number)) => number.as_i64().map(Value::Int).ok_or_else(refused),
            (Type::Float, Json::Number(number)) => {
                number.as_f64().map(|number| Value::Float(number + 0.0)).ok_or_else(refused)
            }
            (Type::Decimal, Json::Number(number)) => Value::parse(ty, &number.to_string()),
            (Type::Bool | Type::Float, Json::String(_)) => Err(refused()),
            (_, Json::String(text)) => Value::parse(ty, text),
            _ => Err(refused()),
        }
    }

    /// The text form: what [`Value::parse`] reads. Null is empty, a list is its JSON.
    pub fn to_text(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Bool(v) => v.to_string(),
            Value::Int(v) => v.to_string(),
            Value::Decimal(v) => decimal_text(*v),
            Value::Float(v) => float_text(*v),
            Value::Text(v) => v.clone(),
            Value::Date(v) => v.format("%Y-%m-%d").to_string(),
            Value::Time(v) => v.format("%H:%M:%S%.6f").to_string(),
            Value::DateTime(v) => instant_text(v),
            Value::Duration(v) => v.to_string(),
            Value::Id(v) => v.to_string(),
            Value::List(_) => self.to_json().to_string(),
            Value::Json(v) => v.to_string(),
        }
    }

    /// The value as JSON: numbers for ints and finite floats, exact strings for decimals, text forms for the rest.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(v) => serde_json::Value::Bool(*v),
            Value::Int(v) => serde_json::Value::from(*v),
            Value::Float(v) => serde_json::Value::from(*v),
            Value::List(values) => values.iter().map(Value::to_json).collect(),
            Value::Json(v) => v.clone(),
            Value::Decimal(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::DateTime(_)
            | Value::Duration(_)
            | Value::Id(_) => serde_json::Value::String(self.to_text()),
        }
    }
}

/// A decimal without trailing zeros and without negative zero.
pub fn decimal_text(number: Decimal) -> String {
    let number = number.normalize();
    if number.is_zero() { "0".to_owned() } else { number.to_string() }
}

/// `2026-01-31T12:30:00.000000Z`
pub fn instant_text(instant: &DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The shortest text that reads back as the same float.
fn float_text(number: f64) -> String {
    serde_json::Number::from_f64(number).map_or_else(|| number.to_string(), |n| n.to_string())
}

/// Whether the year is one that days and instants may lie in.
pub fn is_legal_year(year: i32) -> bool {
    (1..=9999).contains(&year)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn read(ty: &Type, text: &str) -> Option<Value> {
    match ty {
        Type::Bool => text.parse().ok().map(Value::Bool),
        Type::Int => read_int(text).map(Value::Int),
        Type::Decimal => read_decimal(text).map(Value::Decimal),
        Type::Float => text.parse().ok().filter(|v: &f64| v.is_finite()).map(|v| Value::Float(v + 0.0)),
        Type::Text => (!text.contains('\0')).then(|| Value::Text(nfc(text))),
        Type::Date => read_date(text).map(Value::Date),
        Type::Time => read_time(text).map(Value::Time),
        Type::DateTime => read_instant(text).map(Value::DateTime),
        Type::Duration => text.parse().ok().map(Value::Duration),
        Type::Id | Type::Record(_) => read_id(text).map(Value::Id),
        Type::Json => serde_json::from_str(text).ok().map(Value::Json),
        Type::Null | Type::List(_) => None,
    }
}

fn read_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Exact: more than six fraction digits (trailing zeros aside) are refused rather than rounded.
fn read_decimal(text: &str) -> Option<Decimal> {
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E')) {
        return None;
    }
    let number = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok()?
    } else {
        Decimal::from_str_exact(text).ok()?
    };
    let number = number.normalize();
    if number.scale() > decimal::DIGITS { None } else { decimal::settle(number) }
}

fn read_date(text: &str) -> Option<NaiveDate> {
    let well_formed = text.len() == 10
        && text.bytes().enumerate().all(
            |(at, b)| {
                if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() }
            },
        );
    if !well_formed {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| is_legal_year(date.year()))
}

fn read_time(text: &str) -> Option<NaiveTime> {
    let time =
        NaiveTime::parse_from_str(text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    // A leap second has no place of its own in either database.
    time.ok().filter(|time| time.nanosecond() < 1_000_000_000).map(|time| time.trunc_subsecs(6))
}

fn read_instant(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    (is_legal_year(instant.year()) && instant.nanosecond() < 1_000_000_000).then(|| instant.trunc_subsecs(6))
}

fn read_id(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

fn form(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "`true` or `false`",
        Type::Int => "a whole number of 64 bits",
        Type::Decimal => "a decimal with at most six fraction digits, below 9.2e12",
        Type::Float => "a finite number",
        Type::Text => "text without NUL",
        Type::Date => "a date such as `2026-01-31`",
        Type::Time => "a time such as `14:30:00`",
        Type::DateTime => "an instant such as `2026-01-31T12:30:00Z`",
        Type::Duration => "a duration such as `7d` or `1d12h`",
        Type::Id | Type::Record(_) => "an id (UUID)",
        Type::Json => "JSON",
        Type::List(_) => "a list",
        Type::Null => "a value with a text form",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(ty: &Type, text: &str, canonical: Option<&str>) {
        let read = Value::parse(ty, text).ok().map(|value| value.to_text());
        assert_eq!(read.as_deref(), canonical, "{ty} {text}");
    }

    #[test]
    fn texts_are_read_by_type() {
        check(&Type::Bool, "true", Some("true"));
        check(&Type::Bool, "yes", None);
        check(&Type::Int, "-9223372036854775808", Some("-9223372036854775808"));
        check(&Type::Int, "9223372036854775808", None);
        check(&Type::Int, "+1", None);
        check(&Type::Int, "1.0", None);
        check(&Type::Decimal, "1.50", Some("1.5"));
        check(&Type::Decimal, "-0.000", Some("0"));
        check(&Type::Decimal, "1e3", Some("1000"));
        check(&Type::Decimal, "0.1234567", None);
        check(&Type::Decimal, "0.1234560", Some("0.123456"));
        check(&Type::Decimal, "9200000000000", None);
        check(&Type::Decimal, "1_000", None);
        check(&Type::Float, "0.1", Some("0.1"));
        check(&Type::Float, "NaN", None);
        check(&Type::Float, "inf", None);
        check(&Type::Text, "a\0b", None);
        check(&Type::Text, "e\u{301}", Some("é"));
        check(&Type::Date, "2026-02-28", Some("2026-02-28"));
        check(&Type::Date, "2026-02-29", None);
        check(&Type::Date, "2026-2-8", None);
        check(&Type::Date, "0000-01-01", None);
        check(&Type::Date, "2026-02-28T00:00:00Z", None);
        check(&Type::Time, "14:30", Some("14:30:00.000000"));
        check(&Type::Time, "14:30:01.1234567", Some("14:30:01.123456"));
        check(&Type::Time, "24:00", None);
        check(&Type::Time, "23:59:60", None);
        check(&Type::DateTime, "2026-01-31T20:30:00+08:00", Some("2026-01-31T12:30:00.000000Z"));
        check(&Type::DateTime, "2026-01-31T12:30:00.1234567Z", Some("2026-01-31T12:30:00.123456Z"));
        check(&Type::DateTime, "2026-01-31", None);
        check(&Type::DateTime, "9999-12-31T23:30:00-08:00", None);
        check(
            &Type::Id,
            "0189F7A0-0000-7000-8000-000000000001",
            Some("0189f7a0-0000-7000-8000-000000000001"),
        );
        check(&Type::Id, "0189f7a0000070008000000000000001", None);
        check(&Type::Null, "", None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            for ty in [Type::Bool, Type::Int, Type::Decimal, Type::Float, Type::Text, Type::Date, Type::Time, Type::DateTime, Type::Duration, Type::Id, Type::Json] {
                if let Ok(value) = Value::parse(&ty, &text) {
                    prop_assert_eq!(Value::parse(&ty, &value.to_text()), Ok(value));
                }
            }
        }

        #[test]
        fn numbers_come_back(int: i64, float in proptest::num::f64::NORMAL, millionths in -decimal::LIMIT + 1..decimal::LIMIT) {
            let decimal = decimal::from_millionths(i128::from(millionths)).expect("in range");
            for (ty, value) in [(Type::Int, Value::Int(int)), (Type::Float, Value::Float(float)), (Type::Decimal, Value::Decimal(decimal))] {
                prop_assert_eq!(Value::parse(&ty, &value.to_text()), Ok(value));
            }
        }
    }
}
