//! `multiSelect`: several values of a list, each once.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::choose::{check_choice, find_choice};
use super::choose::{list_of, pieces};
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// Several values of a list, each once.
pub(crate) struct MultiSelect;

impl Kind for MultiSelect {
    fn about(&self) -> About {
        About {
            name: "multiSelect",
            plain: r#""type": "array", "items": {"type": "string", "enum": [...]}"#,
            summary: "Several values of a list, each once.",
            keywords: &[
                "items",
                "enum",
                "uniqueItems",
                "x-labels",
                "x-renamedValues",
                "x-choices",
                "default",
                "x-default",
            ],
            json: r#"["phone", "email"]"#,
            graphql: "a list of an enum; of String beyond 500 choices",
            columns: "`text[]` (JSON text on SQLite)",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.choices().map(FieldType::MultiSelect)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let values: Vec<&str> =
            ty.choices().into_iter().flat_map(|c| &c.choices).map(|c| &*c.value).collect();
        json!({"type": "array", "items": {"type": "string", "enum": values}, "uniqueItems": true})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::TextList)
    }

    fn read_json(&self, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        let texts = match json {
            Json::Array(items) => items.iter().map(Json::as_str).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let texts = texts.ok_or_else(|| ValueProblem::wrong_type("a list of strings", json))?;
        for text in &texts {
            ty.choices().map_or(Ok(()), |choices| check_choice(choices, text))?;
        }
        list_of(texts)
    }

    fn read_text(&self, ty: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        let choices =
            ty.choices().ok_or_else(|| ValueProblem::new("enum", "a choice", format!("`{text}`")))?;
        let values: Result<Vec<_>, _> = pieces(text).map(|piece| find_choice(choices, piece)).collect();
        list_of(values?.iter().map(|value| &**value))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        let (Some(choices), Value::List(values)) = (ty.choices(), value) else { return Ok(()) };
        values.iter().try_for_each(|value| match value {
            Value::Text(text) => check_choice(choices, text),
            _ => Ok(()),
        })
    }
}
