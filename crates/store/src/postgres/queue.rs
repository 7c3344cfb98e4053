//! Tenants with work due, on PostgreSQL.

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::Postgres;
use crate::{Due, StoreError, TenantName};

/// Where processes tell each other of work.
pub(super) const WORK: &str = "armature_work";

/// A tenant and a time, as they are told.
pub(crate) fn told(payload: &str) -> Option<(TenantName, DateTime<Utc>)> {
    let (tenant, due) = payload.split_once(' ')?;
    Some((TenantName::new(tenant).ok()?, due.parse().ok()?))
}

impl Postgres {
    pub(crate) async fn work_note(&self, notes: &[(TenantName, DateTime<Utc>)]) -> Result<(), StoreError> {
        let tenants: Vec<&str> = notes.iter().map(|(tenant, _)| tenant.as_str()).collect();
        let dues: Vec<DateTime<Utc>> = notes.iter().map(|(_, due)| *due).collect();
        // In the order of their names, so that two that note the same tenants do not wait for each other in a circle.
        sqlx::query(
            "WITH noted AS (INSERT INTO armature.work_due AS known (tenant, due, noted) \
             SELECT n.tenant, n.due, 1 FROM unnest($1::text[], $2::timestamptz[]) AS n (tenant, due) \
             WHERE EXISTS (SELECT 1 FROM armature.tenant t WHERE t.name = n.tenant) ORDER BY n.tenant \
             ON CONFLICT (tenant) DO UPDATE SET due = least(known.due, excluded.due), noted = known.noted + 1 \
             RETURNING tenant) \
             SELECT pg_notify($3, n.tenant || ' ' || to_char(n.due AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')) \
             FROM unnest($1::text[], $2::timestamptz[]) AS n (tenant, due)",
        )
        .bind(tenants)
        .bind(dues)
        .bind(WORK)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    pub(crate) async fn work_due(&self, now: DateTime<Utc>, most: i64) -> Result<Vec<Due>, StoreError> {
        let rows = sqlx::query(
            "SELECT tenant, due, noted FROM armature.work_due WHERE due <= $1 ORDER BY due, tenant LIMIT $2",
        )
        .bind(now)
        .bind(most)
        .fetch_all(self.pool())
        .await?;
        let one = |row: &sqlx::postgres::PgRow| {
            let tenant: String = row.try_get("tenant")?;
            let tenant = TenantName::new(&tenant).map_err(|bad| StoreError::Other(crate::Cause::new(bad)))?;
            Ok(Due { tenant, due: row.try_get("due")?, noted: row.try_get("noted")? })
        };
        rows.iter().map(one).collect()
    }

    pub(crate) async fn work_settle(
        &self,
        seen: &Due,
        next: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let query = match next {
            Some(_) => "UPDATE armature.work_due SET due = $3 WHERE tenant = $1 AND noted = $2",
            None => "DELETE FROM armature.work_due WHERE tenant = $1 AND noted = $2",
        };
        let query = sqlx::query(query).bind(seen.tenant.as_str()).bind(seen.noted);
        match next {
            Some(next) => query.bind(next).execute(self.pool()).await?,
            None => query.execute(self.pool()).await?,
        };
        Ok(())
    }
}
