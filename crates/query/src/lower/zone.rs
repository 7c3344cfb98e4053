//! Time zones for a database that has none.

use chrono::{DateTime, Duration, Offset, TimeZone, Utc};

/// First and last year whose changes of offset are told; outside of them the nearest holds.
const YEARS: (i32, i32) = (1970, 2100);

/// The zone's offsets as JSON text: `[["instant from which it holds", seconds east of UTC], …]`, latest first, the last one from the
/// beginning of time. Instants are in the form in which SQLite stores them, so that they compare as text.
pub(crate) fn offsets(zone: chrono_tz::Tz) -> String {
    let at = |instant: DateTime<Utc>| zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc();
    let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or(DateTime::UNIX_EPOCH);
    let (mut instant, end) = (year(YEARS.0), year(YEARS.1));
    let mut changes = vec![("0000".to_owned(), at(instant))];
    while instant < end {
        let next = instant + Duration::days(1);
        if at(next) != at(instant) {
            let (mut low, mut high) = (instant, next);
            while high - low > Duration::seconds(1) {
                let middle = low + (high - low) / 2;
                if at(middle) == at(instant) { low = middle } else { high = middle }
            }
            let whole = DateTime::from_timestamp(high.timestamp(), 0).unwrap_or(high);
            changes.push((whole.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(), at(next)));
        }
        instant = next;
    }
    changes.reverse();
    serde_json::to_string(&changes).unwrap_or_default()
}
