//! `int`: a whole number of 32 bits.

use expr::{Encoding, Type, Value};
use serde_json::Value as Json;

use super::limits::number_schema;
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::catalog::NumberLimits;
use crate::layout::Role;

/// A whole number of 32 bits.
pub(crate) struct Int;

impl Kind for Int {
    fn about(&self) -> About {
        About {
            name: "int",
            plain: r#""type": "integer""#,
            summary: "A whole number of 32 bits.",
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
            json: "42",
            graphql: "Int",
            columns: "`bigint`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.number_limits().map(FieldType::Int)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        number_schema(ty.number_limits().unwrap_or(&NumberLimits::default()), "integer")
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Int)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        let number = json
            .as_i64()
            .or_else(|| whole(json))
            .ok_or_else(|| ValueProblem::wrong_type("a whole number", json))?;
        in_range(number)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        match Value::parse(&Type::Int, text.trim()) {
            Ok(Value::Int(number)) => in_range(number),
            Ok(_) => Err(ValueProblem::new("type", "a whole number", format!("`{text}`"))),
            Err(bad) => Err(ValueProblem::bad_text("type", &bad)),
        }
    }
}

/// `3.0` is a whole number in JSON Schema.
fn whole(json: &Json) -> Option<i64> {
    let number = json.as_f64().filter(|number| number.fract() == 0.0)?;
    format!("{number}").parse().ok()
}

/// The API's `Int` has 32 bits.
fn in_range(number: i64) -> Result<Value, ValueProblem> {
    if i32::try_from(number).is_ok() {
        Ok(Value::Int(number))
    } else {
        let expected = format!("a whole number from {} to {}", i32::MIN, i32::MAX);
        Err(ValueProblem::new("type", expected, number.to_string()))
    }
}
