//! The versions of a tenant's metadata.

use chrono::SecondsFormat;
use expr::{Encoding, Value};
use serde::Serialize;
use sql::{Cells, Order, Scalar};
use store::Tenant;

use crate::error::DeployError;
use crate::plan::ChangeLine;
use crate::published::{TABLE, text};
use crate::statements::{column, print, select};

/// One published version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// Its number, from 1.
    pub version: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What changed from the version before it.
    pub changes: Vec<ChangeLine>,
}

/// All versions, the newest first.
pub async fn history(tenant: &Tenant) -> Result<Vec<HistoryEntry>, DeployError> {
    let columns = ["version", "at", "actor", "changes"].map(column);
    let mut query = select(TABLE, columns, Scalar::Bool(true));
    query.order = vec![Order { by: column("version"), descending: true, nulls_first: false }];
    let rows = tenant.fetch(&print(&query, tenant), &[]).await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &store::Row) -> Result<HistoryEntry, DeployError> {
    let version = match row.value(0, Encoding::Int) {
        Value::Int(version) => version,
        _ => 0,
    };
    let at = match row.value(1, Encoding::DateTime) {
        Value::DateTime(at) => at.to_rfc3339_opts(SecondsFormat::Micros, true),
        _ => String::new(),
    };
    let broken = |error: serde_json::Error| DeployError::Stored { version, reason: error.to_string() };
    let changes = serde_json::from_str(&text(row, 3)).map_err(broken)?;
    Ok(HistoryEntry { version, at, actor: text(row, 2), changes })
}
