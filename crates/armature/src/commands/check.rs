//! `armature check`: all that is wrong with a folder, at once, without a database.

use std::path::Path;

use metadata::{Base, Diagnostic};
use serde::Serialize;

use crate::console::Console;
use crate::failure::Failure;
use crate::{folder, shipped};

/// What `check` prints.
#[derive(Serialize)]
struct Report {
    ok: bool,
    diagnostics: Vec<Diagnostic>,
}

/// Resolves the folder; packages that it depends on and does not hold come from those that ship with the program.
pub fn check(dir: &Path, console: &Console) -> Result<u8, Failure> {
    let files = folder::read(dir)?;
    let base = Base { files: shipped::dependencies(&files, &[]), ..Base::default() };
    let (ok, diagnostics, objects) = match deploy::resolve(&files, &base) {
        Ok(resolved) => (true, resolved.warnings, resolved.catalog.objects.len()),
        Err(diagnostics) => (false, diagnostics, 0),
    };
    let report = Report { ok, diagnostics };
    console.result(&report, |console| {
        console.diagnostics(&report.diagnostics);
        if report.ok {
            console.say(&format!("{} is clean ({objects} objects with the platform's own).", dir.display()));
        }
    })?;
    Ok(u8::from(!ok))
}
