//! What the engine asks of the outside world beside the database: the time, new ids, and a pause of random length.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present instant. The engine asks once a request, so that all its records carry the same one.
    fn now(&self) -> DateTime<Utc>;
}

/// Makes ids and other unpredictable numbers.
pub trait Ids: Send + Sync {
    /// A new UUID of version 7, greater than those it gave before.
    fn id(&self, now: DateTime<Utc>) -> Uuid;
    /// A number below `bound` (at least 1) for the length of a pause.
    fn jitter(&self, bound: u64) -> u64;
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the clock that others are handed")]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Ids from the machine's randomness.
#[derive(Debug)]
pub struct SystemIds {
    context: Mutex<ContextV7>,
}

impl Default for SystemIds {
    fn default() -> Self {
        Self { context: Mutex::new(ContextV7::new()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the source of ids that others are handed")]
impl Ids for SystemIds {
    fn id(&self, now: DateTime<Utc>) -> Uuid {
        let context = self.context.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos()))
    }

    fn jitter(&self, bound: u64) -> u64 {
        let (_, low) = Uuid::now_v7().as_u64_pair();
        low % bound.max(1)
    }
}
