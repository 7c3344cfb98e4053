//! `rollup`: an aggregate over a to-many relation, computed when it is read.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;
use crate::layout::Role;

/// An aggregate over a to-many relation, computed when it is read.
pub(crate) struct Rollup;

impl Kind for Rollup {
    fn about(&self) -> About {
        About {
            name: "rollup",
            plain: r#""#,
            summary: "An aggregate over a to-many relation, computed when it is read.",
            keywords: &["x-of", "x-aggregate", "x-field", "x-filter", "x-scope"],
            json: r#"as its result"#,
            graphql: "as its result",
            columns: "none",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        super::computed::rollup(reading)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let _ = ty;
        serde_json::json!({"readOnly": true})
    }

    fn columns(&self, ty: &FieldType) -> Vec<(Role, Encoding)> {
        let _ = ty;
        Vec::new()
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Err(ValueProblem::new("readOnly", "nothing: this field is not written", format!("`{text}`")))
    }

    fn check(&self, _: &FieldType, _: &Value) -> Result<(), ValueProblem> {
        Ok(())
    }
}
