//! Time zones for a database that has none.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Duration, Offset, TimeZone, Utc};

/// First and last year whose changes of offset are told; outside of them the nearest holds.
const YEARS: (i32, i32) = (1970, 2100);

/// The zone's offsets as JSON text: `[["instant from which it holds", seconds east of UTC], …]`, latest first, the last one from the
/// beginning of time. Instants are in the form in which SQLite stores them, so that they compare as text.
pub(crate) fn offsets(zone: chrono_tz::Tz) -> String {
    // Worked out once for each zone: some milliseconds for what never changes while the program runs.
    static KNOWN: OnceLock<Mutex<HashMap<chrono_tz::Tz, String>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(zone).or_insert_with(|| changes(zone)).clone()
}

fn changes(zone: chrono_tz::Tz) -> String {
    let at =
        |instant: DateTime<Utc>| zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_told_from_the_latest_to_the_first() {
        let told: Vec<(String, i32)> =
            serde_json::from_str(&offsets(chrono_tz::Europe::Berlin)).expect("JSON");
        assert!(told.windows(2).all(|pair| pair[0].0 > pair[1].0), "latest first");
        assert!(told.contains(&("2026-03-29T01:00:00.000000Z".to_owned(), 7200)));
        assert!(told.contains(&("2026-10-25T01:00:00.000000Z".to_owned(), 3600)));
        assert_eq!(told.last(), Some(&("0000".to_owned(), 3600)));
        assert_eq!(offsets(chrono_tz::UTC), r#"[["0000",0]]"#);
        assert_eq!(
            offsets(chrono_tz::Asia::Kathmandu),
            r#"[["1985-12-31T18:30:00.000000Z",20700],["0000",19800]]"#
        );
    }
}
