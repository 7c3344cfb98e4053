//! Whether the records of an object may go into a file, or come from one; who did that or was denied it stands in the audit log.

use std::sync::Arc;

use engine::audit::{Act, Entry};
use engine::{Caller, Engine};
use metadata::Name;
use metadata::catalog::Object;
use query::access::{self, Denied, Transfer};
use serde_json::Value as Json;

fn act(transfer: Transfer) -> Act {
    match transfer {
        Transfer::Import => Act::Import,
        Transfer::Export => Act::Export,
    }
}

/// The object, if its records may be transferred.
pub(crate) async fn permit<'a>(
    engine: &Engine,
    caller: &'a Caller,
    object: &Name,
    transfer: Transfer,
) -> Result<&'a Arc<Object>, Denied> {
    let permitted = access::permit_transfer(&caller.catalog, &caller.access, object, transfer);
    if permitted.as_ref().is_err_and(Denied::forbidden) {
        engine.audit_or_log(caller, Entry::denied(act(transfer)).of(object)).await;
    }
    permitted
}

/// Notes a transfer that is done, with its counts.
pub(crate) async fn done(
    engine: &Engine,
    caller: &Caller,
    object: &Name,
    (transfer, counts): (Transfer, Json),
) {
    engine.audit_or_log(caller, Entry::done(act(transfer)).of(object).with(counts)).await;
}
