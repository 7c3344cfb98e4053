//! Tests over the sample catalog: the schema, lowering, refusals, hostile documents.

mod hostile;
mod introspection;
mod lowering;
mod refusals;
mod schema;
mod stages;

use chrono::TimeZone;
use serde_json::Value as Json;

use crate::lower::{Context, Lowered};
use crate::surface::Surface;
use crate::{Error, sample};

fn surface() -> Surface {
    Surface::build(&sample::catalog()).expect("the sample has a schema")
}

fn context() -> Context {
    let now = chrono::Utc.with_ymd_and_hms(2026, 3, 31, 9, 0, 0).single().expect("an instant");
    Context { moment: expr::Moment { now, zone: chrono_tz::UTC } }
}

/// Prepares and lowers.
fn run(text: &str, variables: &Json) -> Result<Lowered, Vec<Error>> {
    let surface = surface();
    let prepared = surface.prepare(text)?;
    let variables = variables.as_object().cloned().unwrap_or_default();
    prepared.lower(&surface, None, &variables, &context())
}

/// The one error of a document, as it is sent.
fn refused(text: &str, variables: &Json) -> Json {
    let mut errors = run(text, variables).expect_err("a refusal");
    assert_eq!(errors.len(), 1, "{errors:?}");
    serde_json::to_value(errors.remove(0)).expect("errors are JSON")
}
