//! Carrying out one job, whatever its kind.

use engine::{Engine, Errand, Handled, Kind};
use metadata::Name;
use metadata::catalog::Automation;

use super::acting::acting;
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
        Kind::Function => Err(Trouble::Told("functions of scripts are not run as jobs yet".to_owned())),
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
    let Some((object, id)) = about else {
        return Err(Trouble::Told(format!("`{}` has no record to work on", automation.name)));
    };
    if automation.then.is_some() {
        return Err(Trouble::Told("scripts of automations are not run as jobs yet".to_owned()));
    }
    let acknowledgement = taken.acknowledgement();
    match engine.handle(&caller, automation, (&object, id), &acknowledgement).await? {
        Handled::Idle => Ok(taken.idle().await?),
        Handled::Ran(outcome) if outcome.ok() => Ok(Became::Done),
        Handled::Ran(outcome) => Ok(taken.refused(&refusals(&outcome)).await?),
    }
}

/// The record that the job is about.
fn about(taken: &Taken<'_>, automation: &Automation) -> Option<(Name, uuid::Uuid)> {
    let job = &taken.row.job;
    let object = job.object.as_deref().and_then(|object| Name::new(object).ok());
    Some((object.or_else(|| automation.object.clone())?, job.record?))
}
