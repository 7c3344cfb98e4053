//! `money`: an exact amount; its currency stands beside it in `<field>Currency`.

use expr::{Encoding, Type, Value};
use serde_json::Value as Json;

use super::decimal::{decimal_schema, read_decimal};
use super::limits::{check_digits, check_limits};
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::codes;
use crate::layout::Role;

/// An exact amount; its currency stands beside it in `<field>Currency`.
pub(crate) struct Money;

impl Kind for Money {
    fn about(&self) -> About {
        About {
            name: "money",
            plain: "",
            summary: "An exact amount; its currency stands beside it in `<field>Currency`.",
            keywords: &[
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
                "x-currency",
                "default",
                "x-default",
            ],
            json: r#""1250.00""#,
            graphql: "Decimal, and String for the currency",
            columns: "`numeric` of scale 4, and `text` for the currency",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let limits = reading.number_limits()?;
        let currency = reading.doc.currency.clone();
        if currency.as_deref().is_some_and(|code| !super::currency::is_code(code)) {
            reading.fault(
                codes::BAD_VALUE,
                "/x-currency",
                "A currency is three capital letters of ISO 4217, such as EUR",
            );
            return None;
        }
        Some(FieldType::Money { currency, limits })
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
        Value::parse(&Type::Decimal, text.trim()).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        check_digits(18, 4, value)?;
        check_limits(ty, value)
    }
}
