//! The store: its control directory of tenants and keys.

use sql::Dialect;
use uuid::Uuid;

use crate::{Cause, KeyRow, Options, StoreError, Tenant, TenantName};

/// A database with its tenants. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

fn unbuilt() -> StoreError {
    StoreError::Unavailable(Cause::text("not built yet"))
}

/// Tells that something was published or that keys changed; see [`Store::changes`].
pub struct Changes {}

impl Changes {
    /// Waits for the next change of any catalog or key. May tell of a change that was none; never stays silent for longer than a second
    /// after one.
    pub async fn next(&mut self) {
        std::future::pending().await
    }
}

impl Store {
    /// Opens `sqlite:FOLDER` or `postgres://…`; creates the folder, the control tables and what migrations are missing.
    pub async fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let _ = (url, options);
        Err(unbuilt())
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Err(unbuilt())
    }

    /// Makes a tenant with its platform tables, or leaves nothing behind. [`StoreError::TenantExists`] when the name is taken.
    pub async fn tenant_create(&self, name: &TenantName) -> Result<Tenant, StoreError> {
        let _ = name;
        Err(unbuilt())
    }

    /// Removes a tenant with all that it owns.
    pub async fn tenant_drop(&self, name: &TenantName) -> Result<(), StoreError> {
        let _ = name;
        Err(unbuilt())
    }

    /// All tenants by name.
    pub async fn tenants(&self) -> Result<Vec<TenantName>, StoreError> {
        Err(unbuilt())
    }

    /// A tenant; migrations of its platform tables that are missing are run. [`StoreError::NoTenant`] when there is none.
    pub async fn tenant(&self, name: &TenantName) -> Result<Tenant, StoreError> {
        let _ = name;
        Err(unbuilt())
    }

    /// Stores a key by the hash of its secret.
    pub async fn key_insert(&self, hash: &[u8; 32], key: &KeyRow) -> Result<(), StoreError> {
        let _ = (hash, key);
        Err(unbuilt())
    }

    /// The key with this hash, expired ones included. Not cached: callers cache and drop on [`Store::changes`].
    pub async fn key_find(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>, StoreError> {
        let _ = hash;
        Err(unbuilt())
    }

    /// The keys of a tenant, oldest first.
    pub async fn keys(&self, tenant: &TenantName) -> Result<Vec<KeyRow>, StoreError> {
        let _ = tenant;
        Err(unbuilt())
    }

    /// Removes a key; false when the tenant has none of this id.
    pub async fn key_delete(&self, tenant: &TenantName, id: Uuid) -> Result<bool, StoreError> {
        let _ = (tenant, id);
        Err(unbuilt())
    }

    /// Notes that a key was used.
    pub async fn key_used(&self, id: Uuid, at: chrono::DateTime<chrono::Utc>) -> Result<(), StoreError> {
        let _ = (id, at);
        Err(unbuilt())
    }

    /// A listener for changes of catalogs and keys, made by this or any other process.
    pub fn changes(&self) -> Changes {
        Changes {}
    }

    /// Closes all connections, after the running statements.
    pub async fn close(&self) {}
}
