//! Relations: every record that the wave names, by id or by a field, found with one query per object and field; then what to-many
//! fields join and part.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::{Encoding, Value};
use metadata::Name;
use metadata::catalog::{Action, FieldType, Many, Via};
use metadata::layout::Role;
use query::access::Rows;
use query::request::{Deleted, RecordRef};
use sql::{Cells, Lock};
use uuid::Uuid;

use super::circle;
use super::find::by_id_list;
use super::grant::{self, Verdict};
use crate::error::WriteError;
use crate::model::{Record, Shape, by_column};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};

/// A to-one field whose record is to be found.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) field: Name,
    /// Column of the id.
    pub(crate) slot: usize,
    /// Column of the object's name, for polymorphic fields.
    pub(crate) object: Option<usize>,
    pub(crate) target: Name,
    pub(crate) reference: RecordRef,
}

/// A to-many field and what shall become of it.
#[derive(Clone, Debug)]
pub(crate) struct OpenMany {
    pub(crate) field: Name,
    pub(crate) many: Many,
    pub(crate) connect: Vec<RecordRef>,
    pub(crate) disconnect: Vec<RecordRef>,
}

/// Why a record does not stand above or below itself. Only users own themselves.
const ITSELF: &str = "a record cannot point at itself";

/// What is known of the records that were named.
#[derive(Default)]
struct Found {
    living: HashMap<Name, HashSet<Uuid>>,
    keyed: HashMap<(Name, Name), HashMap<Value, Vec<Uuid>>>,
}

/// Finds what the wave points at.
pub(crate) async fn resolve(run: &mut Run<'_>) -> Result<(), Halt> {
    if run.quick {
        trust(run)?;
    }
    let found = look_up(run).await?;
    for place in 0..run.jobs.len() {
        let Some(job) = run.jobs.get_mut(place) else { continue };
        let index = job.index;
        let mut refusals = Vec::new();
        for open in std::mem::take(&mut job.open) {
            match found.one(&open.target, &open.reference) {
                Ok(id) if id == job.id && &*open.field != "owner" => {
                    refusals.push(Refusal::at(open.field.as_str(), ITSELF).rule("self"));
                }
                Ok(id) => {
                    if run.quick && job.before.as_ref().and_then(|before| before.id_in(open.slot)) != Some(id)
                    {
                        run.guards.push((open.target.clone(), id));
                    }
                    job.after.set(open.slot, Value::Id(id));
                    if let Some(object) = open.object {
                        job.after.set(object, Value::Text(open.target.as_str().to_owned()));
                    }
                }
                Err((rule, why)) => refusals.push(Refusal::at(open.field.as_str(), why).rule(rule)),
            }
        }
        let many = std::mem::take(&mut job.many);
        for refusal in refusals {
            run.refuse(index, refusal);
        }
        for open in many {
            join(run, &found, place, open).await?;
        }
    }
    circle::refuse(run).await
}

/// Records that are named by id are asked for by the writing statement itself, unless the caller sees only some of them.
fn trust(run: &mut Run<'_>) -> Result<(), Halt> {
    for job in &mut run.jobs {
        for open in std::mem::take(&mut job.open) {
            let RecordRef::Id(id) = open.reference else {
                job.open.push(open);
                continue;
            };
            if run.caller.access.rows(&open.target, Action::Read) != &Rows::All {
                return Err(Halt::Carefully);
            }
            if id == job.id {
                job.open.push(open);
                continue;
            }
            if job.before.as_ref().and_then(|before| before.id_in(open.slot)) != Some(id) {
                run.guards.push((open.target.clone(), id));
            }
            job.after.set(open.slot, Value::Id(id));
            if let Some(object) = open.object {
                job.after.set(object, Value::Text(open.target.as_str().to_owned()));
            }
        }
    }
    Ok(())
}

/// One query for each object that is named by id, one for each field that records are named by. What the caller does not see is not there.
async fn look_up(run: &mut Run<'_>) -> Result<Found, Halt> {
    let mut ids: HashMap<Name, Vec<Uuid>> = HashMap::new();
    let mut keys: HashMap<(Name, Name), HashSet<Value>> = HashMap::new();
    let mut name = |target: &Name, reference: &RecordRef| match reference {
        RecordRef::Id(id) => ids.entry(target.clone()).or_default().push(*id),
        RecordRef::By(field, value) => {
            keys.entry((target.clone(), field.clone())).or_default().insert(value.clone());
        }
    };
    for job in &run.jobs {
        for open in &job.open {
            if !matches!((&open.reference, kept(run, job, open)), (RecordRef::Id(new), Some(old)) if *new == old)
            {
                name(&open.target, &open.reference);
            }
        }
        for open in &job.many {
            open.connect.iter().chain(&open.disconnect).for_each(|reference| name(&open.many.to, reference));
        }
    }
    let mut found = Found::default();
    for job in &run.jobs {
        for open in &job.open {
            if let Some(old) = kept(run, job, open) {
                found.living.entry(open.target.clone()).or_default().insert(old);
            }
        }
    }
    for (target, ids) in ids {
        let living = seen_living(run, &target, ids).await?;
        found.living.entry(target).or_default().extend(living);
    }
    for ((target, field), values) in keys {
        let keyed = keyed_among(run, &target, &field, values).await?;
        found.keyed.insert((target, field), keyed);
    }
    Ok(found)
}

/// What a field points at already and may go on pointing at, whatever became of it. Callers who do not see all of the target's records are
/// not told by this way what it is.
fn kept(run: &Run<'_>, job: &Job, open: &Open) -> Option<Uuid> {
    let all = run.caller.access.rows(&open.target, Action::Read) == &Rows::All;
    job.before.as_ref().and_then(|before| before.id_in(open.slot)).filter(|_| all)
}

/// Those of the ids that are of living records which the caller sees.
async fn seen_living(run: &mut Run<'_>, object: &Name, ids: Vec<Uuid>) -> Result<HashSet<Uuid>, Halt> {
    if run.caller.access.rows(object, Action::Read) == &Rows::All {
        return living_among(run, object, ids).await;
    }
    let shape = Arc::clone(run.model.shape(object)?);
    let slot = shape.system.id;
    let rows = grant::seen_by_column(run, &shape, slot, ids.into_iter().map(Value::Id).collect()).await?;
    Ok(rows.iter().filter_map(|row| id_at(row, 0)).collect())
}

/// Those of the ids that are of living records, seen or not. They live on until the end of the transaction.
pub(crate) async fn living_among(
    run: &mut Run<'_>,
    object: &Name,
    ids: Vec<Uuid>,
) -> Result<HashSet<Uuid>, Halt> {
    let shape = Arc::clone(run.model.shape(object)?);
    let slot = shape.system.id;
    let statement = run.model.keys_statement(&shape, slot, run.locked(Lock::KeyShare));
    let unique: HashSet<Uuid> = ids.into_iter().collect();
    let values = [Value::List(unique.into_iter().map(Value::Id).collect())];
    let rows = run.execute(&statement, &values).await?;
    Ok(rows.iter().filter_map(|row| id_at(row, 0)).collect())
}

async fn keyed_among(
    run: &mut Run<'_>,
    object: &Name,
    field: &Name,
    values: HashSet<Value>,
) -> Result<HashMap<Value, Vec<Uuid>>, Halt> {
    let shape = Arc::clone(run.model.shape(object)?);
    let slot = shape.compared_slot(field).ok_or_else(|| WriteError::Usage {
        message: format!("`{object}` records cannot be found by `{field}`"),
    })?;
    let encoding = shape.columns.get(slot).map_or(Encoding::Text, |stored| stored.encoding);
    let wanted = values.iter().map(|value| shape.compared(slot, value)).collect();
    let rows = if run.caller.access.rows(object, Action::Read) == &Rows::All {
        let statement = run.model.keys_statement(&shape, slot, run.locked(Lock::KeyShare));
        run.execute(&statement, &[Value::List(wanted)]).await?
    } else {
        grant::seen_by_column(run, &shape, slot, wanted).await?
    };
    let mut found: HashMap<Value, Vec<Uuid>> = HashMap::new();
    for row in &rows {
        if let Some(id) = id_at(row, 0) {
            found.entry(row.value(1, encoding)).or_default().push(id);
        }
    }
    let ids = |value: Value| found.get(&shape.compared(slot, &value)).cloned().map(|ids| (value, ids));
    Ok(values.into_iter().filter_map(ids).collect())
}

fn id_at(row: &impl Cells, column: usize) -> Option<Uuid> {
    match row.value(column, Encoding::Id) {
        Value::Id(id) => Some(id),
        _ => None,
    }
}

impl Found {
    /// The id of the record that is meant, or why there is none: `reference` where it is missing, `ambiguous` where there are several.
    fn one(&self, target: &Name, reference: &RecordRef) -> Result<Uuid, (&'static str, String)> {
        match reference {
            RecordRef::Id(id) if self.living.get(target).is_some_and(|ids| ids.contains(id)) => Ok(*id),
            RecordRef::Id(id) => Err(("reference", format!("there is no {target} with the id {id}"))),
            RecordRef::By(field, value) => {
                let ids = self.keyed.get(&(target.clone(), field.clone())).and_then(|keyed| keyed.get(value));
                match ids.map_or(&[] as &[Uuid], Vec::as_slice) {
                    [one] => Ok(*one),
                    [] => Err((
                        "reference",
                        format!("there is no {target} whose `{field}` is {}", shown(value)),
                    )),
                    several => {
                        let count = several.len();
                        Err((
                            "ambiguous",
                            format!("{count} {target} records have the `{field}` {}", shown(value)),
                        ))
                    }
                }
            }
        }
    }
}

fn shown(value: &Value) -> String {
    let text: String = value.to_json().to_string().chars().take(100).collect();
    text
}

/// Carries out one to-many field of a record.
async fn join(run: &mut Run<'_>, found: &Found, place: usize, open: OpenMany) -> Result<(), Halt> {
    let Some(job) = run.jobs.get(place) else { return Ok(()) };
    let (index, id, new) = (job.index, job.id, job.act == Act::Create);
    let near_object = job.shape.object.name.clone();
    let mut ids = |references: &[RecordRef]| -> Vec<Uuid> {
        let mut out = Vec::new();
        for reference in references {
            match found.one(&open.many.to, reference) {
                Ok(id) if !out.contains(&id) => out.push(id),
                Ok(_) => {}
                Err((rule, why)) => run.refuse(index, Refusal::at(open.field.as_str(), why).rule(rule)),
            }
        }
        out
    };
    let connect = ids(&open.connect);
    let disconnect = ids(&open.disconnect);
    if run.is_refused(index) {
        return Ok(());
    }
    let owner = Near { index, id, new, object: near_object, field: open.field.clone() };
    match &open.many.via {
        Via::Field(field) => join_children(run, &owner, &open.many.to, field, connect, disconnect).await,
        Via::Link { object, near, far } => {
            join_links(run, &owner, [object, near, far], connect, disconnect).await
        }
    }
}

/// The record whose to-many field is written.
struct Near {
    index: usize,
    id: Uuid,
    new: bool,
    object: Name,
    field: Name,
}

/// Related records point here by a field of theirs: it is set or cleared.
async fn join_children(
    run: &mut Run<'_>,
    near: &Near,
    object: &Name,
    field: &Name,
    connect: Vec<Uuid>,
    disconnect: Vec<Uuid>,
) -> Result<(), Halt> {
    let shape = Arc::clone(run.model.shape(object)?);
    let Some(slot) = shape.value_slot(field) else {
        return Err(WriteError::internal(format!("`{object}.{field}` is not stored")).into());
    };
    let all = connect.iter().chain(&disconnect).copied().collect();
    let mut records = by_id_list(run, &shape, all, Lock::Change).await?;
    if let Some(refusal) = withheld(run, &shape, near, field, &records).await? {
        run.refuse(near.index, refusal);
        return Ok(());
    }
    if *object == near.object && connect.contains(&near.id) {
        run.refuse(near.index, Refusal::at(near.field.as_str(), ITSELF).rule("self"));
        return Ok(());
    }
    for (id, joined) in connect.iter().map(|id| (*id, true)).chain(disconnect.iter().map(|id| (*id, false))) {
        let Some(place) = enlist_update(run, &shape, near.index, id, records.remove(&id)) else { continue };
        let Some(job) = run.jobs.get_mut(place) else { continue };
        if !joined && job.after.id_in(slot) != Some(near.id) {
            let why = format!("the {object} {id} is not among `{}`", near.field);
            run.refuse(near.index, Refusal::at(near.field.as_str(), why).rule("reference"));
            continue;
        }
        point(&mut job.after, &shape, field, joined.then_some((near.id, &near.object)));
    }
    Ok(())
}

/// Whoever joins or parts records changes a field of theirs: the refusal of those who may not.
async fn withheld(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    near: &Near,
    field: &Name,
    records: &HashMap<Uuid, Record>,
) -> Result<Option<Refusal>, Halt> {
    let object = &shape.object.name;
    let path = || Some(near.field.as_str().to_owned());
    if !run.caller.access.may_write(object, field) {
        let message = format!("you may not write `{object}.{field}`");
        return Ok(Some(Refusal { path: path(), ..Refusal::new(Code::Forbidden, message) }));
    }
    let verdicts = grant::verdicts(run, shape, Action::Update, records.values()).await?;
    let first = verdicts.iter().filter(|(_, verdict)| **verdict != Verdict::Granted).map(|(id, _)| *id).min();
    Ok(first.map(|id| Refusal { path: path(), ..grant::forbidden(Action::Update, &shape.object.title, id) }))
}

/// Sets or clears a to-one field, polymorphic or not.
pub(crate) fn point(record: &mut Record, shape: &Shape, field: &str, at: Option<(Uuid, &Name)>) {
    if let Some(slot) = shape.value_slot(field) {
        record.set(slot, at.map_or(Value::Null, |(id, _)| Value::Id(id)));
    }
    if let Some(slot) = shape.slot(field, &Role::Object) {
        record.set(slot, at.map_or(Value::Null, |(_, object)| Value::Text(object.as_str().to_owned())));
    }
}

/// Puts a record that is written along with another into the wave; its place, also when it is there already.
pub(crate) fn enlist_update(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    index: usize,
    id: Uuid,
    record: Option<Record>,
) -> Option<usize> {
    if let Some(place) = run.place(&shape.object.name, id) {
        return Some(place);
    }
    let record = record?;
    Some(run.enlist(Job::new(index, shape, Act::Update, id, Some(record.clone()), record).along()))
}

/// Related records are joined through records of a link object: they are made or deleted.
async fn join_links(
    run: &mut Run<'_>,
    near: &Near,
    link: [&Name; 3],
    connect: Vec<Uuid>,
    disconnect: Vec<Uuid>,
) -> Result<(), Halt> {
    let [object, near_field, far_field] = link;
    let shape = Arc::clone(run.model.shape(object)?);
    let (Some(near_slot), Some(far_slot)) = (shape.value_slot(near_field), shape.value_slot(far_field))
    else {
        return Err(WriteError::internal(format!("`{object}` is no link")).into());
    };
    let mut links: HashMap<Uuid, Record> = HashMap::new();
    if !near.new {
        let statement = sql::print_query(
            &by_column(&shape, near_slot, Deleted::Without, Some(Lock::Removal)),
            run.model.dialect,
        );
        let values = [Value::List(vec![Value::Id(near.id)])];
        for row in run.execute(&statement, &values).await? {
            let record = Record::read(&shape, &row, 0);
            if let Some(far) = record.id_in(far_slot) {
                links.insert(far, record);
            }
        }
    }
    for far in connect {
        if links.contains_key(&far) {
            continue;
        }
        let mut record = Record::empty(&shape);
        record.set(near_slot, Value::Id(near.id));
        record.set(far_slot, Value::Id(far));
        let id = run.new_id();
        let mut job = Job::new(near.index, &shape, Act::Create, id, None, record).along();
        job.given = vec![near_slot, far_slot];
        run.enlist(job);
    }
    for far in disconnect {
        let Some(record) = links.remove(&far) else {
            let why = format!("the record {far} is not among `{}`", near.field);
            run.refuse(near.index, Refusal::at(near.field.as_str(), why).rule("reference"));
            continue;
        };
        let Some(id) = record.id_in(shape.system.id) else { continue };
        run.enlist(Job::new(near.index, &shape, Act::Delete, id, Some(record.clone()), record).along());
    }
    Ok(())
}

/// The to-one fields of an object with the columns of their ids, and whether a record cannot be without.
pub(crate) fn to_one(shape: &Shape) -> Vec<(Name, usize, Vec<Name>, bool)> {
    let mut out = Vec::new();
    for (name, field) in &shape.object.fields {
        let (targets, master) = match &field.ty {
            FieldType::Lookup(lookup) => (vec![lookup.to.clone()], lookup.master),
            FieldType::Polymorphic { to, .. } => (to.clone(), false),
            _ => continue,
        };
        if field.system && &**name != "owner" {
            continue;
        }
        if let Some(slot) = shape.value_slot(name) {
            out.push((name.clone(), slot, targets, master || field.required));
        }
    }
    out
}
