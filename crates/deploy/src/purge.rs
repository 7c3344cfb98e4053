//! Gives back the room of what was dropped. The only place where data is destroyed.

use serde::Serialize;
use store::Tenant;

use crate::error::DeployError;
use crate::options::ApplyOptions;

/// What went away for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Tables dropped.
    pub tables: Vec<String>,
    /// Columns dropped, as `table.column`.
    pub columns: Vec<String>,
    /// The version published.
    pub version: i64,
}

/// Drops the tables and columns of dropped objects and fields.
pub async fn purge(tenant: &Tenant, options: ApplyOptions) -> Result<Purged, DeployError> {
    let _ = (tenant, options);
    Err(DeployError::Document("not built yet".to_owned()))
}
