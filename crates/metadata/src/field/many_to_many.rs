//! `manyToMany`: many records of an object, through a link object that may have fields of its own.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, read_only};
use crate::catalog::FieldType;
use crate::layout::Role;

/// Many records of an object, through a link object that may have fields of its own.
pub(crate) struct ManyToMany;

impl Kind for ManyToMany {
    fn about(&self) -> About {
        About {
            name: "manyToMany",
            plain: "",
            summary: "Many records of an object, through a link object that may have fields of its own.",
            keywords: &["x-to", "x-inverse", "x-through", "x-link"],
            json: r#"{"connect": [{"id": "…"}], "disconnect": []}"#,
            graphql: "a connection",
            columns: "none; the link object has a table of its own",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        // The link object, its lookups and the far end are made by resolution, which sees all objects; here only the near end.
        super::relation::many_to_many(reading)
    }

    fn schema(&self, _: &FieldType) -> Json {
        Json::Object(serde_json::Map::new())
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        Vec::new()
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        read_only(text)
    }
}
