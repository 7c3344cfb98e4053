//! Makes a plan so.

use metadata::SourceFile;
use serde::Serialize;
use store::Tenant;

use crate::error::DeployError;
use crate::options::ApplyOptions;
use crate::plan::Plan;

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
    let _ = (tenant, files, options);
    Err(DeployError::Document("not built yet".to_owned()))
}
