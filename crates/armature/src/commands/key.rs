//! `armature key`: API keys. A key is shown once; only its hash is kept.

use serde_json::json;
use sha2::{Digest, Sha256};
use store::{KeyRow, Store, Tenant};
use uuid::Uuid;

use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Creates a key with all rights in the tenant.
pub async fn create(tenant: &str, name: &str, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let store = super::open(settings).await?;
    let tenant = super::tenant(&store, tenant).await?;
    let key = insert(&store, &tenant, name).await?;
    if console.is_json() {
        console.data(&json!({ "apiKey": key }).to_string())?;
    } else {
        console.say("The key is shown only now:");
        console.data(&key)?;
    }
    Ok(0)
}

/// Makes a key, keeps its hash, returns its text.
pub async fn insert(store: &Store, tenant: &Tenant, name: &str) -> Result<String, Failure> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret).map_err(|e| Failure::Internal(format!("no randomness: {e}")))?;
    let key = format!("arm_{}", hex::encode(secret));
    let row = KeyRow {
        id: Uuid::new_v7(uuid::Timestamp::from_unix(
            uuid::NoContext,
            clock::now().timestamp().unsigned_abs(),
            0,
        )),
        tenant: tenant.name().clone(),
        prefix: key.chars().take(12).collect(),
        name: name.to_owned(),
        role: None,
        user: None,
        created: clock::now(),
        expires: None,
        last_used: None,
    };
    store.key_insert(&Sha256::digest(key.as_bytes()).into(), &row).await?;
    Ok(key)
}
