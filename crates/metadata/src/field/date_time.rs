//! `dateTime`: an instant, kept in UTC to the microsecond.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// An instant, kept in UTC to the microsecond.
pub(crate) struct DateTime;

impl Kind for DateTime {
    fn about(&self) -> About {
        About {
            name: "dateTime",
            plain: r#""type": "string", "format": "date-time""#,
            summary: "An instant, kept in UTC to the microsecond.",
            keywords: &["format", "default", "x-default", "x-unique"],
            json: r#""2026-03-31T12:30:00.000000Z""#,
            graphql: "DateTime",
            columns: "`timestamptz`",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::DateTime)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "format": "date-time"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::DateTime)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::DateTime, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }
}
