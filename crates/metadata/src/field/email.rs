//! `email`: an e-mail address; compared without case.

use expr::Value;
use serde_json::Value as Json;

use super::limits::{check_email, check_text, text_schema};
use super::{About, Kind, Reading, ValueProblem};
use crate::catalog::FieldType;

/// An e-mail address.
pub(crate) struct Email;

impl Kind for Email {
    fn about(&self) -> About {
        About {
            name: "email",
            plain: r#""type": "string", "format": "email""#,
            summary: "An e-mail address.",
            keywords: &["minLength", "maxLength", "pattern", "default", "x-default", "x-unique", "format"],
            json: r#""ada@example.org""#,
            graphql: "String",
            columns: "`text`, and always a folded one",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.text_limits().map(FieldType::Email)
    }

    fn schema(&self, ty: &FieldType) -> Json {
        text_schema(ty.text_limits(), Some("email"))
    }

    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        match (ty.text_limits(), value) {
            (Some(limits), Value::Text(text)) => check_email(text).and_then(|()| check_text(limits, text)),
            _ => Ok(()),
        }
    }
}
