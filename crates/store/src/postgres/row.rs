//! Cells of PostgreSQL's binary protocol, read without copies.

use chrono::{DateTime, NaiveDate, NaiveTime};
use expr::{Duration, Encoding, Value};
use rust_decimal::Decimal;
use sql::CellType;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::json;

/// Days from 1970-01-01 to PostgreSQL's first day, 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS * 86_400_000_000;

/// The bytes of a cell; `None` for NULL and for columns that are not there.
fn bytes(row: &PgRow, column: usize) -> Option<&[u8]> {
    row.try_get_raw(column).ok()?.as_bytes().ok()
}

pub(crate) fn is_null(row: &PgRow, column: usize) -> bool {
    bytes(row, column).is_none()
}

/// Big-endian whole number of two, four or eight bytes.
fn whole(bytes: &[u8]) -> i64 {
    match bytes.len() {
        8 => bytes.try_into().map_or(0, i64::from_be_bytes),
        4 => bytes.try_into().map_or(0, |b| i64::from(i32::from_be_bytes(b))),
        2 => bytes.try_into().map_or(0, |b| i64::from(i16::from_be_bytes(b))),
        _ => 0,
    }
}

fn real(bytes: &[u8]) -> f64 {
    match bytes.len() {
        8 => bytes.try_into().map_or(0.0, f64::from_be_bytes),
        4 => bytes.try_into().map_or(0.0, |b| f64::from(f32::from_be_bytes(b))),
        _ => 0.0,
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// `jsonb` begins with its version, `json` does not.
fn json_text(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[1]).unwrap_or(bytes)
}

pub(crate) fn write_json(row: &PgRow, column: usize, cell: CellType, out: &mut Vec<u8>) {
    let Some(bytes) = bytes(row, column) else {
        out.extend_from_slice(b"null");
        return;
    };
    match cell {
        CellType::Raw => out.extend_from_slice(json_text(bytes)),
        CellType::BigInt => {
            out.push(b'"');
            json::int(whole(bytes), out);
            out.push(b'"');
        }
        CellType::Plain(encoding) => plain(bytes, encoding, out),
    }
}

fn plain(bytes: &[u8], encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Text => json::string(text(bytes), out),
        Encoding::Bool => out.extend_from_slice(if bytes == [1] { b"true" } else { b"false" }),
        Encoding::Int => json::int(whole(bytes), out),
        Encoding::Float => json::float(real(bytes), out),
        Encoding::Json => out.extend_from_slice(json_text(bytes)),
        Encoding::TextList => {
            out.push(b'[');
            for (place, item) in Items::of(bytes).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                json::string(text(item), out);
            }
            out.push(b']');
        }
        Encoding::Decimal(_)
        | Encoding::Date
        | Encoding::Time
        | Encoding::DateTime
        | Encoding::Duration
        | Encoding::Id => {
            out.push(b'"');
            quoted(bytes, encoding, out);
            out.push(b'"');
        }
    }
}

fn quoted(bytes: &[u8], encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Decimal(_) => numeric(bytes, out),
        Encoding::Date => json::date(whole(bytes) + EPOCH_DAYS, out),
        Encoding::Time => json::time(whole(bytes), out),
        Encoding::DateTime => json::instant(whole(bytes).saturating_add(EPOCH_MICROS), out),
        Encoding::Duration => {
            let length = Duration::from_seconds(whole(bytes)).unwrap_or_default();
            out.extend_from_slice(length.to_string().as_bytes());
        }
        Encoding::Id => {
            if let Ok(id) = uuid::Uuid::from_slice(bytes) {
                out.extend_from_slice(
                    id.as_hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes(),
                );
            }
        }
        Encoding::Text
        | Encoding::Bool
        | Encoding::Int
        | Encoding::Float
        | Encoding::Json
        | Encoding::TextList => {}
    }
}

/// Writes a `numeric`: number of digits, weight of the first, sign, display scale, then digits to the base of 10,000.
fn numeric(bytes: &[u8], out: &mut Vec<u8>) {
    let head = bytes.get(..8).unwrap_or(&[0; 8]);
    let weight = whole(&head[2..4]);
    let digits: Vec<u16> = bytes
        .get(8..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    let digit =
        |place: i64| usize::try_from(place).ok().and_then(|place| digits.get(place)).copied().unwrap_or(0);
    if digits.is_empty() {
        return out.push(b'0');
    }
    if head[4] == 0x40 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    if weight < 0 {
        out.push(b'0');
    }
    for place in 0..=weight.max(-1) {
        let group = buffer.format(digit(place)).as_bytes();
        if place > 0 {
            out.extend(std::iter::repeat_n(b'0', 4 - group.len()));
        }
        out.extend_from_slice(group);
    }
    let last = i64::try_from(digits.len()).unwrap_or_default();
    if last <= weight + 1 {
        return;
    }
    out.push(b'.');
    for place in (weight + 1)..last {
        let group = buffer.format(digit(place)).as_bytes();
        out.extend(std::iter::repeat_n(b'0', 4 - group.len()));
        out.extend_from_slice(group);
    }
    while out.last() == Some(&b'0') {
        out.pop();
    }
    if out.last() == Some(&b'.') {
        out.pop();
    }
}

/// The items of a one-dimensional array: after the head (dimensions, flags, type, length, lower bound), each with its length.
struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        // An empty array has no dimensions and ends after its type.
        Self(bytes.get(20..).unwrap_or_default())
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(4)?;
        let length = usize::try_from(whole(head)).unwrap_or(0);
        let (item, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(item)
    }
}

pub(crate) fn value(row: &PgRow, column: usize, encoding: Encoding) -> Value {
    let Some(bytes) = bytes(row, column) else { return Value::Null };
    match encoding {
        Encoding::Text => Value::Text(text(bytes).to_owned()),
        Encoding::Bool => Value::Bool(bytes == [1]),
        Encoding::Int => Value::Int(whole(bytes)),
        Encoding::Decimal(_) => {
            let mut digits = Vec::with_capacity(24);
            numeric(bytes, &mut digits);
            text(&digits).parse::<Decimal>().map_or(Value::Null, |number| Value::Decimal(number.normalize()))
        }
        Encoding::Float => Value::Float(real(bytes)),
        Encoding::Date => NaiveDate::from_ymd_opt(2000, 1, 1)
            .and_then(|first| first.checked_add_signed(chrono::Duration::days(whole(bytes))))
            .map_or(Value::Null, Value::Date),
        Encoding::Time => {
            Value::Time(NaiveTime::MIN.overflowing_add_signed(chrono::Duration::microseconds(whole(bytes))).0)
        }
        Encoding::DateTime => DateTime::from_timestamp_micros(whole(bytes).saturating_add(EPOCH_MICROS))
            .map_or(Value::Null, Value::DateTime),
        Encoding::Duration => Duration::from_seconds(whole(bytes)).map_or(Value::Null, Value::Duration),
        Encoding::Id => uuid::Uuid::from_slice(bytes).map_or(Value::Null, Value::Id),
        Encoding::Json => serde_json::from_slice(json_text(bytes)).map_or(Value::Null, Value::Json),
        Encoding::TextList => {
            Value::List(Items::of(bytes).map(|item| Value::Text(text(item).to_owned())).collect())
        }
    }
}
