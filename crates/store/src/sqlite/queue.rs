//! Tenants with work due, in the control file.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::control::{instant, read_instant};
use crate::{Due, StoreError, TenantName};

impl Sqlite {
    pub(crate) async fn work_note(&self, notes: &[(TenantName, DateTime<Utc>)]) -> Result<(), StoreError> {
        for (tenant, due) in notes {
            let mut control = self.control.writer.connection().await?;
            let outcome = sqlx::query(
                "INSERT INTO work_due (tenant, due, noted) SELECT ?1, ?2, 1 WHERE EXISTS (SELECT 1 FROM tenant WHERE name = ?1) \
                 ON CONFLICT (tenant) DO UPDATE SET due = min(due, excluded.due), noted = noted + 1",
            )
            .bind(tenant.as_str())
            .bind(instant(due))
            .execute(control.start())
            .await;
            control.finish(outcome)?;
        }
        Ok(())
    }

    pub(crate) async fn work_due(&self, now: DateTime<Utc>, most: i64) -> Result<Vec<Due>, StoreError> {
        let mut control = self.control.readers.connection().await?;
        let outcome = sqlx::query(
            "SELECT tenant, due, noted FROM work_due WHERE due <= ?1 ORDER BY due, tenant LIMIT ?2",
        )
        .bind(instant(&now))
        .bind(most)
        .fetch_all(control.start())
        .await;
        let one = |row: &SqliteRow| {
            let tenant: String = row.try_get("tenant")?;
            let tenant = TenantName::new(&tenant).map_err(|bad| StoreError::Other(crate::Cause::new(bad)))?;
            let due = read_instant(row, "due")?.unwrap_or_default();
            Ok(Due { tenant, due, noted: row.try_get("noted")? })
        };
        control.finish(outcome)?.iter().map(one).collect()
    }

    pub(crate) async fn work_settle(
        &self,
        seen: &Due,
        next: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let query = match next {
            Some(_) => "UPDATE work_due SET due = ?3 WHERE tenant = ?1 AND noted = ?2",
            None => "DELETE FROM work_due WHERE tenant = ?1 AND noted = ?2",
        };
        let query = sqlx::query(query).bind(seen.tenant.as_str()).bind(seen.noted);
        let query = match &next {
            Some(next) => query.bind(instant(next)),
            None => query,
        };
        let mut control = self.control.writer.connection().await?;
        let outcome = query.execute(control.start()).await;
        control.finish(outcome).map(|_| ())
    }
}
