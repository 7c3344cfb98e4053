//! Step 2, second half: which records, in which waves; locked, in the order of their ids, with their version compared.
//!
//! A wave goes through the rest of the order together. Requests of which one failure undoes all are one wave, so are plain bulk
//! writes whose records stand for themselves; those that reach beyond their own record (deletions, to-many relations) go one by one
//! there, each behind a savepoint.

use std::collections::HashMap;
use std::sync::Arc;

use expr::{Encoding, Moment, Value};
use metadata::catalog::Action;
use query::lower::Lowering;
use query::request::{Batch, Deleted, Input, Operation, RecordData, Which};
use sql::{Cells, Lock};
use uuid::Uuid;

use super::change::{self, Change};
use super::grant::{self, Verdict};
use super::permission::LARGEST_BULK;
use super::{reach, tail, take, unique};
use crate::error::WriteError;
use crate::lifecycle::auto;
use crate::model::{Record, Shape, Slots, alias, by_column, living, select_columns};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};

/// Records of the request that go through the order together.
#[derive(Clone, Debug)]
pub(crate) enum Wave {
    /// By their place in the request's data.
    Data(Vec<usize>),
    /// By id: place in the outcome, id.
    Ids(Vec<(usize, Uuid)>),
}

/// Says which waves there will be.
pub(crate) async fn plan_waves(run: &mut Run<'_>) -> Result<(), Halt> {
    let write = run.write;
    match &write.operation {
        Operation::Create(records, batch) => {
            run.expect_records(records.len());
            let alone = *batch == Batch::Each && records.iter().any(reaches);
            plan_data(run, (0..records.len()).collect(), alone);
        }
        Operation::Upsert { key, records, batch } => {
            run.expect_records(records.len());
            let alone = *batch == Batch::Each && records.iter().any(reaches);
            let email = run.model.shape(&write.object)?.compared_slot(key)
                != run.model.shape(&write.object)?.value_slot(key);
            for wave in apart(key, records, email) {
                plan_data(run, wave, alone);
            }
        }
        Operation::Update { id, .. } | Operation::Move { id, .. } => plan_ids(run, vec![*id], false),
        Operation::UpdateMany(which, data, batch) => {
            let ids = matching(run, which, Deleted::Without).await?;
            plan_ids(run, ids, *batch == Batch::Each && reaches(data));
        }
        Operation::Delete(which, batch) => {
            let ids = matching(run, which, Deleted::Without).await?;
            plan_ids(run, ids, *batch == Batch::Each);
        }
        Operation::Restore(which, batch) => {
            let ids = matching(run, which, Deleted::Only).await?;
            plan_ids(run, ids, *batch == Batch::Each);
        }
        Operation::Destroy(which, batch) => {
            let ids = matching(run, which, Deleted::With).await?;
            plan_ids(run, ids, *batch == Batch::Each);
        }
    }
    Ok(())
}

/// Whether the data writes to other records than its own.
fn reaches(data: &RecordData) -> bool {
    data.fields.iter().any(|(_, input)| matches!(input, Input::Many { .. }))
}

fn plan_data(run: &mut Run<'_>, places: Vec<usize>, alone: bool) {
    if alone {
        run.waves.extend(places.into_iter().map(|place| Wave::Data(vec![place])));
    } else if !places.is_empty() {
        run.waves.push_back(Wave::Data(places));
    }
}

fn plan_ids(run: &mut Run<'_>, ids: Vec<Uuid>, alone: bool) {
    run.expect_records(ids.len());
    let numbered = ids.into_iter().enumerate();
    if alone {
        run.waves.extend(numbered.map(|one| Wave::Ids(vec![one])));
    } else {
        run.waves.push_back(Wave::Ids(numbered.collect()));
    }
}

/// Records with equal keys must not meet in one wave: the second one updates what the first one made. Keys may be compared without case.
fn apart(key: &str, records: &[RecordData], without_case: bool) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut seen: HashMap<Value, usize> = HashMap::new();
    for (place, record) in records.iter().enumerate() {
        let value = key_value(key, record).map(|value| match value {
            Value::Text(text) if without_case => Value::Text(expr::fold(text)),
            Value::Text(text) => Value::Text(expr::nfc(text)),
            other => other.clone(),
        });
        let wave = match value {
            Some(value) => {
                let count = seen.entry(value).or_insert(0);
                *count += 1;
                *count - 1
            }
            None => 0,
        };
        if waves.len() <= wave {
            waves.resize_with(wave + 1, Vec::new);
        }
        if let Some(places) = waves.get_mut(wave) {
            places.push(place);
        }
    }
    waves
}

fn key_value<'a>(key: &str, record: &'a RecordData) -> Option<&'a Value> {
    record.fields.iter().find_map(|(name, input)| match input {
        Input::Value(value) if &**name == key && !value.is_null() => Some(value),
        _ => None,
    })
}

/// Ids of the records meant, by id.
async fn matching(run: &mut Run<'_>, which: &Which, deleted: Deleted) -> Result<Vec<Uuid>, Halt> {
    let (filter, given) = match which {
        Which::One(id) => return Ok(vec![*id]),
        Which::Matching(filter, given) => (filter, given),
    };
    let shape = Arc::clone(run.model.shape(&run.write.object)?);
    let catalog = Arc::clone(&run.caller.catalog);
    let count = u16::try_from(given.len()).map_err(WriteError::internal)?;
    let access = run.caller.access.clone();
    let mut lowering = Lowering::on_behalf(&catalog, run.model.dialect, count + 1, &access);
    let condition = lowering.condition(filter, &shape.object.name, &alias()).map_err(WriteError::internal)?;
    let seen = lowering.granted(&access, Action::Read, &shape.object.name, &alias());
    let mut conditions = vec![condition];
    conditions.extend(seen.map_err(WriteError::internal)?);
    let slots = lowering.into_slots();
    conditions.extend(living(&shape, deleted));
    let mut query = select_columns(&shape, &[shape.system.id], conditions);
    query.order = vec![crate::model::by_id(&shape)];
    query.limit = Some(Slots::after(given.len()).one(Encoding::Int));
    let most = i64::try_from(LARGEST_BULK + 1).map_err(WriteError::internal)?;
    let values: Vec<Value> = given.iter().cloned().chain([Value::Int(most)]).collect();
    let moment = Moment { now: run.now, zone: run.caller.zone };
    let values = slots.bind(&values, &moment, &run.caller.facts).map_err(WriteError::internal)?;
    let rows = run.execute(&sql::print_query(&query, run.model.dialect), &values).await?;
    if rows.len() > LARGEST_BULK {
        let message = format!("more than {LARGEST_BULK} records match: narrow the filter, or go in steps");
        return Err(WriteError::Usage { message }.into());
    }
    let id = |row: &store::Row| match row.value(0, Encoding::Id) {
        Value::Id(id) => Some(id),
        _ => None,
    };
    Ok(rows.iter().filter_map(id).collect())
}

/// Takes up the next wave; false when there is none left, or when one failure has undone all.
pub(crate) async fn next_wave(run: &mut Run<'_>) -> Result<bool, Halt> {
    if run.lost() {
        return Ok(false);
    }
    if auto::next_wave(run).await? {
        return Ok(true);
    }
    if run.lost() {
        return Ok(false);
    }
    tail::end(run).await?;
    let Some(wave) = run.waves.pop_front() else { return Ok(false) };
    run.stirred.forget();
    tail::begin(run, &wave).await?;
    run.clear_wave();
    let write = run.write;
    let shape = Arc::clone(run.model.shape(&write.object)?);
    match (&write.operation, wave) {
        (Operation::Create(records, _), Wave::Data(places)) => {
            for place in places {
                create(run, &shape, place, records.get(place));
            }
        }
        (Operation::Upsert { key, records, .. }, Wave::Data(places)) => {
            upsert(run, &shape, key, records, places).await?;
        }
        (Operation::Update { data, expected_version, .. }, Wave::Ids(ids)) => {
            change::one(run, &shape, &ids, Change { data, expected: *expected_version, to: None }).await?;
        }
        (Operation::Move { to, reason, data, expected_version, .. }, Wave::Ids(ids)) => {
            let to = Some((to, reason));
            change::one(run, &shape, &ids, Change { data, expected: *expected_version, to }).await?;
        }
        (Operation::UpdateMany(_, data, _), Wave::Ids(ids)) => {
            for (index, record) in load(run, &shape, &ids, Act::Update).await? {
                update(run, &shape, index, record, data);
            }
        }
        (Operation::Delete(..), Wave::Ids(ids)) => remove(run, &shape, &ids, Act::Delete).await?,
        (Operation::Restore(..), Wave::Ids(ids)) => remove(run, &shape, &ids, Act::Restore).await?,
        (Operation::Destroy(..), Wave::Ids(ids)) => remove(run, &shape, &ids, Act::Destroy).await?,
        (_, wave) => return Err(WriteError::internal(format!("{wave:?} does not fit the operation")).into()),
    }
    Ok(true)
}

fn create(run: &mut Run<'_>, shape: &Arc<Shape>, index: usize, data: Option<&RecordData>) {
    let id = run.new_id();
    create_as(run, shape, index, id, data);
}

fn create_as(run: &mut Run<'_>, shape: &Arc<Shape>, index: usize, id: Uuid, data: Option<&RecordData>) {
    let job = Job::new(index, shape, Act::Create, id, None, Record::empty(shape));
    let place = run.enlist(job);
    if let Some(data) = data {
        take::data(run, place, data);
    }
}

pub(super) fn update(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    index: usize,
    record: Record,
    data: &RecordData,
) -> Option<usize> {
    let id = record.id_in(shape.system.id)?;
    let job = Job::new(index, shape, Act::Update, id, Some(record.clone()), record);
    let place = run.enlist(job);
    take::data(run, place, data);
    Some(place)
}

/// Creates those records of which there is none with their key yet, and updates the others.
async fn upsert(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    key: &str,
    records: &[RecordData],
    places: Vec<usize>,
) -> Result<(), Halt> {
    let slot = match shape.compared_slot(key) {
        Some(slot) if shape.object.identifies(key) => slot,
        _ => {
            let message = format!(
                "`{key}` cannot be the key of an upsert: it is not a unique field of `{}`",
                shape.object.name
            );
            return Err(WriteError::Usage { message }.into());
        }
    };
    let compared = |data: &RecordData| key_value(key, data).map(|value| shape.compared(slot, value));
    let wanted: Vec<Value> =
        places.iter().filter_map(|place| records.get(*place).and_then(compared)).collect();
    let by_id = key == "id";
    let query =
        by_column(shape, slot, if by_id { Deleted::With } else { Deleted::Without }, Some(Lock::Change));
    let rows = run.execute(&sql::print_query(&query, run.model.dialect), &[Value::List(wanted)]).await?;
    let mut known: HashMap<Value, Record> = HashMap::new();
    for row in &rows {
        let record = Record::read(shape, row, 0);
        known.insert(record.get(slot).clone(), record);
    }
    let verdicts = grant::verdicts(run, shape, Action::Update, known.values()).await?;
    for place in places {
        let Some(data) = records.get(place) else { continue };
        let found = compared(data).map(|value| known.remove(&value));
        if let Some(Some(record)) = &found
            && let Some(refusal) = withheld(run, shape, key, record, &verdicts)
        {
            run.refuse(place, refusal);
            continue;
        }
        match found {
            Some(Some(record)) if !record.deleted(shape) => {
                update(run, shape, place, record, data);
            }
            // A file may bring back what was exported from elsewhere, so that what points at it is right.
            Some(None) if by_id && run.caller.door.imports() => match key_value(key, data) {
                Some(Value::Id(id)) => create_as(run, shape, place, *id, Some(data)),
                _ => run.refuse(place, Refusal::at(key, "`id` is no id".to_owned())),
            },
            Some(_) if by_id => run.refuse(place, missing(Act::Update, &shape.object.title)),
            Some(_) if !run.caller.access.may_write(&shape.object.name, key) => {
                let message = format!("you may not write `{}.{key}`", shape.object.name);
                run.refuse(
                    place,
                    Refusal { path: Some(key.to_owned()), ..Refusal::new(Code::Forbidden, message) },
                );
            }
            Some(_) => create(run, shape, place, Some(data)),
            None => run.refuse(
                place,
                Refusal::at(key, format!("`{key}` decides which record is meant: it cannot be empty")),
            ),
        }
    }
    Ok(())
}

/// Why an upsert may not update the record with its key. One that the caller does not see is what it would be to a creation: somebody's
/// record that has the value already.
fn withheld(
    run: &Run<'_>,
    shape: &Shape,
    key: &str,
    record: &Record,
    verdicts: &HashMap<Uuid, Verdict>,
) -> Option<Refusal> {
    let id = record.id_in(shape.system.id)?;
    match verdicts.get(&id)? {
        Verdict::Unseen if key == "id" && !run.caller.door.imports() => {
            Some(missing(Act::Update, &shape.object.title).about(id))
        }
        Verdict::Unseen => Some(unique::taken(shape, &[key]).about(id)),
        Verdict::Seen if record.deleted(shape) => None,
        Verdict::Seen => Some(grant::forbidden(Action::Update, &shape.object.title, id)),
        Verdict::Granted => None,
    }
}

/// Records by id, locked; those that are not there for the caller, or that the caller may not treat so, are refused.
pub(super) async fn load(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    ids: &[(usize, Uuid)],
    act: Act,
) -> Result<Vec<(usize, Record)>, Halt> {
    let lock = match act {
        Act::Create | Act::Update => Lock::Change,
        Act::Delete | Act::Restore | Act::Destroy => Lock::Removal,
    };
    let mut found = by_id_list(run, shape, ids.iter().map(|(_, id)| *id).collect(), lock).await?;
    let action = grant::action(act);
    let verdicts = grant::verdicts(run, shape, action, found.values()).await?;
    let mut out = Vec::with_capacity(ids.len());
    for (index, id) in ids {
        let wanted = |record: &Record| match act {
            Act::Create | Act::Update | Act::Delete => !record.deleted(shape),
            Act::Restore => record.deleted(shape),
            Act::Destroy => true,
        };
        match found.remove(id).filter(wanted) {
            Some(record) => match verdicts.get(id) {
                None | Some(Verdict::Granted) => out.push((*index, record)),
                Some(Verdict::Seen) => {
                    run.refuse(*index, grant::forbidden(action, &shape.object.title, *id));
                }
                Some(Verdict::Unseen) => run.refuse(*index, missing(act, &shape.object.title).about(*id)),
            },
            None => run.refuse(*index, missing(act, &shape.object.title).about(*id)),
        }
    }
    Ok(out)
}

fn missing(act: Act, title: &str) -> Refusal {
    let message = match act {
        Act::Restore => format!("there is no deleted {title} with this id"),
        Act::Create | Act::Update | Act::Delete | Act::Destroy => format!("there is no {title} with this id"),
    };
    Refusal::new(Code::NotFound, message)
}

/// Records by id, living or not, locked in the order of their ids.
pub(crate) async fn by_id_list(
    run: &mut Run<'_>,
    shape: &Shape,
    ids: Vec<Uuid>,
    lock: impl Into<Option<Lock>>,
) -> Result<HashMap<Uuid, Record>, Halt> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let lock = lock.into().and_then(|lock| run.locked(lock));
    let statement = run.model.load_statement(shape, lock);
    let values = [Value::List(ids.into_iter().map(Value::Id).collect())];
    let rows = run.execute(&statement, &values).await?;
    let keyed = |row: &store::Row| {
        let record = Record::read(shape, row, 0);
        record.id_in(shape.system.id).map(|id| (id, record))
    };
    Ok(rows.iter().filter_map(keyed).collect())
}

async fn remove(run: &mut Run<'_>, shape: &Arc<Shape>, ids: &[(usize, Uuid)], act: Act) -> Result<(), Halt> {
    for (index, record) in load(run, shape, ids, act).await? {
        let Some(id) = record.id_in(shape.system.id) else { continue };
        run.enlist(Job::new(index, shape, act, id, Some(record.clone()), record));
    }
    match act {
        Act::Delete | Act::Destroy => reach::removal(run).await,
        Act::Restore => reach::restoration(run).await,
        Act::Create | Act::Update => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use metadata::Name;

    use super::*;

    fn record(key: Option<&str>) -> RecordData {
        let value = key.map_or(Value::Null, |text| Value::Text(text.to_owned()));
        let fields = vec![(Name::new("code").expect("a name"), Input::Value(value))];
        RecordData { fields, ..RecordData::default() }
    }

    #[test]
    fn equal_keys_go_in_waves_one_after_the_other() {
        let records =
            [record(Some("a")), record(Some("b")), record(Some("a")), record(None), record(Some("a"))];
        assert_eq!(apart("code", &records, false), vec![vec![0, 1, 3], vec![2], vec![4]]);
    }
}
