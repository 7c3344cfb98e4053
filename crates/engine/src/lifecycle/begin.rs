//! In which lifecycle a new record is, and where it begins there.

use std::sync::Arc;

use expr::Value;
use metadata::catalog::Lifecycle;

use super::Flow;
use super::condition::{self, Question};
use crate::model::Shape;
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};

/// Puts the new records of the wave into the first lifecycle that takes them: in the stage that was given, else in the entry. Whether a
/// record may begin in the given stage is for `transit` to say.
pub(crate) async fn place(run: &mut Run<'_>) -> Result<(), Halt> {
    let new = |job: &Job| job.act == Act::Create && job.shape.flow.is_some() && !run.is_refused(job.index);
    let mut groups: Vec<(Arc<Shape>, Vec<usize>)> = Vec::new();
    for (place, job) in run.jobs.iter().enumerate().filter(|(_, job)| new(job)) {
        match groups.iter_mut().find(|(shape, _)| Arc::ptr_eq(shape, &job.shape)) {
            Some((_, places)) => places.push(place),
            None => groups.push((Arc::clone(&job.shape), vec![place])),
        }
    }
    for (shape, open) in groups {
        if let Some(flow) = &shape.flow {
            place_all(run, &shape, flow, open).await?;
        }
    }
    Ok(())
}

async fn place_all(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    flow: &Flow,
    mut open: Vec<usize>,
) -> Result<(), Halt> {
    for lifecycle in &flow.lifecycles {
        let taken = match &lifecycle.when {
            None => open.iter().copied().collect(),
            Some(expr) => {
                let question = Question { shape, package: &lifecycle.package, expr, holds_on: false };
                condition::holds(run, question, &open).await?
            }
        };
        for place in open.iter().copied().filter(|place| taken.contains(place)) {
            enter(run, flow, lifecycle, place);
        }
        open.retain(|place| !taken.contains(place));
        if open.is_empty() {
            break;
        }
    }
    for place in open {
        outside(run, flow, place);
    }
    Ok(())
}

fn enter(run: &mut Run<'_>, flow: &Flow, lifecycle: &Lifecycle, place: usize) {
    let now = run.now;
    let Some(job) = run.jobs.get_mut(place) else { return };
    job.after.set(flow.lifecycle, Value::Text(lifecycle.name.as_str().to_owned()));
    job.after.set(flow.pass, Value::Int(1));
    if job.after.get(flow.entered).is_null() {
        job.after.set(flow.entered, Value::DateTime(now));
    }
    if job.after.get(flow.stage).is_null()
        && let Some(entry) = lifecycle.entry()
    {
        job.after.set(flow.stage, Value::Text(entry.name.to_string()));
    }
}

/// No lifecycle takes the record: it has no stage.
fn outside(run: &mut Run<'_>, flow: &Flow, place: usize) {
    let Some(job) = run.jobs.get_mut(place) else { return };
    let given = !job.after.get(flow.stage).is_null() || !job.after.get(flow.entered).is_null();
    job.after.set(flow.stage, Value::Null);
    job.after.set(flow.entered, Value::Null);
    if given {
        let (index, title) = (job.index, job.shape.object.title.clone());
        run.refuse(index, no_lifecycle(&title));
    }
}

/// The refusal of a stage for a record that is in no lifecycle.
pub(crate) fn no_lifecycle(title: &str) -> Refusal {
    let message = format!("no lifecycle takes this {title}: it has no stages");
    Refusal { path: Some("stage".to_owned()), ..Refusal::new(Code::Refused, message).rule("noLifecycle") }
}
