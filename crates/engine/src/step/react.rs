//! Step 7: what follows from records that were written, in the same transaction: automations, and the handlers of transitions. What they
//! write takes the whole order again.

use query::request::Write;

use crate::automation;
use crate::caller::Caller;
use crate::error::WriteError;
use crate::run::{Halt, Run};

/// Runs what follows from the present wave.
pub(crate) async fn after(run: &mut Run<'_>) -> Result<(), Halt> {
    if run.quick { Ok(()) } else { automation::after(run).await }
}

/// Notes a run that failed, now that its write is undone.
pub(crate) async fn note(caller: &Caller, write: &Write, error: &WriteError) {
    if let WriteError::Script(failed) = error
        && !write.dry_run
    {
        automation::note_failed(caller, failed).await;
    }
}
