//! PostgreSQL: one pool for all tenants; each has a schema.

pub(crate) mod bind;
mod connection;
mod control;
mod home;
mod queue;
pub(crate) mod row;
mod session;

pub(crate) use connection::{Connection, Isolation};
pub(crate) use control::{CHANNEL, lock_key};
pub(crate) use queue::told as told_work;

use std::str::FromStr;
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::{Options, StoreError};
use home::Home;

/// A PostgreSQL database.
pub(crate) struct Postgres {
    pool: PgPool,
    home: Arc<Home>,
}

impl Postgres {
    /// Connects, and makes the control tables that are missing.
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self, StoreError> {
        let millis = |duration: std::time::Duration| duration.as_millis().to_string();
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::BadUrl("it does not parse".to_owned()))?
            .application_name("armature")
            .statement_cache_capacity(options.prepared_statements)
            .options([
                ("statement_timeout", millis(options.statement_timeout)),
                ("lock_timeout", millis(options.lock_timeout)),
                ("idle_in_transaction_session_timeout", millis(options.idle_in_transaction_timeout)),
                // A connection that we dropped stops its statement.
                ("client_connection_check_interval", "250".to_owned()),
                // Names are always qualified.
                ("search_path", "pg_catalog".to_owned()),
                ("TimeZone", "UTC".to_owned()),
                // Compiling costs more than our statements run.
                ("jit", "off".to_owned()),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.acquire_timeout)
            // A backend grows by each table that it touches.
            .max_lifetime(std::time::Duration::from_mins(30))
            .test_before_acquire(false)
            .connect_with(connect)
            .await?;
        let home = Home::new(pool.clone(), options);
        let postgres = Self { pool, home };
        postgres.migrate().await?;
        Ok(postgres)
    }

    /// A connection for a request of the tenant of that schema.
    pub(crate) async fn connection(&self, schema: &Arc<str>) -> Result<Connection, StoreError> {
        Ok(Connection::new(self.home.lend(schema).await?))
    }

    /// A connection after one has turned out to be dead.
    pub(crate) async fn another_connection(&self, schema: &Arc<str>) -> Result<Connection, StoreError> {
        self.home.doubt();
        self.connection(schema).await
    }

    /// For the platform's own tables.
    fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn close(&self) {
        self.home.close();
        self.pool.close().await;
    }
}
