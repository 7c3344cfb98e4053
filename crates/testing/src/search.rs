//! Looking for a text in everything that a tenant has: proof that something is nowhere.

use sqlx::{AssertSqlSafe, Connection, Row};

/// Every `table.column` of a tenant in which some row holds the text, whatever its type.
pub async fn places_with(url: &str, tenant: &str, text: &str) -> Vec<String> {
    match url.strip_prefix("sqlite:") {
        Some(folder) => sqlite(folder, tenant, text).await,
        None => postgres(url, tenant, text).await,
    }
}

async fn sqlite(folder: &str, tenant: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(std::path::Path::new(folder)) {
        if !file.to_string_lossy().contains(tenant) {
            continue;
        }
        let address = format!("sqlite:{}", file.display());
        let mut connection = sqlx::SqliteConnection::connect(&address).await.expect("the file opens");
        let columns = sqlx::query(
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'",
        );
        for row in columns.fetch_all(&mut connection).await.expect("columns") {
            let (table, column): (String, String) = (row.get(0), row.get(1));
            let look =
                format!("SELECT count(*) FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS text), ?) > 0");
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(look))
                .bind(text)
                .fetch_one(&mut connection)
                .await
                .expect("a count");
            if count > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

/// The database files below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(files(&path));
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3")) {
            out.push(path);
        }
    }
    out
}

async fn postgres(url: &str, tenant: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut connection = sqlx::PgConnection::connect(url).await.expect("the database answers");
    let columns = sqlx::query(
        "SELECT table_schema::text, table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema LIKE '%' || $1 || '%'",
    );
    for row in columns.bind(tenant).fetch_all(&mut connection).await.expect("columns") {
        let (schema, table, column): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let look =
            format!("SELECT count(*) FROM \"{schema}\".\"{table}\" WHERE strpos(\"{column}\"::text, $1) > 0");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(look))
            .bind(text)
            .fetch_one(&mut connection)
            .await
            .expect("a count");
        if count > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}
