//! Cells of a CSV file: how values stand in them, and how texts are kept from being taken for formulas.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat};
use expr::{Type, Value};
use metadata::catalog::{FieldType, NumberLimits, TextLimits};
use metadata::field::{read_json, read_text};
use uuid::Uuid;

/// Reads a cell that is not empty.
pub(crate) fn read(ty: &FieldType, text: &str) -> Result<Value, String> {
    let listed = matches!(ty, FieldType::Tags(_) | FieldType::MultiSelect(_));
    if listed
        && text.trim_start().starts_with('[')
        && let Ok(json) = serde_json::from_str(text)
    {
        return read_json(ty, &json).map_err(|problem| problem.message);
    }
    let text = if keeps_blanks(ty) { unguarded(text) } else { unguarded(text.trim()) };
    if matches!(ty, FieldType::DateTime)
        && let Some(value) = instant(text).and_then(|text| read_text(ty, &text).ok())
    {
        return Ok(value);
    }
    read_text(ty, text).map_err(|problem| problem.message)
}

/// An instant as files have it, or a day, which begins with its first; without zone in UTC. As the API writes it.
fn instant(text: &str) -> Option<String> {
    let day = text.get(..10)?.replace('/', "-");
    let day = NaiveDate::parse_from_str(&day, "%Y-%m-%d").ok()?;
    let rest = text.get(10..)?.trim_start_matches('T').trim().replace(',', ".");
    let rest = ["Z", "UTC", "GMT"].iter().find_map(|zone| rest.strip_suffix(zone)).unwrap_or(&rest).trim();
    let plain =
        |form: &&str| NaiveTime::parse_from_str(rest, form).ok().map(|time| day.and_time(time).and_utc());
    let shifted = |form: &&str| {
        let text = format!("{day} {rest}");
        DateTime::parse_from_str(&text, &format!("%Y-%m-%d {form}")).ok().map(|at| at.to_utc())
    };
    let at = match rest {
        "" => Some(day.and_time(NaiveTime::MIN).and_utc()),
        _ => ["%H:%M:%S%.f", "%H:%M"]
            .iter()
            .find_map(plain)
            .or_else(|| ["%H:%M:%S%.f%#z", "%H:%M:%S%.f %#z", "%H:%M%#z"].iter().find_map(shifted)),
    };
    Some(at?.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// Texts are kept as they stand; blanks around anything else mean nothing.
fn keeps_blanks(ty: &FieldType) -> bool {
    matches!(ty, FieldType::Text(_) | FieldType::LongText(_) | FieldType::RichText(_))
}

/// A record's id.
pub(crate) fn id(text: &str) -> Result<Uuid, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("`{}` is not an id", text.trim().chars().take(60).collect::<String>()))
}

/// The field type that reads a part of a composite.
pub(crate) fn part_type(ty: &Type) -> FieldType {
    match ty {
        Type::Float => FieldType::Float(NumberLimits::default()),
        _ => FieldType::Text(TextLimits::default()),
    }
}

/// What spreadsheets take for the beginning of a formula.
fn risky(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠')
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
}

/// A text with an apostrophe before it where a spreadsheet would take it for a formula. Numbers stay numbers.
pub(crate) fn guarded(text: &str) -> String {
    if text.trim_start_matches('\'').starts_with(risky) && !is_number(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text without that apostrophe.
pub(crate) fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(risky) && !is_number(rest) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_files_have_them() {
        let read = |text: &str| read(&FieldType::DateTime, text).map(|value| value.to_json());
        let same = |text: &str| Ok(serde_json::json!(text));
        for text in [
            "2016-10-20",
            "2016/10/20",
            "2016-10-20T00:00",
            "2016-10-20 00:00:00.000",
            "2016-10-20T02:00:00+02:00",
            "2016-10-20 02:00:00+0200",
            "2016-10-20 02:00:00.000 +02",
            "2016-10-20 00:00:00 UTC",
            "2016/10/20 00:00:00,000Z",
        ] {
            assert_eq!(read(text), same("2016-10-20T00:00:00.000000Z"), "{text}");
        }
        assert_eq!(read("2011-10-01 00:38:44.546000+00:00"), same("2011-10-01T00:38:44.546000Z"));
        assert_eq!(read("2011/10/01 00:38:44.546"), same("2011-10-01T00:38:44.546000Z"));
        for text in ["2016-13-01", "20.10.2016", "2016-10-20 25:00", "soon"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn formulas_are_disarmed_and_come_back() {
        for text in ["=1+1", "+SUM(A1)", "-x", "@x", "\tx", "\rx", "＝x", "'=1", "''=1"] {
            let shown = guarded(text);
            assert!(shown.starts_with('\''), "{text}");
            assert_eq!(unguarded(&shown), text);
        }
        for text in ["-12.5", "+86", "plain", "'quoted", "a=b", "", "'-5"] {
            assert_eq!(unguarded(&guarded(text)), text);
        }
        assert_eq!(guarded("-12.5"), "-12.5");
    }
}
