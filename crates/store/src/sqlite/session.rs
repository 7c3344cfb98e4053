//! Sessions and the right to set up, in the control file.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::Sqlite;
use super::control::{instant, read_id, read_instant};
use crate::{SessionRow, StoreError, TenantName};

impl Sqlite {
    pub(crate) async fn session_insert(
        &self,
        hash: &[u8; 32],
        session: &SessionRow,
    ) -> Result<(), StoreError> {
        let mut control = self.control.writer.connection().await?;
        let outcome = sqlx::query(
            "INSERT INTO session (hash, id, tenant, user_id, created, expires, last_used) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(hash.as_slice())
        .bind(session.id.to_string())
        .bind(session.tenant.as_str())
        .bind(session.user.to_string())
        .bind(instant(&session.created))
        .bind(instant(&session.expires))
        .bind(instant(&session.last_used))
        .execute(control.start())
        .await;
        control.finish(outcome).map(|_| ())
    }

    pub(crate) async fn session_find(&self, hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let mut control = self.control.readers.connection().await?;
        let outcome = sqlx::query("SELECT * FROM session WHERE hash = ?1")
            .bind(hash.as_slice())
            .fetch_optional(control.start())
            .await;
        control.finish(outcome)?.as_ref().map(session).transpose()
    }

    pub(crate) async fn sessions(
        &self,
        tenant: &TenantName,
        user: Uuid,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let mut control = self.control.readers.connection().await?;
        let outcome =
            sqlx::query("SELECT * FROM session WHERE tenant = ?1 AND user_id = ?2 ORDER BY created, id")
                .bind(tenant.as_str())
                .bind(user.to_string())
                .fetch_all(control.start())
                .await;
        control.finish(outcome)?.iter().map(session).collect()
    }

    pub(crate) async fn sessions_end(
        &self,
        tenant: &TenantName,
        user: Uuid,
        only: Option<Uuid>,
    ) -> Result<u64, StoreError> {
        let mut control = self.control.writer.connection().await?;
        let outcome =
            sqlx::query("DELETE FROM session WHERE tenant = ?1 AND user_id = ?2 AND (?3 IS NULL OR id = ?3)")
                .bind(tenant.as_str())
                .bind(user.to_string())
                .bind(only.map(|id| id.to_string()))
                .execute(control.start())
                .await;
        Ok(control.finish(outcome)?.rows_affected())
    }

    pub(crate) async fn session_used(&self, id: Uuid, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut control = self.control.writer.connection().await?;
        let outcome = sqlx::query("UPDATE session SET last_used = ?2 WHERE id = ?1 AND last_used < ?3")
            .bind(id.to_string())
            .bind(instant(&at))
            .bind(instant(&(at - chrono::Duration::minutes(1))))
            .execute(control.start())
            .await;
        control.finish(outcome).map(|_| ())
    }

    pub(crate) async fn claim_setup(&self) -> Result<bool, StoreError> {
        let mut control = self.control.writer.connection().await?;
        let outcome = sqlx::query(
            "INSERT INTO setup (done, at) SELECT 1, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') \
             WHERE NOT EXISTS (SELECT 1 FROM tenant) ON CONFLICT DO NOTHING",
        )
        .execute(control.start())
        .await;
        Ok(control.finish(outcome)?.rows_affected() > 0)
    }

    pub(crate) async fn release_setup(&self) -> Result<(), StoreError> {
        let mut control = self.control.writer.connection().await?;
        let outcome = sqlx::query("DELETE FROM setup").execute(control.start()).await;
        control.finish(outcome).map(|_| ())
    }
}

fn session(row: &SqliteRow) -> Result<SessionRow, StoreError> {
    let tenant: String = row.try_get("tenant")?;
    Ok(SessionRow {
        id: read_id(row, "id")?.unwrap_or_default(),
        tenant: TenantName::new(&tenant).map_err(|bad| StoreError::Other(crate::Cause::new(bad)))?,
        user: read_id(row, "user_id")?.unwrap_or_default(),
        created: read_instant(row, "created")?.unwrap_or_default(),
        expires: read_instant(row, "expires")?.unwrap_or_default(),
        last_used: read_instant(row, "last_used")?.unwrap_or_default(),
    })
}
