//! The file of rejected rows: the row as it was, with its line, the column at fault and the reason.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use csv::{StringRecord, Writer};

use super::report::{ImportError, Reject};

/// Writes rejected rows, when anybody wants them.
pub(crate) struct Rejects {
    file: Option<(PathBuf, Writer<BufWriter<std::fs::File>>)>,
}

impl Rejects {
    /// Begins the file with a header; goes on with an existing one when an import is continued.
    pub(crate) fn open(
        path: Option<&Path>,
        headers: &[String],
        continued: bool,
    ) -> Result<Self, ImportError> {
        let Some(path) = path else { return Ok(Self { file: None }) };
        let fault = |source| ImportError::Unreadable { file: path.to_path_buf(), source };
        let append = continued && path.exists();
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(append)
            .truncate(!append)
            .open(path)
            .map_err(fault)?;
        let mut writer = Writer::from_writer(BufWriter::new(file));
        if !append {
            let own = headers.iter().map(String::as_str).chain(["line", "column", "reason"].map(|name| name));
            writer.write_record(own).map_err(|error| fault(error.into()))?;
        }
        Ok(Self { file: Some((path.to_path_buf(), writer)) })
    }

    /// Writes one row.
    pub(crate) fn write(
        &mut self,
        cells: Option<&StringRecord>,
        width: usize,
        reject: &Reject,
    ) -> Result<(), ImportError> {
        let Some((path, writer)) = &mut self.file else { return Ok(()) };
        let line = reject.line.to_string();
        let empty = StringRecord::new();
        let cells = cells.unwrap_or(&empty);
        let row = (0..width).map(|place| cells.get(place).unwrap_or_default());
        let own = [line.as_str(), reject.column.as_deref().unwrap_or_default(), reject.reason.as_str()];
        writer
            .write_record(row.chain(own))
            .map_err(|error| ImportError::Unreadable { file: path.clone(), source: error.into() })
    }

    /// Puts everything on disk.
    pub(crate) fn flush(&mut self) -> Result<(), ImportError> {
        match &mut self.file {
            Some((path, writer)) => {
                writer.flush().map_err(|source| ImportError::Unreadable { file: path.clone(), source })
            }
            None => Ok(()),
        }
    }
}
