//! A tenant's metadata as files.

use metadata::SourceFile;
use store::Tenant;

use crate::error::DeployError;

/// All packages of the tenant, the platform's own excepted, as a folder of packages. Equal catalogs give equal bytes.
pub async fn pull(tenant: &Tenant) -> Result<Vec<SourceFile>, DeployError> {
    let _ = tenant;
    Err(DeployError::Document("not built yet".to_owned()))
}
