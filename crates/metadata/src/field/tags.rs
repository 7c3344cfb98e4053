//! `tags`: free texts, each once.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::choose::{list_of, pieces};
use super::limits::{check_text, text_schema};
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// Free texts, each once.
pub(crate) struct Tags;

impl Kind for Tags {
    fn about(&self) -> About {
        About {
            name: "tags",
            plain: r#""type": "array", "items": {"type": "string"}"#,
            summary: "Free texts, each once.",
            keywords: &["items", "uniqueItems", "default", "x-default"],
            json: r#"["vip", "2026"]"#,
            graphql: "a list of String",
            columns: "`text[]` (JSON text on SQLite)",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.item_limits().map(FieldType::Tags)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        json!({"type": "array", "items": text_schema(ty.text_limits(), None), "uniqueItems": true})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::TextList)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        let texts = match json {
            Json::Array(items) => items.iter().map(Json::as_str).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let texts = texts.ok_or_else(|| ValueProblem::wrong_type("a list of strings", json))?;
        list_of(texts)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        list_of(pieces(text))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        let (Some(limits), Value::List(values)) = (ty.text_limits(), value) else { return Ok(()) };
        values.iter().try_for_each(|value| match value {
            Value::Text(text) => check_text(limits, text),
            _ => Ok(()),
        })
    }
}
