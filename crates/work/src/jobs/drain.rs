//! Everything that is due in a tenant up to an instant, in order, each at its own time: for tests, whose clocks do not run by themselves.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use engine::{Caller, Clock, Engine, Kind};
use store::StoreError;

use super::carry::carry_out;
use super::ending::{Taken, later};
use super::standing::Looking;
use super::{Became, JobSettings};

/// Jobs after which something sets itself off for ever.
const MOST: usize = 100_000;

/// How much was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Jobs that are done.
    pub done: usize,
    /// Attempts at which something was refused.
    pub refused: usize,
    /// Attempts that failed.
    pub failed: usize,
    /// Jobs that are dead.
    pub dead: usize,
}

impl Drained {
    fn count(&mut self, became: Became) {
        match became {
            Became::Done => self.done += 1,
            Became::Refused => self.refused += 1,
            Became::Failed => self.failed += 1,
            Became::Dead => self.dead += 1,
            Became::Idle | Became::Looked | Became::Overtaken => {}
        }
    }
}

/// A clock that stands.
struct At(DateTime<Utc>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Does all that is due up to an instant, as the caller, who is the platform itself: every right, the published catalog. Each job sees the
/// time at which it is due; nothing is seen of the caller's clock but that nothing happens before it.
pub async fn run_due(engine: &Engine, caller: &Caller, until: DateTime<Utc>) -> Result<Drained, StoreError> {
    let settings = JobSettings::default();
    let mut drained = Drained::default();
    let mut now = caller.clock.now();
    // Records may have been written since the last look.
    look_again(caller, now).await?;
    let mut last = false;
    for _ in 0..MOST {
        let Some(next) = caller.tenant.jobs_next().await?.filter(|next| *next <= until) else {
            if last {
                return Ok(drained);
            }
            // What looks at the time is asked once more at the very end.
            last = true;
            look_again(caller, until).await?;
            continue;
        };
        now = now.max(next);
        let lease = later(now, settings.lease);
        let at = Caller { clock: Arc::new(At(now)), ..caller.clone() };
        let taken = caller.tenant.jobs_take(now, lease, 1).await?;
        let Some(row) = taken.first() else {
            // Somebody else has it.
            return Ok(drained);
        };
        let became = carry_out(engine, &Taken::new(&at, &settings, row), Looking::Exactly).await?;
        drained.count(became);
        let works =
            matches!(Kind::of(&row.job.kind), Some(Kind::Automation | Kind::Function | Kind::Transition));
        if works && became == Became::Done {
            look_again(caller, now).await?;
        }
    }
    tracing::warn!(tenant = %caller.tenant.name(), "jobs set each other off without an end");
    Ok(drained)
}

/// Lets whoever looks for dates and times look at once.
async fn look_again(caller: &Caller, now: DateTime<Utc>) -> Result<(), StoreError> {
    caller.tenant.jobs_wake(&[Kind::Date.as_str(), Kind::Age.as_str()], now).await
}
