//! `many`: the far end of a lookup or polymorphic relation; made by `x-inverse` there.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, read_only};
use crate::catalog::FieldType;
use crate::layout::Role;

/// The far end of a lookup or polymorphic relation; made by `x-inverse` there.
pub(crate) struct Many;

impl Kind for Many {
    fn about(&self) -> About {
        About {
            name: "many",
            plain: "",
            summary: "The far end of a lookup or polymorphic relation; made by `x-inverse` there.",
            keywords: &[],
            json: r#"{"connect": [{"id": "…"}], "disconnect": []}"#,
            graphql: "a connection",
            columns: "none",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.not_authored("many");
        None
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
