//! The log of stays: what is known of records that move, and the rows that a move leaves. A row is a stay; its only change is that it ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use metadata::Name;
use sql::{Cells, From, Ident, Order, Query, Relation, Scalar};
use uuid::Uuid;

use super::Way;
use crate::caller::Caller;
use crate::model::{Slots, StatementKey, alias, equals};
use crate::run::{Halt, Job, Run};

/// A stay that begins.
#[derive(Clone, Debug)]
pub(crate) struct Stay {
    pub(crate) lifecycle: Name,
    /// The transition that was taken; none where the record began, or was put.
    pub(crate) way: Option<Way>,
    /// The stage that was left.
    pub(crate) from: Option<Arc<str>>,
    pub(crate) to: Arc<str>,
    pub(crate) pass: i64,
    pub(crate) entered: DateTime<Utc>,
    /// Where it ends within the same write: when, and where the record goes on to.
    pub(crate) left: Option<(DateTime<Utc>, Arc<str>)>,
    /// Whether it tells of the past: nobody is to act on it.
    pub(crate) past: bool,
    /// Whether the record took the way by itself.
    pub(crate) auto: bool,
    pub(crate) reason: Option<String>,
}

/// A stay that ends.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// Its row.
    pub(crate) id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) to: Arc<str>,
}

/// A stay as the log has it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: Uuid,
    pub(crate) lifecycle: String,
    pub(crate) stage: String,
    pub(crate) entered: DateTime<Utc>,
    pub(crate) left: Option<DateTime<Utc>>,
}

/// The stays of some records, each record's in their order.
#[derive(Debug, Default)]
pub(crate) struct Log(HashMap<(Name, Uuid), Vec<Known>>);

impl Log {
    /// The stays of the records of these jobs.
    pub(crate) async fn of(run: &mut Run<'_>, places: &[usize]) -> Result<Self, Halt> {
        let mut asked: HashMap<Name, HashSet<Uuid>> = HashMap::new();
        for job in places.iter().filter_map(|place| run.jobs.get(*place)).filter(|job| job.before.is_some()) {
            asked.entry(job.shape.object.name.clone()).or_default().insert(job.id);
        }
        let mut log = Self::default();
        let dialect = run.model.dialect;
        let printed = run.model.kept(StatementKey::Stays, || vec![sql::print_query(&known(), dialect)]);
        let Some(statement) = printed.first() else { return Ok(log) };
        for (object, records) in asked {
            let ids = Value::List(records.into_iter().map(Value::Id).collect());
            let rows = run.execute(statement, &[Value::Text(object.to_string()), ids]).await?;
            for row in &rows {
                if let Some((record, stay)) = read(row) {
                    log.0.entry((object.clone(), record)).or_default().push(stay);
                }
            }
        }
        Ok(log)
    }

    fn stays(&self, job: &Job) -> &[Known] {
        self.0.get(&(job.shape.object.name.clone(), job.id)).map_or(&[], Vec::as_slice)
    }

    /// The stay that a record is in.
    pub(crate) fn open(&self, job: &Job) -> Option<&Known> {
        self.stays(job).iter().rev().find(|stay| stay.left.is_none())
    }

    /// The how manyth stay the next one in that stage is.
    pub(crate) fn next_pass(&self, job: &Job, lifecycle: &str, stage: &str) -> i64 {
        let count = self.stays(job).iter().filter(|s| s.lifecycle == lifecycle && s.stage == stage).count();
        i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// When the record last left that stage.
    pub(crate) fn left(&self, job: &Job, lifecycle: &str, stage: &str) -> Option<DateTime<Utc>> {
        let of_stage = self.stays(job).iter().filter(|s| s.lifecycle == lifecycle && s.stage == stage);
        of_stage.filter_map(|stay| stay.left).max()
    }

    /// Whether the log tells that the record entered that stage at that time, as often as the job's source does by then.
    pub(crate) fn tells(&self, job: &Job, stage: &str, entered: DateTime<Utc>) -> bool {
        let alike = |stay: &&Known| stay.stage == stage && stay.entered == entered;
        self.stays(job).iter().filter(alike).count() > job.passage.repeats
    }
}

fn column(name: &str) -> Scalar {
    Scalar::Column(alias(), Ident::made(name))
}

/// The stays of a list of records of one object.
fn known() -> Query {
    let mut slots = Slots::default();
    let object = equals(column("object"), slots.one(Encoding::Text));
    let record = Scalar::InParam(Box::new(column("record")), slots.list(Encoding::Id));
    let columns = ["id", "record", "lifecycle", "to_stage", "entered", "left_at"];
    let by = |name: &str| Order { by: column(name), descending: false, nulls_first: false };
    Query {
        columns: columns.iter().map(|name| (column(name), Ident::made(name))).collect(),
        from: Some(From { source: Relation::Table(Ident::made("transition")), alias: alias() }),
        filter: Some(Scalar::And(vec![object, record])),
        order: vec![by("entered"), by("id")],
        ..Query::default()
    }
}

fn read(row: &store::Row) -> Option<(Uuid, Known)> {
    let id = |place: usize| match row.value(place, Encoding::Id) {
        Value::Id(id) => Some(id),
        _ => None,
    };
    let text = |place: usize| match row.value(place, Encoding::Text) {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let instant = |place: usize| match row.value(place, Encoding::DateTime) {
        Value::DateTime(at) => Some(at),
        _ => None,
    };
    let known =
        Known { id: id(0)?, lifecycle: text(2)?, stage: text(3)?, entered: instant(4)?, left: instant(5) };
    Some((id(1)?, known))
}

/// Why a stay began, as the log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    User,
    Script,
    Automation,
    Schedule,
    Import,
}

impl Ground {
    fn of(caller: &Caller, stay: &Stay) -> Self {
        if stay.past && caller.door.imports() {
            Ground::Import
        } else if stay.auto {
            Ground::Automation
        } else if caller.cause.timed {
            Ground::Schedule
        } else if caller.cause.place.is_some() {
            Ground::Script
        } else if !caller.cause.chain.is_empty() {
            Ground::Automation
        } else if caller.door.imports() {
            Ground::Import
        } else {
            Ground::User
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Ground::User => "user",
            Ground::Script => "script",
            Ground::Automation => "automation",
            Ground::Schedule => "schedule",
            Ground::Import => "import",
        }
    }

    /// What exactly: a transition that is taken by itself, a script with its line, the last of a chain of automations.
    fn detail(self, caller: &Caller, stay: &Stay) -> Option<String> {
        match self {
            Ground::Automation if stay.auto => stay.way.as_ref().map(Way::rule),
            Ground::Script => caller.cause.place.clone(),
            Ground::Automation | Ground::Schedule => caller.cause.chain.last().cloned(),
            Ground::User | Ground::Import => None,
        }
    }
}

/// The rows of the stays that a job begins: a value for each column of the table.
pub(crate) fn rows(run: &Run<'_>, job: &Job) -> Vec<Vec<Value>> {
    let caller = run.caller;
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let row = |stay: &Stay| {
        let ground = Ground::of(caller, stay);
        let (left_at, left_to) = match &stay.left {
            Some((at, to)) => (Value::DateTime(*at), Value::Text(to.to_string())),
            None => (Value::Null, Value::Null),
        };
        vec![
            Value::Id(run.new_id()),
            Value::Text(job.shape.object.name.to_string()),
            Value::Id(job.id),
            Value::Text(stay.lifecycle.to_string()),
            text(stay.way.as_ref().map(Way::rule)),
            text(stay.from.as_deref().map(str::to_owned)),
            Value::Text(stay.to.to_string()),
            Value::Int(stay.pass),
            Value::DateTime(stay.entered),
            left_at,
            left_to,
            Value::Text(caller.actor.label.clone()),
            caller.actor.user.map_or(Value::Null, Value::Id),
            Value::Text(ground.as_str().to_owned()),
            text(ground.detail(caller, stay)),
            text(stay.reason.clone()),
            Value::Int(caller.catalog.version),
        ]
    };
    job.passage.stays.iter().map(row).collect()
}

/// The end of a stay: `left_at left_to id`.
pub(crate) fn closed(end: &End) -> Vec<Value> {
    vec![Value::DateTime(end.at), Value::Text(end.to.to_string()), Value::Id(end.id)]
}

/// The end of a stay as a row of the table, of which only the end is written, because the row is there.
pub(crate) fn closing(run: &Run<'_>, job: &Job, end: &End) -> Vec<Value> {
    let nothing = || Value::Text(String::new());
    vec![
        Value::Id(end.id),
        Value::Text(job.shape.object.name.to_string()),
        Value::Id(job.id),
        nothing(),
        Value::Null,
        Value::Null,
        nothing(),
        Value::Int(0),
        Value::DateTime(run.now),
        Value::DateTime(end.at),
        Value::Text(end.to.to_string()),
        nothing(),
        Value::Null,
        nothing(),
        Value::Null,
        Value::Null,
        Value::Int(0),
    ]
}
