//! `polymorphic`: one record of one of several objects.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;
use crate::layout::Role;
use super::relation::read_id;

/// One record of one of several objects.
pub(crate) struct Polymorphic;

impl Kind for Polymorphic {
    fn about(&self) -> About {
        About {
            name: "polymorphic",
            plain: r#""#,
            summary: "One record of one of several objects.",
            keywords: &["x-to", "x-inverse"],
            json: r#"{"account": {"id": "0198f0a1-…"}}"#,
            graphql: "a union of the objects",
            columns: "`uuid`, and `text` for the object",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        let to = reading.targets()?;
        let inverse = reading.inverse()?;
        Some(FieldType::Polymorphic { to, inverse })
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let _ = ty;
        json!({"type": "string", "format": "uuid"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        vec![(Role::Value, Encoding::Id), (Role::Object, Encoding::Text)]
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
