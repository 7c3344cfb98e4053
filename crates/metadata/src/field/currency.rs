//! `currency`: the ISO 4217 code of a money field; made by the platform beside each of them.

use expr::{Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;

/// The ISO 4217 code of a money field; made by the platform beside each of them.
pub(crate) struct Currency;

impl Kind for Currency {
    fn about(&self) -> About {
        About {
            name: "currency",
            plain: "",
            summary: "The ISO 4217 code of a money field; made by the platform beside each of them.",
            keywords: &[],
            json: r#""EUR""#,
            graphql: "String",
            columns: "`text`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.not_authored("currency");
        None
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "pattern": "^[A-Z]{3}$"})
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Text, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }

    fn check(&self, _: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        match value {
            Value::Text(text) if !is_code(text) => {
                Err(ValueProblem::new("format", "a currency code such as EUR", format!("`{text}`")))
            }
            _ => Ok(()),
        }
    }
}

/// Three capital letters.
pub(super) fn is_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}
