//! Brings an earlier version back, as a new one.

use store::Tenant;

use crate::apply::Applied;
use crate::error::DeployError;
use crate::options::ApplyOptions;

/// Applies the documents of that version. Fields dropped since come back with their values, unless they were purged.
pub async fn revert(tenant: &Tenant, version: i64, options: ApplyOptions) -> Result<Applied, DeployError> {
    let _ = (tenant, version, options);
    Err(DeployError::Document("not built yet".to_owned()))
}
