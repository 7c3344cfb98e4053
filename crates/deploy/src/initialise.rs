//! The first version of a tenant: the platform's own objects.

use chrono::{DateTime, Utc};
use store::Tenant;

use crate::apply::apply;
use crate::error::DeployError;
use crate::options::ApplyOptions;

/// Publishes the platform's objects as version 1 with their tables, unless something is published already. The version published.
pub async fn initialise(tenant: &Tenant, at: DateTime<Utc>) -> Result<i64, DeployError> {
    let published = tenant.published_version().await?;
    if published > 0 {
        return Ok(published);
    }
    match apply(tenant, &[], ApplyOptions::new("platform", at)).await {
        Ok(applied) => Ok(applied.version),
        Err(DeployError::Conflict { published }) => Ok(published),
        Err(error) => Err(error),
    }
}
