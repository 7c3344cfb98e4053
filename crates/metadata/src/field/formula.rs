//! `formula`: computed from the record when it is read; with `x-stored`, kept in a column and computed on each write.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, read_only};
use crate::catalog::FieldType;
use crate::layout::Role;

/// Computed from the record when it is read; with `x-stored`, kept in a column and computed on each write.
pub(crate) struct Formula;

impl Kind for Formula {
    fn about(&self) -> About {
        About {
            name: "formula",
            plain: "",
            summary: "Computed from the record when it is read; with `x-stored`, kept in a column and computed on each write.",
            keywords: &["x-returns", "x-formula", "x-stored", "x-scope", "x-unique"],
            json: "as its result",
            graphql: "as its result",
            columns: "none; with `x-stored` one of the result",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        super::computed::formula(reading)
    }

    fn schema(&self, _: &FieldType) -> Json {
        serde_json::json!({"readOnly": true})
    }

    fn columns(&self, ty: &FieldType) -> Vec<(Role, Encoding)> {
        match ty {
            FieldType::Formula { returns, stored: true, .. } => {
                super::one_column(super::computed::encoding(returns))
            }
            _ => Vec::new(),
        }
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        read_only(text)
    }
}
