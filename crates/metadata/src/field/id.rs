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
            plain: r#""#,
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

    fn schema(&self, ty: &FieldType) -> Json {
        let _ = ty;
        json!({"type": "string", "format": "uuid"})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Id)
    }

    fn read_text(&self, ty: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        let _ = ty;
        Value::parse(&Type::Id, text).map_err(|bad| ValueProblem::bad_text("format", &bad))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        let _ = (ty, value);
        Ok(())
    }
}
