//! Cells of SQLite, taken out of the driver's row once.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use expr::{Duration, Encoding, Value};
use rust_decimal::Decimal;
use sql::CellType;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, TypeInfo, ValueRef};

use crate::{StoreError, json};

/// One cell.
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

/// The cells of a row.
pub(crate) fn cells(row: &SqliteRow) -> Result<Vec<Cell>, StoreError> {
    (0..row.len()).map(|column| cell(row, column).map_err(StoreError::from)).collect()
}

fn cell(row: &SqliteRow, column: usize) -> Result<Cell, sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    let kind = raw.type_info().name().to_owned();
    let decoded = match kind.as_str() {
        "INTEGER" | "BOOLEAN" => <i64 as Decode<Sqlite>>::decode(raw).map(Cell::Int),
        "REAL" => <f64 as Decode<Sqlite>>::decode(raw).map(Cell::Real),
        _ => <String as Decode<Sqlite>>::decode(raw).map(Cell::Text),
    };
    decoded.map_err(|source| sqlx::Error::ColumnDecode { index: column.to_string(), source })
}

pub(crate) fn write_json(cell: &Cell, kind: CellType, out: &mut Vec<u8>) {
    match (cell, kind) {
        (Cell::Null, _) => out.extend_from_slice(b"null"),
        (Cell::Text(text), CellType::Raw | CellType::Plain(Encoding::Json | Encoding::TextList)) => {
            out.extend_from_slice(text.as_bytes());
        }
        (Cell::Int(number), CellType::Plain(encoding)) => whole(*number, encoding, out),
        (Cell::Int(number), CellType::BigInt) => {
            out.push(b'"');
            json::int(*number, out);
            out.push(b'"');
        }
        (Cell::Int(number), CellType::Raw) => json::int(*number, out),
        (Cell::Real(number), _) => json::float(*number, out),
        (Cell::Text(text), CellType::BigInt | CellType::Plain(_)) => json::string(text, out),
    }
}

fn whole(number: i64, encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Bool => out.extend_from_slice(if number == 0 { b"false" } else { b"true" }),
        Encoding::Decimal(scale) => {
            out.push(b'"');
            json::scaled(number, scale, out);
            out.push(b'"');
        }
        Encoding::Duration => {
            let length = Duration::from_seconds(number).unwrap_or_default();
            json::string(&length.to_string(), out);
        }
        #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
        Encoding::Float => json::float(number as f64, out),
        Encoding::Text
        | Encoding::Int
        | Encoding::Date
        | Encoding::Time
        | Encoding::DateTime
        | Encoding::Id
        | Encoding::Json
        | Encoding::TextList => json::int(number, out),
    }
}

pub(crate) fn value(cell: &Cell, encoding: Encoding) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => match encoding {
            Encoding::Bool => Value::Bool(*number != 0),
            Encoding::Decimal(scale) => {
                Decimal::try_from_i128_with_scale(i128::from(*number), u32::from(scale))
                    .map_or(Value::Null, |n| Value::Decimal(n.normalize()))
            }
            Encoding::Duration => Duration::from_seconds(*number).map_or(Value::Null, Value::Duration),
            #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
            Encoding::Float => Value::Float(*number as f64),
            Encoding::Json => Value::Json((*number).into()),
            Encoding::Text
            | Encoding::Int
            | Encoding::Date
            | Encoding::Time
            | Encoding::DateTime
            | Encoding::Id
            | Encoding::TextList => Value::Int(*number),
        },
        Cell::Real(number) => Value::Float(*number),
        Cell::Text(text) => of_text(text, encoding).unwrap_or(Value::Null),
    }
}

fn of_text(text: &str, encoding: Encoding) -> Option<Value> {
    Some(match encoding {
        Encoding::Date => Value::Date(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?),
        Encoding::Time => Value::Time(NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()?),
        Encoding::DateTime => Value::DateTime(text.parse::<DateTime<Utc>>().ok()?),
        Encoding::Id => Value::Id(text.parse().ok()?),
        Encoding::Json => Value::Json(serde_json::from_str(text).ok()?),
        Encoding::TextList => {
            let texts: Vec<String> = serde_json::from_str(text).ok()?;
            Value::List(texts.into_iter().map(Value::Text).collect())
        }
        Encoding::Text
        | Encoding::Bool
        | Encoding::Int
        | Encoding::Decimal(_)
        | Encoding::Float
        | Encoding::Duration => Value::Text(text.to_owned()),
    })
}
