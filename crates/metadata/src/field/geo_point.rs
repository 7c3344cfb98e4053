//! `geoPoint`: a place on the globe: `latitude`, `longitude` in degrees. Callers read and write each part by itself.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, parts};
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
        parts::schema(ty)
    }

    fn columns(&self, ty: &FieldType) -> Vec<(Role, Encoding)> {
        parts::columns(ty)
    }

    fn read_json(&self, _: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        parts::whole_json(json)
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        parts::whole_text(text)
    }
}
