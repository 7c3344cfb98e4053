//! What can go wrong between the platform and its database. `Display` never holds SQL, values or server addresses: these stay in `source`.

use std::sync::Arc;

/// A failure of the database, sorted by what the caller can do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index refused the row.
    #[error("a record with the same unique value exists")]
    UniqueViolation {
        /// The index, as the layout named it; on SQLite an index over plain columns is found by its columns.
        index: String,
    },
    /// A platform column was null.
    #[error("a value is missing")]
    NotNullViolation {
        /// The column.
        column: String,
    },
    /// A foreign key refused the row.
    #[error("a related record is missing")]
    ForeignKeyViolation,
    /// A table or column that the statement names is not there (any more): reload the catalog and retry once.
    #[error("the structure of the tables has changed")]
    SchemaChanged,
    /// Lost against another transaction (serialization, deadlock): run the whole transaction again.
    #[error("the transaction lost against another one")]
    Retryable,
    /// Somebody else holds a lock for longer than we wait.
    #[error("a lock is held by somebody else")]
    LockTimeout,
    /// The statement ran for longer than allowed.
    #[error("the statement took too long")]
    StatementTimeout,
    /// A number left the range of its type.
    #[error("a number is too large")]
    Overflow,
    /// More in one record than a row of the database holds.
    #[error("the record is too large")]
    RowTooLarge,
    /// The disk or a quota is full.
    #[error("the database has no room left")]
    Full,
    /// The database cannot be reached or has no connection free.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Cause),
    /// The catalog was published in another version than the one that the caller works with.
    #[error("the catalog has changed to version {published}")]
    Stale {
        /// The version that is published now.
        published: i64,
    },
    /// There is no such tenant.
    #[error("there is no tenant `{0}`")]
    NoTenant(String),
    /// Such a tenant is there already.
    #[error("the tenant `{0}` exists already")]
    TenantExists(String),
    /// The platform's tables were made by a newer program.
    #[error(
        "the platform's tables were made by a newer version of armature (migration {migration}); install that version or a later one"
    )]
    TooNew {
        /// The migration that this program does not know.
        migration: i64,
    },
    /// The address of the database cannot be understood.
    #[error("the database address is not `sqlite:FOLDER` or `postgres://…`: {0}")]
    BadUrl(String),
    /// A value does not fit the parameter it is bound to.
    #[error("parameter {index} takes {expected}")]
    BadParameter {
        /// Counted from one.
        index: usize,
        /// The encoding expected.
        expected: String,
    },
    /// Anything else: a defect, or a database in an unforeseen state.
    #[error("the database refused a statement")]
    Other(#[source] Cause),
}

/// What the driver said. For the log, never for clients.
#[derive(Clone, Debug)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::new(Told(text.into()))
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Told(String);
