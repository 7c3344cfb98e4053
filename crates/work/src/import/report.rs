//! What an import tells: progress, the final count, faults.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What came of an import, as `armature import --json` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Rows read, the header not counted.
    pub read: u64,
    /// Records made.
    pub created: u64,
    /// Records changed.
    pub updated: u64,
    /// Rows whose record held the same values already, so that nothing was written (upsert only).
    pub skipped: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// Headers that the map does not name; told once, not read.
    #[serde(default, skip)]
    pub unused: Vec<String>,
    /// Whether an earlier, interrupted run of the same import was continued.
    #[serde(default, skip)]
    pub resumed: bool,
    /// The first rejected rows, for people.
    #[serde(default, skip)]
    pub rejects: Vec<Reject>,
}

/// A rejected row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line of the file where the row begins, from 1.
    pub line: u64,
    /// Header of the column at fault, if one is.
    pub column: Option<String>,
    /// For people.
    pub reason: String,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows dealt with.
    pub rows: u64,
    /// Bytes of the file read.
    pub bytes: u64,
    /// Size of the file.
    pub size: u64,
}

/// Why an import could not begin or go on. Records written before stay, and the same command goes on where it ended.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read or written.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has no header, or one that cannot be used.
    #[error("{message}")]
    Header {
        /// For people.
        message: String,
    },
    /// The map, a header or an option names something that is not there.
    #[error("{message}{}", hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
    Usage {
        /// For people.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] query::access::Denied),
    /// A write failed.
    #[error(transparent)]
    Write(#[from] engine::WriteError),
}
