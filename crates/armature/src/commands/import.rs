//! `armature import`: records from a CSV file, through the same pipeline as the API.

use std::fs;

use engine::{Door, Engine};
use metadata::Name;
use work::{ImportOptions, Map, Report};

use crate::cli::{Import, OnError};
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// How many rejected rows are shown to people; the rest are in the rejects file.
const SHOWN: usize = 10;

/// Imports the file; exit code 1 when rows were rejected.
pub async fn import(arguments: &Import, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let (store, tenant) = super::on(&arguments.on, settings, "import").await?;
    let object = Name::new(&arguments.object).map_err(|e| Failure::Usage(e.to_string()))?;
    let options = ImportOptions {
        map: arguments.map.as_ref().map(read_map).transpose()?,
        upsert: arguments
            .upsert
            .as_deref()
            .map(Name::new)
            .transpose()
            .map_err(|e| Failure::Usage(e.to_string()))?,
        on_error: match arguments.on_error {
            OnError::Stop => work::OnError::Stop,
            OnError::Skip => work::OnError::Skip,
        },
        rejects: arguments.rejects.clone(),
        dry_run: arguments.dry_run,
    };
    let caller = super::caller(&tenant, Door::Import).await?;
    let size = fs::metadata(&arguments.file).map(|file| file.len()).unwrap_or_default();
    let bar = console.progress(&arguments.file.display().to_string(), Some(size));
    let watch = |progress: &work::Progress| bar.set_position(progress.bytes);
    let report = work::import(&Engine::new(), &caller, &object, &arguments.file, &options, &watch).await?;
    bar.finish_and_clear();
    store.close().await;
    console.result(&report, |console| tell(&report, arguments, console))?;
    Ok(u8::from(report.rejected > 0))
}

fn read_map(file: &std::path::PathBuf) -> Result<Map, Failure> {
    let text = fs::read_to_string(file).map_err(|e| Failure::io(format!("read {}", file.display()), e))?;
    serde_json::from_str(&text).map_err(|e| Failure::Settings { file: file.clone(), message: e.to_string() })
}

fn tell(report: &Report, arguments: &Import, console: &Console) {
    if report.resumed {
        console.say("An earlier run of this import was interrupted; this one went on from there.");
    }
    if !report.unused.is_empty() {
        console.say(&format!("Columns that the map does not name, not read: {}", report.unused.join(", ")));
    }
    for reject in report.rejects.iter().take(SHOWN) {
        let column = reject.column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default();
        console.say(&format!("{}:{}{column}: {}", arguments.file.display(), reject.line, reject.reason));
    }
    if report.rejected > SHOWN as u64 {
        console.say(&format!("… and {} more; --rejects FILE keeps them all", report.rejected - SHOWN as u64));
    }
    let mode = if arguments.dry_run { " (dry run: nothing was kept)" } else { "" };
    console.say(&format!(
        "{} read, {} created, {} updated, {} unchanged, {} rejected{mode}",
        report.read, report.created, report.updated, report.skipped, report.rejected
    ));
}
