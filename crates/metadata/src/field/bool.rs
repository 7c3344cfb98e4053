//! `bool`: true or false.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// True or false.
pub(crate) struct Bool;

impl Kind for Bool {
    fn about(&self) -> About {
        About {
            name: "bool",
            plain: r#""type": "boolean""#,
            summary: "True or false.",
            keywords: &["default", "x-default"],
            json: "true",
            graphql: "Boolean",
            columns: "`boolean` (0 or 1 on SQLite)",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::Bool)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "boolean"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Bool)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        json.as_bool().map(Value::Bool).ok_or_else(|| ValueProblem::wrong_type("true or false", json))
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "是" => Ok(Value::Bool(true)),
            "false" | "no" | "n" | "0" | "否" => Ok(Value::Bool(false)),
            _ => Err(ValueProblem::new("type", "true or false", format!("`{text}`"))),
        }
    }
}
