//! Step 3: what the request leaves to the platform: system fields, defaults, currencies, auto numbers, stored formulas, side columns
//! without case; then what has changed at all.
//!
//! `before` scripts have their room between auto numbers and the choice of a lifecycle.

use std::collections::BTreeMap;
use std::sync::Arc;

use expr::{Encoding, EvalError, Value};
use metadata::catalog::FieldType;
use metadata::layout::Role;
use sql::Cells;

use crate::automation;
use crate::environment::Judged;
use crate::error::WriteError;
use crate::lifecycle::begin;
use crate::model::{Record, Shape, sequence};
use crate::number::Numbering;
use crate::outcome::Refusal;
use crate::run::{Act, Halt, Job, Run};
use crate::sight;

/// Completes the records of the wave.
pub(crate) async fn complete(run: &mut Run<'_>) -> Result<(), Halt> {
    for place in 0..run.jobs.len() {
        let refusals = complete_one(run, place);
        refuse(run, place, refusals);
    }
    if run.lost() {
        return Ok(());
    }
    number(run).await?;
    Box::pin(automation::before(run)).await?;
    begin::place(run).await?;
    for place in 0..run.jobs.len() {
        let refusals = derive(run, place);
        refuse(run, place, refusals);
    }
    Ok(())
}

fn refuse(run: &mut Run<'_>, place: usize, refusals: Vec<Refusal>) {
    let Some(shape) = run.jobs.get(place).map(|job| Arc::clone(&job.shape)) else { return };
    for refusal in refusals {
        let refusal = sight::refusal(run, &shape, refusal);
        run.refuse_job(place, refusal);
    }
}

/// Writes a computed value to a field, as the record's columns hold it.
pub(crate) fn put(run: &mut Run<'_>, place: usize, field: &str, value: Value) {
    let Some(job) = run.jobs.get_mut(place) else { return };
    let shape = Arc::clone(&job.shape);
    if value.is_null() {
        for slot in shape.slots(field) {
            job.after.set(*slot, Value::Null);
        }
    } else if let Some(slot) = shape.value_slot(field) {
        job.after.set(slot, fitting(value, &shape, slot));
    }
    currencies(job, &shape);
}

/// Works out once more what follows from a record's own fields, after some were changed.
pub(crate) fn again(run: &mut Run<'_>, place: usize) {
    let refusals = derive(run, place);
    refuse(run, place, refusals);
}

fn complete_one(run: &mut Run<'_>, place: usize) -> Vec<Refusal> {
    let (now, caller) = (run.now, run.caller);
    let Some(job) = run.jobs.get_mut(place) else { return Vec::new() };
    let shape = Arc::clone(&job.shape);
    let system = &shape.system;
    match job.act {
        Act::Delete => {
            job.after.set(system.deleted_at, Value::DateTime(now));
            return Vec::new();
        }
        Act::Restore => {
            job.after.set(system.deleted_at, Value::Null);
            return Vec::new();
        }
        Act::Destroy => return Vec::new(),
        Act::Update => {
            currencies(job, &shape);
            return Vec::new();
        }
        Act::Create => {}
    }
    let user = caller.actor.user.map_or(Value::Null, Value::Id);
    job.after.set(system.id, Value::Id(job.id));
    job.after.set(system.created_at, Value::DateTime(now));
    job.after.set(system.created_by, user.clone());
    if let Some(owner) = system.owner
        && !job.given.contains(&owner)
    {
        job.after.set(owner, user);
    }
    let mut refusals = Vec::new();
    for (name, field) in &shape.object.fields {
        let Some(default) = &field.default else { continue };
        let Some(slot) = shape.value_slot(name).filter(|slot| !job.given.contains(slot)) else { continue };
        let judged = Judged::new(caller, now, &shape, &job.after, None);
        match expr::evaluate(default, &judged) {
            Ok(value) => job.after.set(slot, fitting(value, &shape, slot)),
            Err(error) => refusals.push(not_computed(name, &error)),
        }
    }
    currencies(job, &shape);
    refusals
}

/// A value computed by an expression in the kind of number that its column holds.
pub(crate) fn fitting(value: Value, shape: &Shape, slot: usize) -> Value {
    match (value, shape.columns.get(slot).map(|stored| stored.encoding)) {
        (Value::Int(number), Some(Encoding::Decimal(_))) => Value::Decimal(number.into()),
        (Value::Decimal(number), Some(Encoding::Decimal(scale))) => Value::Decimal(
            number
                .round_dp_with_strategy(
                    u32::from(scale),
                    rust_decimal::RoundingStrategy::MidpointAwayFromZero,
                )
                .normalize(),
        ),
        (value, _) => value,
    }
}

fn not_computed(field: &str, error: &EvalError) -> Refusal {
    Refusal::at(field, format!("`{field}` cannot be computed: {error}")).rule("computed")
}

/// Money without a currency gets its field's; a currency without money goes.
fn currencies(job: &mut Job, shape: &Shape) {
    for (name, field) in &shape.object.fields {
        let FieldType::Currency { of } = &field.ty else { continue };
        let (Some(slot), Some(money)) = (shape.value_slot(name), shape.value_slot(of)) else { continue };
        if job.after.get(money).is_null() {
            if !job.given.contains(&slot) {
                job.after.set(slot, Value::Null);
            }
        } else if job.after.get(slot).is_null()
            && let Some(FieldType::Money { currency: Some(code), .. }) = shape.object.field(of).map(|f| &f.ty)
        {
            job.after.set(slot, Value::Text(code.clone()));
        }
    }
}

/// Gives the auto numbers of the wave, one statement for each sequence, in the order of their names so that two writers never wait for
/// each other.
async fn number(run: &mut Run<'_>) -> Result<(), Halt> {
    let today = run.now.with_timezone(&run.caller.zone);
    let mut wanted: BTreeMap<String, (Numbering, Vec<(usize, usize)>)> = BTreeMap::new();
    for (place, job) in run.jobs.iter().enumerate() {
        if job.act != Act::Create || run.is_refused(job.index) {
            continue;
        }
        for (name, field) in &job.shape.object.fields {
            let FieldType::AutoNumber { pattern } = &field.ty else { continue };
            let Some(slot) = job.shape.value_slot(name) else { continue };
            let numbering = Numbering::at(pattern, &today);
            let sequence = numbering.sequence(&job.shape.object.name, name);
            wanted.entry(sequence).or_insert_with(|| (numbering, Vec::new())).1.push((place, slot));
        }
    }
    for (name, (numbering, places)) in wanted {
        let count = i64::try_from(places.len()).map_err(WriteError::internal)?;
        let values = [Value::Text(name), Value::Int(count)];
        let mut last = Value::Null;
        for statement in sql::print_write(&sequence(), run.model.dialect) {
            let rows = run.execute(&statement, &values).await?;
            last = rows.first().map_or(Value::Null, |row| row.value(0, Encoding::Int));
        }
        let Value::Int(last) = last else {
            return Err(WriteError::internal("a sequence without number").into());
        };
        for ((place, slot), number) in places.into_iter().zip(last - count + 1..) {
            if let Some(job) = run.jobs.get_mut(place) {
                job.after.set(slot, Value::Text(numbering.number(number)));
            }
        }
    }
    Ok(())
}

/// What follows from the record's own fields; at the very end, whether it changed.
fn derive(run: &mut Run<'_>, place: usize) -> Vec<Refusal> {
    let (now, caller) = (run.now, run.caller);
    let Some(job) = run.jobs.get_mut(place) else { return Vec::new() };
    let shape = Arc::clone(&job.shape);
    let refusals = match job.act {
        Act::Create | Act::Update => formulas(job, &shape, caller, now),
        Act::Delete | Act::Restore | Act::Destroy => Vec::new(),
    };
    fold(job, &shape);
    owner_since(job, &shape, now);
    job.changed = changed(job, &shape);
    if job.writes() && job.act != Act::Destroy {
        stamp(job, &shape, caller.actor.user.map_or(Value::Null, Value::Id), now);
    }
    refusals
}

fn formulas(
    job: &mut Job,
    shape: &Shape,
    caller: &crate::caller::Caller,
    now: chrono::DateTime<chrono::Utc>,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (name, field) in &shape.object.fields {
        let FieldType::Formula { expr, stored: true, .. } = &field.ty else { continue };
        let Some(slot) = shape.value_slot(name) else { continue };
        let judged = Judged::new(caller, now, shape, &job.after, job.before.as_ref());
        match expr::evaluate(expr, &judged) {
            Ok(value) => job.after.set(slot, fitting(value, shape, slot)),
            Err(error) => refusals.push(not_computed(name, &error)),
        }
    }
    refusals
}

/// Side columns without case.
fn fold(job: &mut Job, shape: &Shape) {
    for (slot, stored) in shape.columns.iter().enumerate() {
        if stored.role != Role::Folded {
            continue;
        }
        let Some(value) = shape.value_slot(&stored.field.name) else { continue };
        if job.before.as_ref().is_some_and(|before| before.get(value) == job.after.get(value)) {
            continue;
        }
        let folded = match job.after.get(value) {
            Value::Text(text) => Value::Text(expr::fold(text)),
            Value::List(items) => Value::List(items.iter().map(folded_item).collect()),
            _ => Value::Null,
        };
        job.after.set(slot, folded);
    }
}

fn folded_item(item: &Value) -> Value {
    match item {
        Value::Text(text) => Value::Text(expr::fold(text)),
        other => other.clone(),
    }
}

fn owner_since(job: &mut Job, shape: &Shape, now: chrono::DateTime<chrono::Utc>) {
    let (Some(owner), Some(since)) = (shape.system.owner, shape.system.owner_since) else { return };
    let before = job.before.as_ref().and_then(|before| before.id_in(owner));
    let after = job.after.id_in(owner);
    if before != after {
        job.after.set(since, after.map_or(Value::Null, |_| Value::DateTime(now)));
    }
}

fn changed(job: &Job, shape: &Shape) -> Vec<usize> {
    let before = job.before.as_ref();
    let differs = |slot: &usize| match before {
        Some(before) => before.get(*slot) != job.after.get(*slot),
        None => !job.after.get(*slot).is_null(),
    };
    (0..shape.columns.len()).filter(differs).collect()
}

fn stamp(job: &mut Job, shape: &Shape, user: Value, now: chrono::DateTime<chrono::Utc>) {
    let system = &shape.system;
    let version = job.before.as_ref().map_or(1, |before| before.version(shape) + 1);
    let set = |record: &mut Record, changed: &mut Vec<usize>, slot: usize, value: Value| {
        record.set(slot, value);
        if !changed.contains(&slot) {
            changed.push(slot);
        }
    };
    set(&mut job.after, &mut job.changed, system.version, Value::Int(version));
    set(&mut job.after, &mut job.changed, system.updated_at, Value::DateTime(now));
    set(&mut job.after, &mut job.changed, system.updated_by, user);
    job.changed.sort_unstable();
}
