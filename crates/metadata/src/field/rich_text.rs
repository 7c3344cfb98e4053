//! `richText`: formatted text as HTML; whoever shows it cleans it.

use super::{About, Kind, Reading};
use crate::catalog::FieldType;

/// Formatted text as HTML.
pub(crate) struct RichText;

impl Kind for RichText {
    fn about(&self) -> About {
        About {
            name: "richText",
            plain: "",
            summary: "Formatted text as HTML.",
            keywords: &["minLength", "maxLength", "pattern", "default", "x-default", "x-unique"],
            json: r#""<p>Hello</p>""#,
            graphql: "String",
            columns: "`text`, and a folded one where displayed, searched or unique",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.text_limits().map(FieldType::RichText)
    }
}
