//! Rows of the tables `job` and `automation_run`.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use uuid::Uuid;

use crate::statement::{Table, cell};
use crate::{Row, StoreError};

pub(super) static JOB: Table = Table {
    name: "job",
    columns: &[
        ("id", Encoding::Id),
        ("key", Encoding::Text),
        ("kind", Encoding::Text),
        ("subject", Encoding::Text),
        ("object", Encoding::Text),
        ("record", Encoding::Id),
        ("payload", Encoding::Text),
        ("due", Encoding::DateTime),
        ("state", Encoding::Text),
        ("attempts", Encoding::Int),
        ("lease", Encoding::DateTime),
        ("fence", Encoding::Int),
        ("chain", Encoding::Text),
        ("depth", Encoding::Int),
        ("error", Encoding::Text),
        ("created", Encoding::DateTime),
    ],
};

pub(super) static RUN: Table = Table {
    name: "automation_run",
    columns: &[
        ("id", Encoding::Id),
        ("at", Encoding::DateTime),
        ("automation", Encoding::Text),
        ("object", Encoding::Text),
        ("record", Encoding::Id),
        ("job", Encoding::Id),
        ("key", Encoding::Text),
        ("outcome", Encoding::Text),
        ("operations", Encoding::Int),
        ("micros", Encoding::Int),
        ("input", Encoding::Text),
        ("effects", Encoding::Text),
        ("error", Encoding::Text),
    ],
};

/// The state of what can be taken, as it is stored.
pub(super) const WAITING: &str = "waiting";
/// The state of what has failed for good, as it is stored.
pub(super) const DEAD: &str = "dead";

/// A job to be put into the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// The same at every attempt.
    pub id: Uuid,
    /// Work under a key waits only once: a job whose key is there already is left out.
    pub key: Option<String>,
    /// What kind of work.
    pub kind: String,
    /// Name of what is to be done.
    pub subject: String,
    /// About a record of which object.
    pub object: Option<String>,
    /// About which record.
    pub record: Option<Uuid>,
    /// What else there is to know, as JSON.
    pub payload: String,
    /// Not before.
    pub due: DateTime<Utc>,
    /// What led to it, as JSON.
    pub chain: String,
    /// How many led to it.
    pub depth: i64,
    /// When it was asked for.
    pub created: DateTime<Utc>,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It waits for its time or for a worker.
    Waiting,
    /// A worker has it.
    Running,
    /// It has failed for good, and waits for somebody to replay or discard it.
    Dead,
}

/// A job of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// What was put in.
    pub job: NewJob,
    /// Whether it has failed for good.
    pub dead: bool,
    /// How often it was taken, by workers that were lost, too.
    pub attempts: i64,
    /// Until when a worker has it.
    pub lease: Option<DateTime<Utc>>,
    /// The number of the taking.
    pub fence: i64,
    /// What went wrong last.
    pub error: Option<String>,
}

impl JobRow {
    /// How it stands at an instant.
    pub fn state(&self, now: DateTime<Utc>) -> JobState {
        match (self.dead, self.lease) {
            (true, _) => JobState::Dead,
            (false, Some(lease)) if lease > now => JobState::Running,
            (false, _) => JobState::Waiting,
        }
    }
}

/// A run of an automation, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its id; ascends with time.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Of which automation or transition.
    pub automation: String,
    /// On a record of which object.
    pub object: Option<String>,
    /// On which record.
    pub record: Option<Uuid>,
    /// For which job.
    pub job: Option<Uuid>,
    /// The job's key.
    pub key: Option<String>,
    /// `done`, `refused`, `failed`.
    pub outcome: String,
    /// Operations of scripts.
    pub operations: i64,
    /// How long it took.
    pub micros: i64,
    /// What set it off, as JSON without values of records.
    pub input: Option<String>,
    /// What it did, as JSON without values of records.
    pub effects: Option<String>,
    /// Why it failed or was refused.
    pub error: Option<String>,
}

pub(super) fn optional_text(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.clone()))
}

fn optional_id(id: Option<Uuid>) -> Value {
    id.map_or(Value::Null, Value::Id)
}

impl NewJob {
    pub(super) fn values(&self) -> Vec<Value> {
        vec![
            Value::Id(self.id),
            optional_text(self.key.as_ref()),
            Value::Text(self.kind.clone()),
            Value::Text(self.subject.clone()),
            optional_text(self.object.as_ref()),
            optional_id(self.record),
            Value::Text(self.payload.clone()),
            Value::DateTime(self.due),
            Value::Text(WAITING.to_owned()),
            Value::Int(0),
            Value::Null,
            Value::Int(0),
            Value::Text(self.chain.clone()),
            Value::Int(self.depth),
            Value::Null,
            Value::DateTime(self.created),
        ]
    }
}

impl RunRow {
    pub(super) fn values(&self) -> Vec<Value> {
        vec![
            Value::Id(self.id),
            Value::DateTime(self.at),
            Value::Text(self.automation.clone()),
            optional_text(self.object.as_ref()),
            optional_id(self.record),
            optional_id(self.job),
            optional_text(self.key.as_ref()),
            Value::Text(self.outcome.clone()),
            Value::Int(self.operations),
            Value::Int(self.micros),
            optional_text(self.input.as_ref()),
            optional_text(self.effects.as_ref()),
            optional_text(self.error.as_ref()),
        ]
    }
}

pub(super) fn job(row: &Row) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        job: NewJob {
            id: cell::id(row, 0)?,
            key: cell::optional_text(row, 1)?,
            kind: cell::text(row, 2)?,
            subject: cell::text(row, 3)?,
            object: cell::optional_text(row, 4)?,
            record: cell::optional_id(row, 5)?,
            payload: cell::text(row, 6)?,
            due: cell::instant(row, 7)?,
            chain: cell::text(row, 12)?,
            depth: cell::whole(row, 13)?,
            created: cell::instant(row, 15)?,
        },
        dead: cell::text(row, 8)? == DEAD,
        attempts: cell::whole(row, 9)?,
        lease: cell::optional_instant(row, 10)?,
        fence: cell::whole(row, 11)?,
        error: cell::optional_text(row, 14)?,
    })
}

pub(super) fn run(row: &Row) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        id: cell::id(row, 0)?,
        at: cell::instant(row, 1)?,
        automation: cell::text(row, 2)?,
        object: cell::optional_text(row, 3)?,
        record: cell::optional_id(row, 4)?,
        job: cell::optional_id(row, 5)?,
        key: cell::optional_text(row, 6)?,
        outcome: cell::text(row, 7)?,
        operations: cell::whole(row, 8)?,
        micros: cell::whole(row, 9)?,
        input: cell::optional_text(row, 10)?,
        effects: cell::optional_text(row, 11)?,
        error: cell::optional_text(row, 12)?,
    })
}
