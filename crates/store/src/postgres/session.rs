//! Sessions and the right to set up, on PostgreSQL.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::Postgres;
use super::control::DIRECTORY_LOCK;
use crate::{SessionRow, StoreError, TenantName};

impl Postgres {
    pub(crate) async fn session_insert(
        &self,
        hash: &[u8; 32],
        session: &SessionRow,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO armature.session (hash, id, tenant, user_id, created, expires, last_used) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(hash.as_slice())
        .bind(session.id)
        .bind(session.tenant.as_str())
        .bind(session.user)
        .bind(session.created)
        .bind(session.expires)
        .bind(session.last_used)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub(crate) async fn session_find(&self, hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM armature.session WHERE hash = $1")
            .bind(hash.as_slice())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(session).transpose()
    }

    pub(crate) async fn sessions(
        &self,
        tenant: &TenantName,
        user: Uuid,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM armature.session WHERE tenant = $1 AND user_id = $2 ORDER BY created, id",
        )
        .bind(tenant.as_str())
        .bind(user)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(session).collect()
    }

    pub(crate) async fn sessions_end(
        &self,
        tenant: &TenantName,
        user: Uuid,
        only: Option<Uuid>,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query(
            "DELETE FROM armature.session WHERE tenant = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id = $3)",
        )
        .bind(tenant.as_str())
        .bind(user)
        .bind(only)
        .execute(&mut *transaction)
        .await?;
        Self::notify(&mut transaction, tenant.as_str()).await?;
        transaction.commit().await?;
        Ok(ended.rows_affected())
    }

    pub(crate) async fn session_used(&self, id: Uuid, at: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query("UPDATE armature.session SET last_used = $2 WHERE id = $1 AND last_used < $2 - interval '1 minute'")
            .bind(id)
            .bind(at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(crate) async fn claim_setup(&self) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(DIRECTORY_LOCK)
            .execute(&mut *transaction)
            .await?;
        let done = sqlx::query(
            "INSERT INTO armature.setup (done, at) SELECT true, now() \
             WHERE NOT EXISTS (SELECT 1 FROM armature.tenant) ON CONFLICT DO NOTHING",
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn release_setup(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM armature.setup").execute(&self.pool).await?;
        Ok(())
    }
}

fn session(row: &PgRow) -> Result<SessionRow, StoreError> {
    let tenant: String = row.try_get("tenant")?;
    Ok(SessionRow {
        id: row.try_get("id")?,
        tenant: TenantName::new(&tenant).map_err(|bad| StoreError::Other(crate::Cause::new(bad)))?,
        user: row.try_get("user_id")?,
        created: row.try_get("created")?,
        expires: row.try_get("expires")?,
        last_used: row.try_get("last_used")?,
    })
}
