//! Binding values for PostgreSQL: lists are arrays.

use expr::{Encoding, Value};
use sql::{Param, Statement};
use sqlx::Arguments;
use sqlx::postgres::PgArguments;

use crate::StoreError;
use crate::convert::{self, Misfit};

/// The arguments of a statement.
pub(crate) fn arguments(statement: &Statement, values: &[Value]) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    arguments.reserve(statement.params.len(), 0);
    for (place, param) in statement.params.iter().enumerate() {
        let value = convert::source(&param.source, values).map_err(|misfit| misfit.at(place, param))?;
        let added = if param.list {
            list(&mut arguments, param, value)
        } else {
            one(&mut arguments, param.encoding, value)
        };
        added.map_err(|misfit| misfit.at(place, param))?;
    }
    Ok(arguments)
}

fn add<'q, T>(arguments: &mut PgArguments, value: T) -> Result<(), Misfit>
where
    T: sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + 'q,
{
    arguments.add(value).map_err(|_| Misfit)
}

fn one(arguments: &mut PgArguments, encoding: Encoding, value: &Value) -> Result<(), Misfit> {
    match encoding {
        Encoding::Text => add(arguments, convert::text(value)?),
        Encoding::Bool => add(arguments, convert::bool(value)?),
        Encoding::Int | Encoding::Duration => add(arguments, convert::int(value)?),
        Encoding::Decimal(scale) => add(arguments, convert::decimal(value, scale)?),
        Encoding::Float => add(arguments, convert::float(value)?),
        Encoding::Date => add(arguments, convert::date(value)?),
        Encoding::Time => add(arguments, convert::time(value)?),
        Encoding::DateTime => add(arguments, convert::instant(value)?),
        Encoding::Id => add(arguments, convert::id(value)?),
        Encoding::Json => add(arguments, convert::json(value)?),
        Encoding::TextList => add(arguments, convert::texts(value)?),
    }
}

fn each<T>(
    value: &Value,
    of: impl Fn(&Value) -> Result<Option<T>, Misfit>,
) -> Result<Vec<Option<T>>, Misfit> {
    convert::items(value)?.iter().map(of).collect()
}

fn list(arguments: &mut PgArguments, param: &Param, value: &Value) -> Result<(), Misfit> {
    match param.encoding {
        Encoding::Text => add(arguments, each(value, convert::text)?),
        Encoding::Bool => add(arguments, each(value, convert::bool)?),
        Encoding::Int | Encoding::Duration => add(arguments, each(value, convert::int)?),
        Encoding::Decimal(scale) => add(arguments, each(value, |value| convert::decimal(value, scale))?),
        Encoding::Float => add(arguments, each(value, convert::float)?),
        Encoding::Date => add(arguments, each(value, convert::date)?),
        Encoding::Time => add(arguments, each(value, convert::time)?),
        Encoding::DateTime => add(arguments, each(value, convert::instant)?),
        Encoding::Id => add(arguments, each(value, convert::id)?),
        Encoding::Json => add(arguments, each(value, convert::json)?),
        // Lists of different lengths make no array of arrays: each travels as JSON text.
        Encoding::TextList => add(
            arguments,
            each(value, |value| {
                Ok(convert::texts(value)?.map(|texts| serde_json::Value::from(texts).to_string()))
            })?,
        ),
    }
}
