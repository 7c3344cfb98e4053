//! On which records an act is granted. A condition that needs nothing but the record and what is known of the caller is judged in memory;
//! one that looks at related records is asked of the database, in the transaction, once for all records. Callers with all
//! rights are never judged.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::{Encoding, Moment, Value};
use metadata::Name;
use metadata::catalog::Action;
use query::access::{Access, Rows};
use query::lower::Lowering;
use query::request::Deleted;
use sql::{Cells, Ident, Lock, Query, Scalar};
use uuid::Uuid;

use crate::environment::Judged;
use crate::error::WriteError;
use crate::model::{Record, Shape, Slots, alias, by_id, living, select_columns, system_column};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Run};

/// What a caller may do with a record that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The act is granted.
    Granted,
    /// The record is seen, the act is not granted.
    Seen,
    /// For this caller there is no such record.
    Unseen,
}

impl Verdict {
    fn of(seen: bool, granted: bool) -> Self {
        match (seen, granted) {
            (false, _) => Verdict::Unseen,
            (true, false) => Verdict::Seen,
            (true, true) => Verdict::Granted,
        }
    }
}

/// The right that is asked for.
pub(crate) fn action(act: Act) -> Action {
    match act {
        Act::Create => Action::Create,
        Act::Update => Action::Update,
        Act::Delete | Act::Restore => Action::Delete,
        Act::Destroy => Action::Destroy,
    }
}

/// The refusal of an act on a record that is seen.
pub(crate) fn forbidden(action: Action, title: &str, id: Uuid) -> Refusal {
    let message = format!("you may not {} this {title}", action.as_str());
    Refusal::new(Code::Forbidden, message).about(id)
}

/// Whether rights are to be asked for at all.
pub(crate) fn limited(run: &Run<'_>) -> bool {
    run.caller.access != Access::Everything
}

/// What can be told of an act on a record without the database; `None` where it has to be asked.
pub(crate) fn in_memory(run: &Run<'_>, shape: &Shape, action: Action, record: &Record) -> Option<bool> {
    match run.caller.access.rows(&shape.object.name, action) {
        Rows::All => Some(true),
        Rows::None => Some(false),
        Rows::Where(condition) => {
            let judged = Judged::new(run.caller, run.now, shape, record, None);
            expr::holds(condition, &judged).ok()
        }
    }
}

/// The verdicts on records as they are in the database; records that are not among them are granted.
pub(crate) async fn verdicts(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    action: Action,
    records: impl Iterator<Item = &Record>,
) -> Result<HashMap<Uuid, Verdict>, Halt> {
    let mut out = HashMap::new();
    if !limited(run) {
        return Ok(out);
    }
    let mut open = Vec::new();
    for record in records {
        let Some(id) = record.id_in(shape.system.id) else { continue };
        let seen = in_memory(run, shape, Action::Read, record);
        match (seen, in_memory(run, shape, action, record)) {
            (Some(seen), Some(granted)) => {
                out.insert(id, Verdict::of(seen, granted));
            }
            (Some(false), None) => {
                out.insert(id, Verdict::Unseen);
            }
            (None, _) | (Some(true), None) => open.push(id),
        }
    }
    if open.is_empty() {
        return Ok(out);
    }
    if run.quick {
        return Err(Halt::Carefully);
    }
    for (id, [seen, granted]) in ask(run, shape, [Action::Read, action], open).await? {
        out.insert(id, Verdict::of(seen, granted));
    }
    Ok(out)
}

/// Those of the records, as they are now, on which an act is granted: asked of the database.
pub(crate) async fn among(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    action: Action,
    ids: Vec<Uuid>,
) -> Result<HashSet<Uuid>, Halt> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let asked = ask(run, shape, [action], ids).await?;
    Ok(asked.into_iter().filter(|(_, [granted])| *granted).map(|(id, _)| id).collect())
}

/// Which of the ids are of records that the caller sees. Where every record is seen, it is not asked whether they are there.
pub(crate) async fn seen_among(
    run: &mut Run<'_>,
    object: &Name,
    ids: HashSet<Uuid>,
) -> Result<HashSet<Uuid>, Halt> {
    match run.caller.access.rows(object, Action::Read) {
        Rows::All => Ok(ids),
        Rows::None => Ok(HashSet::new()),
        Rows::Where(_) => {
            let shape = Arc::clone(run.model.shape(object)?);
            among(run, &shape, Action::Read, ids.into_iter().collect()).await
        }
    }
}

async fn ask<const N: usize>(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    actions: [Action; N],
    ids: Vec<Uuid>,
) -> Result<Vec<(Uuid, [bool; N])>, Halt> {
    let catalog = Arc::clone(&run.caller.catalog);
    let mut lowering = Lowering::new(&catalog, run.model.dialect, 1);
    let among = Slots::default().list(Encoding::Id);
    let id = system_column(shape, shape.system.id);
    let mut query = select_columns(shape, &[shape.system.id], vec![Scalar::InParam(Box::new(id), among)]);
    for (place, action) in actions.iter().enumerate() {
        let granted = lowering
            .granted(&run.caller.access, *action, &shape.object.name, &alias())
            .map_err(WriteError::internal)?
            .map_or(Scalar::Bool(true), |granted| {
                Scalar::Case(vec![(granted, Scalar::Bool(true))], Some(Box::new(Scalar::Bool(false))))
            });
        query.columns.push((granted, Ident::made(&format!("g{place}"))));
    }
    let rows =
        asked(run, &query, lowering, vec![Value::List(ids.into_iter().map(Value::Id).collect())]).await?;
    let verdict = |row: &store::Row| match row.value(0, Encoding::Id) {
        Value::Id(id) => {
            let granted =
                std::array::from_fn(|place| row.value(place + 1, Encoding::Bool) == Value::Bool(true));
            Some((id, granted))
        }
        _ => None,
    };
    Ok(rows.iter().filter_map(verdict).collect())
}

/// Id and one column of living records that the caller sees, whose column holds one of a list of values. They live on until the end
/// of the transaction.
pub(crate) async fn seen_by_column(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    slot: usize,
    values: Vec<Value>,
) -> Result<Vec<store::Row>, Halt> {
    let catalog = Arc::clone(&run.caller.catalog);
    let mut lowering = Lowering::new(&catalog, run.model.dialect, 1);
    let encoding = shape.columns.get(slot).map_or(Encoding::Id, |stored| stored.encoding);
    let among = Slots::default().list(encoding);
    let mut filter = vec![Scalar::InParam(Box::new(system_column(shape, slot)), among)];
    filter.extend(living(shape, Deleted::Without));
    filter.extend(
        lowering
            .granted(&run.caller.access, Action::Read, &shape.object.name, &alias())
            .map_err(WriteError::internal)?,
    );
    let query = Query {
        order: vec![by_id(shape)],
        lock: run.locked(Lock::KeyShare),
        ..select_columns(shape, &[shape.system.id, slot], filter)
    };
    asked(run, &query, lowering, vec![Value::List(values)]).await
}

async fn asked(
    run: &mut Run<'_>,
    query: &Query,
    lowering: Lowering<'_>,
    values: Vec<Value>,
) -> Result<Vec<store::Row>, Halt> {
    let moment = Moment { now: run.now, zone: run.caller.zone };
    let values =
        lowering.into_slots().bind(&values, &moment, &run.caller.facts).map_err(WriteError::internal)?;
    let statement = sql::print_query(query, run.model.dialect);
    Ok(run.execute(&statement, &values).await?)
}
