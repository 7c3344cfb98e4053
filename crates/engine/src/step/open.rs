//! Step 2, first half: the transaction, the catalog version, the idempotency key.

use crate::idempotency;
use crate::lifecycle::race;
use crate::outcome::Outcome;
use crate::run::{Halt, Run};

/// Begins. An outcome means that this request was carried out before.
pub(crate) async fn begin(run: &mut Run<'_>) -> Result<Option<Outcome>, Halt> {
    if run.quick {
        super::find::plan_waves(run).await?;
        return Ok(None);
    }
    race::look(run).await?;
    // Handlers read what others may be writing; then each transaction behaves as if it were alone, or is run again.
    let mut tx = if run.strict {
        run.caller.tenant.begin_serializable().await?
    } else {
        run.caller.tenant.begin().await?
    };
    tx.check_version(run.caller.catalog.version).await?;
    run.tx = Some(tx);
    let known = match &run.write.idempotency_key {
        Some(key) => idempotency::claim(run, key).await?,
        None => None,
    };
    if known.is_none() {
        super::find::plan_waves(run).await?;
    }
    Ok(known)
}
