//! What runs beside the requests of clients: import and export of files, and jobs.
//!
//! Writes only through `engine`, so that a file's rows meet the same order of execution as an API call; never judges a value itself,
//! except that it can be read from a cell. Memory does not grow with the file.

mod cell;
pub mod export;
pub mod import;
pub mod jobs;
mod transfer;

pub use export::{ExportError, ExportOptions, Format, export};
pub use import::{ImportError, ImportOptions, Map, OnError, Progress, Reject, Report, import, importable};
