//! `address`: a postal address in parts: `street`, `city`, `state`, `postalCode`, `country`. Callers read and write each part by itself.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, parts};
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
        parts::schema(ty)
    }

    fn columns(&self, ty: &FieldType) -> Vec<(Role, Encoding)> {
        parts::columns(ty)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        parts::whole_json(json)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        parts::whole_text(text)
    }
}
