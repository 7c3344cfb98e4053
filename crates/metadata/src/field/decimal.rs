//! `decimal`: an exact decimal; travels as a string.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::limits::{check_digits, check_limits};
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::codes;
use crate::layout::Role;

/// An exact decimal; travels as a string.
pub(crate) struct Decimal;

impl Kind for Decimal {
    fn about(&self) -> About {
        About {
            name: "decimal",
            plain: "",
            summary: "An exact decimal; travels as a string.",
            keywords: &[
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
                "x-precision",
                "x-scale",
                "default",
                "x-default",
                "x-unique",
            ],
            json: r#""12.5""#,
            graphql: "Decimal",
            columns: "`numeric` (scaled integer on SQLite)",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let limits = reading.number_limits()?;
        let precision = reading.doc.precision.unwrap_or(18);
        let scale = reading.doc.scale.unwrap_or(6.min(precision));
        if !(1..=18).contains(&precision) {
            reading.fault(codes::BAD_LIMIT, "/x-precision", "A decimal has 1 to 18 digits");
            return None;
        }
        if scale > 6 || scale > precision {
            reading.fault(
                codes::BAD_LIMIT,
                "/x-scale",
                "A decimal has at most 6 digits behind the point, and no more than its precision",
            );
            return None;
        }
        Some(FieldType::Decimal { precision, scale, limits })
    }

    fn schema(&self, _: &FieldType) -> Json {
        decimal_schema()
    }

    fn columns(&self, ty: &FieldType) -> Vec<(Role, Encoding)> {
        let scale = if let FieldType::Decimal { scale, .. } = ty { *scale } else { 6 };
        one_column(Encoding::Decimal(scale))
    }

    fn read_json(&self, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        read_decimal(self, ty, json)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Decimal, text.trim()).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        if let FieldType::Decimal { precision, scale, .. } = ty {
            check_digits(*precision, *scale, value)?;
        }
        check_limits(ty, value)
    }
}

/// JSON Schema of a decimal; its bounds cannot be said there.
pub(super) fn decimal_schema() -> Json {
    json!({"type": ["string", "number"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"})
}

/// A decimal travels as a string; a number is taken by its text.
pub(super) fn read_decimal(kind: &dyn Kind, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
    match json {
        Json::String(text) => kind.read_text(ty, text),
        Json::Number(number) => kind.read_text(ty, &number.to_string()),
        other => Err(ValueProblem::wrong_type("a decimal", other)),
    }
}
