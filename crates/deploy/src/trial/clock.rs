//! A clock that stands still until it is turned.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use engine::Clock;

/// The time of a case.
#[derive(Debug)]
pub(super) struct Turned(Mutex<DateTime<Utc>>);

impl Turned {
    pub(super) fn at(moment: DateTime<Utc>) -> Self {
        Self(Mutex::new(moment))
    }

    pub(super) fn set(&self, moment: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }
}

impl Clock for Turned {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
