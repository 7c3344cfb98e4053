//! Steps of a stage's standard procedure that must be done before a record goes on.
//!
//! A step is done when there is a done task of that name (its `subject` is the step's title) that belongs to the record (by a lookup, or by
//! a polymorphic field) and was made since the record entered the stage: a second pass asks for it anew. Where no `task` object can belong to
//! the record nothing can be noted as done, and nothing is demanded; `check` warns of that.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use metadata::Name;
use metadata::catalog::{Field, FieldType, SopStep};
use metadata::layout::Role;
use query::request::Deleted;
use uuid::Uuid;

use super::demand::Case;
use crate::model::{Record, Shape, by_column};
use crate::run::{Halt, Run};

/// The object whose records are things to do, with the places of what matters of them.
struct Tasks {
    shape: Arc<Shape>,
    /// The columns by which they belong to a record: of a polymorphic field, also the one that names the object.
    ways: Vec<(usize, Option<usize>)>,
    subject: usize,
    done: usize,
}

impl Tasks {
    /// `None` where they cannot belong to records of that object.
    fn about(run: &Run<'_>, object: &str) -> Option<Self> {
        let shape = Arc::clone(run.model.shape("task").ok()?);
        let way = |(name, field): (&Name, &Field)| match &field.ty {
            FieldType::Lookup(lookup) if &*lookup.to == object => Some((shape.value_slot(name)?, None)),
            FieldType::Polymorphic { to, .. } if to.iter().any(|target| &**target == object) => {
                Some((shape.value_slot(name)?, Some(shape.slot(name, &Role::Object)?)))
            }
            _ => None,
        };
        let ways: Vec<_> =
            shape.object.fields.iter().filter_map(|(name, field)| way((name, field))).collect();
        if ways.is_empty() {
            return None;
        }
        let value = |field: &str, encoding: Encoding| {
            let slot = shape.value_slot(field)?;
            shape.columns.get(slot).filter(|column| column.encoding == encoding).map(|_| slot)
        };
        Some(Self {
            ways,
            subject: value("subject", Encoding::Text)?,
            done: value("done", Encoding::Bool)?,
            shape,
        })
    }

    /// The subjects of done tasks that belong to these records, each with the time at which it was made.
    async fn done(
        &self,
        run: &mut Run<'_>,
        object: &str,
        records: HashSet<Uuid>,
    ) -> Result<HashMap<Uuid, Vec<(String, DateTime<Utc>)>>, Halt> {
        let ids = Value::List(records.into_iter().map(Value::Id).collect());
        let mut out: HashMap<Uuid, Vec<(String, DateTime<Utc>)>> = HashMap::new();
        for (related, names) in &self.ways {
            let query = by_column(&self.shape, *related, Deleted::Without, None);
            let statement = sql::print_query(&query, run.model.dialect);
            for row in &run.execute(&statement, std::slice::from_ref(&ids)).await? {
                let task = Record::read(&self.shape, row, 0);
                let about = names.is_none_or(|names| task.get(names) == &Value::Text(object.to_owned()));
                if let (Some(record), Value::Text(subject), Value::Bool(true), Value::DateTime(made)) = (
                    task.id_in(*related).filter(|_| about),
                    task.get(self.subject),
                    task.get(self.done),
                    task.get(self.shape.system.created_at),
                ) {
                    out.entry(record).or_default().push((subject.clone(), *made));
                }
            }
        }
        Ok(out)
    }
}

/// The steps that a way on demands.
fn demanded(case: &Case) -> impl Iterator<Item = &SopStep> {
    let stage = case.way.lifecycle.stages.get(&*case.way.from).filter(|_| case.way.forward());
    stage.into_iter().flat_map(|stage| &stage.sop).filter(|step| step.required)
}

/// For each of the cases the titles of the steps that are not done yet.
pub(super) async fn undone(run: &mut Run<'_>, cases: &[Case]) -> Result<Vec<Vec<String>>, Halt> {
    let mut out = vec![Vec::new(); cases.len()];
    let demanding: Vec<usize> = (0..cases.len())
        .filter(|number| cases.get(*number).is_some_and(|case| demanded(case).next().is_some()))
        .collect();
    let mut asked: HashMap<String, HashSet<Uuid>> = HashMap::new();
    for job in demanding.iter().filter_map(|number| run.jobs.get(cases.get(*number)?.place)) {
        asked.entry(job.shape.object.name.to_string()).or_default().insert(job.id);
    }
    for (object, records) in asked {
        let Some(tasks) = Tasks::about(run, &object) else { continue };
        if run.quick {
            return Err(Halt::Carefully);
        }
        let done = tasks.done(run, &object, records).await?;
        for number in &demanding {
            let (Some(case), Some(missing)) = (cases.get(*number), out.get_mut(*number)) else { continue };
            let Some(job) = run.jobs.get(case.place).filter(|job| *job.shape.object.name == *object) else {
                continue;
            };
            let since = entered(job);
            let of_record = done.get(&job.id).map_or(&[] as &[_], Vec::as_slice);
            let is_done = |step: &SopStep| {
                of_record.iter().any(|(subject, made)| {
                    subject.trim() == step.title.trim() && since.is_none_or(|since| *made >= since)
                })
            };
            missing.extend(demanded(case).filter(|step| !is_done(step)).map(|step| step.title.clone()));
        }
    }
    Ok(out)
}

/// When the record entered the stage that it is in.
fn entered(job: &crate::run::Job) -> Option<DateTime<Utc>> {
    let flow = job.shape.flow.as_ref()?;
    match job.before.as_ref()?.get(flow.entered) {
        Value::DateTime(at) => Some(*at),
        _ => None,
    }
}
