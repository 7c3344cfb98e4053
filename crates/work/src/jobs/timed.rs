//! Transitions that are taken because their time has come: which records they wait for, and taking them.

use std::sync::Arc;
use std::time::Duration;

use engine::{Actor, Awaiting, Caller, Cause, Door, Engine, Kind};
use expr::{Duration as Length, Value};
use metadata::catalog::{Auto, FieldType, Lifecycle, Object, Tick, Transition};
use query::access::Access;
use query::request::{Operation, RecordData, Write};

use super::ending::{Taken, refusals};
use super::moment::{Dated, latest};
use super::{Became, Trouble};

/// The first pause after a refusal; doubled with each further one.
const PAUSE: Duration = Duration::from_mins(10);
/// The longest.
const LONGEST: Duration = Duration::from_hours(24);

/// A transition that waits for its time.
pub(crate) struct Way<'a> {
    pub(crate) lifecycle: &'a Lifecycle,
    transition: &'a Transition,
    object: &'a Object,
    /// The date or instant that decides, and what is added to it.
    pub(crate) field: &'a str,
    pub(crate) offset: Length,
    /// How often its conditions have to be asked again while no record is written.
    pub(crate) tick: Option<Tick>,
}

impl<'a> Way<'a> {
    /// All of that name; transitions that their author did not name may share one.
    pub(crate) fn of(caller: &'a Caller, name: &str) -> Vec<Way<'a>> {
        let mut found = Vec::new();
        for lifecycle in caller.catalog.lifecycles.values() {
            let Some(object) = caller.catalog.object(&lifecycle.object) else { continue };
            for way in lifecycle.transitions.iter().filter(|way| lifecycle.path_of(way) == name) {
                let (field, offset) = match &way.auto {
                    Some(Auto::StageAge(age)) => ("stageEnteredAt", *age),
                    Some(Auto::Date { field, offset }) => (field.as_str(), *offset),
                    // As soon as it is there.
                    Some(Auto::Condition) => ("stageEnteredAt", Length::default()),
                    None => continue,
                };
                let tick = caller.catalog.tick_of_way(lifecycle, way);
                found.push(Way { lifecycle, transition: way, object, field, offset, tick });
            }
        }
        found
    }

    fn dated(&self) -> Dated {
        dated(self.object, self.field)
    }

    /// The greatest date or instant whose moment has come.
    pub(crate) fn come(&self, caller: &Caller) -> Value {
        latest(self.dated(), self.offset, (caller.clock.now(), caller.zone))
    }

    /// The records of which it is to be taken, where `until` is the greatest value that has come.
    pub(crate) fn awaiting(&self, until: Value) -> Awaiting<'a> {
        Awaiting {
            object: &self.lifecycle.object,
            field: Some(self.field),
            after: Value::Null,
            until,
            stages: self.transition.from.clone(),
            lifecycle: Some(&self.lifecycle.name),
            conditions: self.transition.conditions().collect(),
            unless: Some(Kind::Transition),
            only: None,
        }
    }
}

/// Whether a field holds days or instants.
pub(crate) fn dated(object: &Object, field: &str) -> Dated {
    match object.field(field).map(|field| &field.ty) {
        Some(FieldType::Date) => Dated::Day,
        _ => Dated::Instant,
    }
}

/// Takes a record to the stage for which its time has come; where that is refused, again later, for as long as it is due.
pub(crate) async fn take(engine: &Engine, taken: &Taken<'_>) -> Result<Became, Trouble> {
    let (caller, job) = (taken.caller, &taken.row.job);
    let Some(record) = job.record else { return Ok(taken.idle().await?) };
    for way in Way::of(caller, &job.subject) {
        let until = way.come(caller);
        if until.is_null() {
            continue;
        }
        // The job itself is one that waits for the record.
        let wanted = Awaiting { unless: None, only: Some(record), ..way.awaiting(until) };
        if engine.matching(caller, &wanted, (None, 1)).await?.is_empty() {
            continue;
        }
        let (actor, acknowledgement) = (acting(caller, job.subject.clone()), taken.acknowledgement(false));
        let outcome = engine.write_with(&actor, moving(&way, record), None, Some(&acknowledgement)).await?;
        if outcome.ok() {
            return Ok(Became::Done);
        }
        let doublings = u32::try_from((taken.row.attempts - 1).clamp(0, 20)).unwrap_or(0);
        let pause = PAUSE.saturating_mul(1 << doublings).min(LONGEST);
        return Ok(taken.patient(&refusals(&outcome), pause).await?);
    }
    Ok(taken.idle().await?)
}

/// The transition acts itself, with all rights.
fn acting(platform: &Caller, name: String) -> Caller {
    Caller {
        actor: Actor { label: format!("transition:{name}"), user: None },
        access: Access::Everything,
        facts: Arc::default(),
        door: Door::Automation,
        cause: Arc::new(Cause {
            chain: vec![name.clone()],
            timed: true,
            takes: Some(name),
            ..Cause::default()
        }),
        ..platform.clone()
    }
}

fn moving(way: &Way<'_>, id: uuid::Uuid) -> Write {
    Write {
        object: way.lifecycle.object.clone(),
        operation: Operation::Move {
            id,
            to: Arc::clone(&way.transition.to),
            reason: None,
            data: RecordData::default(),
            expected_version: None,
        },
        dry_run: false,
        idempotency_key: None,
    }
}
