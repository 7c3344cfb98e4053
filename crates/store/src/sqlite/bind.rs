//! Binding values for SQLite: lists are JSON text, decimals whole numbers of units, instants text of fixed width.

use expr::{Encoding, Value};
use sql::{Param, Source, Statement};
use sqlx::Arguments;
use sqlx::sqlite::SqliteArguments;

use crate::convert::{self, Misfit};
use crate::{StoreError, json};

/// The arguments of a statement.
pub(crate) fn arguments(statement: &Statement, values: &[Value]) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(statement.params.len(), 0);
    for (place, param) in statement.params.iter().enumerate() {
        let atom = match &param.source {
            Source::Zip(lists) => zip(lists, values).map(Atom::Text),
            source => convert::source(source, values).and_then(|value| {
                if param.list {
                    list(param.encoding, value).map(Atom::Text)
                } else {
                    atom(param.encoding, value)
                }
            }),
        };
        atom.and_then(|atom| atom.bind(&mut arguments)).map_err(|misfit| misfit.at(place, param))?;
    }
    Ok(arguments)
}

/// A value as SQLite stores it.
enum Atom {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl Atom {
    fn bind(self, arguments: &mut SqliteArguments) -> Result<(), Misfit> {
        match self {
            Atom::Null => Arguments::add(arguments, None::<i64>),
            Atom::Int(v) => Arguments::add(arguments, v),
            Atom::Real(v) => Arguments::add(arguments, v),
            Atom::Text(v) => Arguments::add(arguments, v),
        }
        .map_err(|_| Misfit)
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Atom::Null => out.extend_from_slice(b"null"),
            Atom::Int(v) => json::int(*v, out),
            Atom::Real(v) => json::float(*v, out),
            Atom::Text(v) => json::string(v, out),
        }
    }
}

fn atom(encoding: Encoding, value: &Value) -> Result<Atom, Misfit> {
    let text = |text: Option<String>| text.map_or(Atom::Null, Atom::Text);
    let int = |int: Option<i64>| int.map_or(Atom::Null, Atom::Int);
    Ok(match encoding {
        Encoding::Text => text(convert::text(value)?),
        Encoding::Bool => int(convert::bool(value)?.map(i64::from)),
        Encoding::Int | Encoding::Duration => int(convert::int(value)?),
        Encoding::Decimal(scale) => int(convert::scaled(value, scale)?),
        Encoding::Float => convert::float(value)?.map_or(Atom::Null, Atom::Real),
        Encoding::Date => text(convert::date(value)?.map(|day| day.format("%Y-%m-%d").to_string())),
        Encoding::Time => text(convert::time(value)?.map(|time| time.format("%H:%M:%S%.6f").to_string())),
        Encoding::DateTime => {
            text(convert::instant(value)?.map(|instant| instant.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()))
        }
        Encoding::Id => text(convert::id(value)?.map(|id| id.to_string())),
        Encoding::Json => text(convert::json(value)?.map(|json| json.to_string())),
        Encoding::TextList => {
            text(convert::texts(value)?.map(|texts| serde_json::Value::from(texts).to_string()))
        }
    })
}

fn finish(out: Vec<u8>) -> Result<String, Misfit> {
    String::from_utf8(out).map_err(|_| Misfit)
}

fn list(encoding: Encoding, value: &Value) -> Result<String, Misfit> {
    let mut out = vec![b'['];
    for (place, item) in convert::items(value)?.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        atom(encoding, item)?.write(&mut out);
    }
    out.push(b']');
    finish(out)
}

/// Lists of one length as rows.
fn zip(lists: &[Param], values: &[Value]) -> Result<String, Misfit> {
    let columns = lists
        .iter()
        .map(|list| convert::items(convert::source(&list.source, values)?))
        .collect::<Result<Vec<_>, _>>()?;
    let rows = columns.first().map_or(0, |column| column.len());
    if columns.iter().any(|column| column.len() != rows) {
        return Err(Misfit);
    }
    let mut out = vec![b'['];
    for row in 0..rows {
        out.extend_from_slice(if row > 0 { b",[" } else { b"[" });
        for (place, (column, list)) in columns.iter().zip(lists).enumerate() {
            if place > 0 {
                out.push(b',');
            }
            atom(list.encoding, column.get(row).ok_or(Misfit)?)?.write(&mut out);
        }
        out.push(b']');
    }
    out.push(b']');
    finish(out)
}
