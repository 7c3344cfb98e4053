//! Jobs: what waits, what runs, what has failed for good; and the runs of automations.

use async_graphql::{Context, Enum, ID, Json, Object, Result, SimpleObject};
use chrono::{DateTime, SecondsFormat, Utc};
use engine::Kind;
use engine::audit::{Act, Entry};
use metadata::catalog::Right;
use serde_json::Value;
use store::{JobFilter, JobRow, RunFilter, RunRow};

use super::Scene;
use super::problem::{administered, identified, page};

/// Jobs or runs of a page where nothing is said.
const PAGE: i32 = 50;

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum JobState {
    /// It waits for its time or for a worker.
    Waiting,
    /// A worker has it.
    Running,
    /// It has failed for good, and waits to be replayed or discarded.
    Dead,
}

impl From<JobState> for store::JobState {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Waiting => store::JobState::Waiting,
            JobState::Running => store::JobState::Running,
            JobState::Dead => store::JobState::Dead,
        }
    }
}

impl From<store::JobState> for JobState {
    fn from(state: store::JobState) -> Self {
        match state {
            store::JobState::Waiting => JobState::Waiting,
            store::JobState::Running => JobState::Running,
            store::JobState::Dead => JobState::Dead,
        }
    }
}

/// Work that is done after the commit of what asked for it.
#[derive(SimpleObject)]
struct Job {
    /// Its id, which its handler sees as `event.id`, the same at every attempt.
    id: ID,
    /// `automation`, `function`, `transition`; `catalog`, `schedule`, `date` and `age` look for moments, and stand.
    kind: String,
    /// The automation, function or transition.
    subject: String,
    /// The object of the record that it is about.
    object: Option<String>,
    /// The record that it is about.
    record: Option<ID>,
    /// How it stands.
    state: JobState,
    /// Not before.
    due: String,
    /// How often it was tried.
    attempts: i64,
    /// What went wrong last.
    error: Option<String>,
    /// The automations and transitions that led to it, the first one first.
    chain: Vec<String>,
    /// When it was asked for.
    created: String,
}

/// An instant to the millisecond.
pub(super) fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Job {
    fn of(row: JobRow, now: DateTime<Utc>) -> Self {
        Job {
            id: row.job.id.into(),
            state: row.state(now).into(),
            kind: row.job.kind,
            subject: row.job.subject,
            object: row.job.object,
            record: row.job.record.map(ID::from),
            due: shown(row.job.due),
            attempts: row.attempts,
            error: row.error,
            chain: serde_json::from_str(&row.job.chain).unwrap_or_default(),
            created: shown(row.job.created),
        }
    }
}

/// One run of an automation, or of a transition that a clock takes.
#[derive(SimpleObject)]
struct AutomationRun {
    /// Its id, by which a page goes on.
    id: ID,
    /// When.
    at: String,
    /// Of which automation or transition.
    automation: String,
    /// On a record of which object.
    object: Option<String>,
    /// On which record.
    record: Option<ID>,
    /// For which job; null where it ran in the transaction of what set it off.
    job: Option<ID>,
    /// `done`, `refused` or `failed`.
    outcome: String,
    /// Operations of scripts.
    operations: i64,
    /// How long it took.
    micros: i64,
    /// What set it off.
    input: Option<Json<Value>>,
    /// What it did, without values of records.
    effects: Option<Json<Value>>,
    /// Why it failed or was refused.
    error: Option<String>,
}

impl From<RunRow> for AutomationRun {
    fn from(row: RunRow) -> Self {
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).map(Json);
        AutomationRun {
            id: row.id.into(),
            at: shown(row.at),
            automation: row.automation,
            object: row.object,
            record: row.record.map(ID::from),
            job: row.job.map(ID::from),
            outcome: row.outcome,
            operations: row.operations,
            micros: row.micros,
            input: json(row.input),
            effects: json(row.effects).map(|Json(effects)| Json(without_values(effects))),
            error: row.error,
        }
    }
}

/// Effects without what was in a record and what is: whoever reads runs need not see the records.
fn without_values(effects: Value) -> Value {
    match effects {
        Value::Array(items) => items.into_iter().map(without_values).collect(),
        Value::Object(members) => {
            let told = members.into_iter().filter(|(name, _)| name != "from" && name != "to");
            Value::Object(told.map(|(name, member)| (name, without_values(member))).collect())
        }
        other => other,
    }
}

/// What waits and what was run.
#[derive(Default)]
pub(crate) struct JobQuery;

#[Object]
impl JobQuery {
    /// Jobs, the oldest first: those of automations, functions and transitions, or all with what looks for moments. Needs the right `audit` or `apply`.
    async fn jobs(
        &self,
        context: &Context<'_>,
        state: Option<JobState>,
        #[graphql(default_with = "PAGE", desc = "How many, at most 1,000")] first: i32,
        #[graphql(desc = "Those behind the job with this id")] after: Option<ID>,
        #[graphql(default, desc = "Also those that stand, and look for moments")] standing: bool,
    ) -> Result<Vec<Job>> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Audit, Right::Apply])?;
        let kinds =
            if standing { &[][..] } else { &[Kind::Automation, Kind::Function, Kind::Transition][..] };
        let wanted = JobFilter {
            state: state.map(store::JobState::from),
            kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            after: after.as_ref().map(identified).transpose()?,
            first: page(first)?,
        };
        let now = scene.app.clock.now();
        let rows = scene.principal.tenant.jobs(&wanted, now).await;
        let rows = rows.map_err(|error| administered(&error.into()))?;
        Ok(rows.into_iter().map(|row| Job::of(row, now)).collect())
    }

    /// Runs of automations, the newest first. Needs the right `audit` or `apply`.
    #[expect(clippy::too_many_arguments, reason = "each is a filter of the API")]
    async fn automation_runs(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "On records of this object")] object: Option<String>,
        #[graphql(desc = "On this record")] id: Option<ID>,
        automation: Option<String>,
        #[graphql(desc = "`done`, `refused` or `failed`")] outcome: Option<String>,
        #[graphql(default_with = "PAGE", desc = "How many, at most 1,000")] first: i32,
        #[graphql(desc = "Those older than the run with this id")] after: Option<ID>,
    ) -> Result<Vec<AutomationRun>> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Audit, Right::Apply])?;
        let wanted = RunFilter {
            automation,
            object,
            record: id.as_ref().map(identified).transpose()?,
            outcome,
            before: after.as_ref().map(identified).transpose()?,
            first: page(first)?,
        };
        let rows = scene.principal.tenant.automation_runs(&wanted).await;
        let rows = rows.map_err(|error| administered(&error.into()))?;
        Ok(rows.into_iter().map(AutomationRun::from).collect())
    }
}

/// What can be done about jobs.
#[derive(Default)]
pub(crate) struct JobMutation;

#[Object]
impl JobMutation {
    /// Gives a dead job to the workers once more. Needs the right `apply`.
    async fn replay_job(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        let scene = context.data::<Scene>()?;
        let permitted = scene.admin().must_for(Entry::done(Act::JobReplay), Right::Apply).await;
        permitted.map_err(|error| administered(&error))?;
        let replayed = scene.admin().replay_job(identified(&id)?).await;
        replayed.map(|()| true).map_err(|error| administered(&error))
    }

    /// Strikes out a job that no worker has. Needs the right `apply`.
    async fn discard_job(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        let scene = context.data::<Scene>()?;
        let permitted = scene.admin().must_for(Entry::done(Act::JobDiscard), Right::Apply).await;
        permitted.map_err(|error| administered(&error))?;
        let discarded = scene.admin().discard_job(identified(&id)?).await;
        discarded.map(|()| true).map_err(|error| administered(&error))
    }
}
