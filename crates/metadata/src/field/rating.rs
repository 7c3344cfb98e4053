//! `rating`: a whole number from 0 to `maximum`, 5 by default.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::codes;
use crate::layout::Role;

/// A whole number from 0 to `maximum`, 5 by default.
pub(crate) struct Rating;

impl Kind for Rating {
    fn about(&self) -> About {
        About {
            name: "rating",
            plain: "",
            summary: "A whole number from 0 to `maximum`, 5 by default.",
            keywords: &["maximum", "default", "x-default"],
            json: "4",
            graphql: "Int",
            columns: "`bigint`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let most = match &reading.doc.maximum {
            None => 5,
            Some(number) => {
                if let Some(most) =
                    number.as_u64().and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=100).contains(n))
                {
                    most
                } else {
                    reading.fault(
                        codes::BAD_LIMIT,
                        "/maximum",
                        "A rating goes up to a whole number from 1 to 100",
                    );
                    return None;
                }
            }
        };
        Some(FieldType::Rating { most })
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let most = if let FieldType::Rating { most } = ty { *most } else { 5 };
        json!({"type": "integer", "minimum": 0, "maximum": most})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Int)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        json.as_i64().map(Value::Int).ok_or_else(|| ValueProblem::wrong_type("a whole number", json))
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Int, text.trim()).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        match (ty, value) {
            (FieldType::Rating { most }, Value::Int(number)) if !(0..=i64::from(*most)).contains(number) => {
                Err(ValueProblem::new("maximum", format!("0 to {most}"), number.to_string()))
            }
            _ => Ok(()),
        }
    }
}
