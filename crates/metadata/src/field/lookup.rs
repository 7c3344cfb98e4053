//! `lookup`: one record of an object.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::relation::{on_delete, read_id};
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::catalog::{self, OnDelete};
use crate::layout::Role;

/// One record of an object.
pub(crate) struct Lookup;

impl Kind for Lookup {
    fn about(&self) -> About {
        About {
            name: "lookup",
            plain: "",
            summary: "One record of an object.",
            keywords: &["x-to", "x-inverse", "x-onDelete", "x-default", "x-unique"],
            json: r#"{"id": "0198f0a1-…"} or {"email": "ada@example.org"}"#,
            graphql: "the object",
            columns: "`uuid`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let to = reading.single_target()?;
        let inverse = reading.inverse().ok()?;
        let on_delete = on_delete(reading).unwrap_or(OnDelete::Clear);
        Some(FieldType::Lookup(catalog::Lookup { to, inverse, on_delete, master: false }))
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "format": "uuid"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Id)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        read_id(text)
    }
}
