//! The rows that a write leaves beside those of its records: history, outbox, the log of stays, runs of automations.

use std::collections::HashMap;

use expr::Value;
use uuid::Uuid;

use crate::json;
use crate::lifecycle::log;
use crate::model::{Batch, Log};
use crate::run::{Job, Run};

/// The rows for each table, in the order in which they are written.
pub(crate) struct Notes(Vec<(Log, Vec<Vec<Value>>)>);

impl Notes {
    /// What is noted of these jobs.
    pub(crate) fn of(run: &Run<'_>, jobs: &[&Job]) -> Self {
        let texts: HashMap<Uuid, String> =
            jobs.iter().map(|job| (job.id, json::text(&json::changes(job)))).collect();
        let text = |job: &Job| Value::Text(texts.get(&job.id).cloned().unwrap_or_default());
        let with_history = jobs.iter().filter(|job| job.shape.object.history);
        let mut all = vec![
            (Log::History, with_history.map(|job| history(run, job, text(job))).collect()),
            (Log::Outbox, jobs.iter().map(|job| event(run, job, text(job))).collect()),
        ];
        all.extend(stays(run, jobs));
        if !jobs.is_empty() && run.notes_at_once() {
            all.extend(noted(run));
        }
        all.retain(|(_, rows): &(Log, Vec<Vec<Value>>)| !rows.is_empty());
        Self(all)
    }

    /// What is still to be written without any record.
    pub(crate) fn left(run: &mut Run<'_>) -> Option<Self> {
        let mut all = noted(run);
        run.noted.clear();
        all.retain(|(_, rows)| !rows.is_empty());
        (!all.is_empty()).then_some(Self(all))
    }

    /// Which tables get how many rows: what the statement depends on.
    pub(crate) fn kinds(&self) -> Vec<(Log, Batch)> {
        let batch = |rows: &[Vec<Value>]| if rows.len() == 1 { Batch::One } else { Batch::Many };
        self.0.iter().map(|(log, rows)| (*log, batch(rows))).collect()
    }

    /// One row as plain values, several as lists by column.
    pub(crate) fn push(self, values: &mut Vec<Value>) {
        for (_, rows) in self.0 {
            let width = rows.first().map_or(0, Vec::len);
            if rows.len() == 1 {
                values.extend(rows.into_iter().flatten());
                continue;
            }
            let mut columns: Vec<Vec<Value>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
            for row in rows {
                for (column, value) in columns.iter_mut().zip(row) {
                    column.push(value);
                }
            }
            values.extend(columns.into_iter().map(Value::List));
        }
    }
}

/// Runs, and what users are told.
fn noted(run: &Run<'_>) -> Vec<(Log, Vec<Vec<Value>>)> {
    let of = |wanted: Log| {
        let rows = run.noted.iter().filter(|(log, _)| *log == wanted).map(|(_, row)| row.clone());
        (wanted, rows.collect())
    };
    vec![of(Log::Runs), of(Log::Told)]
}

fn about(job: &Job) -> [Value; 3] {
    let object = Value::Text(job.shape.object.name.as_str().to_owned());
    [object, Value::Id(job.id), Value::Int(job.after.version(&job.shape))]
}

fn kind(job: &Job) -> Value {
    Value::Text(job.act.effect().as_str().to_owned())
}

fn history(run: &Run<'_>, job: &Job, changes: Value) -> Vec<Value> {
    let caller = run.caller;
    let [object, record, version] = about(job);
    vec![
        Value::Id(run.new_id()),
        object,
        record,
        version,
        Value::DateTime(run.now),
        Value::Text(caller.actor.label.clone()),
        caller.actor.user.map_or(Value::Null, Value::Id),
        Value::Text(caller.door.as_str().to_owned()),
        kind(job),
        changes,
    ]
}

fn event(run: &Run<'_>, job: &Job, changes: Value) -> Vec<Value> {
    let [object, record, version] = about(job);
    vec![Value::Id(run.new_id()), Value::DateTime(run.now), object, record, version, kind(job), changes]
}

/// The stays that end and those that begin. One that ends is closed by itself; several go with those that begin, because one statement
/// writes rows of one table in one way only.
fn stays(run: &Run<'_>, jobs: &[&Job]) -> Vec<(Log, Vec<Vec<Value>>)> {
    let begin: Vec<Vec<Value>> = jobs.iter().flat_map(|job| log::rows(run, job)).collect();
    let ends: Vec<(&Job, &log::End)> =
        jobs.iter().filter_map(|job| job.passage.ends.as_ref().map(|end| (*job, end))).collect();
    match ends.as_slice() {
        [] => vec![(Log::Stays, begin)],
        [(_, end)] => vec![(Log::Leaving, vec![log::closed(end)]), (Log::Stays, begin)],
        several => {
            let mut rows: Vec<Vec<Value>> =
                several.iter().map(|(job, end)| log::closing(run, job, end)).collect();
            rows.extend(begin);
            vec![(Log::Passages, rows)]
        }
    }
}
