//! `json`: any JSON value.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// Any JSON value.
pub(crate) struct AnyJson;

impl Kind for AnyJson {
    fn about(&self) -> About {
        About {
            name: "json",
            plain: r#""type": "object""#,
            summary: "Any JSON value.",
            keywords: &["default", "x-default"],
            json: r#"{"any": ["thing"]}"#,
            graphql: "JSON",
            columns: "`jsonb` (text on SQLite)",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::Json)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Json)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        if has_nul(json) {
            return Err(ValueProblem::new("type", "JSON without NUL in its texts", "a NUL"));
        }
        Ok(Value::Json(json.clone()))
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Json, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }
}

/// PostgreSQL's `jsonb` cannot hold U+0000.
fn has_nul(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(entries) => entries.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}
