//! The note of each run: what it saw, what it did, what it cost, how it ended. One that failed is noted when everything else is undone.

use expr::Value;
use script::{Data, Ran, Spent};
use serde_json::{Value as Json, json};
use sql::Statement;
use store::Tenant;
use uuid::Uuid;

use super::Failed;
use crate::caller::Caller;
use crate::model::{Batch, Log, Slots};
use crate::run::Run;

/// What is told of a run that came to its end.
pub(super) struct Told {
    pub(super) event: Data,
    pub(super) ran: Ran,
    pub(super) spent: Spent,
    /// How many effects there were before it.
    pub(super) effects: usize,
}

/// Notes a run; the note is written with what its request writes.
pub(super) fn done(
    run: &mut Run<'_>,
    automation: &str,
    (about, job): (Option<(metadata::Name, Uuid)>, Option<JobKey<'_>>),
    told: &Told,
) {
    let effects = run.outcome.effects.get(told.effects..).unwrap_or_default();
    let changed: Vec<&str> = told.ran.changed.iter().map(|changed| changed.field.as_str()).collect();
    let input =
        json!({"event": told.event.to_json(), "by": run.caller.actor.label, "chain": run.caller.cause.chain});
    let effects = json!({"effects": effects, "assigned": changed, "log": told.ran.log,
        "calls": told.spent.calls, "written": told.spent.writes});
    let values = values(
        (run.new_id(), run.now),
        (automation, about.as_ref().map(|(object, id)| (object.as_str(), *id)), job),
        ("done", told.spent),
        (Some(input), Some(effects), None),
    );
    run.noted.push((Log::Runs, values));
}

/// Notes a run that failed; its write left nothing else.
pub(crate) async fn failed(caller: &Caller, failed: &Failed) {
    let now = caller.clock.now();
    let input = json!({"by": caller.actor.label, "chain": caller.cause.chain});
    let about = failed.record.as_ref().map(|(object, id)| (object.as_str(), *id));
    let values = values(
        (caller.ids.id(now), now),
        (&failed.automation, about, None),
        ("failed", failed.spent),
        (Some(input), None, Some(failed.to_string())),
    );
    if let Err(error) = note(&caller.tenant, &values).await {
        tracing::error!(automation = failed.automation, %error, "a failed run could not be noted");
    }
}

async fn note(tenant: &Tenant, values: &[Value]) -> Result<(), store::StoreError> {
    tenant.run_write(&insert(tenant.dialect()), values).await.map(|_| ())
}

fn insert(dialect: sql::Dialect) -> Vec<Statement> {
    sql::print_write(&Log::Runs.write(Batch::One, &mut Slots::default()), dialect)
}

/// The automation, its record, the job that it ran as with the job's key.
type About<'a> = (&'a str, Option<(&'a str, Uuid)>, Option<JobKey<'a>>);
/// A job and the key under which it waited.
type JobKey<'a> = (Uuid, Option<&'a str>);
type Texts = (Option<Json>, Option<Json>, Option<String>);

/// In the order of the log's columns.
fn values(
    (id, at): (Uuid, chrono::DateTime<chrono::Utc>),
    (automation, record, job): About<'_>,
    (outcome, spent): (&str, Spent),
    (input, effects, error): Texts,
) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let json = |json: Option<Json>| json.map_or(Value::Null, |json| Value::Text(json.to_string()));
    let whole = |count: u128| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    vec![
        Value::Id(id),
        Value::DateTime(at),
        text(automation),
        record.map_or(Value::Null, |(object, _)| text(object)),
        record.map_or(Value::Null, |(_, record)| Value::Id(record)),
        job.map_or(Value::Null, |(job, _)| Value::Id(job)),
        job.and_then(|(_, key)| key).map_or(Value::Null, text),
        text(outcome),
        whole(u128::from(spent.operations)),
        whole(spent.time.as_micros()),
        json(input),
        json(effects),
        error.map_or(Value::Null, Value::Text),
    ]
}
