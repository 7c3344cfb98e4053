//! What a large apply has made and not yet published, written down so that the next one can throw it away if this one dies.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use metadata::layout::Column;
use serde::{Deserialize, Serialize};
use sql::{Compare, Ddl, Delete, Ident, Insert, Rows, Scalar, Write};
use store::{StoreError, Tenant, Transaction};

use super::with_retries;
use crate::error::DeployError;
use crate::published::text;
use crate::statements::{ROW, column, compare, constant, define, print, run, select, update};

const TABLE: &str = "metadata_pending";
/// There is at most one.
const ONLY: i64 = 1;
/// How often a living apply gives a sign.
const BEAT: Duration = Duration::from_millis(500);
/// How long it may stay silent before it counts as dead.
const SILENCE: Duration = Duration::from_secs(5);
/// How often a waiting apply looks.
const LOOK: Duration = Duration::from_millis(200);

/// A large apply between its expansion and its publish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Tells this apply from all others.
    pub token: String,
    /// The process that runs it.
    pub process: Process,
    /// Tables that are changed before the publish.
    pub large: Vec<String>,
    /// Tables that it made.
    pub tables: Vec<String>,
    /// Columns that it made: table, column.
    pub columns: Vec<(String, String)>,
    /// The column of each large table that says which rows were filled.
    pub markers: Vec<(String, Column)>,
    /// Indexes that it makes.
    pub indexes: Vec<String>,
}

/// Where an apply runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    host: String,
    id: u32,
}

impl Process {
    /// This one.
    pub fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let host =
            format!("{} {}", read("/proc/sys/kernel/random/boot_id"), read("/proc/sys/kernel/hostname"));
        Self { host, id: std::process::id() }
    }

    /// Whether it is known to have ended: it ran on this host, and no process has its number now.
    fn has_ended(&self) -> bool {
        let known = std::path::Path::new("/proc/self").exists() && self.host == Self::this().host;
        known && !std::path::Path::new(&format!("/proc/{}", self.id)).exists()
    }
}

impl Pending {
    /// Whether nobody runs it any more, as far as that can be known at once.
    fn is_abandoned(&self) -> bool {
        let running = || RUNNING.lock().unwrap_or_else(PoisonError::into_inner).contains(&self.token);
        self.process.has_ended() || (self.process == Process::this() && !running())
    }
}

impl Pending {
    /// The column that says which rows of the table were filled.
    pub fn marker(&self, table: &str) -> Option<&Column> {
        self.markers.iter().find(|(of, _)| of == table).map(|(_, column)| column)
    }

    /// Whether the table was changed before the publish.
    pub fn is_large(&self, table: &str) -> bool {
        self.large.iter().any(|large| large == table)
    }

    /// Writes it down. A conflict when another apply is under way.
    pub async fn note(
        &self,
        tenant: &Tenant,
        transaction: &mut Transaction,
        at: DateTime<Utc>,
        base: i64,
    ) -> Result<(), DeployError> {
        let state = serde_json::to_string(self).map_err(|error| DeployError::Document(error.to_string()))?;
        let write = Write::Insert(Insert {
            table: Ident::made(TABLE),
            columns: ["id", "state", "at"].map(Ident::made).to_vec(),
            rows: Rows::Values(vec![vec![
                constant(Value::Int(ONLY), Encoding::Int),
                constant(Value::Text(state), Encoding::Text),
                constant(Value::DateTime(at), Encoding::DateTime),
            ]]),
            conflict: None,
            returning: Vec::new(),
        });
        match run(tenant, transaction, &write).await {
            Err(DeployError::Store(StoreError::UniqueViolation { .. })) => {
                Err(DeployError::Conflict { published: base })
            }
            other => other,
        }
    }

    /// Holds it for the transaction; a conflict when another apply has taken it for dead.
    pub async fn claim(
        &self,
        tenant: &Tenant,
        transaction: &mut Transaction,
        base: i64,
    ) -> Result<(), DeployError> {
        let mut query = select(TABLE, [column("state")], only());
        query.lock = Some(sql::Lock::Change);
        let rows = transaction.run(&print(&query, tenant), &[]).await?;
        let mine = rows.first().and_then(|row| serde_json::from_str::<Self>(&text(row, 0)).ok());
        if mine.is_some_and(|pending| pending.token == self.token) {
            Ok(())
        } else {
            Err(DeployError::Conflict { published: base })
        }
    }

    /// Deletes the note.
    pub async fn forget(&self, tenant: &Tenant, transaction: &mut Transaction) -> Result<(), DeployError> {
        let (table, alias) = (Ident::made(TABLE), Ident::made(ROW));
        run(tenant, transaction, &Write::Delete(Delete { table, alias, filter: only() })).await
    }

    /// Takes away all that it made, if the note is still this one's.
    pub async fn undo(&self, tenant: &Tenant) -> Result<(), DeployError> {
        let mut ddl: Vec<Ddl> = self
            .indexes
            .iter()
            .map(|name| Ddl::DropIndex { name: Ident::made(name), concurrently: false })
            .collect();
        ddl.extend(self.columns.iter().map(|(table, column)| Ddl::DropColumn {
            table: Ident::made(table),
            column: Ident::made(column),
        }));
        ddl.extend(self.tables.iter().map(|table| Ddl::DropTable { table: Ident::made(table) }));
        let ddl = &ddl;
        with_retries(|| async move {
            let mut transaction = tenant.begin().await?;
            let base = transaction.lock_catalog().await?;
            self.claim(tenant, &mut transaction, base).await?;
            define(tenant, &mut transaction, ddl).await?;
            self.forget(tenant, &mut transaction).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

fn only() -> Scalar {
    compare(Compare::Equal, column("id"), constant(Value::Int(ONLY), Encoding::Int))
}

/// Waits until no apply is under way; takes away what a dead one left.
pub async fn settle(tenant: &Tenant) -> Result<(), DeployError> {
    let mut seen: Option<(String, Instant)> = None;
    loop {
        let rows = tenant
            .fetch(&print(&select(TABLE, [column("state"), column("at")], only()), tenant), &[])
            .await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let state = text(row, 0);
        let pending: Pending = serde_json::from_str(&state).map_err(|error| DeployError::Stored {
            version: 0,
            reason: format!("pending change: {error}"),
        })?;
        let sign = format!("{} {:?}", pending.token, sql::Cells::value(row, 1, Encoding::DateTime));
        let silent = match &seen {
            Some((last, since)) if *last == sign => since.elapsed() > SILENCE,
            Some(_) | None => {
                seen = Some((sign, Instant::now()));
                false
            }
        };
        if silent || pending.is_abandoned() {
            tracing::warn!(tenant = %tenant.name(), "taking away what an apply left that died");
            match pending.undo(tenant).await {
                Ok(()) | Err(DeployError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        } else {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Tokens of the applies that this process runs: one whose future was dropped is dead though its process lives.
static RUNNING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Gives signs of life until it is dropped.
pub struct Heartbeat {
    beating: tokio::task::JoinHandle<()>,
    token: String,
}

impl Heartbeat {
    /// Begins, before the note is written.
    pub fn start(tenant: &Tenant, pending: &Pending, at: DateTime<Utc>) -> Self {
        let tenant = tenant.clone();
        let begun = Instant::now();
        let token = pending.token.clone();
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone());
        let beating = tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                let now = chrono::Duration::from_std(begun.elapsed()).map_or(at, |passed| at + passed);
                let write = update(TABLE, "at", constant(Value::DateTime(now), Encoding::DateTime), only());
                let beat = tenant.run_write(&sql::print_write(&write, tenant.dialect()), &[]).await;
                if let Err(error) = beat {
                    tracing::debug!(%error, "a sign of life of an apply was lost");
                }
            }
        });
        Self { beating, token }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.beating.abort();
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.token);
    }
}
