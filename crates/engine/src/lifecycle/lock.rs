//! Fields that cannot be changed while a record is in its stage.
//!
//! What is written along with a move is judged by the stage that is left. What the transition itself sets comes later and is free, and so is
//! what follows from a deletion.

use metadata::Name;
use query::request::Operation;

use super::Way;
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Job, Run};
use crate::sight;

/// Refuses changes of locked fields in the present wave.
pub(crate) fn refuse(run: &mut Run<'_>) {
    if matches!(run.write.operation, Operation::Delete(..) | Operation::Restore(..) | Operation::Destroy(..))
    {
        return;
    }
    for place in 0..run.jobs.len() {
        let Some(job) = run.jobs.get(place).filter(|job| !run.is_refused(job.index)) else { continue };
        let refusals: Vec<Refusal> = locked(job)
            .map(|(field, stage)| sight::refusal(run, &job.shape, refusal(&field, &stage)))
            .collect();
        for refusal in refusals {
            run.refuse_job(place, refusal);
        }
    }
}

/// Locked fields that the job changes, each with the stage that locks it.
fn locked(job: &Job) -> impl Iterator<Item = (Name, String)> + '_ {
    let held = || {
        let flow = job.shape.flow.as_ref().filter(|_| job.act == Act::Update && !job.passes_by())?;
        let before = job.before.as_ref()?;
        let lifecycle = flow.lifecycle(before)?;
        let stage = lifecycle.stages.get(flow.stage(before)?)?;
        Some((before, stage, Way::called(lifecycle, &stage.name)))
    };
    held().into_iter().flat_map(move |(before, stage, title)| {
        let changed = move |field: &&Name| {
            job.shape.slots(field).iter().any(|slot| before.get(*slot) != job.after.get(*slot))
        };
        stage.locked.iter().filter(changed).map(move |field| (field.clone(), title.clone()))
    })
}

fn refusal(field: &Name, stage: &str) -> Refusal {
    let message = format!("`{field}` cannot be changed while the record is in `{stage}`");
    Refusal { path: Some(field.to_string()), ..Refusal::new(Code::Refused, message).rule("locked") }
}
