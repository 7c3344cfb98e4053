//! The directory on SQLite: the control file, and the making of tenants' files.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Row as _};
use uuid::Uuid;

use super::{Connection, Sqlite, unavailable};
use crate::{KeyRow, Options, StoreError, TenantName};

static CONTROL: Migrator = sqlx::migrate!("../../migrations/control/sqlite");
static TENANT: Migrator = sqlx::migrate!("../../migrations/tenant/sqlite");

/// Makes the control file and what is missing of its tables.
pub(super) async fn migrate_control(path: &Path, options: &Options) -> Result<(), StoreError> {
    migrate(&CONTROL, path, options).await
}

async fn migrate(migrator: &'static Migrator, path: &Path, options: &Options) -> Result<(), StoreError> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(options.lock_timeout)
        .disable_statement_logging()
        .connect()
        .await?;
    // Two programs may start at once: the one that comes later finds all done.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut migrations = Migrator::with_migrations(migrator.iter().cloned().collect());
    migrations.set_locking(false).dangerous_set_table_name("_migrations");
    migrations.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}

async fn remove(path: &Path) -> Result<(), StoreError> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match tokio::fs::remove_file(PathBuf::from(name)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unavailable(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

impl Sqlite {
    async fn control_write(&self) -> Result<Connection, StoreError> {
        let mut connection = self.control.writer.connection().await?;
        connection.begin("BEGIN IMMEDIATE").await?;
        Ok(connection)
    }

    /// The file is made aside and moved into place before the directory names it. A crash in between leaves a file without any published
    /// version, which the next attempt replaces.
    pub(crate) async fn tenant_create(&self, name: &TenantName) -> Result<(), StoreError> {
        let mut control = self.control_write().await?;
        let text = name.to_string();
        // `a-b` and `a_b` share a schema on PostgreSQL, so that here, too, only one of them may be there.
        let outcome = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM tenant WHERE replace(name, '-', '_') = replace(?1, '-', '_'))",
        )
        .bind(&text)
        .fetch_one(control.start())
        .await;
        let taken: bool = control.finish(outcome)?;
        let path = self.path(name);
        if taken || self.holds_work(&path).await? {
            control.end("ROLLBACK").await?;
            return Err(StoreError::TenantExists(text));
        }
        remove(&path).await?;
        let aside = self.folder.join("tenants").join(format!(".{text}.new"));
        remove(&aside).await?;
        migrate(&TENANT, &aside, &self.options).await?;
        tokio::fs::rename(&aside, &path).await.map_err(unavailable)?;
        let outcome = sqlx::query(
            "INSERT INTO tenant (name, created) VALUES (?1, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))",
        )
        .bind(&text)
        .execute(control.start())
        .await;
        control.finish(outcome)?;
        control.end("COMMIT").await
    }

    /// Whether a file that the directory does not know has a published catalog: then it is somebody's data, not what a crash left.
    async fn holds_work(&self, path: &Path) -> Result<bool, StoreError> {
        if !tokio::fs::try_exists(path).await.map_err(unavailable)? {
            return Ok(false);
        }
        let mut connection =
            SqliteConnectOptions::new().filename(path).disable_statement_logging().connect().await?;
        let tables: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'metadata_version'")
                .fetch_one(&mut connection)
                .await?;
        let versions: i64 = if tables == 0 {
            0
        } else {
            sqlx::query_scalar("SELECT count(*) FROM metadata_version").fetch_one(&mut connection).await?
        };
        connection.close().await?;
        Ok(versions > 0)
    }

    /// Checks that the tenant is there and brings its platform tables up to date.
    pub(crate) async fn tenant_open(&self, name: &TenantName) -> Result<(), StoreError> {
        let text = name.to_string();
        let mut control = self.control.readers.connection().await?;
        let outcome = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM tenant WHERE name = ?1)")
            .bind(&text)
            .fetch_one(control.start())
            .await;
        let there: bool = control.finish(outcome)?;
        if !there {
            return Err(StoreError::NoTenant(text));
        }
        if self.tenants.contains_key(name) {
            return Ok(());
        }
        let mut tenant = self.file(name).readers.connection().await?;
        let outcome = sqlx::query_scalar("SELECT version FROM _migrations ORDER BY version")
            .fetch_all(tenant.start())
            .await;
        let applied: Vec<i64> = tenant.finish(outcome)?;
        drop(tenant);
        if applied != TENANT.iter().map(|migration| migration.version).collect::<Vec<_>>() {
            self.tenants.invalidate(name);
            migrate(&TENANT, &self.path(name), &self.options).await?;
        }
        Ok(())
    }

    pub(crate) async fn tenant_drop(&self, name: &TenantName) -> Result<(), StoreError> {
        let text = name.to_string();
        let mut control = self.control_write().await?;
        let outcome =
            sqlx::query("DELETE FROM tenant WHERE name = ?1").bind(&text).execute(control.start()).await;
        let gone = control.finish(outcome)?;
        if gone.rows_affected() == 0 {
            return Err(StoreError::NoTenant(text));
        }
        let file = self.file(name);
        self.tenants.invalidate(name);
        file.close().await;
        remove(&self.path(name)).await?;
        control.end("COMMIT").await
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<String>, StoreError> {
        let mut control = self.control.readers.connection().await?;
        let outcome =
            sqlx::query_scalar("SELECT name FROM tenant ORDER BY name").fetch_all(control.start()).await;
        control.finish(outcome)
    }

    pub(crate) async fn key_insert(&self, hash: &[u8; 32], key: &KeyRow) -> Result<(), StoreError> {
        let mut control = self.control_write().await?;
        let outcome = sqlx::query(
                    "INSERT INTO api_key (hash, id, tenant, prefix, name, role, user_id, created, expires, last_used) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )
                .bind(hash.as_slice())
                .bind(key.id.to_string())
                .bind(key.tenant.as_str())
                .bind(&key.prefix)
                .bind(&key.name)
                .bind(&key.role)
                .bind(key.user.map(|user| user.to_string()))
                .bind(instant(&key.created))
                .bind(key.expires.as_ref().map(instant))
                .bind(key.last_used.as_ref().map(instant))
                .execute(control.start())
                .await;
        control.finish(outcome)?;
        control.end("COMMIT").await
    }

    pub(crate) async fn key_find(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>, StoreError> {
        let mut control = self.control.readers.connection().await?;
        let outcome = sqlx::query("SELECT * FROM api_key WHERE hash = ?1")
            .bind(hash.as_slice())
            .fetch_optional(control.start())
            .await;
        let row = control.finish(outcome)?;
        row.as_ref().map(key).transpose()
    }

    pub(crate) async fn keys(&self, tenant: &TenantName) -> Result<Vec<KeyRow>, StoreError> {
        let mut control = self.control.readers.connection().await?;
        let outcome = sqlx::query("SELECT * FROM api_key WHERE tenant = ?1 ORDER BY created, id")
            .bind(tenant.as_str())
            .fetch_all(control.start())
            .await;
        let rows = control.finish(outcome)?;
        rows.iter().map(key).collect()
    }

    pub(crate) async fn key_delete(&self, tenant: &TenantName, id: Uuid) -> Result<bool, StoreError> {
        let mut control = self.control_write().await?;
        let outcome = sqlx::query("DELETE FROM api_key WHERE tenant = ?1 AND id = ?2")
            .bind(tenant.as_str())
            .bind(id.to_string())
            .execute(control.start())
            .await;
        let done = control.finish(outcome)?;
        control.end("COMMIT").await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn keys_rename_role(
        &self,
        tenant: &TenantName,
        old: &str,
        new: &str,
    ) -> Result<bool, StoreError> {
        let mut control = self.control_write().await?;
        let outcome = sqlx::query("UPDATE api_key SET role = ?3 WHERE tenant = ?1 AND role = ?2")
            .bind(tenant.as_str())
            .bind(old)
            .bind(new)
            .execute(control.start())
            .await;
        let done = control.finish(outcome)?;
        control.end("COMMIT").await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn key_used(&self, id: Uuid, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut control = self.control.writer.connection().await?;
        let outcome =
            sqlx::query("UPDATE api_key SET last_used = ?2 WHERE id = ?1 AND coalesce(last_used, '') < ?3")
                .bind(id.to_string())
                .bind(instant(&at))
                .bind(instant(&(at - chrono::Duration::minutes(1))))
                .execute(control.start())
                .await;
        control.finish(outcome)?;
        Ok(())
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.tenants().await.map(|_| ())
    }

    /// Announces that a catalog was published: the control file changes, which other processes see.
    pub(crate) async fn announce(&self, tenant: &TenantName) -> Result<(), StoreError> {
        let mut control = self.control.writer.connection().await?;
        let outcome = sqlx::query("INSERT INTO change (tenant, count) VALUES (?1, 1) ON CONFLICT (tenant) DO UPDATE SET count = count + 1")
                    .bind(tenant.as_str())
                    .execute(control.start())
                    .await;
        control.finish(outcome)?;
        Ok(())
    }

    /// A connection whose `PRAGMA data_version` tells whether anybody else changed the control file.
    pub(crate) async fn watcher(&self) -> Result<sqlx::SqliteConnection, StoreError> {
        let path = self.folder.join("control.db");
        Ok(SqliteConnectOptions::new().filename(path).disable_statement_logging().connect().await?)
    }
}

/// An instant as the control file keeps it.
pub(super) fn instant(instant: &DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// An instant that is kept, or none.
pub(super) fn read_instant(row: &SqliteRow, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    let parse = |text: String| {
        text.parse()
            .map_err(|error: chrono::ParseError| StoreError::Other(crate::Cause::text(error.to_string())))
    };
    text.map(parse).transpose()
}

/// An id that is kept, or none.
pub(super) fn read_id(row: &SqliteRow, column: &str) -> Result<Option<Uuid>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    let parse = |text: String| {
        text.parse().map_err(|error: uuid::Error| StoreError::Other(crate::Cause::text(error.to_string())))
    };
    text.map(parse).transpose()
}

fn key(row: &SqliteRow) -> Result<KeyRow, StoreError> {
    let tenant: String = row.try_get("tenant")?;
    Ok(KeyRow {
        id: read_id(row, "id")?.unwrap_or_default(),
        tenant: TenantName::new(&tenant).map_err(|bad| StoreError::Other(crate::Cause::new(bad)))?,
        prefix: row.try_get("prefix")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        user: read_id(row, "user_id")?,
        created: read_instant(row, "created")?.unwrap_or_default(),
        expires: read_instant(row, "expires")?,
        last_used: read_instant(row, "last_used")?,
    })
}
