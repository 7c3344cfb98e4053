//! `masterDetail`: one record of an object, with which this one lives and dies: required, deleted with it, seen by whom that one is seen.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::relation::read_id;
use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::catalog::{self, OnDelete};
use crate::layout::Role;

/// One record of an object, with which this one lives and dies: required, deleted with it, seen by whom that one is seen.
pub(crate) struct MasterDetail;

impl Kind for MasterDetail {
    fn about(&self) -> About {
        About {
            name: "masterDetail",
            plain: "",
            summary: "One record of an object, with which this one lives and dies: required, deleted with it, seen by whom that one is seen.",
            keywords: &["x-to", "x-inverse"],
            json: r#"{"id": "0198f0a1-…"}"#,
            graphql: "the object",
            columns: "`uuid`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let to = reading.single_target()?;
        let inverse = reading.inverse().ok()?;
        Some(FieldType::Lookup(catalog::Lookup { to, inverse, on_delete: OnDelete::Cascade, master: true }))
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
