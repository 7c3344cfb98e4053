//! `percent`: an exact percentage; 12.5 means 12.5 %.

use expr::{Encoding, Type, Value};
use serde_json::Value as Json;

use super::decimal::{decimal_schema, read_decimal};
use super::limits::{check_digits, check_limits};
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// An exact percentage; 12.5 means 12.5 %.
pub(crate) struct Percent;

impl Kind for Percent {
    fn about(&self) -> About {
        About {
            name: "percent",
            plain: "",
            summary: "An exact percentage; 12.5 means 12.5 %.",
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
            json: r#""12.5""#,
            graphql: "Decimal",
            columns: "`numeric` of scale 4",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.number_limits().map(FieldType::Percent)
    }

    fn schema(&self, _: &FieldType) -> Json {
        decimal_schema()
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Decimal(4))
    }

    fn read_json(&self, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        read_decimal(self, ty, json)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        let bare = text.trim().trim_end_matches('%').trim_end();
        Value::parse(&Type::Decimal, bare).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        check_digits(16, 4, value)?;
        check_limits(ty, value)
    }
}
