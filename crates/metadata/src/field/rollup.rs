//! `rollup`: an aggregate over a to-many relation, computed when it is read.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, read_only};
use crate::catalog::FieldType;
use crate::layout::Role;

/// An aggregate over a to-many relation, computed when it is read.
pub(crate) struct Rollup;

impl Kind for Rollup {
    fn about(&self) -> About {
        About {
            name: "rollup",
            plain: "",
            summary: "An aggregate over a to-many relation, computed when it is read.",
            keywords: &["x-of", "x-aggregate", "x-field", "x-filter", "x-scope"],
            json: "as its result",
            graphql: "as its result",
            columns: "none",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        super::computed::rollup(reading)
    }

    fn schema(&self, _: &FieldType) -> Json {
        serde_json::json!({"readOnly": true})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        Vec::new()
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        read_only(text)
    }
}
