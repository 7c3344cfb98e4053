//! What is cleared away while the server runs: outcomes of requests that nobody will repeat any more.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use store::StoreError;

use crate::app::App;

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_mins(10);

/// Goes round all tenants, again and again.
pub(crate) async fn keep_up(app: Arc<App>) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "outcomes of old requests were not forgotten; trying again later");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Several servers may do this at once: what one has deleted the other does not find.
async fn round(app: &App) -> Result<(), StoreError> {
    let hours = app.settings.idempotency_hours;
    if hours == 0 {
        return Ok(());
    }
    let before = app.clock.now() - TimeDelta::hours(i64::from(hours));
    for name in app.store.tenants().await? {
        let tenant = match app.store.tenant(&name).await {
            Ok(tenant) => tenant,
            // Dropped meanwhile.
            Err(StoreError::NoTenant(_)) => continue,
            Err(error) => return Err(error),
        };
        let forgotten = engine::forget_requests(&tenant, before).await?;
        if forgotten > 0 {
            tracing::info!(tenant = %name, forgotten, "outcomes of old requests were forgotten");
        }
    }
    Ok(())
}
