//! Cells as JSON bytes, without strings in between. What the databases' own JSON functions write must be the same.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A JSON string.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut done = 0;
    for (place, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[done..place]);
        done = place + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            other => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(other >> 4)]);
                out.push(HEX[usize::from(other & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[done..]);
    out.push(b'"');
}

/// A whole number.
pub(crate) fn int(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A float in the shortest form that reads back the same; `null` where JSON has no number for it.
pub(crate) fn float(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        out.extend_from_slice(ryu::Buffer::new().format_finite(number).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

fn two(number: u32, out: &mut Vec<u8>) {
    let digit = |n: u32| b'0' + u8::try_from(n % 10).unwrap_or_default();
    out.extend_from_slice(&[digit(number / 10), digit(number)]);
}

/// `2026-01-31` of a day counted from 1970-01-01 (the proleptic calendar, by Howard Hinnant's `civil_from_days`).
pub(crate) fn date(days: i64, out: &mut Vec<u8>) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if (0..=9999).contains(&year) {
        let year = u32::try_from(year).unwrap_or_default();
        two(year / 100, out);
        two(year % 100, out);
    } else {
        int(year, out);
    }
    out.push(b'-');
    two(u32::try_from(month).unwrap_or_default(), out);
    out.push(b'-');
    two(u32::try_from(day).unwrap_or_default(), out);
}

/// `12:30:00.000000` of the microseconds of a day.
pub(crate) fn time(micros: i64, out: &mut Vec<u8>) {
    let part = |n: i64| u32::try_from(n).unwrap_or_default();
    two(part(micros / 3_600_000_000), out);
    out.push(b':');
    two(part(micros / 60_000_000 % 60), out);
    out.push(b':');
    two(part(micros / 1_000_000 % 60), out);
    out.push(b'.');
    let fraction = part(micros % 1_000_000);
    two(fraction / 10_000, out);
    two(fraction / 100 % 100, out);
    two(fraction % 100, out);
}

/// `2026-01-31T12:30:00.000000Z` of microseconds since 1970.
pub(crate) fn instant(micros: i64, out: &mut Vec<u8>) {
    date(micros.div_euclid(86_400_000_000), out);
    out.push(b'T');
    time(micros.rem_euclid(86_400_000_000), out);
    out.push(b'Z');
}

/// A decimal given as a whole number of units, without trailing zeros and without quotes.
pub(crate) fn scaled(units: i64, scale: u8, out: &mut Vec<u8>) {
    if units < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(units.unsigned_abs()).as_bytes();
    let scale = usize::from(scale);
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    let significant = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    if significant > 0 {
        out.push(b'.');
        out.extend(std::iter::repeat_n(b'0', scale - fraction.len()));
        out.extend_from_slice(&fraction[..significant]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn strings_are_escaped_as_json_wants_it() {
        for text in ["", "plain", "a\"b\\c", "line\nfeed\r\t\u{8}\u{c}\u{1}\u{1f}", "é 😀 \u{2028}"] {
            let told = written(|out| string(text, out));
            assert_eq!(serde_json::from_str::<String>(&told).expect("JSON"), text);
        }
    }

    #[test]
    fn days_agree_with_chrono() {
        let first = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day");
        for days in (-719_162..=2_932_896).step_by(97).chain([-1, 0, 59, 11_016, 2_932_896]) {
            let day = first + chrono::Duration::days(days);
            assert_eq!(written(|out| date(days, out)), day.format("%Y-%m-%d").to_string());
        }
    }

    #[test]
    fn instants_before_1970_are_floored() {
        assert_eq!(written(|out| instant(-1, out)), "1969-12-31T23:59:59.999999Z");
        assert_eq!(written(|out| instant(0, out)), "1970-01-01T00:00:00.000000Z");
        assert_eq!(written(|out| instant(1_769_862_600_000_001, out)), "2026-01-31T12:30:00.000001Z");
    }

    #[test]
    fn decimals_lose_trailing_zeros_only() {
        for (units, scale, text) in [
            (0, 6, "0"),
            (5, 0, "5"),
            (-500_000, 6, "-0.5"),
            (1, 6, "0.000001"),
            (1_000_000, 6, "1"),
            (1_050_000, 6, "1.05"),
            (-1, 2, "-0.01"),
            (10, 0, "10"),
            (i64::MIN, 4, "-922337203685477.5808"),
            (9_199_999_999_999_999_999, 18, "9.199999999999999999"),
        ] {
            assert_eq!(written(|out| scaled(units, scale, out)), text);
        }
    }
}
