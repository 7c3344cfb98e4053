//! `armature export`: the records of an object as a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use engine::{Door, Engine};
use metadata::Name;
use work::{ExportOptions, Format};

use crate::cli::{Export, ExportFormat};
use crate::console::Console;
use crate::failure::Failure;
use crate::remote::Remote;
use crate::settings::Settings;

/// Writes all living records.
pub async fn export(arguments: &Export, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    if let (Some(url), Some(key)) = (&arguments.on.url, &arguments.on.key) {
        let format = match arguments.format {
            ExportFormat::Csv => "csv",
            ExportFormat::Jsonl => "jsonl",
        };
        let mut out = open(arguments)?;
        Remote::new(url, key)?.export(&arguments.object, format, &mut *out).await?;
        return out.flush().map(|()| 0).map_err(|e| Failure::io("write the export", e));
    }
    let (_store, tenant) = super::on(&arguments.on, settings).await?;
    let object = Name::new(&arguments.object).map_err(|e| Failure::Usage(e.to_string()))?;
    let format = match arguments.format {
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Jsonl => Format::Jsonl,
    };
    let caller = super::caller(&tenant, Door::Command).await?;
    let mut out = open(arguments)?;
    let bar = console.progress(&arguments.object, None);
    let watch = |count: u64| bar.set_position(count);
    let count = work::export(
        &Engine::new(),
        &caller,
        &object,
        &ExportOptions { format, ..ExportOptions::default() },
        &mut *out,
        &watch,
    )
    .await?;
    out.flush().map_err(|e| Failure::io("write the export", e))?;
    bar.finish_and_clear();
    console.say(&format!("{count} record(s) exported."));
    Ok(0)
}

/// Where the records are written.
fn open(arguments: &Export) -> Result<Box<dyn Write + Send>, Failure> {
    Ok(match &arguments.out {
        Some(file) => {
            let created =
                File::create(file).map_err(|e| Failure::io(format!("create {}", file.display()), e))?;
            Box::new(BufWriter::new(created))
        }
        None => Box::new(BufWriter::new(io::stdout())),
    })
}
