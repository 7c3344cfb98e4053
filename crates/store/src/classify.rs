//! What the drivers say, sorted into [`StoreError`].

use sqlx::Error;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::{Cause, StoreError};

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(database) => of_database(database),
            Error::Io(_)
            | Error::Tls(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::Protocol(_) => StoreError::Unavailable(Cause::new(error)),
            other => StoreError::Other(Cause::new(other)),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => error.into(),
            MigrateError::VersionMissing(migration) => StoreError::TooNew { migration },
            other => StoreError::Other(Cause::new(other)),
        }
    }
}

fn of_database(error: Box<dyn DatabaseError>) -> StoreError {
    if let Some(postgres) = error.try_downcast_ref::<PgDatabaseError>() {
        return of_postgres(postgres)
            .unwrap_or_else(|| StoreError::Other(Cause::new(Error::Database(error))));
    }
    let known = error.try_downcast_ref::<SqliteError>().and_then(of_sqlite);
    known.unwrap_or_else(|| StoreError::Other(Cause::new(Error::Database(error))))
}

/// By SQLSTATE.
fn of_postgres(error: &PgDatabaseError) -> Option<StoreError> {
    Some(match error.code() {
        "23505" => StoreError::UniqueViolation { index: error.constraint().unwrap_or_default().to_owned() },
        "23502" => StoreError::NotNullViolation { column: error.column().unwrap_or_default().to_owned() },
        "23503" => StoreError::ForeignKeyViolation,
        // The only check that there is belongs to the decimal domains.
        "23514" | "22003" | "22008" => StoreError::Overflow,
        "40001" | "40P01" => StoreError::Retryable,
        "55P03" => StoreError::LockTimeout,
        "57014" => StoreError::StatementTimeout,
        "0A000" if !error.message().contains("cached plan") => return None,
        "0A000" | "42703" | "42P01" | "3F000" | "26000" => StoreError::SchemaChanged,
        // Many columns with texts that are too short to be stored aside.
        "54000" if error.message().starts_with("row is too big") => StoreError::RowTooLarge,
        "53100" | "53200" | "54000" => StoreError::Full,
        code if code.starts_with("08") || code.starts_with("57P") || code == "53300" || code == "25P03" => {
            StoreError::Unavailable(Cause::text(format!("{code}: {}", error.message())))
        }
        _ => return None,
    })
}

/// By result code, and by message where SQLite has no code.
fn of_sqlite(error: &SqliteError) -> Option<StoreError> {
    let message = error.message();
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    Some(match (code, code & 0xff) {
        (2067 | 1555, _) => StoreError::UniqueViolation { index: unique_index(message) },
        (1299, _) => {
            StoreError::NotNullViolation { column: message.rsplit('.').next().unwrap_or_default().to_owned() }
        }
        (787, _) => StoreError::ForeignKeyViolation,
        (_, 5 | 6) => StoreError::LockTimeout,
        (_, 9) => StoreError::StatementTimeout,
        (_, 13) => StoreError::Full,
        (_, 17) => StoreError::SchemaChanged,
        (_, 10 | 14 | 11 | 26) => StoreError::Unavailable(Cause::text(format!("{code}: {message}"))),
        (_, 1) if message.contains("integer overflow") => StoreError::Overflow,
        (_, 1)
            if message.contains("no such column")
                || message.contains("no such table")
                || message.contains("has no column named") =>
        {
            StoreError::SchemaChanged
        }
        _ => return None,
    })
}

/// `UNIQUE constraint failed: index 'name'` for indexes over expressions, else `… failed: table.a, table.b`.
fn unique_index(message: &str) -> String {
    let told = message.split_once("failed: ").map_or(message, |(_, told)| told);
    told.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')).unwrap_or(told).to_owned()
}
