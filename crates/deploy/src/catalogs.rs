//! The catalogs that this process serves, at most a second behind what is published.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use metadata::Catalog;
use store::Tenant;

use crate::error::DeployError;

/// Published catalogs by tenant. One a process; share it by `Arc`.
pub struct Catalogs {
    now: fn() -> DateTime<Utc>,
}

impl Catalogs {
    /// An empty cache. `now` is what the history says when a fresh tenant gets its platform objects.
    pub fn new(now: fn() -> DateTime<Utc>) -> Self {
        Self { now }
    }

    /// The published catalog, at most a second old. A tenant that has none yet gets the platform's objects as version 1.
    pub async fn get(&self, tenant: &Tenant) -> Result<Arc<Catalog>, DeployError> {
        let _ = (tenant, self.now);
        Err(DeployError::Document("not built yet".to_owned()))
    }

    /// The published catalog as it is now: after an apply of one's own, or when a write was refused as stale.
    pub async fn reload(&self, tenant: &Tenant) -> Result<Arc<Catalog>, DeployError> {
        self.get(tenant).await
    }
}
