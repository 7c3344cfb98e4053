//! A connection on loan that never goes back to the pool in an unknown state.

use expr::Value;
use futures::StreamExt;
use sql::Statement;
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, Executor as _};

use super::bind;
use super::home::Loan;
use crate::row::Source;
use crate::text::{filled, vouched};
use crate::{Cause, Row, StoreError};
use tokio::sync::mpsc::Sender;

/// A connection from the pool. When its user vanishes in the middle of a statement it is closed, which the server sees within a quarter of a second
/// and stops the statement; in the middle of a transaction, that is rolled back.
#[expect(clippy::struct_excessive_bools, reason = "four facts that hold independently")]
pub(crate) struct Connection {
    loan: Option<Loan>,
    /// A statement was sent and has not been answered in full.
    running: bool,
    in_transaction: bool,
    /// A prepared statement no longer fits its tables: the driver has to forget it.
    stale: bool,
    /// The transaction met an error: PostgreSQL would answer COMMIT by rolling back, in silence.
    failed: bool,
}

/// How much a transaction sees of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    ReadCommitted,
    Serializable,
}

impl Connection {
    pub(super) fn new(loan: Loan) -> Self {
        Self { loan: Some(loan), running: false, in_transaction: false, stale: false, failed: false }
    }

    fn inner(&mut self) -> &mut sqlx::PgConnection {
        &mut self.loan.as_mut().expect("the connection is there until it is dropped").connection
    }

    /// The driver's connection, to send something on. Until [`Connection::finish`] is called it counts as in the middle of a statement.
    pub(super) fn start(&mut self) -> &mut sqlx::PgConnection {
        self.running = true;
        self.inner()
    }

    /// Takes note of the answer.
    pub(super) async fn finish<T: Send>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        let outcome = outcome.map_err(StoreError::from);
        self.stale |= matches!(outcome, Err(StoreError::SchemaChanged));
        self.failed |= self.in_transaction && outcome.is_err();
        self.forget_stale().await?;
        // A connection that failed below the protocol stays marked, and is closed.
        self.running = matches!(outcome, Err(StoreError::Unavailable(_)));
        outcome
    }

    /// Makes the driver forget stale prepared statements: inside of a transaction that is not possible yet.
    async fn forget_stale(&mut self) -> Result<(), StoreError> {
        if self.stale && !self.in_transaction {
            self.start().clear_cached_statements().await?;
            self.running = false;
            self.stale = false;
        }
        Ok(())
    }

    /// Whether a statement of the transaction failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// What went wrong in the transaction was undone up to a savepoint.
    pub(crate) fn mended(&mut self) {
        self.failed = false;
    }

    /// Runs a statement for the tenant of this schema.
    pub(crate) async fn run(
        &mut self,
        schema: &str,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Vec<PgRow>, StoreError> {
        let arguments = bind::arguments(statement, values)?;
        let text = filled(statement, Some(schema), values)?;
        let outcome = sqlx::query_with(vouched(text), arguments).fetch_all(self.start()).await;
        self.finish(outcome).await
    }

    /// Sends each row as it arrives, as long as somebody listens; a connection stopped in the middle is closed.
    pub(crate) async fn each(
        &mut self,
        schema: &str,
        statement: &Statement,
        values: &[Value],
        sender: &Sender<Result<Row, StoreError>>,
    ) -> Result<(), StoreError> {
        let arguments = bind::arguments(statement, values)?;
        let text = filled(statement, Some(schema), values)?;
        let mut rows = sqlx::query_with(vouched(text), arguments).fetch(self.start());
        while let Some(row) = rows.next().await {
            if sender.send(Ok(Row(Source::Postgres(row?)))).await.is_err() {
                return Ok(());
            }
        }
        drop(rows);
        self.running = false;
        Ok(())
    }

    /// Runs text of our own without parameters.
    pub(crate) async fn command(&mut self, text: String) -> Result<(), StoreError> {
        let outcome = self.start().execute(sqlx::raw_sql(vouched(text))).await;
        self.finish(outcome).await.map(|_| ())
    }

    /// Begins. What is serializable sees the tables as of its first statement, so that it must not wait for a publication in that: it
    /// takes a table lock before, which needs no snapshot.
    pub(crate) async fn begin(&mut self, isolation: Isolation, schema: &str) -> Result<(), StoreError> {
        // Set first: a cancelled BEGIN may have begun.
        self.in_transaction = true;
        let text = match isolation {
            Isolation::ReadCommitted => "BEGIN".to_owned(),
            Isolation::Serializable => {
                format!(
                    "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE \"{schema}\".metadata_version IN ROW SHARE MODE"
                )
            }
        };
        self.command(text).await
    }

    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.failed {
            self.rollback().await?;
            return Err(StoreError::Other(Cause::text(
                "commit of a transaction in which a statement failed",
            )));
        }
        let committed = self.command("COMMIT".to_owned()).await;
        if matches!(committed, Ok(()) | Err(StoreError::Retryable)) {
            // A commit that lost a race has ended the transaction, too.
            self.ended().await?;
        }
        committed
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), StoreError> {
        self.command("ROLLBACK".to_owned()).await?;
        self.ended().await
    }

    async fn ended(&mut self) -> Result<(), StoreError> {
        self.in_transaction = false;
        self.failed = false;
        self.forget_stale().await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(mut loan) = self.loan.take() else { return };
        if self.running {
            // Closing is what stops the server.
            drop(loan.connection.detach());
        } else if self.in_transaction {
            let stale = self.stale;
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    let mut ended = loan.connection.execute("ROLLBACK").await.map(|_| ());
                    if stale && ended.is_ok() {
                        ended = loan.connection.clear_cached_statements().await;
                    }
                    match ended {
                        Ok(()) => loan.give_back(),
                        Err(_) => drop(loan.connection.detach()),
                    }
                });
            } else {
                drop(loan.connection.detach());
            }
        } else {
            loan.give_back();
        }
    }
}
