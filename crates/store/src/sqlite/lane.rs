//! Connections to one SQLite file: a fair queue for one writer, some readers.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use expr::Value;
use futures::StreamExt;
use sql::Statement;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Executor as _};
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::bind;
use crate::row::Source;
use crate::text::{filled, vouched};
use crate::{Cause, Options, Row, StoreError};

/// How many steps of SQLite's machine lie between two looks at whether somebody still waits: some tens of microseconds.
const STEPS: i32 = 2_000;

/// How the connections of a lane are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    Write,
}

/// A queue for the connections of one purpose.
pub(crate) struct Lane {
    connect: SqliteConnectOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<VecDeque<Opened>>,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

struct Opened {
    connection: SqliteConnection,
    /// Tells SQLite to stop the running statement.
    stop: Arc<AtomicBool>,
}

impl Lane {
    pub(crate) fn new(file: &Path, purpose: Purpose, options: &Options) -> Arc<Self> {
        let connect = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(options.lock_timeout)
            .statement_cache_capacity(options.prepared_statements)
            // Patterns distinguish case, as on PostgreSQL; who wants otherwise compares folded columns.
            .pragma("case_sensitive_like", "ON")
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-8192")
            .pragma("query_only", if purpose == Purpose::Read { "ON" } else { "OFF" })
            .disable_statement_logging();
        let many = if purpose == Purpose::Read { options.readers.max(1) } else { 1 };
        Arc::new(Self {
            connect,
            permits: Arc::new(Semaphore::new(many as usize)),
            idle: Mutex::new(VecDeque::new()),
            acquire_timeout: if purpose == Purpose::Read {
                options.acquire_timeout
            } else {
                options.lock_timeout
            },
            statement_timeout: options.statement_timeout,
        })
    }

    /// Waits for a turn, in the order of asking.
    pub(crate) async fn connection(self: &Arc<Self>) -> Result<Connection, StoreError> {
        let permit =
            match tokio::time::timeout(self.acquire_timeout, Arc::clone(&self.permits).acquire_owned()).await
            {
                Ok(Ok(permit)) => permit,
                Ok(Err(closed)) => return Err(StoreError::Unavailable(Cause::new(closed))),
                Err(_) => return Err(StoreError::LockTimeout),
            };
        let known = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let opened = match known {
            Some(opened) => opened,
            None => self.open().await?,
        };
        Ok(Connection {
            lane: Arc::clone(self),
            loan: Some((opened, permit)),
            running: false,
            in_transaction: false,
        })
    }

    async fn open(&self) -> Result<Opened, StoreError> {
        let mut connection = self.connect.connect().await?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        connection.lock_handle().await?.set_progress_handler(STEPS, move || !asked.load(Ordering::Relaxed));
        Ok(Opened { connection, stop })
    }

    fn give_back(&self, opened: Opened) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push_front(opened);
    }

    /// Lets nobody in any more, waits for those who are, and closes what is idle.
    pub(crate) async fn close(&self, many: u32) {
        let all = self.permits.acquire_many(many).await;
        self.permits.close();
        drop(all);
        let idle: Vec<Opened> = self.idle.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for opened in idle {
            if let Err(error) = opened.connection.close().await {
                tracing::warn!(%error, "a database file was not closed cleanly");
            }
        }
    }
}

/// A connection on loan. When its user vanishes in the middle of a statement, that is stopped; a transaction is rolled back before the next
/// one in the queue has its turn.
pub(crate) struct Connection {
    lane: Arc<Lane>,
    loan: Option<(Opened, OwnedSemaphorePermit)>,
    running: bool,
    in_transaction: bool,
}

impl Connection {
    fn opened(&mut self) -> &mut Opened {
        &mut self.loan.as_mut().expect("the connection is there until it is dropped").0
    }

    /// The driver's connection, to run something on. Until [`Connection::finish`] is called it counts as in the middle of a statement.
    pub(super) fn start(&mut self) -> &mut SqliteConnection {
        self.running = true;
        &mut self.opened().connection
    }

    /// Takes note of the answer.
    pub(super) fn finish<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.running = false;
        outcome.map_err(StoreError::from)
    }

    /// Runs a statement.
    pub(crate) async fn run(
        &mut self,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let arguments = bind::arguments(statement, values)?;
        let text = filled(statement, None, values)?;
        let limit = self.lane.statement_timeout;
        match tokio::time::timeout(limit, sqlx::query_with(vouched(text), arguments).fetch_all(self.start()))
            .await
        {
            Ok(outcome) => match self.finish(outcome) {
                Err(StoreError::UniqueViolation { index }) => {
                    Err(StoreError::UniqueViolation { index: self.index_over(index).await })
                }
                other => other,
            },
            // Still running: it is stopped when this is dropped.
            Err(_) => Err(StoreError::StatementTimeout),
        }
    }

    /// The unique index over `table.a, table.b`, which is all that SQLite tells of an index over plain columns.
    async fn index_over(&mut self, told: String) -> String {
        let columns: Vec<(&str, &str)> =
            told.split(", ").filter_map(|column| column.split_once('.')).collect();
        let Some((table, _)) = columns.first() else { return told };
        let names = columns.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(",");
        let found = sqlx::query_scalar(
            "SELECT l.name FROM pragma_index_list(?1) AS l WHERE l.\"unique\" \
             AND (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) = ?2 ORDER BY l.origin, l.name",
        )
        .bind(*table)
        .bind(names)
        .fetch_optional(self.start())
        .await;
        // Where it cannot be found the columns say as much.
        self.finish(found).ok().flatten().unwrap_or(told)
    }

    /// Sends each row as it arrives, as long as somebody listens.
    pub(crate) async fn each(
        &mut self,
        statement: &Statement,
        values: &[Value],
        sender: &Sender<Result<Row, StoreError>>,
    ) -> Result<(), StoreError> {
        let arguments = bind::arguments(statement, values)?;
        let text = filled(statement, None, values)?;
        let mut rows = sqlx::query_with(vouched(text), arguments).fetch(self.start());
        while let Some(row) = rows.next().await {
            let row = super::row::cells(&row?).map(|cells| Row(Source::Sqlite(cells)));
            if sender.send(row).await.is_err() {
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
        self.finish(outcome).map(|_| ())
    }

    /// Begins a transaction that holds the file's writer, or (for readers) one state of the file.
    pub(crate) async fn begin(&mut self, text: &str) -> Result<(), StoreError> {
        // Set first: a cancelled BEGIN may have begun.
        self.in_transaction = true;
        self.command(text.to_owned()).await
    }

    pub(crate) async fn end(&mut self, text: &str) -> Result<(), StoreError> {
        let outcome = self.command(text.to_owned()).await;
        if outcome.is_ok() {
            self.in_transaction = false;
        }
        outcome
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some((mut opened, permit)) = self.loan.take() else { return };
        if !self.running && !self.in_transaction {
            self.lane.give_back(opened);
            drop(permit);
            return;
        }
        opened.stop.store(true, Ordering::Relaxed);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // Without a runtime there is nobody to wait: closing the file rolls back.
            return;
        };
        let (lane, in_transaction) = (Arc::clone(&self.lane), self.in_transaction);
        runtime.spawn(async move {
            // Queued behind the stopped statement; too short for SQLite to look at the flag. A failed COMMIT or BEGIN may have ended the transaction.
            let ended = if in_transaction {
                opened.connection.execute("ROLLBACK").await.map(|_| ())
            } else {
                opened.connection.ping().await
            };
            opened.stop.store(false, Ordering::Relaxed);
            if ended.is_ok() {
                lane.give_back(opened);
            }
            drop(permit);
        });
    }
}
