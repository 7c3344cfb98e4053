//! The worker of this process: what it needs of the server, what it tells the metrics, and the clock of tests.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use deploy::DeployError;
use engine::{Actor, Caller, Cause, Clock, Door, Engine};
use metadata::Catalog;
use metrics::{counter, histogram};
use query::access::Access;
use store::{Store, StoreError, Tenant, TenantName};
use work::jobs::{Became, Drained, Host, JobSettings, NoCaller, Report, Worker, run_due};

use crate::app::App;
use crate::settings::Settings;

/// The server, as its worker sees it.
pub(crate) struct Employer(Arc<App>);

impl App {
    /// The platform itself in a tenant.
    pub(crate) fn platform(&self, tenant: Tenant, catalog: Arc<Catalog>) -> Caller {
        Caller {
            tenant,
            catalog,
            actor: Actor { label: "platform".to_owned(), user: None },
            access: Access::Everything,
            facts: Arc::default(),
            cause: Arc::new(Cause::default()),
            door: Door::Automation,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ids: Arc::clone(&self.ids),
            trace: None,
            zone: self.zone,
        }
    }
}

impl Host for Employer {
    fn store(&self) -> &Store {
        &self.0.store
    }

    fn engine(&self) -> &Engine {
        &self.0.engine
    }

    async fn caller(&self, name: &TenantName) -> Result<Option<Caller>, NoCaller> {
        let told = |error: &dyn std::error::Error| NoCaller(error.to_string());
        let tenant = match self.0.store.tenant(name).await {
            Ok(tenant) => tenant,
            Err(StoreError::NoTenant(_)) => return Ok(None),
            Err(error) => return Err(told(&error)),
        };
        let catalog = self.0.catalogs.get(&tenant).await.map_err(|error| told(&error))?;
        Ok(Some(self.0.platform(tenant, catalog)))
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    fn report(&self, report: Report) {
        counter!("armature_jobs_total", "outcome" => report.became.as_str()).increment(1);
        if matches!(report.became, Became::Looked | Became::Idle | Became::Overtaken) {
            return;
        }
        histogram!("armature_job_wait_seconds").record(report.waited.as_secs_f64());
        histogram!("armature_job_duration_seconds").record(report.took.as_secs_f64());
    }
}

fn settings(settings: &Settings) -> JobSettings {
    JobSettings {
        workers: settings.workers,
        per_tenant: settings.workers_per_tenant,
        lease: Duration::from_millis(settings.job_ms),
        attempts: settings.job_attempts,
        pause: Duration::from_millis(settings.job_pause_ms),
        round: Duration::from_millis(settings.job_round_ms),
        ..JobSettings::default()
    }
}

/// Starts the worker, unless the settings want none.
pub(crate) fn start(app: &Arc<App>) -> Option<Worker<Employer>> {
    (app.settings.workers > 0)
        .then(|| Worker::start(Employer(Arc::clone(app)), settings(&app.settings), app.gate.clone()))
}

/// Why the clock was not moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotMoved {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] DeployError),
    /// The queue cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Does all that becomes due in a tenant up to an instant, in order, and then lets it be that instant. No worker does anything meanwhile.
    pub(crate) async fn advance_to(
        &self,
        tenant: &Tenant,
        until: DateTime<Utc>,
    ) -> Result<Drained, NotMoved> {
        let alone = self.gate.alone().await;
        let catalog = self.catalogs.reload(tenant).await?;
        let platform = self.platform(tenant.clone(), catalog);
        let drained = run_due(&self.engine, &platform, until).await?;
        self.clock.advance(until - self.clock.now());
        drop(alone);
        Ok(drained)
    }
}
