//! Step 1: who may. Nothing is read or written before this passes.

use query::access::{self, Access};
use query::request::{Operation, Write};

use crate::caller::Caller;
use crate::engine::Returning;
use crate::error::{ReadError, WriteError};
use crate::order::Allowed;
use crate::returning;

/// Records that one bulk request may name.
pub(crate) const LARGEST_BULK: usize = 1_000;

pub(crate) fn check(
    caller: &Caller,
    write: Write,
    returning: Option<&Returning>,
) -> Result<Allowed, WriteError> {
    let count = match &write.operation {
        Operation::Create(records, _) | Operation::Upsert { records, .. } => records.len(),
        Operation::Update { .. }
        | Operation::Move { .. }
        | Operation::UpdateMany(..)
        | Operation::Delete(..)
        | Operation::Restore(..)
        | Operation::Destroy(..) => 1,
    };
    if count > LARGEST_BULK {
        let message = format!("a request may write {LARGEST_BULK} records at most, this one has {count}");
        return Err(WriteError::Usage { message });
    }
    if let Some(returning) = returning
        && caller.access != Access::Everything
    {
        // What is answered from memory is not read, so it is asked here whether it might be.
        let read = returning::page(&write.object, &returning.selection, 0);
        access::permit(&caller.catalog, &caller.access, read).map_err(ReadError::from)?;
    }
    let allowed = access::permit_write(&caller.catalog, &caller.access, write)?;
    if !caller.door.administers() {
        access::refuse_administered(&caller.catalog, allowed.shape())?;
    }
    Ok(allowed)
}
