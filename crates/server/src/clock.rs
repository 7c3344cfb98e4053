//! The server's clock: that of the machine, and, where a test says so, ahead of it.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use engine::Clock;

/// A clock that can be moved forward.
pub(crate) struct ServerClock {
    machine: fn() -> DateTime<Utc>,
    /// In microseconds.
    ahead: AtomicI64,
}

impl ServerClock {
    pub(crate) fn new(machine: fn() -> DateTime<Utc>) -> Self {
        Self { machine, ahead: AtomicI64::new(0) }
    }

    /// The present instant.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.machine)() + TimeDelta::microseconds(self.ahead.load(Ordering::Acquire))
    }

    /// Goes forward; never back.
    pub(crate) fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap_or(0).max(0);
        self.ahead.fetch_add(micros, Ordering::AcqRel);
    }
}

impl Clock for ServerClock {
    fn now(&self) -> DateTime<Utc> {
        ServerClock::now(self)
    }
}
