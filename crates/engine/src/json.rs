//! What changed, as JSON: for the history, the outbox and the effects of a write.

use expr::Value;
use metadata::Name;
use metadata::layout::Role;

use crate::lifecycle::Stay;
use crate::model::Shape;
use crate::outcome::{Effect, EffectKind};
use crate::run::{Act, Job};

/// The field that a move changes.
const STAGE: &str = "stage";

/// A change of one field, or of a part of it.
pub(crate) struct Change {
    pub(crate) field: Name,
    pub(crate) part: Option<String>,
    pub(crate) from: serde_json::Value,
    pub(crate) to: serde_json::Value,
}

/// Whether changes of that column are told: the platform's own bookkeeping is not.
fn told(shape: &Shape, slot: usize) -> bool {
    let system = &shape.system;
    let silent = [
        system.id,
        system.created_at,
        system.created_by,
        system.updated_at,
        system.updated_by,
        system.version,
        system.deleted_at,
    ];
    let folded = shape.columns.get(slot).is_none_or(|stored| stored.role == Role::Folded);
    let passing = shape.flow.as_ref().is_some_and(|flow| [flow.entered, flow.pass].contains(&slot));
    !folded && !passing && !silent.contains(&slot) && Some(slot) != system.owner_since
}

/// The fields of which something is told to have changed; also before it is known which columns differ.
pub(crate) fn changed_fields(job: &Job) -> Vec<Name> {
    let mut out: Vec<Name> = Vec::new();
    for (slot, stored) in job.shape.columns.iter().enumerate() {
        let before = job.before.as_ref().map_or(&Value::Null, |before| before.get(slot));
        if told(&job.shape, slot) && before != job.after.get(slot) && !out.contains(&stored.field.name) {
            out.push(stored.field.name.clone());
        }
    }
    out
}

/// What changed, in the order of the columns.
pub(crate) fn changes(job: &Job) -> Vec<Change> {
    let mut out = Vec::new();
    let destroyed: Vec<usize>;
    let slots = if job.act == Act::Destroy {
        destroyed = (0..job.shape.columns.len()).collect();
        &destroyed
    } else {
        &job.changed
    };
    for slot in slots.iter().copied().filter(|slot| told(&job.shape, *slot)) {
        let Some(stored) = job.shape.columns.get(slot) else { continue };
        let from = job.before.as_ref().map_or(&Value::Null, |before| before.get(slot));
        let to = if job.act == Act::Destroy { &Value::Null } else { job.after.get(slot) };
        if from == to {
            continue;
        }
        let part = match &stored.role {
            Role::Part(name) => Some(name.clone()),
            Role::Object => Some("object".to_owned()),
            Role::Value | Role::Folded => None,
        };
        out.push(Change { field: stored.field.name.clone(), part, from: from.to_json(), to: to.to_json() });
    }
    out
}

/// `{"field": [old, new], "address.city": [old, new]}`
pub(crate) fn text(changes: &[Change]) -> String {
    let mut map = serde_json::Map::with_capacity(changes.len());
    for change in changes {
        let key = match &change.part {
            Some(part) => format!("{}.{part}", change.field),
            None => change.field.as_str().to_owned(),
        };
        map.insert(key, serde_json::Value::Array(vec![change.from.clone(), change.to.clone()]));
    }
    serde_json::Value::Object(map).to_string()
}

/// What is told of a job: one effect for each changed field of an update, one in all for anything else.
pub(crate) fn effects(job: &Job, changes: Vec<Change>) -> Vec<Effect> {
    let effect = |field, from, to| Effect {
        kind: job.act.effect(),
        object: job.shape.object.name.clone(),
        id: job.id,
        field,
        from,
        to,
    };
    if job.act != Act::Update {
        let made = effect(None, serde_json::Value::Null, serde_json::Value::Null);
        return std::iter::once(made).chain(moves(job)).collect();
    }
    let mut out: Vec<Effect> = Vec::new();
    for change in changes {
        match change.part {
            // Told as a move below.
            None if job.shape.flow.is_some() && &*change.field == STAGE => {}
            None => out.push(effect(Some(change.field), change.from, change.to)),
            Some(part) => {
                let joined =
                    out.iter().position(|e| e.field.as_ref() == Some(&change.field) && e.from.is_object());
                let place = joined.unwrap_or_else(|| {
                    let empty = || serde_json::Value::Object(serde_json::Map::new());
                    out.push(effect(Some(change.field), empty(), empty()));
                    out.len() - 1
                });
                if let Some(effect) = out.get_mut(place) {
                    put(&mut effect.from, &part, change.from);
                    put(&mut effect.to, &part, change.to);
                }
            }
        }
    }
    out.extend(moves(job));
    out
}

/// The moves of a job, as effects: stays that began by leaving another.
fn moves(job: &Job) -> impl Iterator<Item = Effect> + '_ {
    let told = |stay: &Stay| {
        Some(Effect {
            kind: EffectKind::Moved,
            object: job.shape.object.name.clone(),
            id: job.id,
            field: Some(Name::new(STAGE).ok()?),
            from: stay.from.as_deref()?.into(),
            to: (*stay.to).into(),
        })
    };
    job.passage.stays.iter().filter_map(told)
}

fn put(object: &mut serde_json::Value, key: &str, value: serde_json::Value) {
    if let serde_json::Value::Object(map) = object {
        map.insert(key.to_owned(), value);
    }
}
