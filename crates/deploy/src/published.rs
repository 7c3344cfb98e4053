//! The rows of `metadata_version`: what was published, and resolving it again.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use engine::Kind;
use expr::{Encoding, Value};
use metadata::catalog::{Lifecycle, Trigger};
use metadata::{Base, Catalog, Layout, Resolved, SourceFile, resolve};
use serde::{Deserialize, Serialize};
use sql::{Cells, Compare, Ident, Insert, Rows, Scalar, Write};
use store::{NewJob, Part, Tenant, Transaction};
use uuid::Uuid;

use crate::error::DeployError;
use crate::plan::ChangeLine;
use crate::statements::{column, compare, constant, print, run, select};

/// The table.
pub const TABLE: &str = "metadata_version";

/// A published version as it is stored.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Its number; 0 when nothing is published.
    pub version: i64,
    /// All documents of all packages but the platform's own.
    pub files: Vec<SourceFile>,
    /// Where fields are stored.
    pub layout: Layout,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    path: String,
    text: String,
}

impl Published {
    /// What resolution begins from, for a catalog of that version.
    pub fn base(&self, version: i64) -> Base {
        Base { files: self.files.clone(), layout: self.layout.clone(), version }
    }

    /// The catalog as it was published.
    pub fn resolve(&self) -> Result<Resolved, DeployError> {
        resolve(&[], &self.base(self.version)).map_err(|found| DeployError::Stored {
            version: self.version,
            reason: found
                .first()
                .map_or_else(String::new, |first| format!("{}: {}", first.file, first.message)),
        })
    }
}

/// The version that is published now; version 0 when there is none.
pub async fn current(tenant: &Tenant) -> Result<Published, DeployError> {
    let version = tenant.published_version().await?;
    if version == 0 {
        return Ok(Published::default());
    }
    numbered(tenant, version).await
}

/// A version by its number.
pub async fn numbered(tenant: &Tenant, version: i64) -> Result<Published, DeployError> {
    let filter = compare(Compare::Equal, column("version"), constant(Value::Int(version), Encoding::Int));
    let query = select(TABLE, [column("documents"), column("layout")], filter);
    let rows = tenant.fetch(&print(&query, tenant), &[]).await?;
    let row = rows.first().ok_or(DeployError::UnknownVersion(version))?;
    let broken = |error: serde_json::Error| DeployError::Stored { version, reason: error.to_string() };
    let files: Vec<StoredFile> = serde_json::from_str(&text(row, 0)).map_err(broken)?;
    let layout: Layout = serde_json::from_str(&text(row, 1)).map_err(broken)?;
    let files = files.into_iter().map(|file| SourceFile { path: file.path, text: file.text }).collect();
    Ok(Published { version, files, layout })
}

/// A text cell.
pub fn text(row: &impl Cells, at: usize) -> String {
    match row.value(at, Encoding::Text) {
        Value::Text(text) => text,
        _ => String::new(),
    }
}

/// What is written down with a version beside the catalog.
pub struct Record<'a> {
    /// What changed.
    pub changes: &'a [ChangeLine],
    /// The hash of the plan.
    pub plan_hash: &'a str,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: &'a str,
}

/// Writes the row of a new version; the transaction holds the catalog lock.
pub async fn insert(
    transaction: &mut Transaction,
    tenant: &Tenant,
    resolved: &Resolved,
    record: &Record<'_>,
) -> Result<(), DeployError> {
    let version = resolved.catalog.version;
    let broken = |error: serde_json::Error| DeployError::Stored { version, reason: error.to_string() };
    let files: Vec<StoredFile> = resolved
        .documents
        .iter()
        .map(metadata::CanonicalDocument::source)
        .map(|file| StoredFile { path: file.path, text: file.text })
        .collect();
    let texts = |text: String| constant(Value::Text(text), Encoding::Text);
    let cells: [(&str, Scalar); 8] = [
        ("version", constant(Value::Int(version), Encoding::Int)),
        ("hash", texts(resolved.catalog.hash.clone())),
        ("documents", texts(serde_json::to_string(&files).map_err(broken)?)),
        ("layout", texts(serde_json::to_string(&resolved.catalog.layout).map_err(broken)?)),
        ("changes", texts(serde_json::to_string(record.changes).map_err(broken)?)),
        ("plan_hash", texts(record.plan_hash.to_owned())),
        ("at", constant(Value::DateTime(record.at), Encoding::DateTime)),
        ("actor", texts(record.actor.to_owned())),
    ];
    let (columns, values) = cells.into_iter().map(|(name, cell)| (Ident::made(name), cell)).unzip();
    let write = Write::Insert(Insert {
        table: Ident::made(TABLE),
        columns,
        rows: Rows::Values(vec![values]),
        conflict: None,
        returning: Vec::new(),
    });
    run(tenant, transaction, &write).await?;
    if waits(&resolved.catalog) {
        transaction.carry(&Part::insert(tenant.dialect(), &[announcement(version, record.at)])).await?;
    }
    Ok(())
}

/// Whether something in the catalog waits for its time.
fn waits(catalog: &Catalog) -> bool {
    let timed = |on: &Trigger| matches!(on, Trigger::Schedule { .. } | Trigger::Date { .. });
    let ways =
        |lifecycle: &Arc<Lifecycle>| lifecycle.transitions.iter().any(|way| catalog.waits(lifecycle, way));
    catalog.automations.values().any(|automation| timed(&automation.on))
        || catalog.lifecycles.values().any(ways)
}

/// The job that makes workers look for the moments of the version.
fn announcement(version: i64, at: DateTime<Utc>) -> NewJob {
    NewJob {
        // Nobody else publishes this version.
        id: Uuid::from_u128(u128::from(version.unsigned_abs())),
        key: Some(format!("catalog:{version}")),
        kind: Kind::Catalog.as_str().to_owned(),
        subject: version.to_string(),
        object: None,
        record: None,
        payload: "{}".to_owned(),
        due: at,
        chain: "[]".to_owned(),
        depth: 0,
        created: at,
    }
}
