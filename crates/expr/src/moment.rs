//! When and where a request is made: what `now()`, `today()` and relative dates are counted from.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// The request's instant, and the zone in which its days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub now: DateTime<Utc>,
    /// The caller's zone, else the tenant's, else UTC.
    pub zone: Tz,
}

impl Moment {
    /// The day of the request in its zone.
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.zone).date_naive()
    }
}
