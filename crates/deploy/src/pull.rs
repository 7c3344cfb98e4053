//! A tenant's metadata as files.

use metadata::SourceFile;
use store::Tenant;

use crate::error::DeployError;
use crate::published;

/// All packages of the tenant, the platform's own excepted, as a folder of packages. Equal catalogs give equal bytes.
pub async fn pull(tenant: &Tenant) -> Result<Vec<SourceFile>, DeployError> {
    let mut files = published::current(tenant).await?.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
