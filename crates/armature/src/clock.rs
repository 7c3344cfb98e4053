//! The machine's clock and randomness: the only place that asks for them.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// The present instant.
pub fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
