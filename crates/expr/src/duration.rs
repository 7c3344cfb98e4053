//! Lengths of time as metadata writes them: `15m 3h 7d 2w 3mo`, and compounds such as `1d12h`.

use std::fmt;
use std::str::FromStr;

/// Months and microseconds are kept apart, because a month has no fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Duration {
    /// Whole calendar months.
    pub months: i32,
    /// Microseconds beside the months.
    pub micros: i64,
}

/// The text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: numbers with the units mo, w, d, h, m, s, such as `7d` or `1d12h`")]
pub struct BadDuration(pub String);

const SECOND: i64 = 1_000_000;
const UNITS: [(&str, i64); 5] = [
    ("w", 7 * 86_400 * SECOND),
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
];

impl Duration {
    /// A length of whole seconds, as duration fields store it; `None` when out of range.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Some(Self { months: 0, micros: seconds.checked_mul(SECOND)? })
    }

    /// The length in whole seconds, cut towards zero; `None` when it has months, which have no fixed length.
    pub fn seconds(self) -> Option<i64> {
        (self.months == 0).then_some(self.micros / SECOND)
    }

    /// The length in the other direction; `None` when out of range.
    pub fn negated(self) -> Option<Self> {
        Some(Self { months: self.months.checked_neg()?, micros: self.micros.checked_neg()? })
    }

    fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest.is_empty() {
            return None;
        }
        let mut sum = Self::default();
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let number: i64 = number.parse().ok()?;
            let letters = tail.bytes().take_while(u8::is_ascii_lowercase).count();
            let (unit, tail) = tail.split_at(letters);
            if unit == "mo" {
                sum.months = sum.months.checked_add(i32::try_from(number).ok()?)?;
            } else {
                let (_, micros) = UNITS.iter().find(|(name, _)| *name == unit)?;
                sum.micros = sum.micros.checked_add(number.checked_mul(*micros)?)?;
            }
            rest = tail;
        }
        if negative { sum.negated() } else { Some(sum) }
    }
}

impl FromStr for Duration {
    type Err = BadDuration;
    fn from_str(text: &str) -> Result<Self, BadDuration> {
        Self::parse(text).ok_or_else(|| BadDuration(text.to_owned()))
    }
}

/// The canonical form: greatest units first, none of zero, weeks only where nothing is left over (`14d` is `2w`, `10d` stays), `0s` for
/// nothing. Fractions of a second, which no text has, are cut off.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.months == 0 && self.micros / SECOND == 0 {
            return f.write_str("0s");
        }
        if self.months < 0 || self.micros < 0 {
            f.write_str("-")?;
        }
        if self.months != 0 {
            write!(f, "{}mo", self.months.unsigned_abs())?;
        }
        let week = UNITS[0].1.unsigned_abs();
        let mut rest = self.micros.unsigned_abs();
        if rest != 0 && rest.is_multiple_of(week) {
            return write!(f, "{}w", rest / week);
        }
        for (name, micros) in &UNITS[1..] {
            let count = rest / micros.unsigned_abs();
            rest %= micros.unsigned_abs();
            if count != 0 {
                write!(f, "{count}{name}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, months: i32, seconds: i64, canonical: &str) {
        let parsed: Duration = text.parse().expect("parses");
        assert_eq!(parsed, Duration { months, micros: seconds * SECOND }, "{text}");
        assert_eq!(parsed.to_string(), canonical);
    }

    #[test]
    fn durations_are_read_and_written() {
        check("15m", 0, 900, "15m");
        check("3h", 0, 10_800, "3h");
        check("7d", 0, 604_800, "1w");
        check("10d", 0, 864_000, "10d");
        check("3mo", 3, 0, "3mo");
        check("1d12h", 0, 129_600, "1d12h");
        check("1mo2w", 1, 1_209_600, "1mo2w");
        check("-3d", 0, -259_200, "-3d");
        check("90s", 0, 90, "1m30s");
        check("0d", 0, 0, "0s");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "-",
            "7",
            "d",
            "7 d",
            "7D",
            "7y",
            "1.5h",
            "99999999999999999999d",
            "9223372036854775807w",
            "d7",
            "7d-3h",
            "７d",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(months in 0..5_000i32, seconds in 0..9_000_000_000i64, negative: bool) {
            let length = Duration { months, micros: seconds * SECOND };
            let length = if negative { length.negated().expect("in range") } else { length };
            prop_assert_eq!(length.to_string().parse::<Duration>(), Ok(length));
        }

        #[test]
        fn nothing_panics(text in "[-0-9a-z]{0,30}") {
            let _ = text.parse::<Duration>();
        }
    }
}
