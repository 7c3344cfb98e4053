//! A plan with all that `apply` needs to carry it out.

use chrono::{DateTime, Utc};
use expr::Moment;
use metadata::difference::Change;
use metadata::{Base, Catalog, Layout, Resolved, SourceFile, difference};
use sha2::{Digest, Sha256};
use store::Tenant;

use super::effects::{Judged, effects};
use super::{ChangeLine, Plan, Step, describe};
use crate::error::DeployError;
use crate::options::Asked;
use crate::published::Published;
use crate::work::Work;

/// What a tenant's metadata shall become.
#[derive(Clone, Debug)]
pub struct Target {
    /// Documents that are planned.
    pub files: Vec<SourceFile>,
    /// Documents that stand beside them; a package that is among `files` replaces its older self here.
    pub beside: Vec<SourceFile>,
    /// Where fields are stored before the change.
    pub layout: Layout,
}

impl Target {
    /// The packages in the folder change, all others stay.
    pub fn beside_published(base: &Published, files: &[SourceFile]) -> Self {
        Self { files: files.to_vec(), beside: base.files.clone(), layout: base.layout.clone() }
    }

    /// Resolves it as the version after `version`.
    pub fn resolve(&self, version: i64) -> Result<Resolved, DeployError> {
        let base = Base { files: self.beside.clone(), layout: self.layout.clone(), version: version + 1 };
        crate::scripts::resolve(&self.files, &base).map_err(DeployError::Documents)
    }
}

/// A plan, and what it was made from.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What was published when the plan was made.
    pub base: Published,
    /// What shall be.
    pub target: Target,
    /// The same, resolved.
    pub resolved: Resolved,
    /// The work on tables.
    pub work: Work,
    /// What people see.
    pub plan: Plan,
}

impl Draft {
    /// Plans; reads the tenant's records to tell the effects, changes nothing.
    pub async fn new(
        tenant: &Tenant,
        base: Published,
        target: Target,
        asked: Asked<'_>,
        at: DateTime<Utc>,
    ) -> Result<Self, DeployError> {
        let Asked { mapping, replay } = asked;
        let mut old = if base.version == 0 { Catalog::default() } else { base.resolve()?.catalog };
        old.layout = base.layout.clone();
        let resolved = target.resolve(base.version)?;
        let new = &resolved.catalog;
        let changes = difference(&old, new);
        let work = Work::new(&old, new, &changes, mapping, tenant.dialect())?;
        let lines = lines(&changes, &base, &resolved);
        let mut steps = describe::steps(&work, &changes);
        steps.extend(work.stages.iter().flat_map(|stages| stages.steps(new)));
        let moment = Moment { now: at, zone: chrono_tz::UTC };
        let judged =
            Judged { tenant, old: &old, new, changes: &changes, work: &work, mapping, moment, replay };
        let effects = effects(&judged).await?;
        let hash = hash(&base, &resolved, &steps);
        let warnings = resolved.warnings.clone();
        let plan = Plan { hash, changes: lines, steps, effects, base: base.version, warnings };
        Ok(Self { base, target, resolved, work, plan })
    }
}

/// The changes as people see them. Documents that differ in nothing that has a name of its own are named by their file.
fn lines(changes: &[Change], base: &Published, resolved: &Resolved) -> Vec<ChangeLine> {
    let lines: Vec<ChangeLine> = changes.iter().map(describe::line).collect();
    if !lines.is_empty() {
        return lines;
    }
    let now: Vec<SourceFile> = resolved.documents.iter().map(metadata::CanonicalDocument::source).collect();
    let written = now.iter().filter(|file| !base.files.contains(file));
    let gone = base.files.iter().filter(|file| !now.iter().any(|other| other.path == file.path));
    written
        .chain(gone)
        .map(|file| ChangeLine { kind: "documentChanged".to_owned(), path: file.path.clone() })
        .collect()
}

/// Over base version, canonical documents and steps.
fn hash(base: &Published, resolved: &Resolved, steps: &[Step]) -> String {
    let mut digest = Sha256::new();
    digest.update(base.version.to_be_bytes());
    for document in &resolved.documents {
        let file = document.source();
        for text in [&file.path, &file.text] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
    for step in steps {
        for text in [step.class.as_str(), &step.object, &step.what] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
    hex::encode(digest.finalize())
}
