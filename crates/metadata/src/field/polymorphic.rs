//! `polymorphic`: one record of one of several objects.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::relation::read_id;
use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;
use crate::layout::Role;

/// One record of one of several objects.
pub(crate) struct Polymorphic;

impl Kind for Polymorphic {
    fn about(&self) -> About {
        About {
            name: "polymorphic",
            plain: "",
            summary: "One record of one of several objects.",
            keywords: &["x-to", "x-inverse"],
            json: r#"{"account": {"id": "0198f0a1-…"}}"#,
            graphql: "a union of the objects",
            columns: "`uuid`, and `text` for the object",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let to = reading.targets()?;
        let inverse = reading.inverse().ok()?;
        Some(FieldType::Polymorphic { to, inverse })
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "format": "uuid"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        vec![(Role::Value, Encoding::Id), (Role::Object, Encoding::Text)]
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        read_id(text)
    }
}
