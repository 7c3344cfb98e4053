//! Databases in the cluster, and the columns that Armature's layout gave the tenant's tables.

use std::collections::HashSet;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor};

use crate::Failure;

/// The tenant's schema.
pub const SCHEMA: &str = "t_bench";

/// A pool of at most so many connections.
pub async fn pool(url: &str, connections: u32) -> Result<PgPool, Failure> {
    let options: PgConnectOptions = url.parse()?;
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .test_before_acquire(false)
        .connect_with(options)
        .await?)
}

/// The same cluster, another database.
pub fn sibling(url: &str, database: &str) -> Result<String, Failure> {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let (_, rest) = place.split_once("://").ok_or("the cluster's address has no scheme")?;
    let server = rest.split_once('/').map_or(rest, |(server, _)| server);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("postgres://{server}/{database}{query}"))
}

/// Makes a database anew.
pub async fn create(cluster: &str, database: &str) -> Result<(), Failure> {
    let pool = pool(cluster, 1).await?;
    drop_if_there(&pool, database).await?;
    pool.execute(sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {database}")))).await?;
    pool.close().await;
    Ok(())
}

/// Drops a database, whoever is connected.
pub async fn drop_database(cluster: &str, database: &str) -> Result<(), Failure> {
    let pool = pool(cluster, 1).await?;
    drop_if_there(&pool, database).await?;
    pool.close().await;
    Ok(())
}

async fn drop_if_there(pool: &PgPool, database: &str) -> Result<(), Failure> {
    pool.execute(sqlx::query(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))))
        .await?;
    Ok(())
}

/// The columns of one of the tenant's tables.
pub async fn columns(pool: &PgPool, table: &str) -> Result<HashSet<String>, Failure> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT column_name::text FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2")
            .bind(SCHEMA)
            .bind(table)
            .fetch_all(pool)
            .await?;
    if names.is_empty() {
        Err(format!("there is no table {SCHEMA}.{table}").into())
    } else {
        Ok(names.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::sibling;

    #[test]
    fn another_database_of_the_same_cluster() {
        let of = |url: &str| sibling(url, "b").expect("an address");
        assert_eq!(
            of("postgres://me:secret@localhost:5433/postgres?host=/run/x"),
            "postgres://me:secret@localhost:5433/b?host=/run/x"
        );
        assert_eq!(of("postgres://localhost"), "postgres://localhost/b");
    }
}
