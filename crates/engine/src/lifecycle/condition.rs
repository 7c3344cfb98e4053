//! Whether an expression holds of records on their way, and what it yields.
//!
//! Memory answers first. What it does not have at hand (related records, roll-ups) the database is asked, in the transaction: of the record
//! as it shall be, which need not be written yet, because its values go with the question. `old` and `settings` are filled in
//! beforehand. Used for guards, `when`, `set` and transitions that are taken by themselves.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::{Encoding, Environment as _, EvalError, Expr, FieldPath, Moment, Node, Root, Value};
use query::lower::Lowering;
use sql::{Cells, From, Ident, Query, Relation};
use uuid::Uuid;

use crate::environment::Judged;
use crate::error::WriteError;
use crate::model::{Record, Shape, Slots, alias, system_column};
use crate::run::{Halt, Job, Run};

/// What is asked of records of one object.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) shape: &'a Arc<Shape>,
    /// The package whose settings are meant.
    pub(crate) package: &'a str,
    pub(crate) expr: &'a Expr,
    /// Whether it must still hold when the write is done, whatever others write meanwhile.
    pub(crate) holds_on: bool,
}

/// Those of the jobs, by their place in the wave, of which a condition holds. What cannot be computed does not hold.
pub(crate) async fn holds(
    run: &mut Run<'_>,
    question: Question<'_>,
    places: &[usize],
) -> Result<HashSet<usize>, Halt> {
    let mut met = HashSet::new();
    let mut open = Vec::new();
    for place in places {
        let Some(job) = run.jobs.get(*place) else { continue };
        match expr::holds(question.expr, &judged(run, question, job)) {
            Ok(true) => {
                met.insert(*place);
            }
            Ok(false) | Err(EvalError::Overflow) => {}
            Err(EvalError::Unavailable(_)) => open.push(*place),
            Err(error @ EvalError::Malformed(_)) => return Err(WriteError::internal(error).into()),
        }
    }
    let truths = ask(run, question, &open).await?;
    met.extend(truths.into_iter().filter(|(_, truth)| *truth == Value::Bool(true)).map(|(place, _)| place));
    Ok(met)
}

/// Whether a condition holds of a record, as far as memory can tell.
pub(crate) fn in_memory(run: &Run<'_>, question: Question<'_>, job: &Job) -> Option<bool> {
    match expr::holds(question.expr, &judged(run, question, job)) {
        Ok(truth) => Some(truth),
        Err(EvalError::Overflow) => Some(false),
        Err(EvalError::Unavailable(_) | EvalError::Malformed(_)) => None,
    }
}

/// What an expression yields for one job; `Err` inside where it has no value.
pub(crate) async fn value(
    run: &mut Run<'_>,
    question: Question<'_>,
    place: usize,
) -> Result<Result<Value, EvalError>, Halt> {
    let Some(job) = run.jobs.get(place) else { return Ok(Ok(Value::Null)) };
    match expr::evaluate(question.expr, &judged(run, question, job)) {
        Err(EvalError::Unavailable(_)) => {}
        known => return Ok(known),
    }
    let found = ask(run, question, &[place]).await?;
    Ok(Ok(found.into_iter().next().map_or(Value::Null, |(_, value)| value)))
}

fn judged<'r>(run: &'r Run<'_>, question: Question<'r>, job: &'r Job) -> Judged<'r> {
    Judged {
        package: Some(question.package),
        ..Judged::new(run.caller, run.now, question.shape, &job.after, job.before.as_ref())
    }
}

/// Asks the database what the expression yields for each of the jobs.
async fn ask(
    run: &mut Run<'_>,
    question: Question<'_>,
    places: &[usize],
) -> Result<Vec<(usize, Value)>, Halt> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    if run.quick {
        return Err(Halt::Carefully);
    }
    if question.holds_on {
        run.must_be_alone()?;
    }
    // Filled in, the expression may differ from record to record; usually it does not.
    let mut alike: HashMap<Expr, Vec<usize>> = HashMap::new();
    for place in places {
        let filled = filled_in(run, question, *place).await?;
        alike.entry(filled).or_default().push(*place);
    }
    let mut out = Vec::with_capacity(places.len());
    for (expr, places) in alike {
        let records = places.iter().filter_map(|place| {
            let job = run.jobs.get(*place)?;
            Some((*place, job.id, &job.after))
        });
        let records: Vec<(usize, Uuid, &Record)> = records.collect();
        let values = rows_of(question.shape, records.iter().map(|(_, _, record)| *record));
        let by_id: HashMap<Uuid, usize> = records.iter().map(|(place, id, _)| (*id, *place)).collect();
        for (id, value) in ask_rows(run, question.shape, &expr, values).await? {
            out.extend(by_id.get(&id).map(|place| (*place, value)));
        }
    }
    Ok(out)
}

/// The expression with `old` and `settings` filled in.
async fn filled_in(run: &mut Run<'_>, question: Question<'_>, place: usize) -> Result<Expr, Halt> {
    let mut known: HashMap<FieldPath, Value> = HashMap::new();
    loop {
        let Some(job) = run.jobs.get(place) else { return Ok(question.expr.clone()) };
        let judged = judged(run, question, job);
        let mut expr = question.expr.clone();
        let mut missing = None;
        expr.walk_mut(&mut |one| {
            let Node::Field(path) = &one.node else { return true };
            if !matches!(path.root, Root::Old | Root::Settings) {
                return true;
            }
            let value = known.get(path).cloned().or_else(|| judged.field(path).ok());
            match value {
                Some(value) => one.node = Node::Literal(value),
                None => missing = Some((path.clone(), one.ty.clone())),
            }
            true
        });
        let Some((path, ty)) = missing else { return Ok(expr) };
        if path.root == Root::Settings {
            let detail = format!("there is no setting `{path}`");
            return Err(WriteError::internal(detail).into());
        }
        let value = match &job.before {
            None => Value::Null,
            Some(before) => {
                let now = FieldPath { root: Root::Record, steps: path.steps.clone() };
                let expr = Expr { node: Node::Field(now), ty, span: expr::Span::default() };
                let values = rows_of(question.shape, std::iter::once(before));
                let found = ask_rows(run, question.shape, &expr, values).await?;
                found.into_iter().next().map_or(Value::Null, |(_, value)| value)
            }
        };
        known.insert(path, value);
    }
}

/// Records as lists of values, one for each column.
fn rows_of<'r>(shape: &Shape, records: impl Iterator<Item = &'r Record>) -> Vec<Value> {
    let mut columns: Vec<Vec<Value>> = vec![Vec::new(); shape.columns.len()];
    for record in records {
        for (slot, column) in columns.iter_mut().enumerate() {
            column.push(record.get(slot).clone());
        }
    }
    columns.into_iter().map(Value::List).collect()
}

/// What an expression yields for records that are given by their values.
async fn ask_rows(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    expr: &Expr,
    values: Vec<Value>,
) -> Result<Vec<(Uuid, Value)>, Halt> {
    let catalog = Arc::clone(&run.caller.catalog);
    let given = u16::try_from(values.len()).map_err(WriteError::internal)?;
    let mut lowering = Lowering::new(&catalog, run.model.dialect, given);
    let (scalar, encoding) =
        lowering.scalar(expr, &shape.object.name, &alias()).map_err(WriteError::internal)?;
    let mut slots = Slots::default();
    let columns = shape.columns.iter().map(|column| (slots.list(column.encoding), column.name.clone()));
    let query = Query {
        from: Some(From { source: Relation::Rows(columns.collect()), alias: alias() }),
        columns: vec![
            (system_column(shape, shape.system.id), Ident::made("id")),
            (scalar, Ident::made("value")),
        ],
        ..Query::default()
    };
    let moment = Moment { now: run.now, zone: run.caller.zone };
    let values =
        lowering.into_slots().bind(&values, &moment, &run.caller.facts).map_err(WriteError::internal)?;
    let rows = run.execute(&sql::print_query(&query, run.model.dialect), &values).await?;
    let answer = |row: &store::Row| match row.value(0, Encoding::Id) {
        Value::Id(id) => Some((id, row.value(1, encoding))),
        _ => None,
    };
    Ok(rows.iter().filter_map(answer).collect())
}
