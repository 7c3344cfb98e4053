//! `longText`: text of several lines.

use super::{About, Kind, Reading};
use crate::catalog::FieldType;

/// Text of several lines.
pub(crate) struct LongText;

impl Kind for LongText {
    fn about(&self) -> About {
        About {
            name: "longText",
            plain: "",
            summary: "Text of several lines.",
            keywords: &["minLength", "maxLength", "pattern", "default", "x-default", "x-unique"],
            json: r#""First line\nsecond line""#,
            graphql: "String",
            columns: "`text`, and a folded one where displayed, searched or unique",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.text_limits().map(FieldType::LongText)
    }
}
