//! What scripts may spend: one budget for everything that a request sets off, however many scripts run on its behalf.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Steps of one run; a cascade may take more.
pub(crate) const OPERATIONS_OF_A_RUN: u64 = 200_000;

/// How much there is to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the interpreter.
    pub operations: u64,
    /// Calls of the host.
    pub calls: u64,
    /// Records written by scripts and automations.
    pub writes: u64,
    /// Records that the host hands over.
    pub rows: u64,
    /// Time from the beginning.
    pub time: Duration,
}

impl Limits {
    /// What a request about so many records may spend.
    pub fn for_records(records: usize) -> Self {
        let records = u64::try_from(records).unwrap_or(1_000).clamp(1, 1_000);
        let beyond = records - 1;
        Self {
            operations: OPERATIONS_OF_A_RUN + 10_000 * beyond,
            calls: 500 + 10 * beyond,
            writes: 1_000 + 10 * beyond,
            rows: 10_000 + 100 * beyond,
            time: Duration::from_millis(5_000 + 25 * beyond),
        }
    }
}

/// What has been spent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Steps of the interpreter.
    pub operations: u64,
    /// Calls of the host.
    pub calls: u64,
    /// Records written.
    pub writes: u64,
    /// Records handed over.
    pub rows: u64,
    /// Time since the beginning.
    pub time: Duration,
}

/// One budget, shared by all runs of a cascade.
pub struct Budget {
    limits: Limits,
    operations: AtomicU64,
    calls: AtomicU64,
    writes: AtomicU64,
    rows: AtomicU64,
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// What of the budget has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Out {
    Operations(u64),
    Calls(u64),
    Writes(u64),
    Rows(u64),
    Time(Duration),
    Memory(usize),
}

impl fmt::Display for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Out::Operations(most) => write!(f, "the script took more than {most} steps"),
            Out::Calls(most) => write!(f, "scripts asked the platform more than {most} times"),
            Out::Writes(most) => write!(f, "scripts wrote more than {most} records"),
            Out::Rows(most) => write!(f, "scripts read more than {most} records"),
            Out::Time(most) => write!(f, "scripts took longer than {} ms", most.as_millis()),
            Out::Memory(most) => write!(f, "the script held more than {} MB", most / 1_000_000),
        }
    }
}

impl Budget {
    /// A budget of which nothing is spent; `elapsed` tells the time since it was made.
    pub fn new(limits: Limits, elapsed: Arc<dyn Fn() -> Duration + Send + Sync>) -> Self {
        let none = || AtomicU64::new(0);
        Self { limits, operations: none(), calls: none(), writes: none(), rows: none(), elapsed }
    }

    /// What has been spent.
    pub fn spent(&self) -> Spent {
        Spent {
            operations: self.operations.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            time: (self.elapsed)(),
        }
    }

    /// Notes that a script or an automation writes a record; says so when there were too many.
    pub fn write(&self) -> Result<(), String> {
        take(&self.writes, 1, self.limits.writes, Out::Writes).map_err(|out| out.to_string())
    }

    /// Notes that the host hands over so many records; says so when there were too many.
    pub fn read(&self, rows: usize) -> Result<(), String> {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        take(&self.rows, rows, self.limits.rows, Out::Rows).map_err(|out| out.to_string())
    }

    /// Whether anything of it has run out: nothing can go on then.
    pub fn is_spent(&self) -> bool {
        let (spent, limits) = (self.spent(), &self.limits);
        spent.operations > limits.operations
            || spent.calls > limits.calls
            || spent.writes > limits.writes
            || spent.rows > limits.rows
            || spent.time > limits.time
    }

    pub(crate) fn step(&self, operations: u64) -> Result<(), Out> {
        take(&self.operations, operations, self.limits.operations, Out::Operations)
    }

    pub(crate) fn call(&self) -> Result<(), Out> {
        take(&self.calls, 1, self.limits.calls, Out::Calls)?;
        self.in_time()
    }

    pub(crate) fn in_time(&self) -> Result<(), Out> {
        if (self.elapsed)() > self.limits.time { Err(Out::Time(self.limits.time)) } else { Ok(()) }
    }
}

fn take(counter: &AtomicU64, count: u64, most: u64, out: fn(u64) -> Out) -> Result<(), Out> {
    let before = counter.fetch_add(count, Ordering::Relaxed);
    if before.saturating_add(count) > most { Err(out(most)) } else { Ok(()) }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("limits", &self.limits)
            .field("spent", &self.spent())
            .finish_non_exhaustive()
    }
}
