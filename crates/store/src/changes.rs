//! Telling that something was published or that keys changed: LISTEN/NOTIFY, or the version of the control file.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::StoreError;
use crate::postgres::{self, CHANNEL};
use crate::store::{Backend, Inner};

/// Tells that something was published or that keys changed; see [`crate::Store::changes`].
pub struct Changes {
    receiver: watch::Receiver<u64>,
}

impl Changes {
    /// Waits for the next change of any catalog or key. May tell of a change that was none; never stays silent for longer than a second
    /// after one. Waits forever once the store is gone.
    pub async fn next(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

pub(crate) struct Watch {
    sender: watch::Sender<u64>,
    /// Whether every publication of another process is told as it is committed.
    told: AtomicBool,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { sender: watch::Sender::new(0), told: AtomicBool::new(false), task: Mutex::new(None) }
    }
}

impl Watch {
    /// Something changed, as far as this process knows.
    pub(crate) fn changed(&self) {
        self.sender.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// The number of changes so far, while none can be missed: as long as it stays the same nothing was published.
    pub(crate) fn mark(&self) -> Option<u64> {
        self.told.load(Ordering::Acquire).then(|| *self.sender.borrow())
    }

    pub(crate) fn listen(&self, inner: &Arc<Inner>) -> Changes {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(follow(Arc::downgrade(inner), inner.options.poll)));
        }
        Changes { receiver: self.sender.subscribe() }
    }

    pub(crate) fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.told.store(false, Ordering::Release);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Follows the changes of other processes. Whatever fails counts as a change, and is tried again.
async fn follow(inner: Weak<Inner>, poll: Duration) {
    while let Some(strong) = inner.upgrade() {
        let source = Source::open(&strong).await;
        drop(strong);
        let outcome = match source {
            Ok(source) => source.follow(&inner, poll).await,
            Err(error) => Err(error),
        };
        let Some(strong) = inner.upgrade() else { return };
        strong.watch.told.store(false, Ordering::Release);
        strong.watch.changed();
        drop(strong);
        if let Err(error) = outcome {
            tracing::warn!(%error, "changes of other processes cannot be followed; trying again");
        }
        tokio::time::sleep(poll).await;
    }
}

enum Source {
    Listener(Box<sqlx::postgres::PgListener>),
    File(sqlx::SqliteConnection),
}

impl Source {
    async fn open(inner: &Inner) -> Result<Self, StoreError> {
        Ok(match &inner.backend {
            Backend::Postgres(postgres) => Source::Listener(Box::new(postgres.listener().await?)),
            Backend::Sqlite(sqlite) => Source::File(sqlite.watcher().await?),
        })
    }

    async fn follow(self, inner: &Weak<Inner>, poll: Duration) -> Result<(), StoreError> {
        match self {
            Source::Listener(mut listener) => {
                let Some(strong) = inner.upgrade() else { return Ok(()) };
                strong.watch.told.store(true, Ordering::Release);
                // What was published before the listener stood was not told.
                strong.watch.changed();
                drop(strong);
                // `None` is a lost connection, during which anything may be missed: the caller opens another.
                while let Some(told) = listener.try_recv().await? {
                    let Some(strong) = inner.upgrade() else { return Ok(()) };
                    if told.channel() == CHANNEL {
                        strong.watch.changed();
                    } else if let Some((tenant, due)) = postgres::told_work(told.payload()) {
                        strong.board.call(tenant, due);
                    }
                }
                Ok(())
            }
            Source::File(mut connection) => {
                let mut known: Option<i64> = None;
                loop {
                    let now: i64 =
                        sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut connection).await?;
                    if known.is_some_and(|known| known != now) {
                        let Some(strong) = inner.upgrade() else { return Ok(()) };
                        strong.watch.changed();
                    }
                    known = Some(now);
                    tokio::time::sleep(poll).await;
                }
            }
        }
    }
}
