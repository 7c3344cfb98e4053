//! `color`: a colour, `#rrggbb`.

use expr::{Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;

/// A colour, `#rrggbb`.
pub(crate) struct Color;

impl Kind for Color {
    fn about(&self) -> About {
        About {
            name: "color",
            plain: "",
            summary: "A colour, `#rrggbb`.",
            keywords: &["default", "x-default", "x-unique"],
            json: r##""#1a7f37""##,
            graphql: "String",
            columns: "`text`",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::Color)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "pattern": "^#[0-9a-f]{6}$"})
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Text, &text.to_ascii_lowercase())
            .map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    fn check(&self, _: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        let Value::Text(text) = value else { return Ok(()) };
        let digits = text.strip_prefix('#').unwrap_or_default();
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(())
        } else {
            Err(ValueProblem::new("format", "a colour such as #1a7f37", format!("`{text}`")))
        }
    }
}
