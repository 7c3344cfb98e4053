//! Sessions of people who logged in, as the control database keeps them. Only hashes of their secrets are stored.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::name::TenantName;
use crate::store::{Backend, Store};
use crate::{StoreError, Tenant};

/// A stored session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: Uuid,
    /// The tenant that it opens.
    pub tenant: TenantName,
    /// Whose it is.
    pub user: Uuid,
    /// When it began.
    pub created: DateTime<Utc>,
    /// When it ends, however busy it is.
    pub expires: DateTime<Utc>,
    /// When it was last seen, to the minute.
    pub last_used: DateTime<Utc>,
}

impl Store {
    /// Stores a session by the hash of its secret.
    pub async fn session_insert(&self, hash: &[u8; 32], session: &SessionRow) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.session_insert(hash, session).await,
            Backend::Sqlite(sqlite) => sqlite.session_insert(hash, session).await,
        }
    }

    /// The session with this hash, ended ones included. Not cached: callers cache and drop on [`Store::changes`].
    pub async fn session_find(&self, hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.session_find(hash).await,
            Backend::Sqlite(sqlite) => sqlite.session_find(hash).await,
        }
    }

    /// The sessions of a user, oldest first.
    pub async fn sessions(&self, tenant: &TenantName, user: Uuid) -> Result<Vec<SessionRow>, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.sessions(tenant, user).await,
            Backend::Sqlite(sqlite) => sqlite.sessions(tenant, user).await,
        }
    }

    /// Ends the sessions of a user, or one of them; how many there were.
    pub async fn sessions_end(
        &self,
        tenant: &TenantName,
        user: Uuid,
        only: Option<Uuid>,
    ) -> Result<u64, StoreError> {
        let ended = match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.sessions_end(tenant, user, only).await?,
            Backend::Sqlite(sqlite) => sqlite.sessions_end(tenant, user, only).await?,
        };
        self.inner.watch.changed();
        Ok(ended)
    }

    /// Notes that a session was used; written at most once a minute for each.
    pub async fn session_used(&self, id: Uuid, at: DateTime<Utc>) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.session_used(id, at).await,
            Backend::Sqlite(sqlite) => sqlite.session_used(id, at).await,
        }
    }

    /// Takes the one right to set this installation up: true once, while there is no tenant, and never again.
    pub async fn claim_setup(&self) -> Result<bool, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.claim_setup().await,
            Backend::Sqlite(sqlite) => sqlite.claim_setup().await,
        }
    }

    /// Gives the right to set up back, where setting up failed before there was a tenant.
    pub async fn release_setup(&self) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.release_setup().await,
            Backend::Sqlite(sqlite) => sqlite.release_setup().await,
        }
    }
}

impl Tenant {
    /// Tells all processes that something about who may do what has changed here.
    pub async fn tell(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.tell();
        transaction.commit().await
    }
}
