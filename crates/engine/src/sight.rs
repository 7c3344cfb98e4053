//! What a caller may be told of what was done: objects, fields and records that they see, as they are afterwards. Who sees everything is told
//! everything.

use std::collections::{HashMap, HashSet};

use metadata::Name;
use metadata::catalog::{Action, FieldType};
use metadata::layout::Role;
use query::access::Rows;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::json;
use crate::model::{Record, Shape};
use crate::outcome::{Effect, EffectKind, Refusal};
use crate::run::{Act, Halt, Job, Run};
use crate::step::grant;

/// The effects of the present wave, in its order.
pub(crate) async fn effects(run: &mut Run<'_>) -> Result<Vec<Effect>, Halt> {
    if !grant::limited(run) {
        let told = |job: &&Job| job.writes() && !run.is_refused(job.index);
        return Ok(run
            .jobs
            .iter()
            .filter(told)
            .flat_map(|job| json::effects(job, json::changes(job)))
            .collect());
    }
    let seen = look(run).await?;
    let mut out = Vec::new();
    for place in 0..run.jobs.len() {
        let Some(job) = run.jobs.get(place) else { continue };
        if run.is_refused(job.index) {
            continue;
        }
        let in_sight = job_in_sight(run, job)
            .unwrap_or_else(|| seen.get(&job.shape.object.name).is_some_and(|ids| ids.contains(&job.id)));
        if job.writes() {
            out.extend(told(run, job, in_sight, &seen));
        }
        if let Some(job) = run.jobs.get_mut(place) {
            job.seen = in_sight;
        }
    }
    Ok(out)
}

/// What others did on the caller's behalf, as far as the caller sees the records: their fields, and of relations only that they changed.
pub(crate) async fn sort(run: &mut Run<'_>) -> Result<(), Halt> {
    let unsorted = std::mem::take(&mut run.unsorted);
    let mut asked: HashMap<Name, HashSet<Uuid>> = HashMap::new();
    for effect in unsorted.iter().filter(|effect| run.caller.access.sees(&effect.object, "id")) {
        asked.entry(effect.object.clone()).or_default().insert(effect.id);
    }
    let mut seen = HashMap::new();
    for (object, ids) in asked {
        let ids = grant::seen_among(run, &object, ids).await?;
        seen.insert(object, ids);
    }
    for mut effect in unsorted {
        if !seen.get(&effect.object).is_some_and(|ids| ids.contains(&effect.id)) {
            continue;
        }
        if let Some(field) = &effect.field {
            if !run.caller.access.sees(&effect.object, field) {
                continue;
            }
            let known = run.caller.catalog.object(&effect.object).and_then(|object| object.field(field));
            let related = |ty: &FieldType| matches!(ty, FieldType::Lookup(_) | FieldType::Polymorphic { .. });
            if known.is_none_or(|field| related(&field.ty)) {
                (effect.from, effect.to) = (Json::Null, Json::Null);
            }
        }
        run.outcome.effects.push(effect);
    }
    Ok(())
}

/// Whether the caller sees the record after the write, as far as that can be told without the database. What goes away for good was seen if it
/// was asked for.
fn job_in_sight(run: &Run<'_>, job: &Job) -> Option<bool> {
    if !run.caller.access.sees(&job.shape.object.name, "id") {
        return Some(false);
    }
    match (job.act, &job.before) {
        (Act::Destroy, _) if job.asked => Some(true),
        (Act::Destroy, Some(before)) => {
            Some(grant::in_memory(run, &job.shape, Action::Read, before).unwrap_or(false))
        }
        _ => grant::in_memory(run, &job.shape, Action::Read, &job.after),
    }
}

/// Whether the database has to be asked what the caller may be told of this record.
pub(crate) fn asks(run: &Run<'_>, job: &Job) -> bool {
    let some =
        |(target, _): (Name, Uuid)| matches!(run.caller.access.rows(&target, Action::Read), Rows::Where(_));
    grant::limited(run)
        && (job_in_sight(run, job).is_none()
            || job.changed.iter().flat_map(|slot| named(job, *slot)).any(some))
}

/// What is wrong with a value that the caller may not see is not told.
pub(crate) fn refusal(run: &Run<'_>, shape: &Shape, refusal: Refusal) -> Refusal {
    let field = refusal.path.as_deref().and_then(|path| path.split('.').next());
    if field.is_none_or(|field| run.caller.access.sees(&shape.object.name, field)) {
        return refusal;
    }
    Refusal::new(refusal.code, "a value that you may not see does not pass").rule("hidden")
}

/// Asks which records of the wave, and which that its changed lookups name, the caller sees: once an object.
async fn look(run: &mut Run<'_>) -> Result<HashMap<Name, HashSet<Uuid>>, Halt> {
    let mut asked: HashMap<Name, HashSet<Uuid>> = HashMap::new();
    for job in run.jobs.iter().filter(|job| !run.is_refused(job.index)) {
        if job_in_sight(run, job).is_none() {
            asked.entry(job.shape.object.name.clone()).or_default().insert(job.id);
        }
        if job.act == Act::Update {
            for (target, id) in job.changed.iter().flat_map(|slot| named(job, *slot)) {
                asked.entry(target).or_default().insert(id);
            }
        }
    }
    let mut seen = HashMap::new();
    for (object, ids) in asked {
        let ids = grant::seen_among(run, &object, ids).await?;
        seen.insert(object, ids);
    }
    Ok(seen)
}

/// The records that a column of a to-one field named and names.
fn named(job: &Job, slot: usize) -> Vec<(Name, Uuid)> {
    let Some(stored) = job.shape.columns.get(slot).filter(|stored| stored.role == Role::Value) else {
        return Vec::new();
    };
    let records = job.before.iter().chain([&job.after]);
    records.filter_map(|record| named_in(&job.shape, record, &stored.field.name)).collect()
}

/// The record that a to-one field of a record names.
fn named_in(shape: &Shape, record: &Record, field: &Name) -> Option<(Name, Uuid)> {
    let id = record.id_in(shape.value_slot(field)?)?;
    match &shape.object.field(field)?.ty {
        FieldType::Lookup(lookup) => Some((lookup.to.clone(), id)),
        FieldType::Polymorphic { to, .. } => {
            let object = record.get(shape.slot(field, &Role::Object)?).to_json();
            let target = to.iter().find(|target| object.as_str() == Some(target.as_str()))?;
            Some((target.clone(), id))
        }
        _ => None,
    }
}

fn told(run: &Run<'_>, job: &Job, in_sight: bool, seen: &HashMap<Name, HashSet<Uuid>>) -> Vec<Effect> {
    let object = &job.shape.object.name;
    if !in_sight {
        let hidden = Effect {
            kind: EffectKind::Hidden,
            object: object.clone(),
            id: job.id,
            field: None,
            from: Json::Null,
            to: Json::Null,
        };
        return if job.asked { vec![hidden] } else { Vec::new() };
    }
    let mut effects = json::effects(job, json::changes(job));
    effects.retain(|effect| effect.field.as_ref().is_none_or(|field| run.caller.access.sees(object, field)));
    for effect in &mut effects {
        let Some(field) = &effect.field else { continue };
        let hidden = |record: Option<&Record>| {
            let named = record.and_then(|record| named_in(&job.shape, record, field));
            named.is_some_and(|(target, id)| !seen.get(&target).is_some_and(|ids| ids.contains(&id)))
        };
        if hidden(job.before.as_ref()) {
            effect.from = Json::Null;
        }
        if hidden(Some(&job.after)) {
            effect.to = Json::Null;
        }
    }
    effects
}
