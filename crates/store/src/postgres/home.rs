//! Connections at hand: what a request gives back is lent to the next one as it is.
//!
//! The driver's pool asks each connection that comes back whether it is still there: a second round trip for every statement. Here that
//! is found out by the next statement, which is tried again where that is allowed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use sqlx::PgPool;
use sqlx::pool::PoolConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Options;

/// Connections of the pool that are not lent to requests: for the platform's own tables and its listener.
const RESERVED: usize = 2;
/// How long a connection is lent on before the pool judges its age.
const LENT_ON: Duration = Duration::from_mins(10);
/// How long the one that is used least may lie idle.
const IDLE: Duration = Duration::from_mins(1);

/// Tenants whose shares are kept, and how long those are that ask nothing.
const SHARES: u64 = 10_000;
const UNSHARED: Duration = Duration::from_mins(10);

/// The connections of one database that requests use.
pub(crate) struct Home {
    pool: PgPool,
    /// One for each connection that requests may have; taken in the order of asking.
    turns: Arc<Semaphore>,
    /// The same for each tenant, by its schema: taken first, so that whoever asks for much waits behind itself.
    shares: Cache<Arc<str>, Arc<Semaphore>>,
    /// How many of each tenant.
    share: usize,
    /// Longest wait for a turn.
    patience: Duration,
    idle: Mutex<Idle>,
}

/// What lies ready, the last used one last; `None` when nothing is to be kept.
struct Idle(Option<Vec<Lying>>);

struct Lying {
    connection: PoolConnection<sqlx::Postgres>,
    /// Since when it is away from the pool.
    since: Instant,
    /// Since when it lies here.
    laid: Instant,
}

/// A connection on loan.
pub(crate) struct Loan {
    pub(super) connection: PoolConnection<sqlx::Postgres>,
    since: Instant,
    home: Arc<Home>,
    turns: [OwnedSemaphorePermit; 2],
}

async fn turn(of: Arc<Semaphore>, patience: Duration) -> Result<OwnedSemaphorePermit, sqlx::Error> {
    if let Ok(turn) = Arc::clone(&of).try_acquire_owned() {
        return Ok(turn);
    }
    tokio::time::timeout(patience, of.acquire_owned())
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)?
        .map_err(|_| sqlx::Error::PoolClosed)
}

impl Home {
    /// For a pool of that many connections.
    pub(super) fn new(pool: PgPool, options: &Options) -> Arc<Self> {
        let Options { connections, tenant_connections, acquire_timeout: patience, .. } = *options;
        let connections = usize::try_from(connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        // Of very few none may be withheld from the pool.
        let kept = (connections > RESERVED).then(Vec::new);
        let turns = if kept.is_some() { connections - RESERVED } else { connections.max(1) };
        Arc::new(Self {
            pool,
            turns: Arc::new(Semaphore::new(turns)),
            shares: Cache::builder().max_capacity(SHARES).time_to_idle(UNSHARED).build(),
            share: usize::try_from(tenant_connections).unwrap_or(usize::MAX).clamp(1, turns),
            patience,
            idle: Mutex::new(Idle(kept)),
        })
    }

    /// A connection for the tenant of that schema, as soon as there is one.
    pub(super) async fn lend(self: &Arc<Self>, schema: &Arc<str>) -> Result<Loan, sqlx::Error> {
        let share = self.shares.get_with_by_ref(schema, || Arc::new(Semaphore::new(self.share)));
        let own = turn(share, self.patience).await?;
        let turns = [own, turn(Arc::clone(&self.turns), self.patience).await?];
        let (connection, since) = match self.take() {
            Some(lying) => (lying.connection, lying.since),
            None => (self.pool.acquire().await?, Instant::now()),
        };
        Ok(Loan { connection, since, home: Arc::clone(self), turns })
    }

    fn take(&self) -> Option<Lying> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.0.as_mut()?.pop()
    }

    fn lay(&self, connection: PoolConnection<sqlx::Postgres>, since: Instant) {
        let now = Instant::now();
        if now.duration_since(since) > LENT_ON {
            // Back to the pool, which knows how old it is.
            return drop(connection);
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lying) = idle.0.as_mut() else {
            drop(idle);
            return drop(connection);
        };
        let unused = lying.first().is_some_and(|first| now.duration_since(first.laid) > IDLE);
        let unused = unused.then(|| lying.remove(0));
        lying.push(Lying { connection, since, laid: now });
        drop(idle);
        drop(unused);
    }

    /// Closes what lies idle: one of them turned out to be dead.
    pub(super) fn doubt(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lying = idle.0.as_mut().map(std::mem::take).unwrap_or_default();
        drop(idle);
        for one in lying {
            drop(one.connection.detach());
        }
    }

    /// Gives everything back to the pool, and keeps nothing from now on.
    pub(super) fn close(&self) {
        let lying = self.idle.lock().unwrap_or_else(PoisonError::into_inner).0.take();
        drop(lying);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // The pool would want a runtime to take them back.
        self.doubt();
    }
}

impl Loan {
    /// Gives it back in the state in which it was lent.
    pub(super) fn give_back(self) {
        let Loan { connection, since, home, turns } = self;
        home.lay(connection, since);
        drop(turns);
    }
}
