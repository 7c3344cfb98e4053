//! A request that is sent twice is carried out once. The key's row is written in the request's own transaction: whoever comes second waits for
//! the first to end, and finds either its outcome or nothing. A refused request leaves no key, and is judged anew.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sql::{
    Cells, Compare, Conflict, Delete, From, Ident, Insert, Order, Query, Relation, Rows, Scalar, Update,
    Write,
};
use store::{StoreError, Tenant};
use uuid::Uuid;

use crate::error::WriteError;
use crate::model::{Slots, alias, equals};
use crate::outcome::{Code, Effect, Outcome, Refusal};
use crate::run::{Halt, Run};

/// Requests that are forgotten in one statement.
const BATCH: i64 = 500;

/// An outcome as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    records: Vec<Option<Box<serde_json::value::RawValue>>>,
    ids: Vec<Option<Uuid>>,
    created: Vec<bool>,
    changed: Vec<bool>,
    errors: Vec<Refusal>,
    effects: Vec<Effect>,
}

/// Takes the key, or tells what came of the request that took it.
pub(crate) async fn claim(run: &mut Run<'_>, key: &str) -> Result<Option<Outcome>, Halt> {
    let fingerprint = fingerprint(run);
    let values = vec![
        Value::Text(key_of(run, key)),
        Value::Text(fingerprint.clone()),
        Value::Text(String::new()),
        Value::DateTime(run.now),
    ];
    let dialect = run.model.dialect;
    let mut taken = Vec::new();
    for statement in sql::print_write(&take(), dialect) {
        taken = run.execute(&statement, &values).await?;
    }
    if !taken.is_empty() {
        return Ok(None);
    }
    let rows = run.execute(&sql::print_query(&look(), dialect), &values[..1]).await?;
    let Some(row) = rows.first() else {
        return Err(super::step::retry::lost());
    };
    if row.value(0, Encoding::Text) != Value::Text(fingerprint) {
        let message = "the idempotency key was used for another request";
        let outcome = Outcome { errors: vec![Refusal::new(Code::Conflict, message)], ..Outcome::default() };
        return Ok(Some(outcome));
    }
    match row.value(1, Encoding::Text) {
        Value::Text(text) => Ok(Some(restore(&text).map_err(WriteError::internal)?)),
        _ => Err(WriteError::internal("an idempotency row without outcome").into()),
    }
}

/// Keeps the outcome with the key, before the commit.
pub(crate) async fn keep(run: &mut Run<'_>, key: &str) -> Result<(), Halt> {
    let raw = |bytes: &bytes::Bytes| serde_json::from_slice(bytes);
    let records = run
        .outcome
        .records
        .iter()
        .map(|record| record.as_ref().map(raw).transpose())
        .collect::<Result<_, _>>();
    let kept = Kept {
        records: records.map_err(WriteError::internal)?,
        ids: run.outcome.ids.clone(),
        created: run.outcome.created.clone(),
        changed: run.outcome.changed.clone(),
        errors: run.outcome.errors.clone(),
        effects: run.outcome.effects.clone(),
    };
    let text = serde_json::to_string(&kept).map_err(WriteError::internal)?;
    let values = vec![Value::Text(text), Value::Text(key_of(run, key))];
    for statement in sql::print_write(&finish(), run.model.dialect) {
        run.execute(&statement, &values).await?;
    }
    Ok(())
}

/// Forgets requests that were carried out before then, in small batches; how many.
pub async fn forget_requests(tenant: &Tenant, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let dialect = tenant.dialect();
    let (old, forget) = (sql::print_query(&old(), dialect), sql::print_write(&forget(), dialect));
    let mut forgotten = 0;
    loop {
        let rows = tenant.fetch(&old, &[Value::DateTime(before), Value::Int(BATCH)]).await?;
        if rows.is_empty() {
            return Ok(forgotten);
        }
        let keys = rows.iter().map(|row| row.value(0, Encoding::Text)).collect();
        tenant.run_write(&forget, &[Value::List(keys)]).await?;
        forgotten += rows.len();
    }
}

fn restore(text: &str) -> Result<Outcome, serde_json::Error> {
    let kept: Kept = serde_json::from_str(text)?;
    let bytes = |raw: Box<serde_json::value::RawValue>| bytes::Bytes::from(raw.get().to_owned().into_bytes());
    Ok(Outcome {
        records: kept.records.into_iter().map(|record| record.map(bytes)).collect(),
        ids: kept.ids,
        created: kept.created,
        changed: kept.changed,
        errors: kept.errors,
        effects: kept.effects,
    })
}

/// Keys of different actors never meet.
fn key_of(run: &Run<'_>, key: &str) -> String {
    format!("{}\u{1f}{key}", run.caller.actor.label)
}

/// What tells one request from another: all of it, but the key.
fn fingerprint(run: &Run<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{:?}\n{:?}", run.write.object, run.write.operation, run.returning));
    hex::encode(hash.finalize())
}

fn take() -> Write {
    let mut slots = Slots::default();
    let row = [Encoding::Text, Encoding::Text, Encoding::Text, Encoding::DateTime];
    Write::Insert(Insert {
        table: Ident::made("idempotency"),
        columns: ["key", "fingerprint", "outcome", "at"].map(Ident::made).to_vec(),
        rows: Rows::Values(vec![row.map(|encoding| slots.one(encoding)).to_vec()]),
        conflict: Some(Conflict { columns: vec![Ident::made("key")], set: Vec::new() }),
        returning: vec![(Scalar::Bare(Ident::made("key")), Ident::made("taken"))],
    })
}

fn look() -> Query {
    let column = |name: &str| Scalar::Column(alias(), Ident::made(name));
    Query {
        columns: vec![
            (column("fingerprint"), Ident::made("fingerprint")),
            (column("outcome"), Ident::made("outcome")),
        ],
        from: Some(From { source: Relation::Table(Ident::made("idempotency")), alias: alias() }),
        filter: Some(equals(column("key"), Slots::default().one(Encoding::Text))),
        ..Query::default()
    }
}

fn finish() -> Write {
    let mut slots = Slots::default();
    let column = |name: &str| Scalar::Column(alias(), Ident::made(name));
    Write::Update(Update {
        table: Ident::made("idempotency"),
        alias: alias(),
        set: vec![(Ident::made("outcome"), slots.one(Encoding::Text))],
        filter: equals(column("key"), slots.one(Encoding::Text)),
        returning: Vec::new(),
    })
}

/// Keys of what was carried out before an instant, oldest first: the instant, how many at most.
fn old() -> Query {
    let mut slots = Slots::default();
    let column = |name: &str| Scalar::Column(alias(), Ident::made(name));
    let before = slots.one(Encoding::DateTime);
    Query {
        columns: vec![(column("key"), Ident::made("key"))],
        from: Some(From { source: Relation::Table(Ident::made("idempotency")), alias: alias() }),
        filter: Some(Scalar::Compare(Compare::Less, Box::new(column("at")), Box::new(before))),
        order: vec![Order { by: column("at"), descending: false, nulls_first: false }],
        limit: Some(slots.one(Encoding::Int)),
        ..Query::default()
    }
}

fn forget() -> Write {
    let key = Scalar::Column(alias(), Ident::made("key"));
    let among = Slots::default().list(Encoding::Text);
    Write::Delete(Delete {
        table: Ident::made("idempotency"),
        alias: alias(),
        filter: Scalar::InParam(Box::new(key), among),
    })
}
