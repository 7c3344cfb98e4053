//! Step 7: what follows from records that were written, in the same transaction: automations, and the handlers of transitions. What they
//! write takes the whole order again.

use query::request::Write;

use crate::automation::{self, Failed};
use crate::caller::Caller;
use crate::error::WriteError;
use crate::run::{Halt, Run};

/// Runs what follows from the present wave.
pub(crate) async fn after(run: &mut Run<'_>) -> Result<(), Halt> {
    if run.quick { Ok(()) } else { automation::after(run).await }
}

/// Runs the function that a job is about, once its record is found.
pub(crate) async fn discharge(run: &mut Run<'_>) -> Result<(), Halt> {
    match run.duty {
        Some(duty) if !run.lost() => automation::discharge(run, duty).await,
        _ => Ok(()),
    }
}

/// Notes a run that failed, now that its write is undone.
pub(crate) async fn note(caller: &Caller, write: &Write, error: &WriteError) {
    if let WriteError::Script(failed) = error {
        note_failed(caller, write, failed).await;
    }
}

/// Notes that a script failed.
pub(crate) async fn note_failed(caller: &Caller, write: &Write, failed: &Failed) {
    if !write.dry_run {
        automation::note_failed(caller, failed).await;
    }
}
