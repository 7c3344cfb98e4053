//! `score`: a sum of weighted conditions, computed when it is read.

use expr::{Encoding, Value};
use serde_json::Value as Json;

use super::{About, Kind, Reading, ValueProblem, read_only};
use crate::catalog::FieldType;
use crate::codes;
use crate::layout::Role;

/// A sum of weighted conditions, computed when it is read.
pub(crate) struct Score;

impl Kind for Score {
    fn about(&self) -> About {
        About {
            name: "score",
            plain: "",
            summary: "A sum of weighted conditions over the record, computed when it is read; each of `x-points` has `points` (a number or an \
                      expression; null is none), mostly a `when` (an expression), and a `title` for people. It is filtered, sorted and \
                      aggregated like any number. Whole when all points are, else a decimal; `x-returns` (`int`, `decimal`) fixes it.",
            keywords: &["x-points", "x-returns", "x-scope"],
            json: "80, or \"80.5\"",
            graphql: "Int, or Decimal",
            columns: "none",
        }
    }

    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType> {
        if reading.doc.points.as_ref().is_none_or(Vec::is_empty) {
            reading.fault(codes::BAD_SCORE, "", "A score needs `x-points`, its weighted conditions");
            return None;
        }
        super::computed::score(reading)
    }

    fn schema(&self, _: &FieldType) -> Json {
        serde_json::json!({"readOnly": true})
    }

    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        Vec::new()
    }

    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        read_only(text)
    }
}
