//! The directory on PostgreSQL: schema `armature`.

use sqlx::Row as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgListener, PgRow};
use uuid::Uuid;

use super::Postgres;
use super::queue::WORK;
use crate::text::vouched;
use crate::{KeyRow, StoreError, TenantName};

static CONTROL: Migrator = sqlx::migrate!("../../migrations/control/postgres");
static TENANT: Migrator = sqlx::migrate!("../../migrations/tenant/postgres");

/// Taken while the directory or a tenant's structure is made: "armature" as a number.
pub(super) const DIRECTORY_LOCK: i64 = 0x6172_6d61_7475_7265;
/// Where processes tell each other of publications and keys.
pub(crate) const CHANNEL: &str = "armature_changes";

fn unlocked(migrator: &'static Migrator, table: &'static str) -> Migrator {
    let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
    // Our own lock is held; the driver's is per database, and would keep all tenants waiting.
    migrator.set_locking(false).dangerous_set_table_name(table);
    migrator
}

impl Postgres {
    /// Makes what is missing of the control tables.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(DIRECTORY_LOCK)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("CREATE SCHEMA IF NOT EXISTS armature").execute(&mut *transaction).await?;
        unlocked(&CONTROL, "armature._migrations").run_direct(None, &mut *transaction, false).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn migrate_tenant(
        connection: &mut sqlx::PgConnection,
        name: &TenantName,
    ) -> Result<(), StoreError> {
        sqlx::query(vouched(format!("SET LOCAL search_path = \"{}\"", name.schema())))
            .execute(&mut *connection)
            .await?;
        unlocked(&TENANT, "_migrations").run_direct(None, &mut *connection, false).await?;
        Ok(())
    }

    pub(crate) async fn tenant_create(&self, name: &TenantName) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(DIRECTORY_LOCK)
            .execute(&mut *transaction)
            .await?;
        // The schema decides: `a-b` and `a_b` share one.
        let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
            .bind(name.schema())
            .fetch_one(&mut *transaction)
            .await?;
        if taken {
            return Err(StoreError::TenantExists(name.to_string()));
        }
        sqlx::query("INSERT INTO armature.tenant (name) VALUES ($1)")
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(vouched(format!("CREATE SCHEMA \"{}\"", name.schema())))
            .execute(&mut *transaction)
            .await?;
        Self::migrate_tenant(&mut transaction, name).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Checks that the tenant is there and brings its platform tables up to date.
    pub(crate) async fn tenant_open(&self, name: &TenantName) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM armature.tenant WHERE name = $1)")
            .bind(name.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if !there {
            return Err(StoreError::NoTenant(name.to_string()));
        }
        let applied: Vec<i64> = sqlx::query_scalar(vouched(format!(
            "SELECT version FROM \"{}\"._migrations ORDER BY version",
            name.schema()
        )))
        .fetch_all(&mut *transaction)
        .await?;
        if applied != TENANT.iter().map(|migration| migration.version).collect::<Vec<_>>() {
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(DIRECTORY_LOCK)
                .execute(&mut *transaction)
                .await?;
            Self::migrate_tenant(&mut transaction, name).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn tenant_drop(&self, name: &TenantName) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(DIRECTORY_LOCK)
            .execute(&mut *transaction)
            .await?;
        let gone = sqlx::query("DELETE FROM armature.tenant WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await?;
        if gone.rows_affected() == 0 {
            return Err(StoreError::NoTenant(name.to_string()));
        }
        sqlx::query(vouched(format!("DROP SCHEMA \"{}\" CASCADE", name.schema())))
            .execute(&mut *transaction)
            .await?;
        // Behind a publication that was under way.
        sqlx::query("DELETE FROM armature.published WHERE schema = $1")
            .bind(name.schema())
            .execute(&mut *transaction)
            .await?;
        Self::notify(&mut transaction, name.as_str()).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT name FROM armature.tenant ORDER BY name").fetch_all(&self.pool).await?)
    }

    pub(crate) async fn key_insert(&self, hash: &[u8; 32], key: &KeyRow) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO armature.api_key (hash, id, tenant, prefix, name, role, user_id, created, expires, last_used) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(hash.as_slice())
        .bind(key.id)
        .bind(key.tenant.as_str())
        .bind(&key.prefix)
        .bind(&key.name)
        .bind(&key.role)
        .bind(key.user)
        .bind(key.created)
        .bind(key.expires)
        .bind(key.last_used)
        .execute(&mut *transaction)
        .await?;
        Self::notify(&mut transaction, key.tenant.as_str()).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn key_find(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM armature.api_key WHERE hash = $1")
            .bind(hash.as_slice())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(key).transpose()
    }

    pub(crate) async fn keys(&self, tenant: &TenantName) -> Result<Vec<KeyRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM armature.api_key WHERE tenant = $1 ORDER BY created, id")
            .bind(tenant.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(key).collect()
    }

    pub(crate) async fn key_delete(&self, tenant: &TenantName, id: Uuid) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let done = sqlx::query("DELETE FROM armature.api_key WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        Self::notify(&mut transaction, tenant.as_str()).await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn keys_rename_role(
        &self,
        tenant: &TenantName,
        old: &str,
        new: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let done = sqlx::query("UPDATE armature.api_key SET role = $3 WHERE tenant = $1 AND role = $2")
            .bind(tenant.as_str())
            .bind(old)
            .bind(new)
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() > 0 {
            Self::notify(&mut transaction, tenant.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn key_used(
        &self,
        id: Uuid,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE armature.api_key SET last_used = $2 WHERE id = $1 AND coalesce(last_used, '-infinity') < $2 - interval '1 minute'")
            .bind(id)
            .bind(at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(super) async fn notify(connection: &mut sqlx::PgConnection, payload: &str) -> Result<(), StoreError> {
        sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(connection).await?;
        Ok(())
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// A listener for changes and work that any process announces.
    pub(crate) async fn listener(&self) -> Result<PgListener, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen_all([CHANNEL, WORK]).await?;
        Ok(listener)
    }
}

impl super::Connection {
    /// Announces a change when the transaction commits.
    pub(crate) async fn announce(&mut self, tenant: &TenantName) -> Result<(), StoreError> {
        let outcome = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(tenant.as_str())
            .execute(self.start())
            .await;
        self.finish(outcome).await.map(|_| ())
    }

    /// Shares the tenant's catalog until the end of the transaction; the version published.
    pub(crate) async fn hold_version(&mut self, tenant: &TenantName) -> Result<i64, StoreError> {
        let (key, schema) = (lock_key(tenant), tenant.schema());
        let outcome = sqlx::query_scalar("SELECT armature.hold_version($1, $2)")
            .bind(key)
            .bind(schema)
            .fetch_one(self.start())
            .await;
        self.finish(outcome).await
    }

    /// Keeps all others off the tenant's catalog until the end of the transaction.
    pub(crate) async fn lock_catalog(&mut self, tenant: &TenantName) -> Result<i64, StoreError> {
        let key = lock_key(tenant);
        let outcome = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(self.start()).await;
        self.finish(outcome).await.map(|_| ())?;
        // Those that are serializable cannot wait for the advisory lock.
        self.command(format!("LOCK TABLE \"{}\".metadata_version IN EXCLUSIVE MODE", tenant.schema()))
            .await?;
        self.hold_version(tenant).await
    }
}

/// The advisory lock of a tenant's catalog (FNV-1a). Two tenants that share one wait for each other, no more.
pub(crate) fn lock_key(tenant: &TenantName) -> i64 {
    let hash = tenant.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

fn key(row: &PgRow) -> Result<KeyRow, StoreError> {
    let tenant: String = row.try_get("tenant")?;
    Ok(KeyRow {
        id: row.try_get("id")?,
        tenant: TenantName::new(&tenant).map_err(|bad| StoreError::Other(crate::Cause::new(bad)))?,
        prefix: row.try_get("prefix")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        user: row.try_get("user_id")?,
        created: row.try_get("created")?,
        expires: row.try_get("expires")?,
        last_used: row.try_get("last_used")?,
    })
}
