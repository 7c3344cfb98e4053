//! A worker: as many turns at once as the settings say, and one that finds out whose they are.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sql::Dialect;
use store::{Awaited, StoreError};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinSet;

use super::shared::Shared;
use super::visit::visit;
use super::{Host, JobSettings};

/// Notes of others that are looked at together.
const NOTES: i64 = 1_000;
/// How long this process's notes are gathered before others are told.
const GATHER: Duration = Duration::from_millis(50);

/// Works off jobs until it is stopped.
pub struct Worker<H> {
    shared: Arc<Shared<H>>,
    tasks: JoinSet<()>,
}

/// Through which every turn goes.
#[derive(Clone, Default)]
pub struct Gate(Arc<RwLock<()>>);

/// As long as it is there, no job is begun, and none is under way.
pub struct Alone {
    _gate: OwnedRwLockWriteGuard<()>,
}

impl Gate {
    /// Waits until nothing is under way, and lets nothing begin as long as the answer is there.
    pub async fn alone(&self) -> Alone {
        Alone { _gate: Arc::clone(&self.0).write_owned().await }
    }

    pub(super) async fn pass(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.0).read_owned().await
    }
}

impl<H: Host> Worker<H> {
    /// Starts; at once all tenants are looked at for what was left over.
    pub fn start(host: H, settings: JobSettings, gate: Gate) -> Self {
        let shared = Arc::new(Shared::new(host, settings, gate));
        let mut tasks = JoinSet::new();
        for _ in 0..settings.workers.max(1) {
            tasks.spawn(turns(Arc::clone(&shared)));
        }
        tasks.spawn(hear(Arc::clone(&shared)));
        tasks.spawn(watch_time(Arc::clone(&shared)));
        tasks.spawn(look_for_notes(Arc::clone(&shared)));
        tasks.spawn(go_round(Arc::clone(&shared)));
        Self { shared, tasks }
    }

    /// Begins nothing any more and waits for what is under way; what takes longer is stopped, undone, and handed back to others.
    pub async fn stop(mut self, patience: Duration) {
        let _ = self.shared.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_ok() {
            return;
        }
        tracing::warn!("jobs under way were cut off at the end");
        self.tasks.shutdown().await;
        for (tenant, row) in self.shared.held() {
            if let Err(error) = tenant.jobs_hand_back(std::slice::from_ref(&row)).await {
                tracing::warn!(%error, job = %row.job.id, "a job was not handed back; its lease will end");
            }
        }
    }
}

/// Waits, unless the worker is stopped meanwhile: then true.
async fn stopped<H>(shared: &Shared<H>, wait: impl Future<Output = ()>) -> bool {
    let mut stop = shared.stop.subscribe();
    if *stop.borrow() {
        return true;
    }
    tokio::select! {
        () = wait => false,
        _ = stop.changed() => true,
    }
}

/// Has one turn after the other.
async fn turns<H: Host>(shared: Arc<Shared<H>>) {
    loop {
        if shared.stopping() {
            return;
        }
        let Some(tenant) = shared.turn() else {
            if stopped(&shared, shared.bell.notified()).await {
                return;
            }
            continue;
        };
        // Others may be waiting, too.
        shared.bell.notify_one();
        visit(&shared, &tenant).await;
        shared.end(&tenant);
    }
}

/// Hears of work that came into a queue, here or elsewhere, and tells others of what came here.
async fn hear<H: Host>(shared: Arc<Shared<H>>) {
    let store = shared.host.store().clone();
    // Follows the database's notifications as long as it is there.
    let _changes = store.changes();
    let ear: Awaited = store.await_work();
    loop {
        let mut notes = Vec::new();
        let heard = async { notes = ear.next().await };
        if stopped(&shared, heard).await {
            return;
        }
        let now = shared.host.now();
        for note in &notes {
            if note.due <= now {
                shared.offer(note.tenant.clone());
            } else {
                shared.remind(note.due, note.tenant.clone());
            }
        }
        let own: Vec<_> =
            notes.into_iter().filter(|note| note.own).map(|note| (note.tenant, note.due)).collect();
        // On SQLite the database is one machine's, and what is left over is found at the next start.
        if store.dialect() == Dialect::Postgres && !own.is_empty() {
            if let Err(error) = store.work_note(&own).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "other workers were not told of work; they will find it");
            }
            tokio::time::sleep(GATHER).await;
        }
    }
}

/// Offers tenants whose time has come.
async fn watch_time<H: Host>(shared: Arc<Shared<H>>) {
    loop {
        let now = shared.host.now();
        let next = shared.ring_at(now);
        let pause = next.and_then(|next| (next - now).to_std().ok()).unwrap_or(shared.settings.poll);
        // The clock may be one that is moved.
        let pause = pause.min(shared.settings.poll).max(Duration::from_millis(1));
        let wait = async {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shared.alarm.notified() => {}
            }
        };
        if stopped(&shared, wait).await {
            return;
        }
    }
}

/// Looks at what other processes noted.
async fn look_for_notes<H: Host>(shared: Arc<Shared<H>>) {
    loop {
        match shared.host.store().work_due(shared.host.now(), NOTES).await {
            Ok(notes) => notes.into_iter().for_each(|due| shared.offer_noted(due)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "notes of other processes cannot be read; trying again");
            }
        }
        if stopped(&shared, tokio::time::sleep(shared.settings.poll)).await {
            return;
        }
    }
}

/// Goes round all tenants, slowly, for work that no note tells of.
async fn go_round<H: Host>(shared: Arc<Shared<H>>) {
    loop {
        match round(&shared).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "tenants could not be looked at for jobs; trying again");
            }
        }
        if stopped(&shared, tokio::time::sleep(shared.settings.round)).await {
            return;
        }
    }
}

/// One round; true where the worker was stopped meanwhile.
async fn round<H: Host>(shared: &Shared<H>) -> Result<bool, StoreError> {
    let store = shared.host.store();
    for name in store.tenants().await? {
        if shared.stopping() {
            return Ok(true);
        }
        let next: Option<DateTime<Utc>> = match store.tenant(&name).await {
            Ok(tenant) => tenant.jobs_next().await?,
            // Dropped meanwhile.
            Err(StoreError::NoTenant(_)) => None,
            Err(error) => return Err(error),
        };
        let Some(next) = next else { continue };
        if next <= shared.host.now() + TimeDelta::milliseconds(1) {
            shared.offer(name);
        } else {
            shared.remind(next, name);
        }
    }
    Ok(false)
}
