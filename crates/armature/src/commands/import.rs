//! `armature import`: records from a CSV file, through the same pipeline as the API.

use std::fs;
use std::path::Path;

use engine::{Door, Engine};
use metadata::Name;
use serde::Deserialize;
use work::{ImportOptions, Map, Reject, Report};

use crate::cli::{Import, OnError};
use crate::console::Console;
use crate::failure::Failure;
use crate::remote::Remote;
use crate::settings::Settings;

/// How many rejected rows are shown to people; the rest are in the rejects file.
const SHOWN: usize = 10;

/// Imports the file; exit code 1 when rows were rejected.
pub async fn import(arguments: &Import, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    if let (Some(url), Some(key)) = (&arguments.on.url, &arguments.on.key) {
        return through_server(&Remote::new(url, key)?, arguments, console).await;
    }
    let (store, tenant) = super::on(&arguments.on, settings).await?;
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

/// The same with a server in between.
async fn through_server(remote: &Remote, arguments: &Import, console: &Console) -> Result<u8, Failure> {
    let read = |path: &Path| fs::read(path).map_err(|e| Failure::io(format!("read {}", path.display()), e));
    let file = read(&arguments.file)?;
    let mut query = Vec::new();
    if let Some(map) = &arguments.map {
        // Read here first, so that what is wrong with it is told with the file's name.
        read_map(map)?;
        query.push(("map", String::from_utf8_lossy(&read(map)?).into_owned()));
    }
    query.extend(arguments.upsert.iter().map(|field| ("upsert", field.clone())));
    let flags = [
        ("stop", matches!(arguments.on_error, OnError::Stop)),
        ("dryRun", arguments.dry_run),
        ("rejects", arguments.rejects.is_some()),
    ];
    query.extend(flags.into_iter().filter(|(_, set)| *set).map(|(key, _)| (key, "true".to_owned())));
    let answer = remote.import(&arguments.object, file, &query).await?;
    let told: Told = serde_json::from_value(answer)
        .map_err(|e| Failure::Remote(format!("something that is no report of an import: {e}")))?;
    if let (Some(path), Some(rejected)) = (&arguments.rejects, &told.rejected) {
        fs::write(path, rejected).map_err(|e| Failure::io(format!("write {}", path.display()), e))?;
    }
    let rejects = told
        .rejects
        .into_iter()
        .map(|told| Reject { line: told.line, column: told.column, reason: told.reason })
        .collect();
    let report = Report { unused: told.unused, resumed: told.resumed, rejects, ..told.report };
    console.result(&report, |console| tell(&report, arguments, console))?;
    Ok(u8::from(report.rejected > 0))
}

/// What a server tells of an import.
#[derive(Deserialize)]
struct Told {
    report: Report,
    unused: Vec<String>,
    resumed: bool,
    rejects: Vec<ToldReject>,
    /// The rejects file.
    rejected: Option<String>,
}

/// A rejected row, as a server tells it.
#[derive(Deserialize)]
struct ToldReject {
    line: u64,
    column: Option<String>,
    reason: String,
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
