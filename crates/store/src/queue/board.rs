//! What this process knows of work that came into a queue: told to a worker of the same process at once, and to others by the database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::store::Inner;
use crate::{Store, StoreError, Tenant, TenantName};

/// Work that came into the queue of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whose.
    pub tenant: TenantName,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// Whether it came by this process, so that others do not know yet.
    pub own: bool,
}

/// Tenants with work.
#[derive(Default)]
pub(crate) struct Board {
    noted: Mutex<HashMap<TenantName, Note>>,
    bell: Notify,
    /// Workers that listen.
    attending: AtomicUsize,
}

impl Board {
    fn note(&self, note: Note) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted
            .entry(note.tenant.clone())
            .and_modify(|known| {
                known.due = note.due.min(known.due);
                known.own |= note.own;
            })
            .or_insert(note);
        drop(noted);
        self.bell.notify_one();
    }

    /// Somebody's note of a tenant that has to be looked at: nothing where nobody would.
    pub(crate) fn call(&self, tenant: TenantName, due: DateTime<Utc>) {
        if self.attending.load(Ordering::Acquire) > 0 {
            self.note(Note { tenant, due, own: false });
        }
    }
}

/// A worker's ear: as long as it is there, this process looks after the work that it brings.
pub struct Awaited {
    inner: Arc<Inner>,
}

impl Awaited {
    /// What was noted since it was last asked; waits until there is something.
    pub async fn next(&self) -> Vec<Note> {
        loop {
            let bell = self.inner.board.bell.notified();
            let noted: Vec<_> = {
                let mut noted = self.inner.board.noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.drain().map(|(_, note)| note).collect()
            };
            if !noted.is_empty() {
                return noted;
            }
            bell.await;
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.inner.board.attending.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Store {
    /// A worker begins to listen.
    pub fn await_work(&self) -> Awaited {
        self.inner.board.attending.fetch_add(1, Ordering::AcqRel);
        Awaited { inner: Arc::clone(&self.inner) }
    }
}

impl Tenant {
    /// Tells workers that work has come into the queue, after the commit. It is found without that, too, only later.
    pub async fn work_came(&self, due: DateTime<Utc>) -> Result<(), StoreError> {
        let inner = &self.store().inner;
        if inner.board.attending.load(Ordering::Acquire) > 0 {
            inner.board.note(Note { tenant: self.name().clone(), due, own: true });
            return Ok(());
        }
        self.store().work_note(&[(self.name().clone(), due)]).await
    }
}
