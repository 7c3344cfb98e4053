//! `text`: one line of text.

use super::{About, Kind, Reading};
use crate::catalog::FieldType;

/// One line of text.
pub(crate) struct Text;

impl Kind for Text {
    fn about(&self) -> About {
        About {
            name: "text",
            plain: r#""type": "string""#,
            summary: "One line of text.",
            keywords: &["minLength", "maxLength", "pattern", "default", "x-default", "x-unique"],
            json: r#""Ada Lovelace""#,
            graphql: "String",
            columns: "`text`, and a folded one where displayed, searched or unique",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.text_limits().map(FieldType::Text)
    }
}
