//! Whether an automation's condition holds of a record on its way, and what expressions yield for it.

use std::sync::Arc;

use expr::{EvalError, Expr, Value};
use metadata::catalog::{Automation, FieldType};
use script::Data;

use crate::error::WriteError;
use crate::lifecycle::condition::{self, Question};
use crate::model::Shape;
use crate::run::{Halt, Run};

/// Whether `when` holds.
pub(super) async fn of(run: &mut Run<'_>, automation: &Automation, place: usize) -> Result<bool, Halt> {
    let (Some(when), Some(job)) = (&automation.when, run.jobs.get(place)) else { return Ok(true) };
    let shape = Arc::clone(&job.shape);
    let question = Question { shape: &shape, package: &automation.package, expr: when, holds_on: false };
    Ok(condition::holds(run, question, &[place]).await?.contains(&place))
}

/// What an expression yields; `Err` inside says why it has no value.
pub(super) async fn value(
    run: &mut Run<'_>,
    package: &str,
    expr: &Expr,
    place: usize,
) -> Result<Result<Value, EvalError>, Halt> {
    let Some(job) = run.jobs.get(place) else { return Ok(Ok(Value::Null)) };
    let shape = Arc::clone(&job.shape);
    condition::value(run, Question { shape: &shape, package, expr, holds_on: false }, place).await
}

/// The value behind a path from a record, for a guard that has it not at hand.
pub(crate) async fn field(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    path: &str,
    place: usize,
) -> Result<Data, Halt> {
    let catalog = Arc::clone(&run.caller.catalog);
    let object = &shape.object;
    let expr = match expr::parse(&format!("record.{path}"), &catalog.scope(), &object.name, None) {
        Ok(expr) => expr,
        Err(problems) => {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return Err(WriteError::Usage { message: format!("record.{path}: {}", told.join("; ")) }.into());
        }
    };
    let question = Question { shape, package: &object.package, expr: &expr, holds_on: true };
    let value = condition::value(run, question, place).await?.unwrap_or(Value::Null);
    let relation = object.field(path).is_some_and(|field| matches!(field.ty, FieldType::Lookup(_)));
    Ok(if relation { Data::text(value.to_text()) } else { Data::from(value) })
}
