//! One turn of a tenant: some jobs are taken and carried out, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use engine::Caller;
use store::{JobRow, StoreError, TenantName};

use super::carry::carry_out;
use super::ending::{Taken, later};
use super::shared::Shared;
use super::standing::Looking;
use super::{Became, Host, Report};

/// Jobs of one turn.
const MOST: i64 = 16;
/// How long a turn lasts where others wait.
const PATIENCE: Duration = Duration::from_millis(200);
/// When a tenant is tried again for which nobody can act.
const PAUSE: i64 = 5;

/// A turn; whatever stops it, the tenant is looked at again.
pub(super) async fn visit<H: Host>(shared: &Arc<Shared<H>>, name: &TenantName) {
    let passed = shared.gate.pass().await;
    let seen = shared.seen(name);
    let caller = match shared.host.caller(name).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(tenant = %name, %error, "jobs wait");
            return remind_in(shared, name, PAUSE);
        }
    };
    match work(shared, &caller).await {
        Ok(true) => shared.offer(name.clone()),
        Ok(false) => {
            if let Err(error) = rest(shared, &caller, seen).await {
                failed(shared, name, &error);
            }
        }
        Err(error) => failed(shared, name, &error),
    }
    drop(passed);
}

fn failed<H: Host>(shared: &Shared<H>, name: &TenantName, error: &StoreError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(tenant = %name, error, "jobs could not be worked off; trying again");
    remind_in(shared, name, PAUSE);
}

fn remind_in<H: Host>(shared: &Shared<H>, name: &TenantName, seconds: i64) {
    // By the machine's time: the tenant's own clock may be what is missing.
    let at = shared.host.now() + TimeDelta::seconds(seconds);
    shared.remind(at, name.clone());
}

/// Takes and carries out some jobs; whether there may be more.
async fn work<H: Host>(shared: &Arc<Shared<H>>, caller: &Caller) -> Result<bool, StoreError> {
    let (began, name) = (Instant::now(), caller.tenant.name());
    // Where others wait for a turn, no more is taken than is done soon.
    let most = if shared.others_wait(name) { 4 } else { MOST };
    let now = caller.clock.now();
    let mut rows = caller.tenant.jobs_take(now, later(now, shared.settings.lease), most).await?;
    shared.hold(&caller.tenant, &rows);
    let more = i64::try_from(rows.len()).is_ok_and(|count| count >= most);
    if more {
        // Another of our turns may begin meanwhile.
        shared.offer(name.clone());
    }
    rows.reverse();
    while let Some(row) = rows.pop() {
        carry(shared, caller, &row).await;
        shared.let_go(row.job.id);
        if rows.is_empty() {
            break;
        }
        if shared.stopping() || (began.elapsed() > PATIENCE && shared.others_wait(name)) {
            caller.tenant.jobs_hand_back(&rows).await?;
            for row in &rows {
                shared.let_go(row.job.id);
            }
            return Ok(true);
        }
    }
    Ok(more)
}

/// Carries out one job within its lease.
async fn carry<H: Host>(shared: &Arc<Shared<H>>, caller: &Caller, row: &JobRow) {
    let taken = Taken::new(caller, &shared.settings, row);
    let waited = (caller.clock.now() - row.job.due).to_std().unwrap_or_default();
    let began = Instant::now();
    let work = carry_out(shared.host.engine(), &taken, Looking::Often);
    let became = match tokio::time::timeout(shared.settings.lease, work).await {
        Ok(Ok(became)) => became,
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(tenant = %caller.tenant.name(), job = %row.job.id, error, "a job could not be settled; its lease will end");
            Became::Failed
        }
        // Its transaction is rolled back; the lease has ended, and the next one takes it.
        Err(_) => {
            tracing::warn!(tenant = %caller.tenant.name(), job = %row.job.id, "a job took longer than its lease");
            Became::Failed
        }
    };
    shared.host.report(Report { became, waited, took: began.elapsed() });
}

/// Nothing is due any more: when it will be.
async fn rest<H: Host>(
    shared: &Arc<Shared<H>>,
    caller: &Caller,
    seen: Option<store::Due>,
) -> Result<(), StoreError> {
    let next = caller.tenant.jobs_next().await?;
    if let Some(seen) = seen {
        shared.host.store().work_settle(&seen, next).await?;
    }
    if let Some(next) = next {
        shared.remind(next, caller.tenant.name().clone());
    }
    Ok(())
}
