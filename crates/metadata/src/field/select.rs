//! `select`: one value of a list.

use expr::{Type, Value};
use serde_json::{Value as Json, json};

use super::choose::{check_choice, find_choice};
use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;

/// One value of a list.
pub(crate) struct Select;

impl Kind for Select {
    fn about(&self) -> About {
        About {
            name: "select",
            plain: r#""type": "string", "enum": [...]"#,
            summary: "One value of a list.",
            keywords: &[
                "enum",
                "x-labels",
                "x-renamedValues",
                "x-choices",
                "default",
                "x-default",
                "x-unique",
            ],
            json: r#""website""#,
            graphql: "an enum; String beyond 500 choices",
            columns: "`text`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.choices().map(FieldType::Select)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let values: Vec<&str> =
            ty.choices().into_iter().flat_map(|c| &c.choices).map(|c| &*c.value).collect();
        json!({"type": "string", "enum": values})
    }

    fn read_json(&self, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        let text = json.as_str().ok_or_else(|| ValueProblem::wrong_type("a string", json))?;
        let value = Value::parse(&Type::Text, text).map_err(|bad| ValueProblem::bad_text("type", &bad))?;
        ty.choices().map_or(Ok(()), |choices| check_choice(choices, text)).map(|()| value)
    }

    fn read_text(&self, ty: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        let choices =
            ty.choices().ok_or_else(|| ValueProblem::new("enum", "a choice", format!("`{text}`")))?;
        find_choice(choices, text).map(|value| Value::Text(value.to_string()))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        match (ty.choices(), value) {
            (Some(choices), Value::Text(text)) => check_choice(choices, text),
            _ => Ok(()),
        }
    }
}
