//! Periods relative to a day: `today`, `this quarter`, `last 7 days`. All are half-open ranges of days.

use std::fmt;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::calendar;

/// A period relative to a day. `last N days` are the N days before today and today itself; `next N days` begin tomorrow; `last N weeks`
/// (months, quarters, years) are whole ones that end before the present one, `next N …` begin after it. Weeks begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// `today`
    Today,
    /// `yesterday`, also `last day`
    Yesterday,
    /// `tomorrow`, also `next day`
    Tomorrow,
    /// `this week`; `this day` is `today`.
    This(Unit),
    /// `last week` is `last 1 weeks`.
    Last(u16, Unit),
    /// `next week` is `next 1 weeks`.
    Next(u16, Unit),
}

/// Units of periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Day.
    Day,
    /// Week from Monday.
    Week,
    /// Month.
    Month,
    /// Quarter.
    Quarter,
    /// Year.
    Year,
}

impl Period {
    /// The forms that are read, in words.
    pub const FORMS: &'static str = "`today`, `yesterday`, `tomorrow`, `this|last|next day|week|month|quarter|year`, \
         `last|next N days|weeks|months|quarters|years`";
    /// The greatest `N`.
    pub const MOST: u16 = 9_999;

    /// Reads a period; `None` when the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let words: Vec<&str> = lower.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["today"] => Some(Self::Today),
            ["yesterday"] => Some(Self::Yesterday),
            ["tomorrow"] => Some(Self::Tomorrow),
            ["this", unit] => Some(match Unit::parse(unit)? {
                Unit::Day => Self::Today,
                unit => Self::This(unit),
            }),
            ["last", unit] => Some(match Unit::parse(unit)? {
                Unit::Day => Self::Yesterday,
                unit => Self::Last(1, unit),
            }),
            ["next", unit] => Some(match Unit::parse(unit)? {
                Unit::Day => Self::Tomorrow,
                unit => Self::Next(1, unit),
            }),
            ["last", count, unit] => Some(Self::Last(count_of(count)?, Unit::parse_many(unit)?)),
            ["next", count, unit] => Some(Self::Next(count_of(count)?, Unit::parse_many(unit)?)),
            _ => None,
        }
    }

    /// First day, and the day after the last one; cut to the years 1 to 9999.
    pub fn days(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let day = |n: i64| calendar::add_days(today, n).unwrap_or(if n < 0 { FIRST } else { LAST });
        match self {
            Self::Today | Self::This(Unit::Day) => (today, day(1)),
            Self::Yesterday => (day(-1), today),
            Self::Tomorrow => (day(1), day(2)),
            Self::Last(count, Unit::Day) => (day(-i64::from(count)), day(1)),
            Self::Next(count, Unit::Day) => (day(1), day(1 + i64::from(count))),
            Self::This(unit) => (unit.start(today), unit.moved(today, 1)),
            Self::Last(count, unit) => (unit.moved(today, -i64::from(count)), unit.start(today)),
            Self::Next(count, unit) => (unit.moved(today, 1), unit.moved(today, 1 + i64::from(count))),
        }
    }
}

/// The day that stands for "before all", and the one for "after all".
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a legal day");
const LAST: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a legal day");

/// The instant at which a day begins in a zone; where midnight is skipped, the first instant after it.
pub fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let found = (0..=96).find_map(|quarters| {
        let local: NaiveDateTime = midnight.checked_add_signed(Duration::minutes(15 * quarters))?;
        zone.from_local_datetime(&local).earliest()
    });
    found.map_or_else(|| midnight.and_utc(), |instant| instant.with_timezone(&Utc))
}

fn count_of(text: &str) -> Option<u16> {
    text.parse().ok().filter(|count| (1..=Period::MOST).contains(count))
}

impl Unit {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            _ => return None,
        })
    }

    fn parse_many(word: &str) -> Option<Self> {
        Self::parse(word.strip_suffix('s').unwrap_or(word))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The first day of the unit that the day lies in.
    pub fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => day
                .checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))
                .unwrap_or(FIRST),
            Self::Month => day.with_day(1).unwrap_or(day),
            Self::Quarter => NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1).unwrap_or(day),
            Self::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day),
        }
    }

    /// The first day of the unit so many units away.
    fn moved(self, day: NaiveDate, count: i64) -> NaiveDate {
        let start = self.start(day);
        let moved = match self {
            Self::Day => calendar::add_days(start, count),
            Self::Week => calendar::add_days(start, 7 * count),
            Self::Month => calendar::add_months(start, count),
            Self::Quarter => calendar::add_months(start, 3 * count),
            Self::Year => calendar::add_months(start, 12 * count),
        };
        moved.unwrap_or(if count < 0 { FIRST } else { LAST })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::Tomorrow => f.write_str("tomorrow"),
            Self::This(unit) => write!(f, "this {}", unit.name()),
            Self::Last(count, unit) => write!(f, "last {count} {}s", unit.name()),
            Self::Next(count, unit) => write!(f, "next {count} {}s", unit.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, from: &str, to: &str) {
        // A Saturday.
        let today = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
        let period = Period::parse(text).expect("a period");
        let (first, after) = period.days(today);
        assert_eq!((first.to_string().as_str(), after.to_string().as_str()), (from, to), "{text}");
        assert_eq!(Period::parse(&period.to_string()), Some(period));
    }

    #[test]
    fn periods_are_half_open_ranges_of_days() {
        check("today", "2026-01-31", "2026-02-01");
        check("This Day", "2026-01-31", "2026-02-01");
        check("yesterday", "2026-01-30", "2026-01-31");
        check("last day", "2026-01-30", "2026-01-31");
        check("tomorrow", "2026-02-01", "2026-02-02");
        check("this week", "2026-01-26", "2026-02-02");
        check("last week", "2026-01-19", "2026-01-26");
        check("next week", "2026-02-02", "2026-02-09");
        check("this month", "2026-01-01", "2026-02-01");
        check("last month", "2025-12-01", "2026-01-01");
        check("this quarter", "2026-01-01", "2026-04-01");
        check("last quarter", "2025-10-01", "2026-01-01");
        check("next year", "2027-01-01", "2028-01-01");
        check("last 7 days", "2026-01-24", "2026-02-01");
        check("next 7 days", "2026-02-01", "2026-02-08");
        check("last 2 weeks", "2026-01-12", "2026-01-26");
        check("last 13 months", "2024-12-01", "2026-01-01");
        check("next 2 quarters", "2026-04-01", "2026-10-01");
        check("last 9999 years", "0001-01-01", "2026-01-01");
        check("next 9999 years", "2027-01-01", "9999-12-31");
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "",
            "last",
            "last 0 days",
            "last -1 days",
            "last 10000 days",
            "these days",
            "last seven days",
            "this 2 weeks",
            "last 7 dayss",
        ] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_where_its_zone_says() {
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).expect("a day");
        assert_eq!(day_start(day, chrono_tz::Asia::Shanghai).to_rfc3339(), "2018-11-03T16:00:00+00:00");
        // Midnight did not exist there: the clock went from 00:00 to 01:00.
        assert_eq!(day_start(day, chrono_tz::America::Sao_Paulo).to_rfc3339(), "2018-11-04T03:00:00+00:00");
    }
}
