//! Transitions that records take by themselves as soon as they are open: tried behind each wave for the records that were written, and for
//! those to which something that was written matters. What they do is a wave of its own, through the whole order.
//!
//! Nobody's rights are asked, and a move that cannot be, because the record would break a rule, is not made. A record that goes on
//! and on is stopped: the write that set it off is refused.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::{Encoding, Value};
use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::Guard;
use metadata::layout::Role;
use query::request::Deleted;
use sql::{Cells, Lock, Scalar};
use uuid::Uuid;

use super::Way;
use super::condition::{self, Question};
use super::demand::{self, Case};
use super::depend::{Back, Source, by_itself};
use super::log::Log;
use crate::error::WriteError;
use crate::model::{Record, Shape, Slots, by_column, select_columns, system_column};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};
use crate::step::find::by_id_list;

/// Moves by itself that one write may cause one record to make.
const MOST: usize = 16;

/// Records that may move, and what is known of those that have moved.
#[derive(Debug, Default)]
pub(crate) struct Stirred {
    /// With the record of the request that stirred them.
    records: IndexMap<(Name, Uuid), usize>,
    trails: Vec<Trail>,
    /// The stages that a record has gone through by itself.
    gone: HashMap<(Name, Uuid), Vec<Arc<str>>>,
}

/// Records from which the way back is still to be gone.
#[derive(Debug)]
struct Trail {
    source: Arc<Source>,
    /// Steps that are behind them.
    done: usize,
    ids: HashSet<Uuid>,
    index: usize,
}

impl Stirred {
    /// One trail for all records that begin the same way: one question for each of its steps. Where something is refused in the end, the
    /// records go again one by one, and each answers for itself.
    fn follow(&mut self, source: &Arc<Source>, (done, ids): (usize, HashSet<Uuid>), index: usize) {
        match self.trails.iter_mut().find(|trail| Arc::ptr_eq(&trail.source, source)) {
            Some(trail) => trail.ids.extend(ids),
            None => self.trails.push(Trail { source: Arc::clone(source), done, ids, index }),
        }
    }

    /// Forgets everything: what was written is done with, or was undone.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Notes what the present wave, now written, may move.
pub(crate) fn stir(run: &mut Run<'_>) {
    let mut stirred = std::mem::take(&mut run.stirred);
    for job in run.jobs.iter().filter(|job| job.writes() && !run.is_refused(job.index)) {
        if may_go_on(run, job) {
            stirred.records.entry((job.shape.object.name.clone(), job.id)).or_insert(job.index);
        }
        let sources = run.model.sources.of_object(&job.shape.object.name);
        for source in sources.iter().filter(|source| source.matters(job)) {
            stirred.follow(source, begin(job, source), job.index);
        }
    }
    run.stirred = stirred;
}

/// Whether a job may move something, as far as memory can tell: then it needs a transaction.
pub(crate) fn stirs(run: &Run<'_>, job: &Job) -> bool {
    let sources = run.model.sources.of_object(&job.shape.object.name);
    may_go_on(run, job) || sources.iter().any(|source| source.matters(job))
}

/// The ways out of a record's stage that it takes by itself.
fn ways(shape: &Shape, record: &Record) -> Vec<Way> {
    let found = || {
        let flow = shape.flow.as_ref()?;
        let (lifecycle, stage) = (flow.lifecycle(record)?, flow.stage(record)?);
        Some(Way::leaving(lifecycle, stage, |way| by_itself(way) && &*way.to != stage))
    };
    found().unwrap_or_default()
}

/// Whether the job's own record may move on. What is told of the past stays where it was put.
fn may_go_on(run: &Run<'_>, job: &Job) -> bool {
    if !matches!(job.act, Act::Create | Act::Update | Act::Restore) || job.passes_by() {
        return false;
    }
    let closed = |way: &Way| {
        let Some(transition) = way.transition() else { return true };
        let guard = match &transition.guard {
            Some(Guard::Expr(expr)) => Some(expr),
            Some(Guard::Script(_)) | None => None,
        };
        guard.into_iter().chain(&transition.needs).any(|expr| {
            let question =
                Question { shape: &job.shape, package: &transition.package, expr, holds_on: false };
            condition::in_memory(run, question, job) == Some(false)
        })
    };
    !ways(&job.shape, &job.after).iter().all(closed)
}

/// Where the way back begins: the first step needs no question where the changed record points itself, before or after.
fn begin(job: &Job, source: &Source) -> (usize, HashSet<Uuid>) {
    let Some(Back::Pointed(to, field)) = source.route.first() else { return (0, HashSet::from([job.id])) };
    let (Some(slot), object) = (job.shape.value_slot(field), job.shape.slot(field, &Role::Object)) else {
        return (1, HashSet::new());
    };
    let of_kind =
        |record: &&Record| object.is_none_or(|slot| *record.get(slot) == Value::Text(to.as_str().to_owned()));
    let records = job.before.iter().chain([&job.after]).filter(of_kind);
    (1, records.filter_map(|record| record.id_in(slot)).collect())
}

/// Takes up the records that move now; false where there are none.
pub(crate) async fn next_wave(run: &mut Run<'_>) -> Result<bool, Halt> {
    // The traces of what is erased are taken from its wave, which must stay.
    if run.erasing.is_some() {
        return Ok(false);
    }
    follow(run).await?;
    let records = std::mem::take(&mut run.stirred.records);
    if records.is_empty() {
        return Ok(false);
    }
    run.clear_wave();
    let mut by_object: IndexMap<Name, Vec<(Uuid, usize)>> = IndexMap::new();
    for ((object, id), index) in records.into_iter().filter(|(_, index)| !run.is_refused(*index)) {
        by_object.entry(object).or_default().push((id, index));
    }
    for (object, ids) in by_object {
        enlist(run, &object, ids).await?;
    }
    let moving = choose(run).await?;
    keep(run, moving);
    Ok(!run.jobs.is_empty())
}

/// Goes the ways back to the records that may move.
async fn follow(run: &mut Run<'_>) -> Result<(), Halt> {
    for mut trail in std::mem::take(&mut run.stirred.trails) {
        while let Some(step) = trail.source.route.get(trail.done) {
            if trail.ids.is_empty() {
                break;
            }
            trail.ids = match step {
                Back::Pointing(object, field) => pointing(run, object, field, trail.ids).await?,
                Back::Pointed(_, field) => {
                    let at = trail.done.checked_sub(1).and_then(|before| trail.source.route.get(before));
                    let Some(Back::Pointing(object, _) | Back::Pointed(object, _)) = at else {
                        return Err(WriteError::internal("a way back without object").into());
                    };
                    pointed(run, object, field, trail.ids).await?
                }
            };
            trail.done += 1;
        }
        for id in trail.ids {
            run.stirred.records.entry((trail.source.target.clone(), id)).or_insert(trail.index);
        }
    }
    Ok(())
}

/// Records that point at one of these.
async fn pointing(
    run: &mut Run<'_>,
    object: &Name,
    field: &Name,
    ids: HashSet<Uuid>,
) -> Result<HashSet<Uuid>, Halt> {
    let shape = Arc::clone(run.model.shape(object)?);
    let Some(slot) = shape.value_slot(field) else { return Ok(HashSet::new()) };
    let mut query = by_column(&shape, slot, Deleted::Without, None);
    query.columns.truncate(0);
    query.columns.push((system_column(&shape, shape.system.id), sql::Ident::made("id")));
    ids_of(run, &query, ids).await
}

/// Records that one of these points at.
async fn pointed(
    run: &mut Run<'_>,
    object: &Name,
    field: &Name,
    ids: HashSet<Uuid>,
) -> Result<HashSet<Uuid>, Halt> {
    let shape = Arc::clone(run.model.shape(object)?);
    let Some(slot) = shape.value_slot(field) else { return Ok(HashSet::new()) };
    let among = Slots::default().list(Encoding::Id);
    let of = Scalar::InParam(Box::new(system_column(&shape, shape.system.id)), among);
    let query = select_columns(&shape, &[slot], vec![of]);
    ids_of(run, &query, ids).await
}

async fn ids_of(run: &mut Run<'_>, query: &sql::Query, ids: HashSet<Uuid>) -> Result<HashSet<Uuid>, Halt> {
    let values = [Value::List(ids.into_iter().map(Value::Id).collect())];
    let rows = run.execute(&sql::print_query(query, run.model.dialect), &values).await?;
    let id = |row: &store::Row| match row.value(0, Encoding::Id) {
        Value::Id(id) => Some(id),
        _ => None,
    };
    Ok(rows.iter().filter_map(id).collect())
}

/// Loads records that may move; those that are in no stage with such a way out stay out.
async fn enlist(run: &mut Run<'_>, object: &Name, ids: Vec<(Uuid, usize)>) -> Result<(), Halt> {
    let shape = Arc::clone(run.model.shape(object)?);
    if shape.flow.is_none() {
        return Ok(());
    }
    let wanted = ids.iter().map(|(id, _)| *id).collect();
    let mut found = by_id_list(run, &shape, wanted, Lock::Change).await?;
    for (id, index) in ids {
        let Some(record) = found.remove(&id).filter(|record| !record.deleted(&shape)) else { continue };
        if !ways(&shape, &record).is_empty() {
            run.enlist(Job::new(index, &shape, Act::Update, id, Some(record.clone()), record).along());
        }
    }
    Ok(())
}

/// The way that each record of the wave takes: the first that is open.
async fn choose(run: &mut Run<'_>) -> Result<HashMap<usize, Way>, Halt> {
    let mut cases = Vec::new();
    for (place, job) in run.jobs.iter().enumerate() {
        let ways = ways(&job.shape, &job.after).into_iter();
        cases.extend(ways.map(|way| Case { place, way, auto: true }));
    }
    let rests = |case: &Case| {
        case.way.lifecycle.stages.get(&*case.way.to()).is_some_and(|stage| stage.cooldown.is_some())
    };
    let places: Vec<usize> = cases.iter().filter(|case| rests(case)).map(|case| case.place).collect();
    let log = if places.is_empty() { Log::default() } else { Log::of(run, &places).await? };
    let unmet = demand::unmet(run, &cases, &log).await?;
    let mut chosen = HashMap::new();
    for (case, _) in cases.into_iter().zip(unmet).filter(|(_, unmet)| unmet.is_empty()) {
        chosen.entry(case.place).or_insert(case.way);
    }
    Ok(chosen)
}

/// Makes a wave of those that move.
fn keep(run: &mut Run<'_>, mut moving: HashMap<usize, Way>) {
    let jobs = std::mem::take(&mut run.jobs);
    run.clear_wave();
    for (place, mut job) in jobs.into_iter().enumerate() {
        let Some(way) = moving.remove(&place) else { continue };
        if let Some(refusal) = endless(run, &job, &way) {
            run.refuse(job.index, refusal);
            continue;
        }
        if let Some(flow) = &job.shape.flow {
            job.after.set(flow.stage, Value::Text(way.to().to_string()));
        }
        job.passage.auto = Some(way);
        run.enlist(job);
    }
}

/// The refusal of a record that goes on and on.
fn endless(run: &mut Run<'_>, job: &Job, way: &Way) -> Option<Refusal> {
    let gone = run.stirred.gone.entry((job.shape.object.name.clone(), job.id)).or_default();
    if gone.is_empty() {
        gone.push(Arc::clone(&way.from));
    }
    gone.push(way.to());
    // The stage that it began in is among them.
    if gone.len() <= MOST + 1 {
        return None;
    }
    // The circle: back to where the last stage was entered before.
    let last = way.to();
    let before =
        gone.iter().rev().skip(1).position(|stage| *stage == last).map_or(gone.len(), |steps| steps + 2);
    let circle: Vec<&str> = gone.iter().rev().take(before).rev().map(|stage| &**stage).collect();
    let message = format!(
        "`{}` would move the {} by itself without end: {}",
        way.lifecycle.name,
        job.shape.object.title,
        circle.join(" → ")
    );
    Some(Refusal::new(Code::Refused, message).rule(way.rule()))
}
