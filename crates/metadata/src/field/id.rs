//! `id`: the id of a record, a UUID; only the system field `id`.

use expr::{Encoding, Type, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, one_column};
use crate::catalog::FieldType;
use crate::layout::Role;

/// The id of a record, a UUID; only the system field `id`.
pub(crate) struct Id;

impl Kind for Id {
    fn about(&self) -> About {
        About {
            name: "id",
            plain: "",
            summary: "The id of a record, a UUID; only the system field `id`.",
            keywords: &[],
            json: r#""0198f0a1-…""#,
            graphql: "ID",
            columns: "`uuid`",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.not_authored("id");
        None
    }

    fn schema(&self, _: &FieldType) -> Json {
        json!({"type": "string", "format": "uuid"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Id)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Id, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }
}
