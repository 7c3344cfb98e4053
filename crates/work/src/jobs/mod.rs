//! Work after the commit: jobs that writes have put into the queue, schedules, dates of records, and stages that last too long.
//!
//! A [`Worker`] takes what is due, tenant by tenant in turn, a few jobs at a time; each job's effects and its end are one transaction
//! wherever the effects are writes on the same database, so that what is acknowledged has happened exactly once. What failed is tried again,
//! later each time, and in the end waits for somebody. [`run_due`] does the same in order, up to an instant, for tests. Never decides what
//! a handler does: that is `engine`.

mod acting;
mod carry;
mod drain;
mod ending;
mod moment;
mod ring;
mod shared;
mod standing;
mod timed;
mod visit;
mod worker;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};
use engine::{Caller, Engine, WriteError};
use store::{Store, TenantName};

pub use drain::{Drained, run_due};
pub use worker::{Alone, Gate, Worker};

/// How jobs are worked off. Times are those of the clock of the callers, the poll and the round aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// Jobs that are in work at the same time.
    pub workers: usize,
    /// Those of one tenant.
    pub per_tenant: usize,
    /// How long a job may take; a worker that does not come back has lost it then.
    pub lease: Duration,
    /// How often a job is tried before it is dead.
    pub attempts: u32,
    /// The pause before the second attempt; doubled before each further one.
    pub pause: Duration,
    /// The longest of these pauses.
    pub longest_pause: Duration,
    /// How often other processes' notes are looked at where no notification arrives.
    pub poll: Duration,
    /// How often all tenants are looked at for what no note tells.
    pub round: Duration,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            workers: 4,
            per_tenant: 3,
            lease: Duration::from_mins(5),
            attempts: 8,
            pause: Duration::from_secs(10),
            longest_pause: Duration::from_hours(1),
            poll: Duration::from_millis(500),
            round: Duration::from_mins(5),
        }
    }
}

/// What became of a job that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Became {
    /// It is done.
    Done,
    /// There was nothing to do any more.
    Idle,
    /// Something was refused; it is tried again.
    Refused,
    /// It failed; it is tried again.
    Failed,
    /// It has failed for good.
    Dead,
    /// It looked for moments, and stands on.
    Looked,
    /// Somebody else has it.
    Overtaken,
}

impl Became {
    /// As a figure is labelled.
    pub fn as_str(self) -> &'static str {
        match self {
            Became::Done => "done",
            Became::Idle => "idle",
            Became::Refused => "refused",
            Became::Failed => "failed",
            Became::Dead => "dead",
            Became::Looked => "looked",
            Became::Overtaken => "overtaken",
        }
    }
}

/// What a worker reports of each job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// What became of it.
    pub became: Became,
    /// How long it had waited since it was due.
    pub waited: Duration,
    /// How long it took.
    pub took: Duration,
}

/// Why nobody can act for a tenant.
#[derive(Debug, thiserror::Error)]
#[error("nobody can act for the tenant: {0}")]
pub struct NoCaller(pub String);

/// What a worker needs of the program that runs it.
pub trait Host: Send + Sync + 'static {
    /// The database.
    fn store(&self) -> &Store;

    /// Carries out what is written.
    fn engine(&self) -> &Engine;

    /// The platform itself in a tenant: every right, the published catalog, the clock; none where the tenant is gone.
    fn caller(&self, tenant: &TenantName) -> impl Future<Output = Result<Option<Caller>, NoCaller>> + Send;

    /// The time, as its callers have it.
    fn now(&self) -> DateTime<Utc>;

    /// A job was carried out.
    fn report(&self, report: Report);
}

/// Something that stopped a job; the job is tried again.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The engine, or the database behind it.
    Write(WriteError),
    /// Anything else, for people.
    Told(String),
}

impl From<WriteError> for Trouble {
    fn from(error: WriteError) -> Self {
        Trouble::Write(error)
    }
}

impl From<store::StoreError> for Trouble {
    fn from(error: store::StoreError) -> Self {
        Trouble::Write(error.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Write(WriteError::Internal { detail }) => f.write_str(detail),
            Trouble::Write(WriteError::Store(error)) => fmt::Display::fmt(error, f),
            Trouble::Write(error) => fmt::Display::fmt(error, f),
            Trouble::Told(text) => f.write_str(text),
        }
    }
}
