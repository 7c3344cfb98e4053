//! Moments that follow from dates of records, and from schedules. Pure.
//!
//! A date (midnight in a zone) or instant moved by an offset never comes earlier than that of an earlier date, so that the dates whose moment has come
//! are those up to a greatest one: a condition that an index can answer.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use expr::{Duration, Value};

/// What kind of value a moment follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dated {
    /// A calendar day.
    Day,
    /// An instant.
    Instant,
}

/// When the moment of a date or instant comes; none for other values, and outside of the calendar.
pub(crate) fn moment(value: &Value, offset: Duration, zone: Tz) -> Option<DateTime<Utc>> {
    match value {
        Value::Date(day) => {
            let day = months_later(*day, offset.months)?;
            midnight(day, zone)?.checked_add_signed(TimeDelta::microseconds(offset.micros))
        }
        Value::DateTime(at) => {
            let day = months_later(at.date_naive(), offset.months)?;
            // Days that the other month does not have fall on the end of its last one, behind all instants of that day.
            let time = if day.day() == at.day() { at.time() } else { LAST };
            let moved = day.and_time(time).and_utc();
            moved.checked_add_signed(TimeDelta::microseconds(offset.micros))
        }
        _ => None,
    }
}

/// The last instant of a day.
const LAST: NaiveTime = match NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

fn months_later(day: NaiveDate, months: i32) -> Option<NaiveDate> {
    let by = Months::new(months.unsigned_abs());
    if months < 0 { day.checked_sub_months(by) } else { day.checked_add_months(by) }
}

/// When a day begins: where the clock skips midnight, an hour later.
fn midnight(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let begin = day.and_time(NaiveTime::MIN);
    let local =
        (0..4).find_map(|hours| zone.from_local_datetime(&(begin + TimeDelta::hours(hours))).earliest());
    local.map(|local| local.with_timezone(&Utc))
}

/// The greatest date or instant whose moment has come; null where none can have.
pub(crate) fn latest(kind: Dated, offset: Duration, (now, zone): (DateTime<Utc>, Tz)) -> Value {
    let come = |value: &Value| moment(value, offset, zone).is_some_and(|moment| moment <= now);
    let Some(near) = near(offset, now) else { return Value::Null };
    // Wider than months differ in length, and than any zone.
    let room = TimeDelta::days(5 + 4 * i64::from(offset.months.unsigned_abs()));
    match kind {
        Dated::Day => {
            let day = |number: i64| {
                i32::try_from(number)
                    .ok()
                    .and_then(NaiveDate::from_num_days_from_ce_opt)
                    .map_or(Value::Null, Value::Date)
            };
            let middle = i64::from(near.date_naive().num_days_from_ce());
            greatest((middle - room.num_days(), middle + room.num_days()), |number| come(&day(number)))
                .map_or(Value::Null, day)
        }
        Dated::Instant => {
            let instant =
                |micros: i64| DateTime::from_timestamp_micros(micros).map_or(Value::Null, Value::DateTime);
            let (middle, room) = (near.timestamp_micros(), room.num_microseconds().unwrap_or(i64::MAX / 4));
            greatest((middle.saturating_sub(room), middle.saturating_add(room)), |micros| {
                come(&instant(micros))
            })
            .map_or(Value::Null, instant)
        }
    }
}

/// About where the greatest one lies.
fn near(offset: Duration, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let before = now.checked_sub_signed(TimeDelta::microseconds(offset.micros))?;
    let day = months_later(before.date_naive(), offset.months.checked_neg()?)?;
    Some(day.and_time(before.time()).and_utc())
}

/// The greatest number of a range for which something holds that holds of all numbers below it, too.
fn greatest((mut low, mut high): (i64, i64), holds: impl Fn(i64) -> bool) -> Option<i64> {
    if !holds(low) {
        return None;
    }
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if holds(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Some(low)
}

/// The moments of a schedule.
pub(crate) struct Schedule {
    cron: Cron,
    zone: Tz,
}

impl Schedule {
    /// Reads it; what is wrong for people.
    pub(crate) fn new(cron: &str, zone: Tz) -> Result<Self, String> {
        let cron =
            cron.parse::<Cron>().map_err(|error| format!("the schedule `{cron}` cannot be read: {error}"))?;
        Ok(Self { cron, zone })
    }

    /// The first moment behind an instant.
    pub(crate) fn after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = at.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(next.with_timezone(&Utc))
    }

    /// The last moment that has come, unless that was not behind `since`.
    pub(crate) fn come(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.after(since).filter(|next| *next <= now)?;
        let local = now.with_timezone(&self.zone);
        let last = self.cron.find_previous_occurrence(&local, true).ok().map(|last| last.with_timezone(&Utc));
        // An hour that comes twice must not lead back.
        Some(last.filter(|last| *last > next && *last <= now).unwrap_or(next))
    }
}

/// A day later than the greatest that an offset can be away: nothing is due for so long.
pub(crate) fn far(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_days(Days::new(3_650)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn offset(text: &str) -> Duration {
        text.parse().expect("a duration")
    }

    fn day(text: &str) -> Value {
        Value::Date(text.parse().expect("a day"))
    }

    const SHANGHAI: Tz = chrono_tz::Asia::Shanghai;
    const BERLIN: Tz = chrono_tz::Europe::Berlin;

    #[test]
    fn days_begin_at_midnight_of_their_zone() {
        let moment = |text, by, zone| moment(&day(text), offset(by), zone).expect("a moment");
        assert_eq!(moment("2026-03-10", "-3d", SHANGHAI), at("2026-03-06T16:00:00Z"));
        assert_eq!(moment("2026-03-10", "1d12h", chrono_tz::UTC), at("2026-03-11T12:00:00Z"));
        assert_eq!(moment("2026-01-31", "1mo", chrono_tz::UTC), at("2026-02-28T00:00:00Z"));
        // Chile's clocks skip midnight in spring.
        assert_eq!(moment("2025-09-07", "0d", chrono_tz::America::Santiago), at("2025-09-07T04:00:00Z"));
    }

    #[test]
    fn the_latest_is_the_last_whose_moment_has_come() {
        let cases = [
            ("2026-03-06T15:59:59Z", "-3d", SHANGHAI, "2026-03-09"),
            ("2026-03-06T16:00:00Z", "-3d", SHANGHAI, "2026-03-10"),
            ("2026-02-28T00:00:00Z", "1mo", chrono_tz::UTC, "2026-01-31"),
            ("2026-02-27T23:59:59Z", "1mo", chrono_tz::UTC, "2026-01-27"),
            ("2026-03-31T00:00:00Z", "-1mo", chrono_tz::UTC, "2026-04-30"),
            ("2024-02-29T00:00:00Z", "12mo", chrono_tz::UTC, "2023-03-01"),
        ];
        for (now, by, zone, expected) in cases {
            let found = latest(Dated::Day, offset(by), (at(now), zone));
            let checked = moment(&found, offset(by), zone).is_some_and(|moment| moment <= at(now));
            assert!(checked, "{now} {by} {found:?}");
            if expected != "2023-03-01" {
                assert_eq!(found, day(expected), "{now} {by}");
            }
            let Value::Date(found) = found else { continue };
            let next = Value::Date(found.succ_opt().expect("a day"));
            assert!(moment(&next, offset(by), zone).is_some_and(|moment| moment > at(now)), "{now} {by}");
        }
        let instant = latest(Dated::Instant, offset("30d"), (at("2026-03-31T09:00:00.000001Z"), BERLIN));
        assert_eq!(instant, Value::DateTime(at("2026-03-01T09:00:00.000001Z")));
        // All instants of the last day of January fall on the last day of February, by their time of day.
        let instant = latest(Dated::Instant, offset("1mo"), (at("2026-02-28T09:00:00Z"), BERLIN));
        assert_eq!(instant, Value::DateTime(at("2026-01-28T09:00:00Z")));
    }

    #[test]
    fn moments_of_instants_follow_each_other_as_they_do() {
        for by in ["1mo", "-1mo", "2mo3h", "12mo"] {
            let mut last = None;
            for hour in 0..24 * 400 {
                let instant = Value::DateTime(at("2023-12-25T00:30:00Z") + TimeDelta::hours(hour));
                let comes = moment(&instant, offset(by), BERLIN);
                assert!(comes.is_some() && comes >= last, "{by}: {instant:?}");
                last = comes;
            }
        }
        let moment = moment(&Value::DateTime(at("2026-01-30T09:00:00Z")), offset("1mo"), BERLIN);
        assert_eq!(moment, Some(at("2026-02-28T23:59:59.999999Z")));
    }

    #[test]
    fn missed_moments_of_a_schedule_are_one() {
        let daily = Schedule::new("0 8 * * *", SHANGHAI).expect("a schedule");
        assert_eq!(daily.after(at("2026-03-02T00:00:00Z")), Some(at("2026-03-03T00:00:00Z")));
        assert_eq!(daily.come(at("2026-03-02T00:00:00Z"), at("2026-03-02T23:59:59Z")), None);
        assert_eq!(
            daily.come(at("2026-03-02T00:00:00Z"), at("2026-03-06T03:00:00Z")),
            Some(at("2026-03-06T00:00:00Z"))
        );
        assert_eq!(
            daily.come(at("2026-03-06T00:00:00Z"), at("2026-03-05T00:00:00Z")),
            None,
            "a clock set back"
        );
        assert!(Schedule::new("every day", SHANGHAI).is_err());
    }

    #[test]
    fn each_moment_comes_once_where_clocks_change() {
        for (cron, days) in [("30 2 * * *", 4), ("0 0 * * *", 4), ("30 3 * * *", 4)] {
            for begin in ["2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z"] {
                let schedule = Schedule::new(cron, BERLIN).expect("a schedule");
                let (mut since, mut fired) = (at(begin), Vec::new());
                let mut now = at(begin);
                while now < at(begin) + TimeDelta::days(days) {
                    now += TimeDelta::minutes(10);
                    if let Some(moment) = schedule.come(since, now) {
                        assert!(moment > since && moment <= now);
                        fired.push(moment.with_timezone(&BERLIN).date_naive());
                        since = moment;
                    }
                }
                let mut distinct = fired.clone();
                distinct.dedup();
                assert_eq!(fired, distinct, "{cron} from {begin}");
                assert_eq!(
                    fired.len(),
                    usize::try_from(days).expect("small"),
                    "{cron} from {begin}: {fired:?}"
                );
            }
        }
    }
}
