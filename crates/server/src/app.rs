//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use deploy::Catalogs;
use engine::{Engine, Ids, SystemIds};
use store::Store;
use tokio::sync::Semaphore;
use work::jobs::Gate;

use crate::access::Accesses;
use crate::admin::Passwords;
use crate::clock::ServerClock;
use crate::fresh::Generation;
use crate::guesses::Guesses;
use crate::health::Readiness;
use crate::keys::Keys;
use crate::metadata_api::MetadataSchema;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::session::Secure;
use crate::settings::Settings;
use crate::surfaces::Surfaces;
use crate::turns::{Allowed, Turns};

/// What a server is made of.
#[derive(Clone)]
pub struct ServerConfig {
    /// The database.
    pub store: Store,
    /// Limits and times.
    pub settings: Settings,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
}

/// What all requests share.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    pub(crate) zone: Tz,
    pub(crate) clock: Arc<ServerClock>,
    pub(crate) ids: Arc<dyn Ids>,
    /// Passes with every change of keys, sessions, users and their rights.
    pub(crate) generation: Generation,
    pub(crate) keys: Keys,
    pub(crate) accesses: Accesses,
    pub(crate) passwords: Passwords,
    pub(crate) guesses: Guesses,
    pub(crate) catalogs: Catalogs,
    pub(crate) surfaces: Surfaces,
    pub(crate) engine: Engine,
    pub(crate) metadata: MetadataSchema,
    /// Held by each turn of the worker.
    pub(crate) gate: Gate,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
    /// One permit a request in work.
    pub(crate) permits: Semaphore,
    /// Turns among the requests of one tenant.
    pub(crate) turns: Turns,
    /// One permit an import or export, and the turns among those of one tenant.
    pub(crate) transfers: Semaphore,
    pub(crate) transfer_turns: Turns,
    pub(crate) rates: Rates,
}

/// One for each processor, unless it is set.
fn shared_requests(settings: &Settings) -> usize {
    match settings.shared_requests {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        set => set,
    }
}

impl App {
    /// Everything cold. `Err` names a setting that cannot be.
    pub(crate) fn new(config: ServerConfig) -> Result<App, String> {
        let ServerConfig { store, settings, now } = config;
        let zone: Tz = settings
            .time_zone
            .parse()
            .map_err(|_| format!("time-zone: {:?} is no IANA time zone", settings.time_zone))?;
        let generation = Generation::default();
        Ok(App {
            zone,
            clock: Arc::new(ServerClock::new(now)),
            ids: Arc::new(SystemIds::default()),
            keys: Keys::new(settings.keys, &generation),
            accesses: Accesses::new(&generation),
            passwords: Passwords::default(),
            guesses: Guesses::default(),
            generation,
            catalogs: Catalogs::new(now),
            surfaces: Surfaces::new(settings.schemas, settings.documents),
            engine: Engine::new(),
            metadata: MetadataSchema::of(&settings),
            gate: Gate::default(),
            metrics: Metrics::install()?,
            readiness: Readiness::default(),
            permits: Semaphore::new(settings.concurrent_requests),
            turns: Turns::new(Allowed {
                at_once: settings.requests_per_tenant,
                among: shared_requests(&settings),
                waiting: settings.waiting_per_tenant,
                patience: Duration::from_millis(settings.waiting_ms),
            }),
            transfers: Semaphore::new(settings.concurrent_transfers),
            transfer_turns: Turns::new(Allowed {
                at_once: settings.concurrent_transfers / 2,
                among: usize::MAX,
                waiting: 0,
                patience: Duration::ZERO,
            }),
            rates: Rates::new(&settings),
            store,
            settings,
        })
    }

    /// Whether browsers reach us over https.
    pub(crate) fn secure(&self) -> Secure {
        if self.settings.public_url.starts_with("https://") { Secure::Yes } else { Secure::No }
    }
}
