//! `date`: a calendar day.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// A calendar day.
pub(crate) struct Date;

impl Kind for Date {
    fn about(&self) -> About {
        About {
            name: "date",
            plain: r#""type": "string", "format": "date""#,
            summary: "A calendar day.",
            keywords: &["format", "default", "x-default", "x-unique"],
            json: r#""2026-03-31""#,
            graphql: "Date",
            columns: "`date`",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::Date)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "format": "date"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Date)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Date, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }
}
