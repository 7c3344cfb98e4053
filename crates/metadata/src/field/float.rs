//! `float`: a binary floating-point number.

use expr::{Encoding, Type, Value};
use serde_json::Value as Json;

use super::limits::number_schema;
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::catalog::NumberLimits;
use crate::layout::Role;

/// A binary floating-point number.
pub(crate) struct Float;

impl Kind for Float {
    fn about(&self) -> About {
        About {
            name: "float",
            plain: r#""type": "number""#,
            summary: "A binary floating-point number.",
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
            json: "0.25",
            graphql: "Float",
            columns: "`double precision`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.number_limits().map(FieldType::Float)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        number_schema(ty.number_limits().unwrap_or(&NumberLimits::default()), "number")
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Float)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        let number = json.as_f64().filter(|number| number.is_finite());
        // Negative zero is zero: the databases tell them apart in different ways.
        number
            .map(|number| Value::Float(number + 0.0))
            .ok_or_else(|| ValueProblem::wrong_type("a number", json))
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Float, text.trim()).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }
}
