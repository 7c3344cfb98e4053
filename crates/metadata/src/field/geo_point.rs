//! `geoPoint`: a place on the globe: `latitude`, `longitude` in degrees. Callers read and write each part by itself.

use expr::{Encoding, Value};
use serde_json::{Value as Json, json};

use super::{About, Kind, Reading, ValueProblem, part_columns};
use crate::catalog::FieldType;
use crate::layout::Role;

/// A place on the globe: `latitude`, `longitude` in degrees.
pub(crate) struct GeoPoint;

impl Kind for GeoPoint {
    fn about(&self) -> About {
        About {
            name: "geoPoint",
            plain: "",
            summary: "A place on the globe: `latitude`, `longitude` in degrees.",
            keywords: &[],
            json: r#"{"latitude": 52.5, "longitude": 13.4}"#,
            graphql: "an object of its parts",
            columns: "one column a part (`double precision`)",
        }
    }

    fn build(&self, _: &mut Reading<'_>) -> Option<FieldType> {
        Some(FieldType::GeoPoint)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        let parts: serde_json::Map<String, Json> =
            ty.parts().iter().map(|(name, ..)| ((*name).to_owned(), json!({"type": "number"}))).collect();
        json!({"type": "object", "properties": parts, "additionalProperties": false})
    }

    fn columns(&self, ty: &FieldType) -> Vec<(Role, Encoding)> {
        part_columns(ty)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        Err(ValueProblem::wrong_type("one part at a time", json))
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Err(ValueProblem::new("type", "one part at a time", format!("`{text}`")))
    }

    fn check(&self, _: &FieldType, _: &Value) -> Result<(), ValueProblem> {
        Ok(())
    }
}
