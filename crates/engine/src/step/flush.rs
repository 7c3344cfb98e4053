//! Step 6: the rows, the history, the outbox: in one statement on PostgreSQL wherever the groups of rows allow it.
//!
//! The unique indexes judge here. Where records stand for themselves a savepoint guards the wave: whatever is refused is taken out, and
//! the rest is written again. `after` scripts have their room behind this step.

use std::collections::HashSet;
use std::sync::Arc;

use expr::{Encoding, Moment, Value};
use metadata::catalog::Action;
use query::lower::Lowering;
use sql::{Cells, Ident, Scalar, Statement, Write};
use store::StoreError;
use uuid::Uuid;

use super::notes::Notes;
use super::{grant, judge, unique};
use crate::error::WriteError;
use crate::lifecycle::auto;
use crate::model::{
    Batch, GroupKey, Log, Model, Printed, Shape, Slots, StatementKey, Verb, alias, delete, forget_stays,
    insert, select_columns, system_column, update_many, update_one,
};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};
use crate::sight;

/// Writes the wave.
pub(crate) async fn write(run: &mut Run<'_>) -> Result<(), Halt> {
    if run.lost() {
        return Ok(());
    }
    if run.quick {
        super::quick::write(run).await?;
        return settle(run).await;
    }
    crate::returning::before_destruction(run).await?;
    if run.all_or_none() {
        if let Err(failure) = attempt(run, None).await? {
            unique::explain(run, &failure, None).await?;
        }
    } else {
        write_each(run).await?;
    }
    settle(run).await
}

/// What a savepoint is called.
fn savepoint() -> Ident {
    Ident::made("wave")
}

/// Writes what can be written, record by record where the database does not say which one it refuses.
async fn write_each(run: &mut Run<'_>) -> Result<(), Halt> {
    loop {
        let open = open_indexes(run);
        if open.is_empty() {
            return Ok(());
        }
        guard(run).await?;
        match attempt(run, None).await? {
            Ok(()) if open.iter().all(|index| !run.is_refused(*index)) => return release(run).await,
            Ok(()) => back(run).await?,
            Err(failure) => {
                back(run).await?;
                unique::explain(run, &failure, Some(&open)).await?;
                if open.iter().all(|index| !run.is_refused(*index)) {
                    return one_by_one(run, &open).await;
                }
            }
        }
        release(run).await?;
    }
}

async fn one_by_one(run: &mut Run<'_>, open: &[usize]) -> Result<(), Halt> {
    release(run).await?;
    for index in open {
        guard(run).await?;
        match attempt(run, Some(*index)).await? {
            Ok(()) if !run.is_refused(*index) => {}
            Ok(()) => back(run).await?,
            Err(failure) => {
                back(run).await?;
                unique::explain(run, &failure, Some(&[*index])).await?;
                if !run.is_refused(*index) {
                    run.refuse(*index, failure.refusal());
                }
            }
        }
        release(run).await?;
    }
    Ok(())
}

async fn guard(run: &mut Run<'_>) -> Result<(), Halt> {
    match &mut run.tx {
        Some(tx) => Ok(tx.savepoint(&savepoint()).await?),
        None => Ok(()),
    }
}

async fn back(run: &mut Run<'_>) -> Result<(), Halt> {
    match &mut run.tx {
        Some(tx) => Ok(tx.rollback_to(&savepoint()).await?),
        None => Ok(()),
    }
}

async fn release(run: &mut Run<'_>) -> Result<(), Halt> {
    match &mut run.tx {
        Some(tx) => Ok(tx.release(&savepoint()).await?),
        None => Ok(()),
    }
}

/// Records of the request with something to write.
fn open_indexes(run: &Run<'_>) -> Vec<usize> {
    let mut seen = HashSet::new();
    let open = |job: &&Job| job.writes() && !run.is_refused(job.index);
    run.jobs.iter().filter(open).map(|job| job.index).filter(|index| seen.insert(*index)).collect()
}

/// A refusal by the database itself.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A unique index.
    Unique(String),
    /// A number that its column cannot hold.
    Overflow,
    /// More than a row of the database holds.
    TooLarge,
}

impl Failure {
    /// For want of anything better.
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Failure::Unique(_) => {
                Refusal::new(Code::Conflict, "another record has the same unique value").rule("unique")
            }
            Failure::Overflow => Refusal::new(Code::Validation, "a number is too large for its field"),
            Failure::TooLarge => {
                let message = "the record holds more than fits into one row: leave some of its fields empty";
                Refusal::new(Code::Validation, message).rule("tooLarge")
            }
        }
    }
}

/// Writes the open records of the wave (or those of one record of the request), then asks the rules that only the database can judge.
async fn attempt(run: &mut Run<'_>, only: Option<usize>) -> Result<Result<(), Failure>, Halt> {
    let open =
        |job: &Job| job.writes() && !run.is_refused(job.index) && only.is_none_or(|index| index == job.index);
    let places: Vec<usize> =
        run.jobs.iter().enumerate().filter(|(_, job)| open(job)).map(|(place, _)| place).collect();
    if places.is_empty() {
        return Ok(Ok(()));
    }
    let plan = Plan::of(run, &places);
    for (printed, values) in plan.statements(run) {
        for statement in printed.iter() {
            match run.execute(statement, &values).await {
                Ok(_) => {}
                Err(StoreError::UniqueViolation { index }) => return Ok(Err(Failure::Unique(index))),
                Err(StoreError::Overflow) => return Ok(Err(Failure::Overflow)),
                Err(StoreError::RowTooLarge) => return Ok(Err(Failure::TooLarge)),
                Err(other) => return Err(other.into()),
            }
        }
    }
    if run.notes_at_once() {
        run.noted.clear();
    }
    creations(run, &places).await?;
    rules(run, &places).await?;
    Ok(Ok(()))
}

/// Rows that are written alike.
struct Group {
    shape: Arc<Shape>,
    verb: Act,
    places: Vec<usize>,
}

/// What is written, in order.
struct Plan {
    groups: Vec<Group>,
    events: Vec<usize>,
}

impl Plan {
    fn of(run: &Run<'_>, places: &[usize]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for place in places {
            let Some(job) = run.jobs.get(*place) else { continue };
            let verb = match job.act {
                Act::Create => Act::Create,
                Act::Update | Act::Delete | Act::Restore => Act::Update,
                Act::Destroy => Act::Destroy,
            };
            match groups.iter_mut().find(|g| g.verb == verb && Arc::ptr_eq(&g.shape, &job.shape)) {
                Some(group) => group.places.push(*place),
                None => groups.push(Group { shape: Arc::clone(&job.shape), verb, places: vec![*place] }),
            }
        }
        // What frees a unique value goes before what takes it.
        groups.sort_by_key(|group| match group.verb {
            Act::Destroy => 0,
            Act::Update | Act::Delete | Act::Restore => 1,
            Act::Create => 2,
        });
        Self { groups, events: places.to_vec() }
    }

    /// Statements with their values. One for all, unless a table is written twice: within one statement, PostgreSQL would judge both
    /// writes by the state before.
    fn statements(&self, run: &Run<'_>) -> Vec<(Arc<Printed>, Vec<Value>)> {
        let mut tables = HashSet::new();
        let distinct = self.groups.iter().all(|group| tables.insert(&group.shape.table));
        if distinct {
            return vec![Self::together(run, &self.groups.iter().collect::<Vec<_>>(), &self.events)];
        }
        let mut out: Vec<_> = self.groups.iter().map(|group| Self::together(run, &[group], &[])).collect();
        out.push(Self::together(run, &[], &self.events));
        out
    }

    fn together(run: &Run<'_>, groups: &[&Group], events: &[usize]) -> (Arc<Printed>, Vec<Value>) {
        let mut keys = Vec::with_capacity(groups.len());
        let mut values = Vec::new();
        for group in groups {
            keys.push(group.lay_out(run, &mut values));
        }
        let kept: Vec<&Job> = events.iter().filter_map(|place| run.jobs.get(*place)).collect();
        let notes = Notes::of(run, &kept);
        let logs = notes.kinds();
        notes.push(&mut values);
        let key = StatementKey::Flush(keys.clone(), logs.clone());
        let shapes: Vec<&Shape> = groups.iter().map(|group| &*group.shape).collect();
        let printed = run.model.kept(key, || print(&run.model, &keys, &shapes, &logs));
        (printed, values)
    }
}

/// Writes the notes that no record took along.
pub(crate) async fn rest(run: &mut Run<'_>) -> Result<(), Halt> {
    let Some(notes) = Notes::left(run) else { return Ok(()) };
    let (logs, mut values) = (notes.kinds(), Vec::new());
    notes.push(&mut values);
    let printed =
        run.model.kept(StatementKey::Flush(Vec::new(), logs.clone()), || print(&run.model, &[], &[], &logs));
    for statement in printed.iter() {
        run.execute(statement, &values).await?;
    }
    Ok(())
}

/// The columns that a new record is written with.
pub(crate) fn written(run: &Run<'_>, job: &Job) -> Vec<usize> {
    let demanded = demanded(&job.shape);
    run.model.variety.columns(&job.shape, |slot| demanded.contains(&slot) || !job.after.get(slot).is_null())
}

/// The columns that every written row must have, because they may not be null.
fn demanded(shape: &Shape) -> [usize; 4] {
    let system = &shape.system;
    [system.id, system.created_at, system.updated_at, system.version]
}

impl Group {
    /// Pushes the group's values in the order of its statement's slots.
    fn lay_out(&self, run: &Run<'_>, values: &mut Vec<Value>) -> GroupKey {
        let shape = &*self.shape;
        let jobs: Vec<&Job> = self.places.iter().filter_map(|place| run.jobs.get(*place)).collect();
        let object = shape.object.name.clone();
        match (self.verb, jobs.as_slice()) {
            (Act::Destroy, jobs) => {
                let ids = Value::List(jobs.iter().map(|job| Value::Id(job.id)).collect());
                if shape.flow.is_some() {
                    values.extend([ids.clone(), Value::Text(object.to_string())]);
                }
                values.push(ids);
                GroupKey { object, verb: Verb::Delete, columns: Vec::new() }
            }
            (Act::Create, [one]) => {
                let columns = written(run, one);
                values.extend(columns.iter().map(|slot| one.after.get(*slot).clone()));
                GroupKey { object, verb: Verb::Insert(Batch::One), columns }
            }
            (Act::Create, jobs) => {
                let used = |slot: &usize| {
                    demanded(shape).contains(slot) || jobs.iter().any(|job| !job.after.get(*slot).is_null())
                };
                let columns: Vec<usize> = (0..shape.columns.len()).filter(used).collect();
                push_lists(values, &columns, jobs);
                GroupKey { object, verb: Verb::Insert(Batch::Many), columns }
            }
            (_, [one]) => {
                let columns = one.changed.clone();
                values.extend(columns.iter().map(|slot| one.after.get(*slot).clone()));
                values.push(Value::Id(one.id));
                GroupKey { object, verb: Verb::Update(Batch::One), columns }
            }
            (_, jobs) => {
                let used = |slot: &usize| {
                    demanded(shape).contains(slot) || jobs.iter().any(|job| job.changed.contains(slot))
                };
                let columns: Vec<usize> = (0..shape.columns.len()).filter(used).collect();
                push_lists(values, &columns, jobs);
                GroupKey { object, verb: Verb::Update(Batch::Many), columns }
            }
        }
    }
}

fn push_lists(values: &mut Vec<Value>, columns: &[usize], jobs: &[&Job]) {
    for slot in columns {
        values.push(Value::List(jobs.iter().map(|job| job.after.get(*slot).clone()).collect()));
    }
}

fn print(model: &Model, keys: &[GroupKey], shapes: &[&Shape], logs: &[(Log, Batch)]) -> Printed {
    let mut slots = Slots::default();
    let mut writes: Vec<Write> = Vec::new();
    for (key, shape) in keys.iter().zip(shapes) {
        let write = match key.verb {
            Verb::Insert(batch) => insert(shape, &key.columns, batch, &mut slots),
            Verb::Update(Batch::One) => update_one(shape, &key.columns, &mut slots),
            Verb::Update(Batch::Many) => {
                let fixed = [shape.system.id, shape.system.created_at];
                let changed: Vec<usize> =
                    key.columns.iter().copied().filter(|slot| !fixed.contains(slot)).collect();
                update_many(shape, &key.columns, &changed, &mut slots)
            }
            Verb::Delete => {
                // The log goes with what it tells of.
                if shape.flow.is_some() {
                    writes.push(forget_stays(&mut slots));
                }
                delete(shape, &mut slots)
            }
        };
        writes.push(write);
    }
    writes.extend(logs.iter().map(|(log, batch)| log.write(*batch, &mut slots)));
    let write = match <[Write; 1]>::try_from(writes) {
        Ok([one]) => one,
        Err(several) => Write::Together(several),
    };
    sql::print_write(&write, model.dialect)
}

/// Creations whose right depends on related records, asked of the rows as they are now. Along with others only links are made, so that
/// all of them are of the object of the request.
async fn creations(run: &mut Run<'_>, places: &[usize]) -> Result<(), Halt> {
    let unjudged = places.iter().filter_map(|place| run.jobs.get(*place)).filter(|job| job.unjudged);
    let jobs: Vec<(usize, Uuid)> = unjudged.map(|job| (job.index, job.id)).collect();
    if jobs.is_empty() {
        return Ok(());
    }
    let shape = Arc::clone(run.model.shape(&run.write.object)?);
    let ids = jobs.iter().map(|(_, id)| *id).collect();
    let granted = grant::among(run, &shape, Action::Create, ids).await?;
    for (index, _) in jobs.into_iter().filter(|(_, id)| !granted.contains(id)) {
        run.refuse(index, judge::not_created(&shape));
    }
    Ok(())
}

/// Rules that look at related records, asked of the rows as they are now.
async fn rules(run: &mut Run<'_>, places: &[usize]) -> Result<(), Halt> {
    let mut asked: Vec<(Arc<Shape>, usize, Vec<Uuid>)> = Vec::new();
    for job in places.iter().filter_map(|place| run.jobs.get(*place)) {
        for rule in &job.rules {
            match asked.iter_mut().find(|(shape, number, _)| Arc::ptr_eq(shape, &job.shape) && number == rule)
            {
                Some((_, _, ids)) => ids.push(job.id),
                None => asked.push((Arc::clone(&job.shape), *rule, vec![job.id])),
            }
        }
    }
    if !asked.is_empty() {
        run.must_be_alone()?;
    }
    for (shape, number, ids) in asked {
        for id in rule_breakers(run, &shape, number, ids).await? {
            if let Some(place) = run.place(&shape.object.name, id)
                && let Some(index) = run.jobs.get(place).map(|job| job.index)
            {
                run.refuse(index, judge::broken(&shape, number));
            }
        }
    }
    Ok(())
}

async fn rule_breakers(
    run: &mut Run<'_>,
    shape: &Shape,
    number: usize,
    ids: Vec<Uuid>,
) -> Result<Vec<Uuid>, Halt> {
    let Some(rule) = shape.object.rules.get(number) else { return Ok(Vec::new()) };
    let catalog = Arc::clone(&run.caller.catalog);
    let mut lowering = Lowering::new(&catalog, run.model.dialect, 1);
    let check =
        lowering.condition(&rule.check, &shape.object.name, &alias()).map_err(WriteError::internal)?;
    let among = Slots::default().list(Encoding::Id);
    let filter = vec![
        Scalar::InParam(Box::new(system_column(shape, shape.system.id)), among),
        Scalar::IsNotTrue(Box::new(check)),
    ];
    let statement: Statement =
        sql::print_query(&select_columns(shape, &[shape.system.id], filter), run.model.dialect);
    let moment = Moment { now: run.now, zone: run.caller.zone };
    let values = [Value::List(ids.into_iter().map(Value::Id).collect())];
    let values =
        lowering.into_slots().bind(&values, &moment, &run.caller.facts).map_err(WriteError::internal)?;
    let rows = run.execute(&statement, &values).await?;
    let id = |row: &store::Row| match row.value(0, Encoding::Id) {
        Value::Id(id) => Some(id),
        _ => None,
    };
    Ok(rows.iter().filter_map(id).collect())
}

/// Notes what came of the wave.
async fn settle(run: &mut Run<'_>) -> Result<(), Halt> {
    if run.lost() {
        return Ok(());
    }
    let effects = sight::effects(run).await?;
    for place in 0..run.jobs.len() {
        let Some(job) = run.jobs.get(place) else { continue };
        if run.is_refused(job.index) || !job.asked {
            continue;
        }
        let (index, id, created, changed) = (job.index, job.id, job.act == Act::Create, job.writes());
        if let Some(slot) = run.outcome.ids.get_mut(index) {
            *slot = Some(id);
        }
        if let Some(slot) = run.outcome.created.get_mut(index) {
            *slot = created;
        }
        if let Some(slot) = run.outcome.changed.get_mut(index) {
            *slot = changed;
        }
    }
    run.outcome.effects.extend(effects);
    auto::stir(run);
    Ok(())
}
