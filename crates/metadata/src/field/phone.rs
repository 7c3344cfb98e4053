//! `phone`: a telephone number as it was typed.

use super::{About, Kind, Reading};
use crate::catalog::FieldType;

/// A telephone number as it was typed.
pub(crate) struct Phone;

impl Kind for Phone {
    fn about(&self) -> About {
        About {
            name: "phone",
            plain: "",
            summary: "A telephone number as it was typed.",
            keywords: &["minLength", "maxLength", "pattern", "default", "x-default", "x-unique"],
            json: r#""+86 10 5555 0100""#,
            graphql: "String",
            columns: "`text`, and a folded one where displayed, searched or unique",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        reading.text_limits().map(FieldType::Phone)
    }
}
