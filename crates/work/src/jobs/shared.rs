//! What the parts of a worker share: the ring of tenants, what is known of later times, and the jobs in its hands.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use store::{Due, JobRow, Tenant, TenantName};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::JobSettings;
use super::ring::Ring;
use super::worker::Gate;

pub(super) struct Shared<H> {
    pub(super) host: H,
    pub(super) settings: JobSettings,
    /// Rung when somebody may have a turn.
    pub(super) bell: Notify,
    /// Rung when a later time has become known.
    pub(super) alarm: Notify,
    pub(super) stop: watch::Sender<bool>,
    /// Held by each turn; who holds it alone works alone.
    pub(super) gate: Gate,
    state: Mutex<State>,
}

struct State {
    ring: Ring,
    later: BTreeSet<(DateTime<Utc>, TenantName)>,
    seen: HashMap<TenantName, Due>,
    held: HashMap<Uuid, (Tenant, JobRow)>,
}

impl<H> Shared<H> {
    pub(super) fn new(host: H, settings: JobSettings, gate: Gate) -> Self {
        let state = State {
            ring: Ring::new(settings.per_tenant),
            later: BTreeSet::new(),
            seen: HashMap::new(),
            held: HashMap::new(),
        };
        Self {
            host,
            settings,
            bell: Notify::new(),
            alarm: Notify::new(),
            stop: watch::Sender::new(false),
            gate,
            state: Mutex::new(state),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// A tenant has work.
    pub(super) fn offer(&self, tenant: TenantName) {
        self.with(|state| state.ring.offer(tenant));
        self.bell.notify_one();
    }

    /// A tenant has work that another process noted.
    pub(super) fn offer_noted(&self, due: Due) {
        let tenant = due.tenant.clone();
        self.with(|state| state.seen.insert(tenant.clone(), due));
        self.offer(tenant);
    }

    /// The next turn, where there is one.
    pub(super) fn turn(&self) -> Option<TenantName> {
        self.with(|state| state.ring.next())
    }

    /// A turn has ended; somebody may have the next.
    pub(super) fn end(&self, tenant: &TenantName) {
        self.with(|state| state.ring.end(tenant));
        self.bell.notify_one();
    }

    pub(super) fn others_wait(&self, tenant: &TenantName) -> bool {
        self.with(|state| state.ring.others_wait(tenant))
    }

    /// The note of a tenant that a turn answers.
    pub(super) fn seen(&self, tenant: &TenantName) -> Option<Due> {
        self.with(|state| state.seen.remove(tenant))
    }

    /// A tenant has work at a later time.
    pub(super) fn remind(&self, at: DateTime<Utc>, tenant: TenantName) {
        self.with(|state| state.later.insert((at, tenant)));
        self.alarm.notify_one();
    }

    /// Offers all whose time has come; when the next one's comes.
    pub(super) fn ring_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let come = self.with(|state| {
            let mut come = Vec::new();
            while state.later.first().is_some_and(|(at, _)| *at <= now) {
                come.extend(state.later.pop_first().map(|(_, tenant)| tenant));
            }
            come
        });
        for tenant in come {
            self.offer(tenant);
        }
        self.with(|state| state.later.first().map(|(at, _)| *at))
    }

    /// Jobs have come into the hands of this worker.
    pub(super) fn hold(&self, tenant: &Tenant, rows: &[JobRow]) {
        self.with(|state| {
            for row in rows {
                state.held.insert(row.job.id, (tenant.clone(), row.clone()));
            }
        });
    }

    /// A job has left them.
    pub(super) fn let_go(&self, id: Uuid) {
        self.with(|state| state.held.remove(&id));
    }

    /// All jobs that are still in them.
    pub(super) fn held(&self) -> Vec<(Tenant, JobRow)> {
        self.with(|state| state.held.drain().map(|(_, held)| held).collect())
    }
}
