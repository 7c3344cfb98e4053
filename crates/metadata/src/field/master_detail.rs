//! `masterDetail`: one record of an object, with which this one lives and dies: required, deleted with it, seen by whom that one is seen.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;
use super::relation::read_id;
use crate::catalog::{self, OnDelete};

/// One record of an object, with which this one lives and dies: required, deleted with it, seen by whom that one is seen.
pub(crate) struct MasterDetail;

impl Kind for MasterDetail {
    fn about(&self) -> About {
        About {
            name: "masterDetail",
            plain: r#""#,
            summary: "One record of an object, with which this one lives and dies: required, deleted with it, seen by whom that one is seen.",
            keywords: &["x-to", "x-inverse"],
            json: r#"{"id": "0198f0a1-…"}"#,
            graphql: "the object",
            columns: "`uuid`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let to = reading.single_target()?;
        let inverse = reading.inverse()?;
        Some(FieldType::Lookup(catalog::Lookup { to, inverse, on_delete: OnDelete::Cascade, master: true }))
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let _ = ty;
        json!({"type": "string", "format": "uuid"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Id)
    }

    fn read_text(&self, ty: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        let _ = ty;
        read_id(text)
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        let _ = (ty, value);
        Ok(())
    }
}
