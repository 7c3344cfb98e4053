//! The table of tenants with work due, which all processes on the database share.

use chrono::{DateTime, Utc};

use crate::store::Backend;
use crate::{Store, StoreError, TenantName};

/// A tenant with work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub tenant: TenantName,
    /// When.
    pub due: DateTime<Utc>,
    /// How often it was noted; who strikes it out says that number.
    pub noted: i64,
}

impl Store {
    /// Notes tenants with work, the earliest time of each, and tells other processes.
    pub async fn work_note(&self, notes: &[(TenantName, DateTime<Utc>)]) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.work_note(notes).await,
            Backend::Sqlite(sqlite) => sqlite.work_note(notes).await,
        }
    }

    /// Tenants whose work is due, those that wait longest first.
    pub async fn work_due(&self, now: DateTime<Utc>, most: i64) -> Result<Vec<Due>, StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.work_due(now, most).await,
            Backend::Sqlite(sqlite) => sqlite.work_due(now, most).await,
        }
    }

    /// Says when a tenant's next work is due, or that there is none, unless it was noted again meanwhile.
    pub async fn work_settle(&self, seen: &Due, next: Option<DateTime<Utc>>) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => postgres.work_settle(seen, next).await,
            Backend::Sqlite(sqlite) => sqlite.work_settle(seen, next).await,
        }
    }
}
