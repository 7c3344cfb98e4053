//! How far deletions and restorations reach.
//!
//! Deleting a record asks every field that points at it: `restrict` refuses, `clear` empties the field, `cascade` deletes the pointing
//! record too, and so on. Restoring brings back what went with it: records that cascade from it and carry the same
//! instant of deletion; pointers of what comes back to records that are gone are emptied, or refuse where they are required.
//! Destroying does as deleting, and empties the pointers of deleted records as well.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use expr::Value;
use metadata::Name;
use metadata::catalog::{Action, OnDelete};
use query::access::Rows;
use query::request::Deleted;
use sql::Lock;
use uuid::Uuid;

use super::relate::{enlist_update, living_among, point, to_one};
use crate::model::{Pointer, Record, Shape, by_column};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};

/// Records that one request may delete, restore or destroy along with those it names.
const FARTHEST: usize = 10_000;

/// A record that refuses to lose another.
struct Restricted {
    index: usize,
    target: Uuid,
    by: Name,
    field: Name,
    holder: Uuid,
}

/// Follows deletions and destructions.
pub(crate) async fn removal(run: &mut Run<'_>) -> Result<(), Halt> {
    let mut restricted = Vec::new();
    let mut queue: VecDeque<usize> = (0..run.jobs.len()).collect();
    while !queue.is_empty() {
        let level: Vec<usize> = queue.drain(..).collect();
        if run.jobs.len() > FARTHEST {
            refuse_all(run, "deleted");
            return Ok(());
        }
        for (object, act, targets) in by_object(run, &level) {
            for pointer in run.model.pointers(&object).to_vec() {
                let added = follow(run, &pointer, act, &targets, &mut restricted).await?;
                queue.extend(added);
            }
        }
    }
    let gone: HashSet<Uuid> = run.jobs.iter().filter(|job| takes_away(job.act)).map(|job| job.id).collect();
    restricted.retain(|one: &Restricted| !gone.contains(&one.holder));
    refuse_restricted(run, &restricted);
    Ok(())
}

fn takes_away(act: Act) -> bool {
    matches!(act, Act::Delete | Act::Destroy)
}

/// The jobs of a level by object and act, each with the record of the request that it is done for.
fn by_object(run: &Run<'_>, level: &[usize]) -> Vec<(Name, Act, HashMap<Uuid, usize>)> {
    let mut out: Vec<(Name, Act, HashMap<Uuid, usize>)> = Vec::new();
    for job in level.iter().filter_map(|place| run.jobs.get(*place)) {
        if matches!(job.act, Act::Create | Act::Update) {
            continue;
        }
        let object = &job.shape.object.name;
        match out.iter_mut().find(|(name, act, _)| name == object && *act == job.act) {
            Some((_, _, ids)) => {
                ids.insert(job.id, job.index);
            }
            None => out.push((object.clone(), job.act, HashMap::from([(job.id, job.index)]))),
        }
    }
    out
}

/// What one pointer means for records that go; the places of those that go with them.
async fn follow(
    run: &mut Run<'_>,
    pointer: &Pointer,
    act: Act,
    targets: &HashMap<Uuid, usize>,
    restricted: &mut Vec<Restricted>,
) -> Result<Vec<usize>, Halt> {
    let deleted = if act == Act::Destroy { Deleted::With } else { Deleted::Without };
    let (shape, holders) = holders(run, pointer, targets, deleted).await?;
    let mut added = Vec::new();
    for (holder, target, record) in holders {
        let Some(index) = targets.get(&target).copied() else { continue };
        match pointer.on_delete {
            OnDelete::Restrict if !record.deleted(&shape) => restricted.push(Restricted {
                index,
                target,
                by: pointer.object.clone(),
                field: pointer.field.clone(),
                holder,
            }),
            OnDelete::Restrict | OnDelete::Clear => {
                if let Some(place) = enlist_update(run, &shape, index, holder, Some(record))
                    && let Some(job) = run.jobs.get_mut(place)
                {
                    point(&mut job.after, &shape, &pointer.field, None);
                }
            }
            OnDelete::Cascade => added.extend(carry_off(run, &shape, index, holder, act, record)),
        }
    }
    Ok(added)
}

/// Deletes a record along with another; its place unless it was going already.
fn carry_off(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    index: usize,
    id: Uuid,
    act: Act,
    record: Record,
) -> Option<usize> {
    if let Some(place) = run.place(&shape.object.name, id) {
        let job = run.jobs.get_mut(place)?;
        if takes_away(job.act) {
            return None;
        }
        job.act = act;
        return Some(place);
    }
    Some(run.enlist(Job::new(index, shape, act, id, Some(record.clone()), record).along()))
}

/// Records that point at one of the targets: id, target, record; locked.
async fn holders(
    run: &mut Run<'_>,
    pointer: &Pointer,
    targets: &HashMap<Uuid, usize>,
    deleted: Deleted,
) -> Result<(Arc<Shape>, Vec<(Uuid, Uuid, Record)>), Halt> {
    let shape = Arc::clone(run.model.shape(&pointer.object)?);
    let Some(slot) = shape.value_slot(&pointer.field) else { return Ok((shape, Vec::new())) };
    let lock = if pointer.on_delete == OnDelete::Cascade { Lock::Removal } else { Lock::Change };
    let statement = sql::print_query(&by_column(&shape, slot, deleted, Some(lock)), run.model.dialect);
    let ids = targets.keys().copied().map(Value::Id).collect();
    let rows = run.execute(&statement, &[Value::List(ids)]).await?;
    let mut out = Vec::with_capacity(rows.len());
    for row in &rows {
        let record = Record::read(&shape, row, 0);
        if let (Some(id), Some(target)) = (record.id_in(shape.system.id), record.id_in(slot)) {
            out.push((id, target, record));
        }
    }
    Ok((shape, out))
}

fn refuse_restricted(run: &mut Run<'_>, restricted: &[Restricted]) {
    let mut told: HashSet<(Uuid, &Name, &Name)> = HashSet::new();
    for one in restricted {
        if !told.insert((one.target, &one.by, &one.field)) {
            continue;
        }
        let same = |other: &&Restricted| {
            other.target == one.target && other.by == one.by && other.field == one.field
        };
        let count = restricted.iter().filter(same).count();
        let refusal = in_the_way(run, one, count);
        run.refuse(one.index, refusal);
    }
}

/// How many records are in the way is told to those who see all of them; of which kind they are, to those who see the kind.
fn in_the_way(run: &Run<'_>, one: &Restricted, count: usize) -> Refusal {
    let Restricted { by, field, .. } = one;
    let rule = format!("{by}.{field}");
    if !run.caller.access.sees(by, field) {
        return Refusal::new(Code::Refused, "other records still point at it").rule("restrict");
    }
    let message = match (run.caller.access.rows(by, Action::Read), count) {
        (Rows::All, 1) => format!("1 {by} record still points at it (`{field}`)"),
        (Rows::All, _) => format!("{count} {by} records still point at it (`{field}`)"),
        (Rows::None | Rows::Where(_), _) => format!("{by} records still point at it (`{field}`)"),
    };
    Refusal::new(Code::Refused, message).rule(rule)
}

fn refuse_all(run: &mut Run<'_>, what: &str) {
    let indexes: HashSet<usize> = run.jobs.iter().map(|job| job.index).collect();
    for index in indexes {
        let message = format!("more than {FARTHEST} records would be {what} with it");
        run.refuse(index, Refusal::new(Code::Refused, message).rule("cascade"));
    }
}

/// Follows restorations.
pub(crate) async fn restoration(run: &mut Run<'_>) -> Result<(), Halt> {
    let mut queue: VecDeque<usize> = (0..run.jobs.len()).collect();
    while !queue.is_empty() {
        let level: Vec<usize> = queue.drain(..).collect();
        if run.jobs.len() > FARTHEST {
            refuse_all(run, "restored");
            return Ok(());
        }
        for (object, _, targets) in by_object(run, &level) {
            for pointer in run.model.pointers(&object).to_vec() {
                if pointer.on_delete == OnDelete::Cascade {
                    queue.extend(bring_back(run, &object, &pointer, &targets).await?);
                }
            }
        }
    }
    settle_pointers(run).await
}

async fn bring_back(
    run: &mut Run<'_>,
    object: &Name,
    pointer: &Pointer,
    targets: &HashMap<Uuid, usize>,
) -> Result<Vec<usize>, Halt> {
    let (shape, holders) = holders(run, pointer, targets, Deleted::Only).await?;
    let mut added = Vec::new();
    for (holder, target, record) in holders {
        let Some(index) = targets.get(&target).copied() else { continue };
        let gone_at = run.place(object, target).and_then(|place| {
            let job = run.jobs.get(place)?;
            job.before.as_ref().map(|before| before.get(job.shape.system.deleted_at).clone())
        });
        let together = gone_at.as_ref() == Some(record.get(shape.system.deleted_at));
        if together && run.place(&shape.object.name, holder).is_none() {
            let job = Job::new(index, &shape, Act::Restore, holder, Some(record.clone()), record).along();
            added.push(run.enlist(job));
        }
    }
    Ok(added)
}

/// Pointers of what comes back must lead somewhere.
async fn settle_pointers(run: &mut Run<'_>) -> Result<(), Halt> {
    let mut wanted: HashMap<Name, Vec<Uuid>> = HashMap::new();
    let mut pointers = Vec::new();
    for (place, job) in run.jobs.iter().enumerate() {
        for (field, slot, targets, required) in to_one(&job.shape) {
            let Some(id) = job.after.id_in(slot) else { continue };
            for target in &targets {
                wanted.entry(target.clone()).or_default().push(id);
            }
            pointers.push((place, field, targets, id, required));
        }
    }
    let mut living: HashMap<Name, HashSet<Uuid>> = HashMap::new();
    for (target, ids) in wanted {
        let found = living_among(run, &target, ids).await?;
        living.insert(target, found);
    }
    for (place, field, targets, id, required) in pointers {
        let there = targets.iter().any(|target| {
            living.get(target).is_some_and(|ids| ids.contains(&id)) || run.place(target, id).is_some()
        });
        if there {
            continue;
        }
        let Some(job) = run.jobs.get_mut(place) else { continue };
        if required {
            let index = job.index;
            let message = format!("what `{field}` points at is deleted: restore that first");
            run.refuse(index, Refusal::at(field.as_str(), message).rule("reference"));
        } else {
            let shape = Arc::clone(&job.shape);
            point(&mut job.after, &shape, &field, None);
        }
    }
    Ok(())
}
