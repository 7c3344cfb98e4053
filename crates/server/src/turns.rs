//! Turns: how many requests of one tenant are in work at the same time. Further ones wait in the order of coming, not for long and not
//! many; so one tenant at full tilt fills its own queue and leaves the others theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use store::TenantName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Tenants whose queues are kept.
const KEPT: u64 = 10_000;
/// How long the queue of a tenant is kept that asks nothing.
const IDLE: Duration = Duration::from_mins(10);

/// The queues of all tenants.
pub(crate) struct Turns {
    queues: Cache<TenantName, Arc<Queue>>,
    at_once: usize,
    waiting: usize,
    patience: Duration,
}

struct Queue {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Too many of the same tenant are waiting, or this one has waited too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowded;

/// One who waits; gone however the waiting ends.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    /// That many at once of each tenant, that many waiting, that long.
    pub(crate) fn new(at_once: usize, waiting: usize, patience: Duration) -> Self {
        let queues = Cache::builder().max_capacity(KEPT).time_to_idle(IDLE).build();
        Self { queues, at_once: at_once.clamp(1, Semaphore::MAX_PERMITS), waiting, patience }
    }

    /// A turn; it ends when it is dropped.
    pub(crate) async fn take(&self, tenant: &TenantName) -> Result<OwnedSemaphorePermit, Crowded> {
        let queue = self.queues.get_with_by_ref(tenant, || {
            Arc::new(Queue { turns: Arc::new(Semaphore::new(self.at_once)), waiting: AtomicUsize::new(0) })
        });
        if let Ok(turn) = Arc::clone(&queue.turns).try_acquire_owned() {
            return Ok(turn);
        }
        let before = queue.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&queue.waiting);
        if before >= self.waiting {
            return Err(Crowded);
        }
        match tokio::time::timeout(self.patience, Arc::clone(&queue.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Crowded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TenantName {
        TenantName::new(text).expect("a name")
    }

    #[tokio::test]
    async fn a_crowded_tenant_waits_in_its_own_queue() {
        let turns = Turns::new(1, 1, Duration::from_millis(50));
        let (acme, canary) = (name("acme"), name("canary"));
        let first = turns.take(&acme).await.expect("a turn");
        let second = turns.take(&acme);
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending(), "it waits");
        assert_eq!(turns.take(&acme).await.err(), Some(Crowded), "the queue is full");
        assert!(turns.take(&canary).await.is_ok(), "another tenant does not wait");
        drop(first);
        let second = second.await.expect("its turn");
        assert_eq!(turns.take(&acme).await.err(), Some(Crowded), "it has waited long enough");
        drop(second);
        assert!(turns.take(&acme).await.is_ok());
    }
}
