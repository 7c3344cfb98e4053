//! The short way for one record: everything in one statement, committed by itself.
//!
//! The same steps run, but nothing is locked and what they would have asked beforehand is a condition of the statement: the catalog's version
//! (held while the statement runs), the record's version as it was read, the records that it points at. Where a condition fails, or
//! a step needs more than the record, the whole order is run again in a transaction, which also explains.

use expr::{Encoding, Value};
use metadata::catalog::FieldType;
use query::request::{Input, Operation};
use sql::{Compare, From, Ident, Insert, Lock, Query, Relation, Rows, Scalar, Update, Write};
use store::StoreError;

use super::flush::written;
use super::notes::Notes;
use crate::automation;
use crate::error::WriteError;
use crate::lifecycle::auto;
use crate::model::{
    Batch, GroupKey, Log, Printed, Shape, Slots, StatementKey, Verb, alias, equals, insert, living,
    system_column, update_one,
};
use crate::run::{Act, Halt, Job, Run};
use crate::sight;

/// Whether a request may go the short way.
pub(crate) fn may(run: &Run<'_>) -> Result<bool, WriteError> {
    let write = run.write;
    let data = match &write.operation {
        Operation::Create(records, _) => match records.as_slice() {
            [one] => one,
            _ => return Ok(false),
        },
        Operation::Update { data, .. } | Operation::Move { data, .. } => data,
        Operation::UpdateMany(..)
        | Operation::Upsert { .. }
        | Operation::Delete(..)
        | Operation::Restore(..)
        | Operation::Destroy(..) => return Ok(false),
    };
    let creates = matches!(write.operation, Operation::Create(..));
    let object = &run.model.shape(&write.object)?.object;
    let counts = |ty: &FieldType| creates && matches!(ty, FieldType::AutoNumber { .. });
    let alone = !data.fields.iter().any(|(_, input)| matches!(input, Input::Many { .. }));
    Ok(alone
        && run.model.automations.foresees_peace(write)
        && run.model.one_statement()
        && !write.dry_run
        && write.idempotency_key.is_none()
        && run.rider.is_none()
        && !object.fields.values().any(|field| counts(&field.ty)))
}

/// Writes the one record of the wave.
pub(crate) async fn write(run: &mut Run<'_>) -> Result<(), Halt> {
    let Some(job) = run.jobs.first().filter(|job| job.writes() && !run.is_refused(job.index)) else {
        return if run.noted.is_empty() { Ok(()) } else { Err(Halt::Carefully) };
    };
    let follows = automation::goes_on(run, job) || job.passage.stays.len() > 1;
    let hinders = !job.rules.is_empty() || !run.queued.is_empty() || job.unjudged || follows;
    if hinders || auto::stirs(run, job) || sight::asks(run, job) {
        return Err(Halt::Carefully);
    }
    let (printed, values) = statement(run, job);
    match run.caller.tenant.run_write(&printed, &values).await {
        Ok(rows) if rows.is_empty() => Err(Halt::Carefully),
        Ok(_) => {
            run.noted.clear();
            Ok(())
        }
        Err(
            StoreError::UniqueViolation { .. }
            | StoreError::Overflow
            | StoreError::RowTooLarge
            | StoreError::Retryable,
        ) => Err(Halt::Carefully),
        Err(other) => Err(other.into()),
    }
}

fn statement(run: &Run<'_>, job: &Job) -> (std::sync::Arc<Printed>, Vec<Value>) {
    let shape = &*job.shape;
    let mut values = Vec::with_capacity(shape.columns.len() + 24);
    let object = shape.object.name.clone();
    let key = if job.act == Act::Create {
        let columns = written(run, job);
        values.extend(columns.iter().map(|slot| job.after.get(*slot).clone()));
        GroupKey { object, verb: Verb::Insert(Batch::One), columns }
    } else {
        values.extend(job.changed.iter().map(|slot| job.after.get(*slot).clone()));
        values.push(Value::Id(job.id));
        values.push(Value::Int(job.before.as_ref().map_or(0, |before| before.version(shape))));
        GroupKey { object, verb: Verb::Update(Batch::One), columns: job.changed.clone() }
    };
    values.push(Value::Int(run.caller.catalog.version));
    values.extend(run.caller.tenant.version_lock());
    values.extend(run.guards.iter().map(|(_, id)| Value::Id(*id)));
    let notes = Notes::of(run, &[job]);
    let logs = notes.kinds();
    notes.push(&mut values);
    let guarded = run.guards.iter().map(|(object, _)| object.clone()).collect();
    let cached = StatementKey::Quick(key.clone(), guarded, logs.clone());
    let printed = run.model.kept(cached, || print(run, shape, &key, &logs));
    (printed, values)
}

fn print(run: &Run<'_>, shape: &Shape, key: &GroupKey, logs: &[(Log, Batch)]) -> Printed {
    let mut slots = Slots::default();
    let write = match key.verb {
        Verb::Insert(_) => match insert(shape, &key.columns, Batch::One, &mut slots) {
            Write::Insert(plain) => Write::Insert(Insert {
                returning: vec![(Scalar::Bare(id_column(shape)), Ident::made("id"))],
                ..when(plain, guards(run, &mut slots))
            }),
            other => other,
        },
        Verb::Update(_) | Verb::Delete => match update_one(shape, &key.columns, &mut slots) {
            Write::Update(plain) => {
                let version = equals(system_column(shape, shape.system.version), slots.one(Encoding::Int));
                let mut filter = vec![plain.filter, version];
                filter.extend(living(shape, query::request::Deleted::Without));
                filter.push(guards(run, &mut slots));
                let returning = vec![(system_column(shape, shape.system.id), Ident::made("id"))];
                Write::Update(Update { filter: Scalar::And(filter), returning, ..plain })
            }
            other => other,
        },
    };
    let mut writes = vec![write];
    writes.extend(logs.iter().map(|(log, batch)| follow(log.write(*batch, &mut slots))));
    sql::print_write(&Write::Together(writes), run.model.dialect)
}

fn id_column(shape: &Shape) -> Ident {
    shape.columns.get(shape.system.id).map_or_else(|| Ident::made("id"), |stored| stored.name.clone())
}

/// What must hold: the catalog's version, the records that are pointed at.
fn guards(run: &Run<'_>, slots: &mut Slots) -> Scalar {
    let version = slots.one(Encoding::Int);
    let held = Scalar::HeldVersion(Box::new(slots.one(Encoding::Int)), Box::new(slots.one(Encoding::Text)));
    let mut all = vec![Scalar::Compare(Compare::Equal, Box::new(held), Box::new(version))];
    for (object, _) in &run.guards {
        let id = slots.one(Encoding::Id);
        all.push(match run.model.shape(object) {
            Ok(shape) => there(shape, id),
            Err(_) => Scalar::Bool(false),
        });
    }
    Scalar::And(all)
}

/// Whether a living record of that id is there; it stays there until the statement is done.
fn there(shape: &Shape, id: Scalar) -> Scalar {
    let mut filter = vec![equals(system_column(shape, shape.system.id), id)];
    filter.extend(living(shape, query::request::Deleted::Without));
    Scalar::Exists(Box::new(Query {
        columns: vec![(Scalar::Int(1), Ident::made("one"))],
        from: Some(From { source: Relation::Table(shape.table.clone()), alias: alias() }),
        filter: Some(Scalar::And(filter)),
        lock: Some(Lock::KeyShare),
        ..Query::default()
    }))
}

/// An insert of one row that happens only where a condition holds.
fn when(insert: Insert, condition: Scalar) -> Insert {
    let rows = match insert.rows {
        Rows::Values(rows) => {
            let row = rows.into_iter().next().unwrap_or_default();
            let columns = row
                .into_iter()
                .enumerate()
                .map(|(place, scalar)| (scalar, Ident::made(&format!("c{place}"))))
                .collect();
            Rows::Query(Box::new(Query { columns, filter: Some(condition), ..Query::default() }))
        }
        other => other,
    };
    Insert { rows, ..insert }
}

/// A row that is written only when the record was.
fn follow(write: Write) -> Write {
    match write {
        Write::Insert(insert) => Write::Insert(when(insert, Scalar::Wrote)),
        Write::Update(update) => {
            Write::Update(Update { filter: Scalar::And(vec![update.filter, Scalar::Wrote]), ..update })
        }
        other => other,
    }
}
