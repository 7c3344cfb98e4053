//! `longText`: text of several lines.

use expr::{Encoding, Type, Value};
use serde_json::Value as Json;

use super::limits::{check_text, text_schema};
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// Text of several lines.
pub(crate) struct LongText;

impl Kind for LongText {
    fn about(&self) -> About {
        About {
            name: "longText",
            plain: "",
            summary: "Text of several lines.",
            keywords: &["minLength", "maxLength", "pattern", "default", "x-default", "x-unique"],
            json: r#""First line\nsecond line""#,
            graphql: "String",
            columns: "`text`, and a folded one where displayed, searched or unique",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.text_limits().map(FieldType::LongText)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        text_schema(ty.text_limits(), None)
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Text)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Text, text).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        match (ty.text_limits(), value) {
            (Some(limits), Value::Text(text)) => check_text(limits, text),
            _ => Ok(()),
        }
    }
}
