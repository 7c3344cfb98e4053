//! From records to a file: every field of an object, in the order of the catalog, page by page by id.

use std::io::Write;

use engine::{Caller, Engine, ReadError};
use metadata::Name;

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a header; read back by [`crate::import`].
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// What is exported, and how.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// The form.
    pub format: Format,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such object.
    #[error("there is no object `{0}`")]
    UnknownObject(String),
    /// A page could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file could not be written.
    #[error("the export could not be written: {0}")]
    Output(#[from] std::io::Error),
}

/// Exports all living records of an object; how many. `watch` is told how many are written.
pub async fn export(
    engine: &Engine,
    caller: &Caller,
    object: &Name,
    options: &ExportOptions,
    out: &mut (dyn Write + Send),
    watch: &(dyn Fn(u64) + Send + Sync),
) -> Result<u64, ExportError> {
    let _ = (engine, caller, object, options, out, watch);
    Err(ExportError::Output(std::io::Error::other("exports are not built yet")))
}
