//! `armature tenant`: who has records here.

use serde_json::json;
use store::TenantName;

use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Creates a tenant with the platform's own objects.
pub async fn create(name: &str, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let name = TenantName::new(name).map_err(|e| Failure::Usage(e.to_string()))?;
    let store = super::open(settings).await?;
    let tenant = store.tenant_create(&name).await?;
    deploy::initialise(&tenant, clock::now()).await?;
    console.result(&json!({ "tenant": name.as_str() }), |console| {
        console.say(&format!("Tenant {} is there.", name.as_str()));
        console.say(&format!("Next: armature apply metadata/core --tenant {}", name.as_str()));
        console.say(&format!("      armature key create --tenant {}", name.as_str()));
    })?;
    Ok(0)
}

/// Lists the tenants.
pub async fn list(settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let tenants = super::open(settings).await?.tenants().await?;
    let names: Vec<_> = tenants.iter().map(TenantName::as_str).collect();
    if console.is_json() {
        console.data(&json!({ "tenants": names }).to_string())?;
        return Ok(0);
    }
    for name in names {
        console.data(name)?;
    }
    Ok(0)
}
