//! Step 8: the answer, the idempotency key, the commit; or nothing at all.

use crate::engine::{Noted, Rider};
use crate::erase;
use crate::error::WriteError;
use crate::idempotency;
use crate::outcome::{Code, Outcome, Refusal};
use crate::progress;
use crate::queue;
use crate::returning;
use crate::run::{Halt, Run};
use crate::sight;
use crate::step::{flush, react};

/// Ends the pass.
pub(crate) async fn finish(mut run: Run<'_>) -> Result<Outcome, Halt> {
    if run.lost() {
        if let Some(tx) = run.tx.take() {
            tx.rollback().await?;
        }
        let denied = |error: &&Refusal| error.code == Code::Forbidden;
        if let Some(denied) = run.outcome.errors.iter().find(denied) {
            return Err(WriteError::Forbidden(denied.clone()).into());
        }
        return Ok(refused(run));
    }
    sight::sort(&mut run).await?;
    queue::write(&mut run).await?;
    flush::rest(&mut run).await?;
    returning::records(&mut run).await?;
    if let Some(key) = &run.write.idempotency_key {
        idempotency::keep(&mut run, key).await?;
    }
    if let Some(rider) = run.rider {
        note(&mut run, rider).await?;
    }
    if let Some(erasing) = run.erasing {
        erase::scrub(&mut run, erasing).await?;
    }
    if let Some(tx) = run.tx.take() {
        if run.write.dry_run { tx.rollback().await? } else { tx.commit().await? }
    }
    for failed in &run.failed {
        react::note_failed(run.caller, run.write, failed).await;
    }
    number_errors(&mut run);
    Ok(run.outcome)
}

/// Notes what is to be known together with the write.
async fn note(run: &mut Run<'_>, rider: &dyn Rider) -> Result<(), Halt> {
    match rider.note(&run.outcome) {
        Noted::Progress(note) => {
            for (statement, values) in progress::statements(run.model.dialect, &note, run.now) {
                run.execute(&statement, &values).await?;
            }
        }
        Noted::Job(part) => {
            let Some(tx) = &mut run.tx else { return Err(WriteError::Overtaken.into()) };
            if tx.carry(&part).await?.is_empty() {
                return Err(WriteError::Overtaken.into());
            }
        }
    }
    Ok(())
}

/// Nothing was written: only the refusals are told.
fn refused(mut run: Run<'_>) -> Outcome {
    number_errors(&mut run);
    let count = run.refused.len();
    Outcome {
        records: vec![None; count],
        ids: vec![None; count],
        created: vec![false; count],
        changed: vec![false; count],
        errors: run.outcome.errors,
        effects: Vec::new(),
    }
}

/// Requests about one record need no index; bulk ones are told in the order of their records.
fn number_errors(run: &mut Run<'_>) {
    if run.single() {
        run.outcome.errors.iter_mut().for_each(|error| error.index = None);
    } else {
        run.outcome.errors.sort_by_key(|error| error.index);
    }
}
