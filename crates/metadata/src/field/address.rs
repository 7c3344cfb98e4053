//! `address`: a postal address in parts: `street`, `city`, `state`, `postalCode`, `country`. Callers read and write each part by itself.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, part_columns};
use crate::catalog::FieldType;
use crate::layout::Role;

/// A postal address in parts: `street`, `city`, `state`, `postalCode`, `country`.
pub(crate) struct Address;

impl Kind for Address {
    fn about(&self) -> About {
        About {
            name: "address",
            plain: "",
            summary: "A postal address in parts: `street`, `city`, `state`, `postalCode`, `country`.",
            keywords: &[],
            json: r#"{"street": "1 Main St", "city": "Springfield"}"#,
            graphql: "an object of its parts",
            columns: "one column a part (`text`)",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::Address)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let parts: serde_json::Map<String, Json> =
            ty.parts().iter().map(|(name, ..)| ((*name).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "object", "properties": parts, "additionalProperties": false})
    }

    fn columns(&self, ty: &FieldType) -> Vec<(Role, Encoding)> {
        part_columns(ty)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        Err(ValueProblem::wrong_type("one part at a time", json))
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Err(ValueProblem::new("type", "one part at a time", format!("`{text}`")))
    }

    fn check(&self, _: &FieldType, _: &Value) -> Result<(), ValueProblem> {
        Ok(())
    }
}
