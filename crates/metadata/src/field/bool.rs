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
            json: r#"true"#,
            graphql: "Boolean",
            columns: "`boolean` (0 or 1 on SQLite)",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let _ = reading;
        Some(FieldType::Bool)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let _ = ty;
        json!({"type": "boolean"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Bool)
    }

    fn read_json(&self, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        let _ = ty;
        json.as_bool().map(Value::Bool).ok_or_else(|| ValueProblem::wrong_type("true or false", json))
    }

    fn read_text(&self, ty: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        let _ = ty;
        match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "是" => Ok(Value::Bool(true)),
            "false" | "no" | "n" | "0" | "否" => Ok(Value::Bool(false)),
            _ => Err(ValueProblem::new("type", "true or false", format!("`{text}`"))),
        }
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        let _ = (ty, value);
        Ok(())
    }
}
