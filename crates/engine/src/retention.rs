//! What is old enough to be forgotten: entries of the audit log and of the history, runs of automations and what users were told, in batches, so that nobody waits long behind them.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use sql::{Cells, Compare, Delete, From, Ident, Order, Query, Relation, Scalar, Write};
use store::Tenant;
use uuid::Uuid;

use crate::error::WriteError;
use crate::model::{Slots, alias};

/// Rows of one batch.
const BATCH: i64 = 1_000;

/// What is kept for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The audit log.
    Audit,
    /// The history of records.
    History,
    /// Runs of automations.
    Runs,
    /// What users were told.
    Notifications,
}

impl Kept {
    fn table(self) -> Ident {
        Ident::made(match self {
            Kept::Audit => "audit",
            Kept::History => "history",
            Kept::Runs => "automation_run",
            Kept::Notifications => "notification",
        })
    }
}

/// Forgets what is older than an instant; how much that was. Ids ascend with time, so that they tell the age.
pub async fn forget(tenant: &Tenant, kept: Kept, before: DateTime<Utc>) -> Result<u64, WriteError> {
    let first = first_id(before);
    let mut forgotten = 0;
    loop {
        let ids = oldest(tenant, kept, first).await?;
        let count = ids.len();
        if count > 0 {
            let statements = sql::print_write(&delete(kept), tenant.dialect());
            tenant.run_write(&statements, &[Value::List(ids)]).await?;
            forgotten += u64::try_from(count).map_err(WriteError::internal)?;
        }
        if i64::try_from(count).map_err(WriteError::internal)? < BATCH {
            return Ok(forgotten);
        }
    }
}

/// The least id of an instant.
fn first_id(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

async fn oldest(tenant: &Tenant, kept: Kept, before: Uuid) -> Result<Vec<Value>, WriteError> {
    let mut slots = Slots::default();
    let id = || Scalar::Column(alias(), Ident::made("id"));
    let older = Scalar::Compare(Compare::Less, Box::new(id()), Box::new(slots.one(Encoding::Id)));
    let query = Query {
        columns: vec![(id(), Ident::made("id"))],
        from: Some(From { source: Relation::Table(kept.table()), alias: alias() }),
        filter: Some(older),
        order: vec![Order { by: id(), descending: false, nulls_first: false }],
        limit: Some(slots.one(Encoding::Int)),
        ..Query::default()
    };
    let statement = sql::print_query(&query, tenant.dialect());
    let rows = tenant.fetch(&statement, &[Value::Id(before), Value::Int(BATCH)]).await?;
    Ok(rows.iter().map(|row| row.value(0, Encoding::Id)).collect())
}

fn delete(kept: Kept) -> Write {
    let id = Scalar::Column(alias(), Ident::made("id"));
    let among = Slots::default().list(Encoding::Id);
    Write::Delete(Delete {
        table: kept.table(),
        alias: alias(),
        filter: Scalar::InParam(Box::new(id), among),
    })
}
