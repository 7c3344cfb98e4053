//! Jobs that stand for as long as the catalog has something that waits for its time: each looks for the moments that have come, puts the work into
//! the queue, and says when it looks again. What it remembers is its payload, written in the same transaction as the work.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use engine::{Awaiting, Engine, Errand, Kind, Matched, Queued};
use expr::Value;
use metadata::Name;
use metadata::catalog::{Automation, Tick, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{NewJob, Settled};
use uuid::Uuid;

use super::ending::{Taken, later};
use super::moment::{Schedule, far, latest, moment};
use super::timed::{Way, dated};
use super::{Became, Trouble};

/// Records of one look.
const PAGE: i64 = 500;
/// How long one that looks for dates waits at most: a date that was written meanwhile may be earlier than all that were known.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a condition that looks at the time is left alone where nobody waits for the minute.
const HOUR: Duration = Duration::from_hours(1);
/// How far behind the last look dates are looked for again: what was under way then was not seen.
const OVERLAP: i64 = 3_600;

/// How exactly the next moment is worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looking {
    /// To the minute at most, as others write meanwhile.
    Often,
    /// Nobody writes meanwhile, or says so.
    Exactly,
}

/// What one that stands remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    /// Since when it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    /// Up to when it has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    /// A look that is under way: up to when, behind which record it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    look: Option<(DateTime<Utc>, Option<Uuid>)>,
}

/// What came of a look.
struct Looked {
    memory: Memory,
    due: DateTime<Utc>,
    work: Vec<NewJob>,
}

/// What has to stand for a catalog: key, kind, subject.
fn wanted(taken: &Taken<'_>) -> Vec<(String, Kind, String)> {
    let catalog = &taken.caller.catalog;
    let mut wanted = Vec::new();
    for automation in catalog.automations.values() {
        let kind = match automation.on {
            Trigger::Schedule { .. } => Kind::Schedule,
            Trigger::Date { .. } => Kind::Date,
            Trigger::Record { .. } | Trigger::Transition { .. } | Trigger::Message(_) => continue,
        };
        wanted.push((format!("{}:{}", kind.as_str(), automation.name), kind, automation.name.to_string()));
    }
    for lifecycle in catalog.lifecycles.values() {
        for way in lifecycle.transitions.iter().filter(|way| catalog.waits(lifecycle, way)) {
            let subject = lifecycle.path_of(way);
            wanted.push((format!("{}:{subject}", Kind::Age.as_str()), Kind::Age, subject));
        }
    }
    wanted
}

/// A version was published: what it wants stands from now on, and looks at once. What it does not want any more ends by itself.
pub(crate) async fn catalog(taken: &Taken<'_>) -> Result<Became, Trouble> {
    let (caller, now) = (taken.caller, taken.caller.clock.now());
    let version: i64 = taken.row.job.subject.parse().unwrap_or(0);
    if caller.catalog.version < version {
        return Err(Trouble::Write(engine::WriteError::Stale));
    }
    let memory = Memory { since: Some(now), ..Memory::default() };
    let payload = serde_json::to_string(&memory).map_err(told)?;
    let stand = |(key, kind, subject): (String, Kind, String)| NewJob {
        id: caller.ids.id(now),
        key: Some(key),
        kind: kind.as_str().to_owned(),
        subject,
        object: None,
        record: None,
        payload: payload.clone(),
        due: now,
        chain: "[]".to_owned(),
        depth: 0,
        created: now,
    };
    let standing: Vec<NewJob> = wanted(taken).into_iter().map(stand).collect();
    let kinds = [Kind::Schedule, Kind::Date, Kind::Age].map(Kind::as_str);
    caller.tenant.jobs_wake(&kinds, now).await?;
    let held = caller.tenant.job_settle(taken.row, &Settled::Done, None, &standing).await?;
    Ok(if held { Became::Looked } else { Became::Overtaken })
}

/// Looks for the moments of one that stands.
pub(crate) async fn look(
    engine: &Engine,
    taken: &Taken<'_>,
    (kind, looking): (Kind, Looking),
) -> Result<Became, Trouble> {
    let look = Look { engine, taken, looking };
    let memory: Memory = serde_json::from_str(&taken.row.job.payload).unwrap_or_default();
    let automation = taken.caller.catalog.automations.get(taken.row.job.subject.as_str());
    let looked = match (kind, automation) {
        (Kind::Schedule, Some(automation)) => look.schedule(automation, memory).await?,
        (Kind::Date, Some(automation)) => look.dates(automation, memory).await?,
        (Kind::Age, _) => look.ages(memory).await?,
        _ => None,
    };
    // The catalog wants it no more.
    let Some(Looked { memory, due, work }) = looked else { return Ok(taken.idle().await?) };
    let payload = serde_json::to_string(&memory).map_err(told)?;
    let again = Settled::Again { due, attempts: 0, payload: Some(payload), error: None };
    let held = taken.caller.tenant.job_settle(taken.row, &again, None, &work).await?;
    Ok(if held { Became::Looked } else { Became::Overtaken })
}

fn told(error: impl std::fmt::Display) -> Trouble {
    Trouble::Told(error.to_string())
}

struct Look<'a> {
    engine: &'a Engine,
    taken: &'a Taken<'a>,
    looking: Looking,
}

/// A value as it stands in a key.
fn shown(value: &Value) -> String {
    match value {
        Value::Date(day) => day.to_string(),
        Value::DateTime(at) => at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        _ => String::new(),
    }
}

impl Look<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.taken.caller.clock.now()
    }

    /// Work for a moment, under a key that names it.
    fn work(
        &self,
        (kind, subject): (Kind, &str),
        key: String,
        (about, event): (Option<(Name, Uuid)>, serde_json::Value),
    ) -> Result<NewJob, Trouble> {
        let now = self.now();
        let queued = Queued {
            id: self.taken.caller.ids.id(now),
            key: Some(key),
            kind,
            subject: subject.to_owned(),
            about,
            errand: Errand { event, by: None },
            due: now,
            chain: Vec::new(),
        };
        Ok(queued.row(now)?)
    }

    /// When to look again: at the next moment that is known, and before one that may be written.
    fn again(&self, next: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let now = self.now();
        match self.looking {
            Looking::Exactly => next.unwrap_or_else(|| far(now)),
            Looking::Often => next.unwrap_or_else(|| far(now)).min(later(now, PATIENCE)),
        }
    }

    /// The moment of a schedule that has come, however many have: one run, or one for each record that matches, page by page.
    async fn schedule(&self, automation: &Automation, memory: Memory) -> Result<Option<Looked>, Trouble> {
        let Trigger::Schedule { cron, zone, each } = &automation.on else { return Ok(None) };
        let schedule = Schedule::new(cron, zone.unwrap_or(self.taken.caller.zone)).map_err(Trouble::Told)?;
        let now = self.now();
        let since = memory.until.or(memory.since).unwrap_or(now);
        let under_way = memory.look.or_else(|| schedule.come(since, now).map(|moment| (moment, None)));
        let Some((moment, behind)) = under_way else {
            let due = schedule.after(since).unwrap_or_else(|| far(now));
            return Ok(Some(Looked { memory, due, work: Vec::new() }));
        };
        let (subject, event) = (automation.name.as_str(), json!({ "schedule": moment }));
        let at = shown(&Value::DateTime(moment));
        let (work, next) = if let (Some(each), Some(object)) = (each, &automation.object) {
            let wanted = Awaiting { conditions: vec![each], ..Awaiting::all(object) };
            let page = self.engine.matching(self.taken.caller, &wanted, (behind, PAGE)).await?;
            let one = |found: &Matched| {
                let key = format!("schedule:{subject}:{}:{at}", found.id);
                self.work((Kind::Automation, subject), key, (Some((object.clone(), found.id)), event.clone()))
            };
            (page.iter().map(one).collect::<Result<Vec<_>, _>>()?, more(&page))
        } else {
            let key = format!("schedule:{subject}:{at}");
            (vec![self.work((Kind::Automation, subject), key, (None, event))?], None)
        };
        if next.is_some() {
            let memory = Memory { look: Some((moment, next)), ..memory };
            return Ok(Some(Looked { memory, due: now, work }));
        }
        let due = schedule.after(now.max(moment)).unwrap_or_else(|| far(now));
        Ok(Some(Looked { memory: Memory { until: Some(moment), look: None, ..memory }, due, work }))
    }

    /// Records whose date has come since the last look.
    async fn dates(&self, automation: &Automation, memory: Memory) -> Result<Option<Looked>, Trouble> {
        let (Trigger::Date { field, offset }, Some(object)) = (&automation.on, &automation.object) else {
            return Ok(None);
        };
        let Some(known) = self.taken.caller.catalog.object(object) else { return Ok(None) };
        let (caller, now) = (self.taken.caller, self.now());
        let since = memory.since.unwrap_or(now);
        let (until, behind) = memory.look.unwrap_or((now, None));
        let kind = dated(known, field);
        let come = |at| latest(kind, *offset, (at, caller.zone));
        // What was there before it stood is left alone.
        let overlap = memory.until.map(|until| until - TimeDelta::seconds(OVERLAP));
        let from = overlap.map_or(since, |overlap| overlap.max(since));
        let wanted = Awaiting {
            field: Some(field),
            after: come(from),
            until: come(until),
            conditions: automation.when.iter().collect(),
            ..Awaiting::all(object)
        };
        let page = if wanted.until.is_null() {
            Vec::new()
        } else {
            self.engine.matching(caller, &wanted, (behind, PAGE)).await?
        };
        let key = |found: &Matched| format!("date:{}:{}:{}", automation.name, found.id, shown(&found.value));
        let keys: Vec<String> = page.iter().map(key).collect();
        let known = if keys.is_empty() { Vec::new() } else { caller.tenant.jobs_known(&keys).await? };
        let mut work = Vec::new();
        for (found, key) in page.iter().zip(keys).filter(|(_, key)| !known.contains(key)) {
            let event = json!({ "date": shown(&found.value), "field": field.as_str() });
            let about = Some((object.clone(), found.id));
            work.push(self.work((Kind::Automation, automation.name.as_str()), key, (about, event))?);
        }
        if let Some(behind) = more(&page) {
            let memory =
                Memory { since: Some(since), until: memory.until, look: Some((until, Some(behind))) };
            return Ok(Some(Looked { memory, due: now, work }));
        }
        let ahead = Awaiting { after: come(now), until: Value::Null, conditions: Vec::new(), ..wanted };
        let next = self.engine.earliest(caller, &ahead).await?;
        let due = self.again(moment(&next, *offset, caller.zone));
        Ok(Some(Looked { memory: Memory { since: Some(since), until: Some(until), look: None }, due, work }))
    }

    /// Records that a transition waits for, and whose time has come.
    async fn ages(&self, memory: Memory) -> Result<Option<Looked>, Trouble> {
        let (caller, now) = (self.taken.caller, self.now());
        let subject = self.taken.row.job.subject.as_str();
        let ways = Way::of(caller, subject);
        if ways.is_empty() {
            return Ok(None);
        }
        let (mut work, mut next, mut full) = (Vec::new(), None::<DateTime<Utc>>, false);
        for way in ways {
            let until = way.come(caller);
            if until.is_null() {
                continue;
            }
            let wanted = way.awaiting(until.clone());
            let page = self.engine.matching(caller, &wanted, (None, PAGE)).await?;
            full |= more(&page).is_some();
            for found in &page {
                let key = format!("age:{subject}:{}:{}", found.id, shown(&found.value));
                let event = json!({ "since": shown(&found.value) });
                let about = Some((way.lifecycle.object.clone(), found.id));
                work.push(self.work((Kind::Transition, subject), key, (about, event))?);
            }
            let ahead =
                Awaiting { after: until, until: Value::Null, unless: None, conditions: Vec::new(), ..wanted };
            let earliest = self.engine.earliest(caller, &ahead).await?;
            next = next.into_iter().chain(moment(&earliest, way.offset, caller.zone)).min();
            if let Some(tick) = way.tick {
                // Whose time has come may have to wait for the rest.
                let there =
                    Awaiting { conditions: Vec::new(), unless: None, ..way.awaiting(way.come(caller)) };
                let waits = !self.engine.matching(caller, &there, (None, 1)).await?.is_empty();
                next = next.into_iter().chain(waits.then(|| ticked(tick, now, caller.zone))).min();
            }
        }
        // Those that were found wait now, and are not found again.
        let due = if full { now } else { self.again(next) };
        Ok(Some(Looked { memory, due, work }))
    }
}

/// When a condition that looks at the time is asked again.
fn ticked(tick: Tick, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    match tick {
        Tick::Always => later(now, HOUR),
        Tick::Daily => {
            let tomorrow = now.with_timezone(&zone).date_naive().succ_opt();
            tomorrow.map_or_else(|| far(now), |day| expr::day_start(day, zone))
        }
    }
}

/// Behind which record the next page goes on, if there may be one.
fn more(page: &[Matched]) -> Option<Uuid> {
    let full = i64::try_from(page.len()).is_ok_and(|count| count >= PAGE);
    page.last().filter(|_| full).map(|last| last.id)
}
