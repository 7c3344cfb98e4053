//! Step 1: who may. Nothing is read or written before this passes.

use query::access;
use query::request::{Operation, Write};

use crate::caller::Caller;
use crate::error::WriteError;
use crate::order::Allowed;

/// Records that one bulk request may name.
pub(crate) const LARGEST_BULK: usize = 1_000;

pub(crate) fn check(caller: &Caller, write: Write) -> Result<Allowed, WriteError> {
    let count = match &write.operation {
        Operation::Create(records, _) | Operation::Upsert { records, .. } => records.len(),
        Operation::Update { .. }
        | Operation::UpdateMany(..)
        | Operation::Delete(..)
        | Operation::Restore(..)
        | Operation::Destroy(..) => 1,
    };
    if count > LARGEST_BULK {
        let message = format!("a request may write {LARGEST_BULK} records at most, this one has {count}");
        return Err(WriteError::Usage { message });
    }
    Ok(access::permit_write(&caller.catalog, &caller.access, write)?)
}
