//! Auto numbers: `O-{YYYY}-{00000}`.
//!
//! A number counts within its surrounding text with the date filled in: `O-{YYYY}-{00000}` begins anew each year because its text does, and a
//! changed pattern begins anew as well, so that no number is ever given twice. Counting happens in the record's own
//! transaction: refused and rolled back writes leave no gap.

use chrono::{DateTime, Datelike};
use chrono_tz::Tz;

/// A pattern at one day: text before the count, its least width, text behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Numbering {
    before: String,
    width: usize,
    after: String,
}

impl Numbering {
    /// Fills the day into a pattern. Text without a run of zeros gets the count at its end.
    pub(crate) fn at(pattern: &str, now: &DateTime<Tz>) -> Self {
        let mut out = Self { before: String::new(), width: 0, after: String::new() };
        let mut counted = false;
        let mut rest = pattern;
        while let Some(open) = rest.find('{') {
            let (text, tail) = rest.split_at(open);
            let Some(close) = tail.find('}') else { break };
            let (hole, behind) = tail.split_at(close + 1);
            out.push(counted, text);
            match hole {
                "{YYYY}" => out.push(counted, &format!("{:04}", now.year())),
                "{MM}" => out.push(counted, &format!("{:02}", now.month())),
                "{DD}" => out.push(counted, &format!("{:02}", now.day())),
                _ if !counted && hole.len() > 2 && hole.bytes().skip(1).rev().skip(1).all(|b| b == b'0') => {
                    counted = true;
                    out.width = hole.len() - 2;
                }
                other => out.push(counted, other),
            }
            rest = behind;
        }
        out.push(counted, rest);
        out
    }

    fn push(&mut self, counted: bool, text: &str) {
        if counted { &mut self.after } else { &mut self.before }.push_str(text);
    }

    /// The name under which it counts.
    pub(crate) fn sequence(&self, object: &str, field: &str) -> String {
        format!("{object}.{field}:{}{{}}{}", self.before, self.after)
    }

    /// The n-th number.
    pub(crate) fn number(&self, count: i64) -> String {
        format!("{}{count:0width$}{}", self.before, self.after, width = self.width)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(pattern: &str) -> Numbering {
        let day =
            chrono_tz::Asia::Shanghai.with_ymd_and_hms(2026, 3, 9, 1, 0, 0).single().expect("a real day");
        Numbering::at(pattern, &day)
    }

    #[test]
    fn dates_and_zeros_are_filled_in() {
        assert_eq!(at("O-{YYYY}-{00000}").number(7), "O-2026-00007");
        assert_eq!(at("{DD}.{MM}.{YYYY}/{000}").number(12_345), "09.03.2026/12345");
        assert_eq!(at("A-{0}/{YYYY}").number(3), "A-3/2026");
    }

    #[test]
    fn a_new_year_and_a_new_pattern_count_apart() {
        assert_eq!(at("O-{YYYY}-{00}").sequence("order", "number"), "order.number:O-2026-{}");
        assert_ne!(at("O-{0}").sequence("order", "number"), at("P-{0}").sequence("order", "number"));
        assert_ne!(at("{0}-A").sequence("order", "number"), at("{0}-B").sequence("order", "number"));
    }
}
