//! Steps of a stage's standard procedure that must be done before a record goes on.
//!
//! A step is done when there is a done task of that name (its `subject` is the step's title) that belongs to the record (its `related`) and was
//! made since the record entered the stage: a second pass asks for it anew. Where no `task` object can belong to the record
//! nothing can be noted as done, and nothing is demanded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use metadata::catalog::{FieldType, SopStep};
use metadata::layout::Role;
use query::request::Deleted;
use uuid::Uuid;

use super::demand::Case;
use crate::model::{Record, Shape, by_column};
use crate::run::{Halt, Run};

/// The object whose records are things to do, with the places of what matters of them.
struct Tasks {
    shape: Arc<Shape>,
    related: usize,
    object: usize,
    subject: usize,
    done: usize,
}

impl Tasks {
    /// `None` where they cannot belong to records of that object.
    fn about(run: &Run<'_>, object: &str) -> Option<Self> {
        let shape = Arc::clone(run.model.shape("task").ok()?);
        let FieldType::Polymorphic { to, .. } = &shape.object.field("related")?.ty else { return None };
        to.iter().find(|target| &***target == object)?;
        let value = |field: &str, encoding: Encoding| {
            let slot = shape.value_slot(field)?;
            shape.columns.get(slot).filter(|column| column.encoding == encoding).map(|_| slot)
        };
        Some(Self {
            related: shape.value_slot("related")?,
            object: shape.slot("related", &Role::Object)?,
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
        let query = by_column(&self.shape, self.related, Deleted::Without, None);
        let ids = Value::List(records.into_iter().map(Value::Id).collect());
        let rows = run.execute(&sql::print_query(&query, run.model.dialect), &[ids]).await?;
        let mut out: HashMap<Uuid, Vec<(String, DateTime<Utc>)>> = HashMap::new();
        for row in &rows {
            let task = Record::read(&self.shape, row, 0);
            let about = task.get(self.object) == &Value::Text(object.to_owned());
            if let (Some(record), Value::Text(subject), Value::Bool(true), Value::DateTime(made)) = (
                task.id_in(self.related).filter(|_| about),
                task.get(self.subject),
                task.get(self.done),
                task.get(self.shape.system.created_at),
            ) {
                out.entry(record).or_default().push((subject.clone(), *made));
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
