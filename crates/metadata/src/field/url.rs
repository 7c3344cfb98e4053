//! `url`: an absolute web address.

use expr::Value;
use serde_json::Value as Json;

use super::limits::{check_text, check_url, text_schema};
use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;

/// An absolute web address (http or https).
pub(crate) struct Url;

impl Kind for Url {
    fn about(&self) -> About {
        About {
            name: "url",
            plain: r#""type": "string", "format": "uri""#,
            summary: "An absolute web address (http or https).",
            keywords: &["minLength", "maxLength", "pattern", "default", "x-default", "x-unique", "format"],
            json: r#""https://example.org/a""#,
            graphql: "String",
            columns: "`text`, and a folded one where displayed, searched or unique",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.text_limits().map(FieldType::Url)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        text_schema(ty.text_limits(), Some("uri"))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        let (Some(limits), Value::Text(text)) = (ty.text_limits(), value) else { return Ok(()) };
        check_url(text)?;
        check_text(limits, text)
    }
}
