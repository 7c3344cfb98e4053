//! `personName`: a person's name in parts: `salutation`, `first`, `middle`, `last`, `suffix`. Callers read and write each part by itself.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, parts};
use crate::catalog::FieldType;
use crate::layout::Role;

/// A person's name in parts: `salutation`, `first`, `middle`, `last`, `suffix`.
pub(crate) struct PersonName;

impl Kind for PersonName {
    fn about(&self) -> About {
        About {
            name: "personName",
            plain: "",
            summary: "A person's name in parts: `salutation`, `first`, `middle`, `last`, `suffix`.",
            keywords: &[],
            json: r#"{"first": "Ada", "last": "Lovelace"}"#,
            graphql: "an object of its parts",
            columns: "one column a part (`text`)",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::PersonName)
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
