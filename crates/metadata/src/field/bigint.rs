//! `bigint`: a whole number of 64 bits; travels as a string.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// A whole number of 64 bits; travels as a string.
pub(crate) struct BigInt;

impl Kind for BigInt {
    fn about(&self) -> About {
        About {
            name: "bigint",
            plain: "",
            summary: "A whole number of 64 bits; travels as a string.",
            keywords: &[
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
                "default",
                "x-default",
                "x-unique",
            ],
            json: r#""9007199254740993""#,
            graphql: "BigInt",
            columns: "`bigint`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.number_limits().map(FieldType::BigInt)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": ["string", "integer"], "pattern": "^-?[0-9]+$"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Int)
    }

    fn read_json(&self, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        match json {
            Json::String(text) => self.read_text(ty, text),
            Json::Number(number) if number.is_i64() || number.is_u64() => {
                self.read_text(ty, &number.to_string())
            }
            other => Err(ValueProblem::wrong_type("a whole number", other)),
        }
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Int, text.trim()).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    fn write_json(&self, value: &Value) -> Json {
        Json::String(value.to_text())
    }
}
