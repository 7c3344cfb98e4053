//! All that the tables of a tenant hold, as text: what a write that must not happen is judged by.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

/// The rows of each table of a tenant, sorted.
pub async fn contents(url: &str, tenant: &str) -> BTreeMap<String, Vec<String>> {
    match url.strip_prefix("sqlite:") {
        Some(folder) => in_file(&Path::new(folder).join("tenants").join(format!("{tenant}.db"))).await,
        None => in_schema(url, &format!("t_{}", tenant.replace('-', "_"))).await,
    }
}

async fn in_schema(url: &str, schema: &str) -> BTreeMap<String, Vec<String>> {
    let mut connection = PgConnection::connect(url).await.expect("the tests' cluster answers");
    let names: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = $1")
            .bind(schema)
            .fetch_all(&mut connection)
            .await
            .expect("tables");
    let mut tables = BTreeMap::new();
    for name in names {
        let query = format!("SELECT row_to_json(t)::text FROM \"{schema}\".\"{name}\" t ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await.expect("rows");
        tables.insert(name, rows);
    }
    tables
}

async fn in_file(path: &Path) -> BTreeMap<String, Vec<String>> {
    let mut connection =
        SqliteConnection::connect(&format!("sqlite:{}?mode=ro", path.display())).await.expect("a file");
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut connection)
    .await
    .expect("tables");
    let mut tables = BTreeMap::new();
    for name in names {
        let columns = sqlx::query(AssertSqlSafe(format!("PRAGMA table_info(\"{name}\")")))
            .fetch_all(&mut connection)
            .await
            .expect("columns");
        let cells: Vec<String> =
            columns.iter().map(|column| format!("quote(\"{}\")", column.get::<String, _>("name"))).collect();
        let query = format!("SELECT concat_ws(',', {}) FROM \"{name}\" ORDER BY 1", cells.join(", "));
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await.expect("rows");
        tables.insert(name, rows);
    }
    tables
}
