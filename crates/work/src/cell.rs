//! Cells of a CSV file: how values stand in them, and how texts are kept from being taken for formulas.

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
    read_text(ty, text).map_err(|problem| problem.message)
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
