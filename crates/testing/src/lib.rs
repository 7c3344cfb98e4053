//! What tests need to run against both databases. A dev-dependency only.

mod chance;
pub mod cluster;
mod contents;
mod search;
mod shared;

use std::future::Future;

use sql::Dialect;
use store::{Options, Store, Tenant, TenantName};

pub use chance::Chance;
pub use contents::contents;
pub use search::places_with;
pub use shared::postgres_url;

/// What one test gets: a fresh store with its own control database and two tenants.
pub struct Bed {
    /// The store.
    pub store: Store,
    /// `acme`, for the test to use.
    pub tenant: Tenant,
    /// `canary`, whose contents nobody else may ever see or touch.
    pub canary: Tenant,
    /// The address of the database, to open it a second time.
    pub url: String,
    remains: Remains,
}

/// An empty PostgreSQL database for a program that is tested from outside; it goes with the cluster. Tests from inside take a [`Bed`].
pub struct EmptyDatabase {
    name: String,
}

impl EmptyDatabase {
    /// Creates it on the tests' cluster.
    pub async fn create() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a name that no other test process takes")]
        let name = format!("t{}", uuid::Uuid::now_v7().simple());
        admin(&format!("CREATE DATABASE \"{name}\"")).await;
        Self { name }
    }

    /// Its address.
    pub fn url(&self) -> String {
        database_url(&self.name)
    }

    /// Has the server write every statement of this database's sessions, as of the next, into its log, and each with
    /// [`name`](Self::name) in front.
    pub async fn log_statements(&self) {
        admin("ALTER SYSTEM SET log_line_prefix = '%m [%p] %d '").await;
        admin("SELECT pg_reload_conf()").await;
        admin(&format!("ALTER DATABASE \"{}\" SET log_statement = 'all'", self.name)).await;
    }

    /// Its name, which stands in front of each of its lines in the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The log of the server.
    pub async fn log(&self) -> std::path::PathBuf {
        use sqlx::Connection;
        let mut connection =
            sqlx::PgConnection::connect(&server_url()).await.expect("the tests' cluster answers");
        let folder: String =
            sqlx::query_scalar("SHOW data_directory").fetch_one(&mut connection).await.expect("a folder");
        std::path::Path::new(&folder).with_file_name("server.log")
    }
}

/// What is cleared away after the test.
enum Remains {
    Folder(tempfile::TempDir),
    Database(EmptyDatabase),
}

/// Settings for tests: few connections, short waits.
pub fn options() -> Options {
    Options { connections: 8, poll: std::time::Duration::from_millis(100), ..Options::default() }
}

impl Bed {
    /// A fresh bed on that database.
    pub async fn fresh(dialect: Dialect) -> Self {
        let (url, remains) = match dialect {
            Dialect::Sqlite => {
                let folder = tempfile::Builder::new()
                    .prefix("armature-sqlite-")
                    .tempdir()
                    .expect("a temporary folder");
                (format!("sqlite:{}", folder.path().display()), Remains::Folder(folder))
            }
            Dialect::Postgres => {
                let database = EmptyDatabase::create().await;
                (database.url(), Remains::Database(database))
            }
        };
        let store = Store::open(&url, options()).await.expect("the store opens");
        let tenant = store.tenant_create(&name("acme")).await.expect("a tenant is made");
        let canary = store.tenant_create(&name("canary")).await.expect("a second tenant is made");
        Self { store, tenant, canary, url, remains }
    }

    /// Closes the store and removes the database.
    pub async fn clear(self) {
        self.store.close().await;
        match self.remains {
            Remains::Folder(folder) => folder.close().expect("the folder goes"),
            Remains::Database(EmptyDatabase { name }) => {
                admin(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
            }
        }
    }
}

fn name(text: &str) -> TenantName {
    TenantName::new(text).expect("a legal name")
}

fn server_url() -> String {
    postgres_url().unwrap_or_else(|error| unavailable(&error.to_string()))
}

#[expect(clippy::panic, reason = "a test without its database must fail")]
fn unavailable(told: &str) -> ! {
    panic!("the tests need PostgreSQL: {told}")
}

fn database_url(name: &str) -> String {
    let server = server_url();
    let (before, _) = server.rsplit_once('/').expect("the address ends in a database");
    format!("{before}/{name}")
}

/// How many statements with these words the platform's connections to that database run at the moment; none on SQLite, which does not tell.
pub async fn statements_at_work(url: &str, words: &str) -> i64 {
    use sqlx::Connection;
    if url.starts_with("sqlite:") {
        return 0;
    }
    let mut connection = sqlx::PgConnection::connect(url).await.expect("the tests' cluster answers");
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'armature' \
         AND state = 'active' AND strpos(query, $1) > 0",
    )
    .bind(words)
    .fetch_one(&mut connection)
    .await
    .expect("a count")
}

/// Runs a command on the server's own database.
async fn admin(command: &str) {
    use sqlx::{AssertSqlSafe, Connection, Executor};
    let mut connection =
        sqlx::PgConnection::connect(&server_url()).await.expect("the tests' cluster answers");
    connection.execute(AssertSqlSafe(command.to_owned())).await.expect("databases are made and dropped");
    connection.close().await.expect("closes");
}

/// Runs the test once on each database, on its own control database and tenants. A failed test keeps its database for a look.
pub async fn each_database<F, R>(test: F)
where
    F: Fn(Handles) -> R,
    R: Future<Output = ()>,
{
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let bed = Bed::fresh(dialect).await;
        let handles = Handles {
            store: bed.store.clone(),
            tenant: bed.tenant.clone(),
            canary: bed.canary.clone(),
            url: bed.url.clone(),
        };
        test(handles).await;
        bed.clear().await;
    }
}

/// A test's handles on its [`Bed`].
#[derive(Clone)]
pub struct Handles {
    /// The store.
    pub store: Store,
    /// `acme`, for the test to use.
    pub tenant: Tenant,
    /// `canary`, whose contents nobody else may ever see or touch.
    pub canary: Tenant,
    /// The address of the database, to open it a second time.
    pub url: String,
}
