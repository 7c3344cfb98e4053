//! Carrying out one job, whatever its kind.

use std::sync::Arc;

use engine::{Caller, Cause, Door, Duty, Engine, Errand, Handled, Kind, Outcome};
use metadata::Name;
use metadata::catalog::{Automation, FunctionPath};
use script::Data;
use serde_json::Value as Json;
use uuid::Uuid;

use super::acting::{acting, on_behalf};
use super::ending::{Taken, refusals};
use super::standing::{self, Looking};
use super::{Became, Trouble, timed};

/// Carries out a job that was taken, and settles it. An error means that not even its failure could be noted: its lease will end.
pub(crate) async fn carry_out(
    engine: &Engine,
    taken: &Taken<'_>,
    looking: Looking,
) -> Result<Became, store::StoreError> {
    let row = taken.row;
    let Some(kind) = Kind::of(&row.job.kind) else {
        return taken.dead(&format!("this version knows no work of the kind `{}`", row.job.kind)).await;
    };
    let stands = match kind {
        Kind::Catalog | Kind::Schedule | Kind::Date | Kind::Age | Kind::Transition => true,
        Kind::Automation | Kind::Function => false,
    };
    if !stands && row.attempts > i64::from(taken.settings.attempts) {
        let times = row.attempts - 1;
        return taken.dead(&format!("its worker was lost {times} times while it had the job")).await;
    }
    let became = match kind {
        Kind::Automation => automation(engine, taken).await,
        Kind::Function => function(engine, taken).await,
        Kind::Transition => timed::take(engine, taken).await,
        Kind::Catalog => standing::catalog(taken).await,
        Kind::Schedule | Kind::Date | Kind::Age => standing::look(engine, taken, (kind, looking)).await,
    };
    match became {
        Ok(became) => Ok(became),
        Err(trouble) => {
            let (tenant, job) = (taken.caller.tenant.name(), row.job.id);
            tracing::info!(%tenant, %job, subject = row.job.subject, error = %trouble, "a job failed");
            if stands { taken.stays(&trouble).await } else { taken.failed(&trouble).await }
        }
    }
}

/// The handler of an automation.
async fn automation(engine: &Engine, taken: &Taken<'_>) -> Result<Became, Trouble> {
    let (platform, job) = (taken.caller, &taken.row.job);
    let Some(automation) = platform.catalog.automations.get(job.subject.as_str()) else {
        // Taken out of the catalog meanwhile.
        return Ok(taken.idle().await?);
    };
    let errand: Errand =
        serde_json::from_str(&job.payload).map_err(|error| Trouble::Told(error.to_string()))?;
    let chain: Vec<String> = serde_json::from_str(&job.chain).unwrap_or_default();
    let caller = acting(engine, platform, automation, (errand.by.as_ref(), &chain, job.record)).await?;
    let about = about(taken, automation);
    let acknowledgement = taken.acknowledgement(automation.then.is_some());
    let duty = automation.then.as_ref().map(|function| Duty {
        job: job.id,
        key: job.key.as_deref(),
        name: automation.name.as_str(),
        function,
        event: event(job.id, automation.name.as_str(), &errand.event),
        about: about.clone(),
        principal: &caller,
    });
    let Some((object, id)) = about else {
        return match &duty {
            Some(duty) => ended(taken, engine.run_function(platform, duty, &acknowledgement).await?).await,
            None => Err(Trouble::Told(format!("`{}` has no record to work on", automation.name))),
        };
    };
    match engine.handle(&caller, automation, (&object, id), (&acknowledgement, duty.as_ref())).await? {
        Handled::Idle => Ok(taken.idle().await?),
        Handled::Ran(outcome) => ended(taken, outcome).await,
    }
}

async fn ended(taken: &Taken<'_>, outcome: Outcome) -> Result<Became, Trouble> {
    if outcome.ok() { Ok(Became::Done) } else { Ok(taken.refused(&refusals(&outcome)).await?) }
}

/// What a handler sees as `event`: what it was put in with, and the job's id.
fn event(job: Uuid, name: &str, put_in: &Json) -> Data {
    let mut event = put_in.as_object().cloned().unwrap_or_default();
    event.insert("id".to_owned(), job.to_string().into());
    event.entry("automation").or_insert_with(|| name.into());
    Data::from_json(&Json::Object(event))
}

/// A function that a script asked for: `package:module::function`.
async fn function(engine: &Engine, taken: &Taken<'_>) -> Result<Became, Trouble> {
    let (platform, job) = (taken.caller, &taken.row.job);
    let unknown = || Trouble::Told(format!("there is no function `{}`", job.subject));
    let (package, path) = job.subject.split_once(':').ok_or_else(unknown)?;
    let (module, name) = path.split_once("::").ok_or_else(unknown)?;
    let function =
        FunctionPath { package: package.to_owned(), module: module.to_owned(), function: name.to_owned() };
    let errand: Errand =
        serde_json::from_str(&job.payload).map_err(|error| Trouble::Told(error.to_string()))?;
    let by = errand.by.as_ref().ok_or_else(|| Trouble::Told("nobody asked for it".to_owned()))?;
    let mut chain: Vec<String> = serde_json::from_str(&job.chain).unwrap_or_default();
    chain.push(path.to_owned());
    let principal = on_behalf(engine, platform, by).await?;
    let principal =
        Caller { cause: Arc::new(Cause { chain, ..Cause::default() }), door: Door::Automation, ..principal };
    let duty = Duty {
        job: job.id,
        key: job.key.as_deref(),
        name: path,
        function: &function,
        event: event(job.id, path, &errand.event),
        about: None,
        principal: &principal,
    };
    ended(taken, engine.run_function(platform, &duty, &taken.acknowledgement(true)).await?).await
}

/// The record that the job is about.
fn about(taken: &Taken<'_>, automation: &Automation) -> Option<(Name, Uuid)> {
    let job = &taken.row.job;
    let object = job.object.as_deref().and_then(|object| Name::new(object).ok());
    Some((object.or_else(|| automation.object.clone())?, job.record?))
}
