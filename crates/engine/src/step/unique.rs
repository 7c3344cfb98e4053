//! Which record a unique index refused, and why, in words of the object. The index has judged; this only explains.

use std::collections::HashMap;
use std::sync::Arc;

use expr::Value;
use query::request::{Deleted, Operation};

use super::flush::Failure;
use super::retry::lost;
use crate::error::WriteError;
use crate::model::{Record, Shape, by_column};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};

/// Refuses the records at fault. Without savepoint (`open` absent) the transaction is spent, and only what is committed can be asked.
pub(crate) async fn explain(
    run: &mut Run<'_>,
    failure: &Failure,
    open: Option<&[usize]>,
) -> Result<(), Halt> {
    let before = run.outcome.errors.len();
    let Failure::Unique(index) = failure else {
        if let Some(first) = first_open(run, open) {
            run.refuse(first, failure.refusal());
        }
        return Ok(());
    };
    if open.is_none() {
        run.tx = None;
    }
    for (place, refusal) in collisions(run, open).await? {
        if let Some(index) = run.jobs.get(place).map(|job| job.index) {
            run.refuse(index, refusal);
        }
    }
    if run.outcome.errors.len() > before {
        return upsert_race(run);
    }
    tracing::debug!(index, "a unique index refused a row whose rival cannot be found");
    if open.is_some() {
        return Ok(());
    }
    // The rival went away or is not committed yet: running the order again tells which.
    Err(lost())
}

fn first_open(run: &Run<'_>, open: Option<&[usize]>) -> Option<usize> {
    let fits = |job: &&Job| {
        job.writes() && !run.is_refused(job.index) && open.is_none_or(|o| o.contains(&job.index))
    };
    run.jobs.iter().find(fits).map(|job| job.index)
}

/// An upsert that was to create a record whose key somebody else has just taken is run again: then it updates.
fn upsert_race(run: &Run<'_>) -> Result<(), Halt> {
    let Operation::Upsert { key, .. } = &run.write.operation else { return Ok(()) };
    let by_key =
        |error: &Refusal| error.rule.as_deref() == Some("unique") && error.path.as_deref() == Some(&**key);
    if run.outcome.errors.iter().any(by_key) { Err(lost()) } else { Ok(()) }
}

/// Jobs of the wave that collide with each other or with other records.
async fn collisions(run: &mut Run<'_>, open: Option<&[usize]>) -> Result<Vec<(usize, Refusal)>, Halt> {
    let mut shapes: Vec<(Arc<Shape>, Vec<usize>)> = Vec::new();
    for (place, job) in run.jobs.iter().enumerate() {
        let takes = matches!(job.act, Act::Create | Act::Update | Act::Restore) && job.writes();
        if !takes || run.is_refused(job.index) || open.is_some_and(|open| !open.contains(&job.index)) {
            continue;
        }
        match shapes.iter_mut().find(|(shape, _)| Arc::ptr_eq(shape, &job.shape)) {
            Some((_, places)) => places.push(place),
            None => shapes.push((Arc::clone(&job.shape), vec![place])),
        }
    }
    let mut out: Vec<(usize, Refusal)> = Vec::new();
    for (shape, places) in shapes {
        for rule in &shape.object.uniques {
            let slots = shape.unique_slots(rule);
            let Some(first) = slots.first().copied() else { continue };
            let rivals = rivals(run, &shape, first, &places).await?;
            let mut taken: HashMap<Vec<Value>, uuid::Uuid> = HashMap::new();
            for rival in &rivals {
                if let (Some(key), Some(id)) = (key(rival, &slots), rival.id_in(shape.system.id))
                    && takes_part(run, &shape, rule, rival)
                {
                    taken.insert(key, id);
                }
            }
            for place in &places {
                let Some(job) = run.jobs.get(*place) else { continue };
                let Some(key) = key(&job.after, &slots) else { continue };
                if !takes_part(run, &shape, rule, &job.after) || out.iter().any(|(other, _)| other == place) {
                    continue;
                }
                match taken.get(&key) {
                    Some(id) if *id != job.id => out.push((*place, taken_by(run, &shape, rule))),
                    Some(_) => {}
                    None => {
                        taken.insert(key, job.id);
                    }
                }
            }
        }
    }
    Ok(out)
}

/// Living records that may collide: those that agree in the first field. Records of the wave stand for themselves.
async fn rivals(
    run: &mut Run<'_>,
    shape: &Shape,
    slot: usize,
    places: &[usize],
) -> Result<Vec<Record>, WriteError> {
    let values: Vec<Value> = places
        .iter()
        .filter_map(|place| run.jobs.get(*place))
        .map(|job| job.after.get(slot).clone())
        .filter(|value| !value.is_null())
        .collect();
    let statement = sql::print_query(&by_column(shape, slot, Deleted::Without, None), run.model.dialect);
    let rows = run.execute(&statement, &[Value::List(values)]).await?;
    let records = rows.iter().map(|row| Record::read(shape, row, 0));
    let elsewhere = |record: &Record| {
        let id = record.id_in(shape.system.id);
        let in_wave =
            id.and_then(|id| run.place(&shape.object.name, id)).and_then(|place| run.jobs.get(place));
        !in_wave.is_some_and(|job| !run.is_refused(job.index) && job.writes())
    };
    Ok(records.filter(elsewhere).collect())
}

fn key(record: &Record, slots: &[usize]) -> Option<Vec<Value>> {
    slots.iter().map(|slot| Some(record.get(*slot)).filter(|value| !value.is_null()).cloned()).collect()
}

fn takes_part(run: &Run<'_>, shape: &Shape, rule: &metadata::catalog::Unique, record: &Record) -> bool {
    let Some(condition) = &rule.condition else { return true };
    let judged = crate::environment::Judged::new(run.caller, run.now, shape, record, None);
    expr::holds(condition, &judged).unwrap_or(true)
}

/// Fields that the caller may not see are not named.
fn taken_by(run: &Run<'_>, shape: &Shape, rule: &metadata::catalog::Unique) -> Refusal {
    let fields: Vec<&str> = rule.fields.iter().map(metadata::Name::as_str).collect();
    if fields.iter().all(|field| run.caller.access.sees(&shape.object.name, field)) {
        taken(shape, &fields)
    } else {
        Failure::Unique(String::new()).refusal()
    }
}

/// Another record has the same values of these fields.
pub(crate) fn taken(shape: &Shape, fields: &[&str]) -> Refusal {
    let message = match fields {
        [one] => format!("another {} has the same `{one}`", shape.object.title),
        several => format!("another {} has the same {}", shape.object.title, several.join(", ")),
    };
    let path = fields.first().copied().unwrap_or_default();
    Refusal { code: Code::Conflict, ..Refusal::at(path, message) }.rule("unique")
}
