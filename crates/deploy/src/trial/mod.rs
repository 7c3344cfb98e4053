//! Package tests: cases with given records, what is done, and what comes of it, each tried on a small database of its own.
//!
//! Steps go the way of every request: the engine's order of execution, with the rights of whoever acts, and the jobs that fall due. A case
//! begins with a copy of the database that holds the packages and the given records, so that none sees what another did.

mod bed;
mod case;
mod clock;
mod compare;
mod log;
mod report;
mod step;

use std::io;

use chrono::{DateTime, Utc};
use engine::{ReadError, WriteError};
use metadata::{Base, CanonicalDocument, Diagnostic, Resolved, SourceFile};
use store::StoreError;

pub use report::{CaseReport, Cost, Problem, Report, Seen};

use crate::error::DeployError;
use bed::Ground;
use report::Tally;

/// When tests take place that say nothing about it.
const MONDAY: &str = "2026-01-05T09:00:00Z";

/// Why tests could not be carried out at all.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The documents do not resolve.
    #[error("the documents have {} fault(s)", .0.len())]
    Documents(Vec<Diagnostic>),
    /// The packages cannot be applied to an empty database.
    #[error("the packages cannot be applied to an empty database: {0}")]
    Apply(#[source] Box<DeployError>),
    /// The embedded database.
    #[error("the database of the tests does not work: {0}")]
    Store(#[from] StoreError),
    /// A record could not be read back.
    #[error("a record of the tests cannot be read: {0}")]
    Read(#[from] ReadError),
    /// A write failed for no reason of the case.
    #[error("a write of the tests could not be carried out: {0}")]
    Write(#[source] Box<WriteError>),
    /// Its folder.
    #[error("the folder of the tests cannot be used: {0}")]
    Folder(#[from] io::Error),
}

/// Carries out the tests of the packages in `files`; `others` are the documents of packages that they build on, whose tests are not run.
///
/// # Errors
/// When the tests cannot be carried out. A case that fails is no error: it stands in the report.
pub async fn test(files: &[SourceFile], others: &[SourceFile]) -> Result<Report, TestError> {
    let base = Base { files: others.to_vec(), ..Base::default() };
    let resolved = metadata::resolve(files, &base).map_err(TestError::Documents)?;
    let own = own_packages(files);
    let whole: Vec<SourceFile> = resolved.documents.iter().map(CanonicalDocument::source).collect();
    let mut report = Report::default();
    let mut tally = Tally::new(&resolved.catalog, &own);
    for (file, test) in tests_of(&resolved, files) {
        let ground = Ground::new(&whole, test, moment(test.at.as_deref())).await?;
        for case in &test.cases {
            let problems = case::run(&ground, test, case, &mut tally).await?;
            report.add(CaseReport {
                file: file.clone(),
                test: test.name.clone(),
                name: case.name.clone(),
                passed: problems.is_empty(),
                problems,
            });
        }
    }
    tally.finish(&mut report);
    Ok(report)
}

/// The tests that stand in the files themselves.
fn tests_of<'a>(
    resolved: &'a Resolved,
    files: &'a [SourceFile],
) -> impl Iterator<Item = &'a (String, metadata::document::PackageTest)> {
    resolved.tests.iter().filter(|(path, _)| files.iter().any(|file| file.path == *path))
}

/// A moment of a test; resolution has checked its form.
fn moment(text: Option<&str>) -> DateTime<Utc> {
    text.unwrap_or(MONDAY).parse().unwrap_or(DateTime::UNIX_EPOCH)
}

/// The names of the packages whose manifests are among the files.
fn own_packages(files: &[SourceFile]) -> Vec<String> {
    let manifests = files.iter().filter(|file| file.path.rsplit('/').next() == Some("package.json"));
    let name = |file: &SourceFile| {
        let manifest: serde_json::Value = serde_json::from_str(&file.text).ok()?;
        manifest.get("name")?.as_str().map(str::to_owned)
    };
    manifests.filter_map(name).collect()
}
