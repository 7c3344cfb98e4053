//! `duration`: a length of time: `15m`, `3h`, `7d`, `2w`; whole seconds.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// A length of time: `15m`, `3h`, `7d`, `2w`; whole seconds.
pub(crate) struct Duration;

impl Kind for Duration {
    fn about(&self) -> About {
        About {
            name: "duration",
            plain: r#""type": "string", "format": "duration""#,
            summary: "A length of time: `15m`, `3h`, `7d`, `2w`; whole seconds.",
            keywords: &["format", "default", "x-default", "x-unique"],
            json: r#""1d12h""#,
            graphql: "String",
            columns: "`bigint` seconds",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::Duration)
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Duration)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Duration, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }

    fn check(&self, _: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        match value {
            Value::Duration(length) if length.seconds().is_none() => Err(ValueProblem::new(
                "format",
                "a length without months, which have no fixed length",
                length.to_string(),
            )),
            _ => Ok(()),
        }
    }
}
