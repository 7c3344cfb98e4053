//! What is cleared away while the server runs: outcomes of requests that nobody will repeat any more, and what
//! of the audit log and the history is older than the settings say.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use engine::WriteError;
use engine::retention::{Kept, forget};
use store::{StoreError, Tenant};

use crate::app::App;

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_mins(10);

/// Goes round all tenants, again and again.
pub(crate) async fn keep_up(app: Arc<App>) {
    loop {
        if let Err(error) = round(&app).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "what is old was not forgotten; trying again later");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Several servers may do this at once: what one has deleted the other does not find.
async fn round(app: &App) -> Result<(), WriteError> {
    for name in app.store.tenants().await? {
        match app.store.tenant(&name).await {
            Ok(tenant) => clear(app, &tenant).await?,
            // Dropped meanwhile.
            Err(StoreError::NoTenant(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn clear(app: &App, tenant: &Tenant) -> Result<(), WriteError> {
    let (now, settings) = (app.clock.now(), &app.settings);
    if settings.idempotency_hours > 0 {
        let before = now - TimeDelta::hours(i64::from(settings.idempotency_hours));
        let forgotten = engine::forget_requests(tenant, before).await?;
        told(tenant, "outcomes of old requests", u64::try_from(forgotten).unwrap_or(u64::MAX));
    }
    for (days, kept, what) in [
        (settings.audit_days, Kept::Audit, "old entries of the audit log"),
        (settings.history_days, Kept::History, "old entries of the history"),
        (settings.run_days, Kept::Runs, "old runs of automations"),
        (settings.run_days, Kept::Notifications, "old notifications"),
    ] {
        if days > 0 {
            let forgotten = forget(tenant, kept, now - TimeDelta::days(i64::from(days))).await?;
            told(tenant, what, forgotten);
        }
    }
    Ok(())
}

fn told(tenant: &Tenant, what: &str, forgotten: u64) {
    if forgotten > 0 {
        tracing::info!(tenant = %tenant.name(), what, forgotten, "forgotten");
    }
}
