//! The SQL types of encodings.

use expr::Encoding;

use crate::Dialect;

/// The type of a value while it is computed with.
pub(crate) fn value_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Text => "text",
        Encoding::Bool => "boolean",
        Encoding::Int | Encoding::Duration => "bigint",
        Encoding::Decimal(_) => "numeric",
        Encoding::Float => "double precision",
        Encoding::Date => "date",
        Encoding::Time => "time",
        Encoding::DateTime => "timestamptz",
        Encoding::Id => "uuid",
        Encoding::Json => "jsonb",
        Encoding::TextList => "text[]",
    }
}

/// The type of a column.
pub(crate) fn column_type(encoding: Encoding, dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => match encoding {
            Encoding::Text => "text COLLATE \"C\"",
            other => value_type(other),
        },
        Dialect::Sqlite => match encoding {
            Encoding::Bool | Encoding::Int | Encoding::Decimal(_) | Encoding::Duration => "integer",
            Encoding::Float => "real",
            Encoding::Text
            | Encoding::Date
            | Encoding::Time
            | Encoding::DateTime
            | Encoding::Id
            | Encoding::Json
            | Encoding::TextList => "text",
        },
    }
}
