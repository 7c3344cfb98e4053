//! One tenant's tables: reads, writes and definitions.

use std::sync::Arc;
use std::time::Duration;

use expr::Value;
use futures::stream::BoxStream;
use sql::{Dialect, Statement};

use crate::postgres::Isolation;
use crate::row::Source;
use crate::sqlite::File;
use crate::store::{Backend, Store};
use crate::{Row, StoreError, TenantName, Transaction, postgres, sqlite};

/// Rows as they arrive.
pub type RowStream = BoxStream<'static, Result<Row, StoreError>>;

/// How often a definition that waits for a lock is tried, and for how long it waits each time: readers must not queue behind it.
const LOCK_ATTEMPTS: u32 = 40;
const LOCK_WAIT: &str = "SET lock_timeout = '500ms'";

/// A tenant of a store. Cheap to clone.
#[derive(Clone)]
pub struct Tenant {
    name: TenantName,
    schema: Arc<str>,
    store: Store,
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant").field("name", &self.name).finish_non_exhaustive()
    }
}

pub(crate) enum Loan {
    Postgres(postgres::Connection),
    Sqlite(sqlite::Connection),
}

fn postgres_rows(rows: Vec<sqlx::postgres::PgRow>) -> Vec<Row> {
    rows.into_iter().map(|row| Row(Source::Postgres(row))).collect()
}

fn sqlite_rows(rows: &[sqlx::sqlite::SqliteRow]) -> Result<Vec<Row>, StoreError> {
    rows.iter().map(|row| sqlite::row::cells(row).map(|cells| Row(Source::Sqlite(cells)))).collect()
}

impl Loan {
    pub(crate) async fn run(
        &mut self,
        schema: &str,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Loan::Postgres(connection) => connection.run(schema, statement, values).await.map(postgres_rows),
            Loan::Sqlite(connection) => sqlite_rows(&connection.run(statement, values).await?),
        }
    }
}

impl Tenant {
    pub(crate) fn new(store: &Store, name: &TenantName) -> Self {
        Self { name: name.clone(), schema: name.schema().into(), store: store.clone() }
    }

    /// Its name.
    pub fn name(&self) -> &TenantName {
        &self.name
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    /// The store that it belongs to.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    fn file(&self, sqlite: &sqlite::Sqlite) -> Arc<File> {
        sqlite.file(&self.name)
    }

    async fn reader(&self) -> Result<Loan, StoreError> {
        Ok(match &self.store.inner.backend {
            Backend::Postgres(postgres) => Loan::Postgres(postgres.connection(&self.schema).await?),
            Backend::Sqlite(sqlite) => Loan::Sqlite(self.file(sqlite).readers.connection().await?),
        })
    }

    async fn another_reader(&self) -> Result<Loan, StoreError> {
        match &self.store.inner.backend {
            Backend::Postgres(postgres) => {
                Ok(Loan::Postgres(postgres.another_connection(&self.schema).await?))
            }
            Backend::Sqlite(_) => self.reader().await,
        }
    }

    /// Runs a query: one round trip, on a reading connection. `values` are the request's slots.
    pub async fn fetch(&self, statement: &Statement, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let outcome = self.reader().await?.run(&self.schema, statement, values).await;
        if let (Err(StoreError::Unavailable(_)), Dialect::Postgres) = (&outcome, self.dialect()) {
            // A connection that died in the pool: a read may simply be asked again.
            return self.another_reader().await?.run(&self.schema, statement, values).await;
        }
        outcome
    }

    /// Runs a query whose rows are read as they arrive, in flat memory. Dropping the stream ends the query. Must be called within a tokio runtime.
    pub fn stream(&self, statement: &Statement, values: &[Value]) -> RowStream {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(256);
        let (tenant, statement, values) = (self.clone(), statement.clone(), values.to_vec());
        tokio::spawn(async move {
            let outcome = tokio::select! {
                outcome = tenant.pour(&statement, &values, &sender) => outcome,
                () = sender.closed() => return,
            };
            if let Err(error) = outcome {
                // Nobody listens any more: then nobody is interested in the error either.
                sender.send(Err(error)).await.ok();
            }
        });
        Box::pin(futures::stream::poll_fn(move |context| receiver.poll_recv(context)))
    }

    async fn pour(
        &self,
        statement: &Statement,
        values: &[Value],
        sender: &tokio::sync::mpsc::Sender<Result<Row, StoreError>>,
    ) -> Result<(), StoreError> {
        match self.reader().await? {
            Loan::Postgres(mut connection) => {
                connection.begin(Isolation::ReadCommitted, &self.schema).await?;
                // The time that the reader of the rows takes is not the statement's.
                connection.command("SET LOCAL statement_timeout = 0".to_owned()).await?;
                connection.each(&self.schema, statement, values, sender).await?;
                connection.commit().await
            }
            Loan::Sqlite(mut connection) => connection.each(statement, values, sender).await,
        }
    }

    /// Begins a transaction. On SQLite this waits in the fair queue of the file's one writer.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.begin_as(Isolation::ReadCommitted).await
    }

    /// Begins a transaction that sees one state of the database throughout and conflicts with what would break it (SERIALIZABLE).
    pub async fn begin_serializable(&self) -> Result<Transaction, StoreError> {
        self.begin_as(Isolation::Serializable).await
    }

    async fn begin_as(&self, isolation: Isolation) -> Result<Transaction, StoreError> {
        let loan = match &self.store.inner.backend {
            Backend::Postgres(postgres) => {
                let mut connection = postgres.connection(&self.schema).await?;
                match connection.begin(isolation, &self.schema).await {
                    Err(StoreError::Unavailable(_)) => {
                        // A connection that died in the pool: nothing was done on it yet.
                        connection = postgres.another_connection(&self.schema).await?;
                        connection.begin(isolation, &self.schema).await?;
                    }
                    other => other?,
                }
                Loan::Postgres(connection)
            }
            Backend::Sqlite(sqlite) => {
                let mut connection = self.file(sqlite).writer.connection().await?;
                connection.begin("BEGIN IMMEDIATE").await?;
                Loan::Sqlite(connection)
            }
        };
        Ok(Transaction::new(self.clone(), loan))
    }

    /// What [`sql::Scalar::HeldVersion`] takes: the key of the catalog's lock, and the name of the schema.
    pub fn version_lock(&self) -> [Value; 2] {
        [Value::Int(crate::postgres::lock_key(&self.name)), Value::Text(self.name.schema())]
    }

    /// Runs writes that belong together, all or none; one round trip when there is one statement on PostgreSQL. The rows
    /// that they return, one after the other.
    pub async fn run_write(
        &self,
        statements: &[Statement],
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        if let (Backend::Postgres(postgres), [statement]) = (&self.store.inner.backend, statements) {
            return postgres
                .connection(&self.schema)
                .await?
                .run(&self.schema, statement, values)
                .await
                .map(postgres_rows);
        }
        let mut transaction = self.begin().await?;
        let mut rows = Vec::new();
        for statement in statements {
            rows.extend(transaction.run(statement, values).await?);
        }
        transaction.commit().await?;
        Ok(rows)
    }

    /// Runs definitions outside of a transaction (concurrent indexes). Waits for locks shortly and tries all of them again, so they must
    /// bear that: what makes an index stands behind what drops it.
    pub async fn execute_ddl(&self, statements: &[Statement]) -> Result<(), StoreError> {
        let Backend::Postgres(postgres) = &self.store.inner.backend else {
            return self.run_write(statements, &[]).await.map(|_| ());
        };
        let mut connection = postgres.connection(&self.schema).await?;
        connection.command(format!("{LOCK_WAIT}; SET statement_timeout = 0")).await?;
        let mut attempt = 1;
        let outcome = loop {
            // All of them again: a concurrent index that gave up is there, invalid, and has to be dropped first.
            let mut outcome = Ok(());
            for statement in statements {
                outcome = connection.run(&self.schema, statement, &[]).await.map(|_| ());
                if outcome.is_err() {
                    break;
                }
            }
            match outcome {
                Err(StoreError::LockTimeout | StoreError::Retryable) if attempt < LOCK_ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                other => break other,
            }
        };
        connection.command("RESET lock_timeout; RESET statement_timeout".to_owned()).await?;
        outcome
    }

    /// A mark that changes with every publication, where the database tells of each as it is committed (PostgreSQL, once
    /// [`Store::changes`] is followed). `None`: ask for the version.
    pub fn publication_mark(&self) -> Option<u64> {
        self.store.inner.watch.mark()
    }

    /// The catalog version that is published, 0 before the first.
    pub async fn published_version(&self) -> Result<i64, StoreError> {
        let statement = sql::print_query(&crate::version::published(), self.dialect());
        let rows = self.fetch(&statement, &[]).await?;
        Ok(crate::version::of(&rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared<T: Send + Sync>() {}

    fn sendable<T: Send>(of: T) -> T {
        of
    }

    /// Handlers run on any thread: whatever they await must be sendable. Compiled, never run.
    #[test]
    fn all_operations_are_sendable() {
        async fn all(tenant: &Tenant, statement: &Statement) -> Result<(), StoreError> {
            sendable(tenant.fetch(statement, &[])).await?;
            sendable(tenant.run_write(std::slice::from_ref(statement), &[])).await?;
            sendable(tenant.execute_ddl(&[])).await?;
            sendable(tenant.published_version()).await?;
            let mut transaction = sendable(tenant.begin()).await?;
            sendable(transaction.run(statement, &[])).await?;
            sendable(transaction.check_version(1)).await?;
            sendable(transaction.lock_catalog()).await?;
            sendable(transaction.commit()).await?;
            sendable(tenant.store().tenant_create(tenant.name())).await?;
            sendable(tenant.store().tenant(tenant.name())).await?;
            sendable(tenant.store().key_find(&[0; 32])).await?;
            sendable(tenant.store().close()).await;
            Ok(())
        }
        let operations = std::any::type_name_of_val(&all);
        assert!(operations.ends_with("all"));
        shared::<Tenant>();
        shared::<Row>();
    }
}
