//! From a CSV file to records: map, cells, batches, verdicts, rejected rows.
//!
//! The file is read in batches of 1,000 rows, each one write of the engine in which records stand for themselves. Rows that point at records
//! of the object itself which are not there yet are put off and tried again after the last row, as often as that helps.
//!
//! An import that was interrupted is continued by the same command. With `upsert` nothing needs to be remembered: rows that were
//! imported are found again and left alone. Without it, how far the import is and which rows were put off is noted in the
//! transaction of each batch, under a hash of file, map and object, and forgotten when the last row is done: a finished
//! file that is imported once more is imported once more.

mod map;
mod rejects;
mod report;
mod run;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{Caller, Engine};
use metadata::Name;
use metadata::catalog::Object;
use query::access::{Denied, Transfer};

use crate::transfer;

pub use map::Map;
pub use report::{ImportError, Progress, Reject, Report};

/// How a file is imported.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Which column goes where; without it the headers are field names.
    pub map: Option<Map>,
    /// Update the record whose field has the same value, instead of creating another one.
    pub upsert: Option<Name>,
    /// What happens at a row that is refused.
    pub on_error: OnError,
    /// Where rejected rows are written, each with its line, column and reason.
    pub rejects: Option<PathBuf>,
    /// Do everything, keep nothing.
    pub dry_run: bool,
}

/// What happens at a row that is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is rejected, the others are imported.
    #[default]
    Skip,
    /// The import ends there; what was imported before stays.
    Stop,
}

/// The object, if this caller may import into it: to be asked before a file is taken in.
pub async fn importable<'a>(
    engine: &Engine,
    caller: &'a Caller,
    object: &Name,
) -> Result<&'a Arc<Object>, ImportError> {
    match transfer::permit(engine, caller, object, Transfer::Import).await {
        Ok(definition) => Ok(definition),
        Err(denied @ Denied::UnknownObject { .. }) => Err(ImportError::Usage {
            message: denied.to_string(),
            hint: expr::did_you_mean(object, caller.visible().objects.keys().map(Name::as_str)),
        }),
        Err(denied) => Err(denied.into()),
    }
}

/// Imports a file into an object. `watch` is told of every batch.
pub async fn import(
    engine: &Engine,
    caller: &Caller,
    object: &Name,
    file: &Path,
    options: &ImportOptions,
    watch: &(dyn Fn(&Progress) + Send + Sync),
) -> Result<Report, ImportError> {
    let mut run = run::Run::begin(engine, caller, object, file, options).await?;
    run.carry_out(watch).await
}
