//! The store: its control directory of tenants and keys.

use std::sync::Arc;

use sql::Dialect;
use uuid::Uuid;

use crate::changes::{Changes, Watch};
use crate::postgres::Postgres;
use crate::queue::Board;
use crate::sqlite::Sqlite;
use crate::{KeyRow, Options, StoreError, Tenant, TenantName};

/// A database with its tenants. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) backend: Backend,
    pub(crate) options: Options,
    pub(crate) watch: Watch,
    pub(crate) board: Board,
}

pub(crate) enum Backend {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Store {
    /// Opens `sqlite:FOLDER` or `postgres://…`; creates the folder, the control tables and what migrations are missing.
    pub async fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let backend = if let Some(folder) = url.strip_prefix("sqlite:") {
            Backend::Sqlite(Sqlite::open(folder.strip_prefix("//").unwrap_or(folder), &options).await?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Backend::Postgres(Postgres::open(url, &options).await?)
        } else {
            return Err(StoreError::BadUrl(
                url.split(':').next().unwrap_or_default().chars().take(20).collect(),
            ));
        };
        Ok(Self {
            inner: Arc::new(Inner { backend, options, watch: Watch::default(), board: Board::default() }),
        })
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match &self.inner.backend {
            Backend::Postgres(_) => Dialect::Postgres,
            Backend::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.ping().await,
            Backend::Sqlite(sqlite) => sqlite.ping().await,
        }
    }

    /// Makes a tenant with its platform tables, or leaves nothing behind. [`StoreError::TenantExists`] when the name is taken.
    pub async fn tenant_create(&self, name: &TenantName) -> Result<Tenant, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.tenant_create(name).await?,
            Backend::Sqlite(sqlite) => sqlite.tenant_create(name).await?,
        }
        Ok(Tenant::new(self, name))
    }

    /// Removes a tenant with all that it owns.
    pub async fn tenant_drop(&self, name: &TenantName) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.tenant_drop(name).await?,
            Backend::Sqlite(sqlite) => sqlite.tenant_drop(name).await?,
        }
        self.inner.watch.changed();
        Ok(())
    }

    /// All tenants by name.
    pub async fn tenants(&self) -> Result<Vec<TenantName>, StoreError> {
        let names = match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.tenants().await?,
            Backend::Sqlite(sqlite) => sqlite.tenants().await?,
        };
        names
            .iter()
            .map(|name| TenantName::new(name).map_err(|bad| StoreError::Other(crate::Cause::new(bad))))
            .collect()
    }

    /// A tenant; migrations of its platform tables that are missing are run. [`StoreError::NoTenant`] when there is none.
    pub async fn tenant(&self, name: &TenantName) -> Result<Tenant, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.tenant_open(name).await?,
            Backend::Sqlite(sqlite) => sqlite.tenant_open(name).await?,
        }
        Ok(Tenant::new(self, name))
    }

    /// Stores a key by the hash of its secret.
    pub async fn key_insert(&self, hash: &[u8; 32], key: &KeyRow) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.key_insert(hash, key).await?,
            Backend::Sqlite(sqlite) => sqlite.key_insert(hash, key).await?,
        }
        self.inner.watch.changed();
        Ok(())
    }

    /// The key with this hash, expired ones included. Not cached: callers cache and drop on [`Store::changes`].
    pub async fn key_find(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.key_find(hash).await,
            Backend::Sqlite(sqlite) => sqlite.key_find(hash).await,
        }
    }

    /// The keys of a tenant, oldest first.
    pub async fn keys(&self, tenant: &TenantName) -> Result<Vec<KeyRow>, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.keys(tenant).await,
            Backend::Sqlite(sqlite) => sqlite.keys(tenant).await,
        }
    }

    /// Removes a key; false when the tenant has none of this id.
    pub async fn key_delete(&self, tenant: &TenantName, id: Uuid) -> Result<bool, StoreError> {
        let done = match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.key_delete(tenant, id).await?,
            Backend::Sqlite(sqlite) => sqlite.key_delete(tenant, id).await?,
        };
        self.inner.watch.changed();
        Ok(done)
    }

    /// Gives the keys of a tenant that act with a role its new name.
    pub async fn keys_rename_role(
        &self,
        tenant: &TenantName,
        old: &str,
        new: &str,
    ) -> Result<(), StoreError> {
        let moved = match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.keys_rename_role(tenant, old, new).await?,
            Backend::Sqlite(sqlite) => sqlite.keys_rename_role(tenant, old, new).await?,
        };
        if moved {
            self.inner.watch.changed();
        }
        Ok(())
    }

    /// Notes that a key was used; written at most once a minute for each.
    pub async fn key_used(&self, id: Uuid, at: chrono::DateTime<chrono::Utc>) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.key_used(id, at).await,
            Backend::Sqlite(sqlite) => sqlite.key_used(id, at).await,
        }
    }

    /// A listener for changes of catalogs and keys, made by this or any other process. Must be called within a tokio runtime, in which the
    /// first call starts one task that ends with the store.
    pub fn changes(&self) -> Changes {
        self.inner.watch.listen(&self.inner)
    }

    /// Closes all connections, after the running statements.
    pub async fn close(&self) {
        self.inner.watch.stop();
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.close().await,
            Backend::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}
