//! `autoNumber`: a number of its own for each record, given at create: literal text with `{YYYY}`, `{MM}`, `{DD}` and one run of zeros in braces.

use expr::{Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;
use crate::codes;

/// A number of its own for each record, given at create: literal text with `{YYYY}`, `{MM}`, `{DD}` and one run of zeros in braces.
pub(crate) struct AutoNumber;

impl Kind for AutoNumber {
    fn about(&self) -> About {
        About {
            name: "autoNumber",
            plain: "",
            summary: "A number of its own for each record, given at create: literal text with `{YYYY}`, `{MM}`, `{DD}` and one run of zeros in braces.",
            keywords: &["x-pattern", "x-unique"],
            json: r#""O-2026-00042""#,
            graphql: "String",
            columns: "`text`, and a folded one where displayed, searched or unique",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let pattern = reading.doc.number_pattern.clone().unwrap_or_else(|| "{00000}".to_owned());
        if let Err(message) = legal(&pattern) {
            reading.fault(codes::BAD_PATTERN, "/x-pattern", &message);
            return None;
        }
        Some(FieldType::AutoNumber { pattern })
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "readOnly": true})
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Text, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }
}

/// One run of zeros in braces; otherwise only dates in braces.
fn legal(pattern: &str) -> Result<(), String> {
    let mut zeros = 0;
    let mut rest = pattern;
    while let Some((_, tail)) = rest.split_once('{') {
        let Some((inner, tail)) = tail.split_once('}') else {
            return Err("A brace in the pattern is not closed".to_owned());
        };
        match inner {
            "YYYY" | "YY" | "MM" | "DD" => {}
            _ if !inner.is_empty() && inner.len() <= 18 && inner.bytes().all(|b| b == b'0') => zeros += 1,
            other => {
                return Err(format!(
                    "`{{{other}}}` is none of {{YYYY}}, {{YY}}, {{MM}}, {{DD}} and a run of zeros such as {{00000}}"
                ));
            }
        }
        rest = tail;
    }
    match zeros {
        1 => Ok(()),
        0 => {
            Err("The pattern has no run of zeros such as {00000}, so that all numbers would be equal"
                .to_owned())
        }
        _ => Err("The pattern has more than one run of zeros".to_owned()),
    }
}
