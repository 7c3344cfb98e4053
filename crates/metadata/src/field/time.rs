//! `time`: a time of day.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// A time of day.
pub(crate) struct Time;

impl Kind for Time {
    fn about(&self) -> About {
        About {
            name: "time",
            plain: r#""type": "string", "format": "time""#,
            summary: "A time of day.",
            keywords: &["format", "default", "x-default", "x-unique"],
            json: r#""14:30:00.000000""#,
            graphql: "Time",
            columns: "`time`",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::Time)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "format": "time"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Time)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Time, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }
}
