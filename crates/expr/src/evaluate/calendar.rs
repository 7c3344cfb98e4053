//! Arithmetic on days; what falls outside the years 1 to 9999 is `None`.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};

use crate::value_text::is_legal_year;

/// So many days later.
pub fn add_days(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let by = Days::new(days.unsigned_abs());
    let moved = if days < 0 { date.checked_sub_days(by) } else { date.checked_add_days(by) };
    moved.filter(|date| is_legal_year(date.year()))
}

/// The same day so many months later, or the last day of a shorter month.
pub fn add_months(date: NaiveDate, months: i64) -> Option<NaiveDate> {
    let by = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    let moved = if months < 0 { date.checked_sub_months(by) } else { date.checked_add_months(by) };
    moved.filter(|date| is_legal_year(date.year()))
}

/// Whole months from one day to another; negative backwards.
pub fn months_between(from: NaiveDate, to: NaiveDate) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let months = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
    months(to) - months(from) - i64::from(to.day() < from.day())
}

/// An instant so many microseconds later.
pub fn add_micros(instant: DateTime<Utc>, micros: i64) -> Option<DateTime<Utc>> {
    let moved = instant.checked_add_signed(chrono::Duration::microseconds(micros))?;
    is_legal_year(moved.year()).then_some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn months_are_clamped_to_their_last_day() {
        assert_eq!(add_months(day("2026-01-31"), 1), Some(day("2026-02-28")));
        assert_eq!(add_months(day("2024-01-31"), 1), Some(day("2024-02-29")));
        assert_eq!(add_months(day("2026-03-31"), -1), Some(day("2026-02-28")));
        assert_eq!(add_months(day("9999-12-01"), 1), None);
        assert_eq!(add_months(day("0001-01-01"), -1), None);
        assert_eq!(add_months(day("2026-01-01"), i64::MIN), None);
        assert_eq!(add_days(day("2026-01-01"), i64::MAX), None);
        assert_eq!(add_days(day("0001-01-01"), -1), None);
    }

    #[test]
    fn months_between_days_are_whole() {
        assert_eq!(months_between(day("2026-01-31"), day("2026-02-28")), 0);
        assert_eq!(months_between(day("2026-01-28"), day("2026-02-28")), 1);
        assert_eq!(months_between(day("2026-02-28"), day("2026-01-28")), -1);
        assert_eq!(months_between(day("2020-02-29"), day("2026-02-28")), 71);
    }
}
