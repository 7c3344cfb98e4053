//! Step 2 for requests that name one record: its version compared, its stage, what is to be written to it.

use std::sync::Arc;

use expr::Value;
use query::request::RecordData;
use uuid::Uuid;

use super::find::{load, update};
use crate::error::WriteError;
use crate::lifecycle::race;
use crate::model::{Record, Shape};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Run};

/// What is done to the one record that a request names.
pub(super) struct Change<'a> {
    pub(super) data: &'a RecordData,
    pub(super) expected: Option<i64>,
    /// To which stage it is moved, and why.
    pub(super) to: Option<(&'a Arc<str>, &'a Option<String>)>,
}

/// Takes the record up, unless somebody has changed or moved it since its sender saw it.
pub(super) async fn one(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    ids: &[(usize, Uuid)],
    change: Change<'_>,
) -> Result<(), Halt> {
    if change.to.is_some() && shape.flow.is_none() {
        let message = format!("`{}` records have no lifecycle", shape.object.name);
        return Err(WriteError::Usage { message }.into());
    }
    for (index, record) in load(run, shape, ids, Act::Update).await? {
        let refusal = outdated(shape, &record, change.expected).or_else(|| race::lost(run, shape, &record));
        if let Some(refusal) = refusal {
            run.refuse(index, refusal);
            continue;
        }
        let place = update(run, shape, index, record, change.data);
        if let (Some(place), Some((to, reason))) = (place, change.to) {
            wish(run, place, to, reason.clone());
        }
    }
    Ok(())
}

/// The refusal of a change that was made of another version of the record.
fn outdated(shape: &Shape, record: &Record, expected: Option<i64>) -> Option<Refusal> {
    let current = record.version(shape);
    let expected = expected.filter(|expected| *expected != current)?;
    let message = format!("the record is at version {current}, not {expected}: somebody changed it");
    Some(Refusal::new(Code::Conflict, message))
}

/// Asks that the record be taken to a stage.
fn wish(run: &mut Run<'_>, place: usize, to: &Arc<str>, reason: Option<String>) {
    let Some(job) = run.jobs.get_mut(place) else { return };
    let shape = Arc::clone(&job.shape);
    let Some(flow) = &shape.flow else { return };
    let wanted = Value::Text(to.to_string());
    if job.given.contains(&flow.stage) && *job.after.get(flow.stage) != wanted {
        let index = job.index;
        let message = format!("`data` names another stage than `{to}`");
        run.refuse(index, Refusal::at("stage", message));
        return;
    }
    job.after.set(flow.stage, wanted);
    job.given.push(flow.stage);
    job.passage.wanted = true;
    job.passage.reason = reason;
}
