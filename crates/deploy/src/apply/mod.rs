//! Makes a plan so. Everything that anybody sees happens in [`publish`]; what comes before it can be thrown away at any moment.

mod environment;
mod expand;
mod fill;
mod pending;
mod publish;
mod retry;

use metadata::SourceFile;
use serde::Serialize;
use store::Tenant;

use crate::error::DeployError;
use crate::observe::{Progress, Stage};
use crate::options::ApplyOptions;
use crate::plan::{Draft, Plan, Target};
use crate::published;
use crate::roles;
use crate::statements::count_up_to;
use crate::work::{TableWork, Work};

pub use fill::set as set_cells;
pub use publish::lock;
pub use retry::with_retries;

/// What was applied: the plan, and the version that is published now. Serialises as the plan does, with `version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// What was done; empty when there was nothing to do.
    #[serde(flatten)]
    pub plan: Plan,
    /// The published version.
    pub version: i64,
}

/// Plans the documents and applies the plan at once.
pub async fn apply(
    tenant: &Tenant,
    files: &[SourceFile],
    options: ApplyOptions,
) -> Result<Applied, DeployError> {
    let base = settled(tenant).await?;
    let target = Target::beside_published(&base, files);
    let draft = Draft::new(tenant, base, target, options.asked(), options.at).await?;
    permitted(&draft.plan, &options)?;
    if !options.skip_tests && !draft.plan.is_empty() {
        tested(&draft).await?;
    }
    carry_out(tenant, draft, &options).await
}

/// Runs the tests that the planned packages bring, before anything is touched.
async fn tested(draft: &Draft) -> Result<(), DeployError> {
    let Target { files, beside, .. } = &draft.target;
    if draft.resolved.tests.is_empty() {
        return Ok(());
    }
    // Boxed, because tests apply packages themselves.
    let report = Box::pin(crate::trial::test(files, beside)).await;
    let report = report.map_err(|error| DeployError::Untested(Box::new(error)))?;
    if report.ok() { Ok(()) } else { Err(DeployError::Tests(Box::new(report))) }
}

/// What is published, once no apply that died is in the way.
pub async fn settled(tenant: &Tenant) -> Result<published::Published, DeployError> {
    let seen = tenant.published_version().await?;
    pending::settle(tenant).await?;
    let base = published::current(tenant).await?;
    if base.version == seen { Ok(base) } else { Err(DeployError::Conflict { published: base.version }) }
}

/// Applies a draft, if it may be.
pub async fn carry_out(
    tenant: &Tenant,
    draft: Draft,
    options: &ApplyOptions,
) -> Result<Applied, DeployError> {
    permitted(&draft.plan, options)?;
    if draft.plan.is_empty() && draft.base.version > 0 {
        roles::rename_elsewhere(tenant, &draft.resolved.catalog).await?;
        return Ok(Applied { version: draft.base.version, plan: draft.plan });
    }
    let large = large_tables(tenant, &draft.work, options.large).await?;
    roles::make_way(tenant, &draft.work.taken_roles).await?;
    let version = if large.is_empty() {
        publish::at_once(tenant, &draft, options).await?
    } else {
        expand::step_by_step(tenant, &draft, options, &large).await?
    };
    roles::rename_elsewhere(tenant, &draft.resolved.catalog).await?;
    tracing::info!(tenant = %tenant.name(), version, "catalog published");
    Ok(Applied { plan: draft.plan, version })
}

fn permitted(plan: &Plan, options: &ApplyOptions) -> Result<(), DeployError> {
    if let Some(expected) = options.plan.as_ref().filter(|expected| **expected != plan.hash) {
        return Err(DeployError::OtherPlan { expected: expected.clone(), found: plan.hash.clone() });
    }
    if plan.is_refused() {
        return Err(DeployError::Refused(Box::new(plan.clone())));
    }
    if !options.allow_destructive && plan.destructive().next().is_some() {
        return Err(DeployError::Destructive(Box::new(plan.clone())));
    }
    Ok(())
}

/// The tables with more rows than can be rewritten or indexed within the transaction that publishes.
async fn large_tables(tenant: &Tenant, work: &Work, limit: u64) -> Result<Vec<String>, DeployError> {
    let mut large = Vec::new();
    for table in work.tables.iter().filter(|table| !table.created) {
        let heavy = !table.fills.is_empty() || !table.indexes.is_empty();
        if heavy && count_up_to(tenant, &table.table.name, limit).await? > limit {
            large.push(table.table.name.clone());
        }
    }
    Ok(large)
}

/// Tells the observer; its error ends the apply.
pub fn tell(
    options: &ApplyOptions,
    stage: Stage,
    what: &str,
    done: u64,
    total: u64,
) -> Result<(), DeployError> {
    let progress = Progress { stage, what, done, total };
    options.observer.step(progress).map_err(DeployError::Stopped)
}

/// The refusal that a value earns which came in after the plan was made.
pub fn refused(plan: &Plan, work: &TableWork, rule: String, id: Option<String>) -> DeployError {
    let mut plan = plan.clone();
    plan.effects.push(crate::plan::Effect {
        object: work.object.name.to_string(),
        rule,
        count: 1,
        sample: id.into_iter().collect(),
        refuses: true,
        replay: None,
    });
    DeployError::Refused(Box::new(plan))
}
