//! The versions of a tenant's metadata.

use serde::Serialize;
use store::Tenant;

use crate::error::DeployError;
use crate::plan::ChangeLine;

/// One published version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// Its number, from 1.
    pub version: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What changed from the version before it.
    pub changes: Vec<ChangeLine>,
}

/// All versions, the newest first.
pub async fn history(tenant: &Tenant) -> Result<Vec<HistoryEntry>, DeployError> {
    let _ = tenant;
    Err(DeployError::Document("not built yet".to_owned()))
}
