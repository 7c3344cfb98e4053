//! Small changes on a live system: they become documents of the tenant's own package `local`.

use serde_json::Value;
use store::Tenant;

use crate::apply::Applied;
use crate::error::DeployError;
use crate::options::ApplyOptions;

/// Applies documents (`{kind-shaped JSON}` as in files: objects, extensions, choices) as part of the package `local`: a document replaces the one of
/// its name, the others stay.
pub async fn apply_documents(
    tenant: &Tenant,
    documents: Vec<Value>,
    options: ApplyOptions,
) -> Result<Applied, DeployError> {
    let _ = (tenant, documents, options);
    Err(DeployError::Document("not built yet".to_owned()))
}

/// Creates an object from its document.
pub async fn create_object(
    tenant: &Tenant,
    document: Value,
    options: ApplyOptions,
) -> Result<Applied, DeployError> {
    apply_documents(tenant, vec![document], options).await
}

/// Adds a field to an object of any package, as an extension of the package `local`.
pub async fn add_field(
    tenant: &Tenant,
    object: &str,
    field: &str,
    schema: Value,
    options: ApplyOptions,
) -> Result<Applied, DeployError> {
    let _ = (tenant, object, field, schema, options);
    Err(DeployError::Document("not built yet".to_owned()))
}
