//! Hierarchies run in no circle: who manages whom, which team stands below which. Judged on what the wave leaves behind, climbing level by
//! level with one query each; the records on the way up are held, so that two writes at the same time cannot close a circle between them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::{Encoding, Value};
use sql::{Cells, Lock, Param, Query, Scalar, Source};
use uuid::Uuid;

use crate::model::{Shape, by_id, select_columns, system_column};
use crate::outcome::Refusal;
use crate::run::{Act, Halt, Job, Run};

/// Fields by which records of an object stand below others of the same object.
const HIERARCHIES: [(&str, &str); 2] = [("user", "manager"), ("team", "parent")];

/// The column of an object's hierarchy.
fn column(shape: &Shape) -> Option<(usize, &'static str)> {
    let (_, field) = HIERARCHIES.iter().find(|(object, _)| *object == &*shape.object.name)?;
    shape.value_slot(field).map(|slot| (slot, *field))
}

/// Whether a record comes to stand below another one. A new record has nobody below itself.
fn moves(job: &Job, slot: usize) -> bool {
    let before = job.before.as_ref().and_then(|before| before.id_in(slot));
    matches!(job.act, Act::Update | Act::Restore)
        && job.after.id_in(slot).is_some_and(|above| before != Some(above))
}

/// Refuses records of the wave that would stand above themselves.
pub(super) async fn refuse(run: &mut Run<'_>) -> Result<(), Halt> {
    let moved = |job: &Job| column(&job.shape).filter(|(slot, _)| moves(job, *slot));
    let Some((slot, field, shape)) =
        run.jobs.iter().find_map(|job| moved(job).map(|(slot, field)| (slot, field, Arc::clone(&job.shape))))
    else {
        return Ok(());
    };
    if run.quick {
        return Err(Halt::Carefully);
    }
    // A wave writes one of the two hierarchies at most: no user is written along with a team.
    let of_it = |job: &&Job| job.shape.object.name == shape.object.name;
    let mut above: HashMap<Uuid, Option<Uuid>> =
        run.jobs.iter().filter(of_it).map(|job| (job.id, job.after.id_in(slot))).collect();
    let moving: Vec<(usize, Uuid)> =
        run.jobs.iter().filter(of_it).filter(|job| moves(job, slot)).map(|job| (job.index, job.id)).collect();
    climb(run, &shape, slot, &mut above).await?;
    for (index, id) in moving {
        if in_circle(&above, id) {
            let message = format!("`{field}` would lead from this record back to itself");
            run.refuse(index, Refusal::at(field, message).rule("circle"));
        }
    }
    Ok(())
}

/// Finds what stands above all of these, up to the top.
async fn climb(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    slot: usize,
    above: &mut HashMap<Uuid, Option<Uuid>>,
) -> Result<(), Halt> {
    let statement = sql::print_query(&holding(shape, slot), run.model.dialect);
    loop {
        let unknown: HashSet<Uuid> =
            above.values().flatten().filter(|id| !above.contains_key(*id)).copied().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        // What is not there stands below nothing.
        above.extend(unknown.iter().map(|id| (*id, None)));
        let ids = Value::List(unknown.into_iter().map(Value::Id).collect());
        for row in run.execute(&statement, &[ids]).await? {
            if let Value::Id(id) = row.value(0, Encoding::Id) {
                let next = match row.value(1, Encoding::Id) {
                    Value::Id(next) => Some(next),
                    _ => None,
                };
                above.insert(id, next);
            }
        }
    }
}

/// Records by a list of ids, and what they stand below.
fn holding(shape: &Shape, slot: usize) -> Query {
    let values = Param { source: Source::Slot(0), encoding: Encoding::Id, list: true };
    let id = system_column(shape, shape.system.id);
    let query = select_columns(shape, &[shape.system.id, slot], vec![Scalar::InParam(Box::new(id), values)]);
    Query { order: vec![by_id(shape)], lock: Some(Lock::Change), ..query }
}

fn in_circle(above: &HashMap<Uuid, Option<Uuid>>, id: Uuid) -> bool {
    let mut met = HashSet::from([id]);
    let mut place = id;
    while let Some(next) = above.get(&place).copied().flatten() {
        if next == id {
            return true;
        }
        if !met.insert(next) {
            // A circle of others, from before there was this rule.
            return false;
        }
        place = next;
    }
    false
}
