//! The end of a job: done, again later, or dead; and the run that is noted with it.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Caller, Noted, Outcome, Rider, WriteError};
use serde_json::{Value as Json, json};
use sql::Dialect;
use store::{JobRow, Part, RunRow, Settled, StoreError};

use super::{Became, JobSettings, Trouble};

/// Effects that are kept of a run.
const EFFECTS: usize = 50;
/// Signs of an error that are kept.
const ERROR: usize = 2_000;

/// A job in the hands of a worker.
pub(crate) struct Taken<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) settings: &'a JobSettings,
    pub(crate) row: &'a JobRow,
    began: Instant,
}

/// Notes, in the transaction of its effects, that a job is done.
pub(crate) struct Acknowledgement<'a> {
    taken: &'a Taken<'a>,
    /// Whether the engine notes the run itself, with what its script took.
    noted: bool,
    dialect: Dialect,
}

impl Rider for Acknowledgement<'_> {
    fn note(&self, outcome: &Outcome) -> Noted {
        let run = RunRow { effects: Some(effects(outcome).to_string()), ..self.taken.run("done") };
        let run = (!self.noted).then_some(&run);
        Noted::Job(Part::settle(self.dialect, self.taken.row, &Settled::Done, run))
    }
}

/// What was done, without values of records.
fn effects(outcome: &Outcome) -> Json {
    let shown = outcome.effects.iter().take(EFFECTS).map(|effect| {
        json!({ "kind": effect.kind.as_str(), "object": effect.object.as_str(), "id": effect.id,
                "field": effect.field.as_ref().map(metadata::Name::as_str) })
    });
    let mut all: Vec<Json> = shown.collect();
    if let Some(more) = outcome.effects.len().checked_sub(EFFECTS).filter(|more| *more > 0) {
        all.push(json!({ "more": more }));
    }
    Json::Array(all)
}

/// Why something was refused, on one line.
pub(crate) fn refusals(outcome: &Outcome) -> String {
    let told = outcome.errors.iter().map(|refusal| match &refusal.rule {
        Some(rule) => format!("{} ({rule})", refusal.message),
        None => refusal.message.clone(),
    });
    told.collect::<Vec<_>>().join("; ")
}

fn cut(text: &str) -> String {
    text.chars().take(ERROR).collect()
}

/// An instant so much later.
pub(crate) fn later(at: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| at.checked_add_signed(by)).unwrap_or(at)
}

impl<'a> Taken<'a> {
    pub(crate) fn new(caller: &'a Caller, settings: &'a JobSettings, row: &'a JobRow) -> Self {
        Self { caller, settings, row, began: Instant::now() }
    }

    /// To ride with the job's effects.
    pub(crate) fn acknowledgement(&self, noted: bool) -> Acknowledgement<'_> {
        Acknowledgement { taken: self, noted, dialect: self.caller.tenant.dialect() }
    }

    /// A run of it.
    fn run(&self, outcome: &str) -> RunRow {
        let (now, job) = (self.caller.clock.now(), &self.row.job);
        let errand: Option<Json> = serde_json::from_str(&job.payload).ok();
        let event = errand.as_ref().and_then(|errand| errand.get("event")).filter(|event| !event.is_null());
        RunRow {
            id: self.caller.ids.id(now),
            at: now,
            automation: job.subject.clone(),
            object: job.object.clone(),
            record: job.record,
            job: Some(job.id),
            key: job.key.clone(),
            outcome: outcome.to_owned(),
            operations: 0,
            micros: i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX),
            input: event.map(Json::to_string),
            effects: None,
            error: None,
        }
    }

    /// There is nothing to do.
    pub(crate) async fn idle(&self) -> Result<Became, StoreError> {
        let held = self.caller.tenant.job_settle(self.row, &Settled::Done, None, &[]).await?;
        Ok(if held { Became::Idle } else { Became::Overtaken })
    }

    /// It was refused: it may be granted another time.
    pub(crate) async fn refused(&self, why: &str) -> Result<Became, StoreError> {
        self.missed(("refused", Became::Refused), why).await
    }

    /// It failed.
    pub(crate) async fn failed(&self, trouble: &Trouble) -> Result<Became, StoreError> {
        match trouble {
            Trouble::Write(WriteError::Overtaken) => Ok(Became::Overtaken),
            // Understood with a catalog that is not the published one any more: nobody's fault, and no attempt.
            Trouble::Write(WriteError::Stale) => {
                let due = later(self.caller.clock.now(), Duration::from_secs(1));
                let again =
                    Settled::Again { due, attempts: self.row.attempts - 1, payload: None, error: None };
                let held = self.caller.tenant.job_settle(self.row, &again, None, &[]).await?;
                Ok(if held { Became::Failed } else { Became::Overtaken })
            }
            Trouble::Write(WriteError::Denied(_) | WriteError::Forbidden(_)) => {
                self.missed(("refused", Became::Refused), &trouble.to_string()).await
            }
            trouble => self.missed(("failed", Became::Failed), &trouble.to_string()).await,
        }
    }

    /// It is not done: again later, or never.
    async fn missed(&self, (outcome, became): (&str, Became), why: &str) -> Result<Became, StoreError> {
        let error = cut(why);
        let run = RunRow { error: Some(error.clone()), ..self.run(outcome) };
        let last = self.row.attempts >= i64::from(self.settings.attempts);
        let settled = if last {
            Settled::Dead { error }
        } else {
            Settled::Again {
                due: self.next(),
                attempts: self.row.attempts,
                payload: None,
                error: Some(error),
            }
        };
        let held = self.caller.tenant.job_settle(self.row, &settled, Some(&run), &[]).await?;
        Ok(match (held, last) {
            (false, _) => Became::Overtaken,
            (true, true) => Became::Dead,
            (true, false) => became,
        })
    }

    /// It is dead without having been tried.
    pub(crate) async fn dead(&self, why: &str) -> Result<Became, StoreError> {
        let run = RunRow { error: Some(cut(why)), ..self.run("failed") };
        let dead = Settled::Dead { error: cut(why) };
        let held = self.caller.tenant.job_settle(self.row, &dead, Some(&run), &[]).await?;
        Ok(if held { Became::Dead } else { Became::Overtaken })
    }

    /// It stays, and is tried again after so long, however often it has been tried.
    pub(crate) async fn patient(&self, why: &str, pause: Duration) -> Result<Became, StoreError> {
        let run = RunRow { error: Some(cut(why)), ..self.run("refused") };
        let due = later(self.caller.clock.now(), pause);
        let attempts = self.row.attempts;
        let again = Settled::Again { due, attempts, payload: None, error: Some(cut(why)) };
        let held = self.caller.tenant.job_settle(self.row, &again, Some(&run), &[]).await?;
        Ok(if held { Became::Refused } else { Became::Overtaken })
    }

    /// One that stands is never dead: it looks again, later each time.
    pub(crate) async fn stays(&self, trouble: &Trouble) -> Result<Became, StoreError> {
        if matches!(trouble, Trouble::Write(WriteError::Stale | WriteError::Overtaken)) {
            return self.failed(trouble).await;
        }
        let (attempts, error) = (self.row.attempts, Some(cut(&trouble.to_string())));
        let again = Settled::Again { due: self.next(), attempts, payload: None, error };
        let held = self.caller.tenant.job_settle(self.row, &again, None, &[]).await?;
        Ok(if held { Became::Failed } else { Became::Overtaken })
    }

    /// When the next attempt is due: twice as long as before the last one, and a little more, so that many do not come at once.
    fn next(&self) -> DateTime<Utc> {
        let doublings = u32::try_from((self.row.attempts - 1).clamp(0, 20)).unwrap_or(0);
        let pause = self.settings.pause.saturating_mul(1 << doublings).min(self.settings.longest_pause);
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let more = self.caller.ids.jitter(millis / 4 + 1);
        later(self.caller.clock.now(), pause + Duration::from_millis(more))
    }
}
