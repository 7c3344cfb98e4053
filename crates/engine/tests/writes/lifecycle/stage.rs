//! What the tests of lifecycles share: a package with leads, partners, projects and machines that never rest; a clock that can be turned.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Actor, Caller, Clock, Door, Outcome};
use expr::{Encoding, Value};
use query::access::{Access, Shares};
use query::request::{Operation, RecordData, Write};
use sql::Cells;
use store::Tenant;
use uuid::Uuid;

use crate::support::{World, data, name, refusals, text, update, world_of, write};
use query::request::Input;

const PACKAGE: &str = r#"{"name": "flow", "version": "1.0.0", "title": "Flow", "settings": {"threshold": {"type": "integer", "default": 60}}}"#;

const OBJECTS: &str = r#"[
{"name": "account", "plural": "accounts", "title": "Account", "type": "object",
 "properties": {
  "name": {"type": "string"},
  "tier": {"type": "string", "enum": ["a", "b"]}
 }},
{"name": "lead", "plural": "leads", "title": "Lead", "type": "object", "x-history": true, "x-owned": true,
 "properties": {
  "name": {"type": "string", "maxLength": 20},
  "code": {"type": "string", "x-unique": true},
  "channel": {"type": "string"},
  "score": {"type": "integer", "default": 0},
  "phone": {"x-type": "phone"},
  "budget": {"type": "integer"},
  "secret": {"type": "string", "x-sensitive": true},
  "rejectReason": {"type": "string"},
  "account": {"x-type": "lookup", "x-to": "account", "x-inverse": "leads", "x-onDelete": "clear"},
  "meetings": {"x-type": "rollup", "x-of": "activities", "x-aggregate": "count", "x-filter": {"kind": {"eq": "meeting"}}}
 },
 "x-rules": [{"name": "wonBudget", "check": "record.stage != \"converted\" || record.budget != null", "message": "Won without a budget", "path": "budget"}]},
{"name": "activity", "plural": "activities", "title": "Activity", "type": "object",
 "properties": {
  "kind": {"type": "string"},
  "lead": {"x-type": "lookup", "x-to": "lead", "x-inverse": "activities", "x-onDelete": "cascade"}
 }},
{"name": "task", "plural": "tasks", "title": "Task", "type": "object",
 "properties": {
  "subject": {"type": "string"},
  "done": {"type": "boolean", "default": false},
  "related": {"x-type": "polymorphic", "x-to": ["project"], "x-inverse": "tasks"}
 }},
{"name": "project", "plural": "projects", "title": "Project", "type": "object",
 "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}},
{"name": "machine", "plural": "machines", "title": "Machine", "type": "object",
 "properties": {"name": {"type": "string"}, "on": {"type": "boolean", "default": false}}}
]"#;

const LIFECYCLES: &str = r#"[
{"name": "leadMtl", "object": "lead", "title": "Marketing to lead", "when": "record.channel != \"partner\" && record.channel != \"none\"",
 "stages": [
  {"name": "engaged"}, {"name": "mql", "title": "MQL"}, {"name": "sql", "title": "SQL", "locked": ["budget"]},
  {"name": "recycled", "kind": "detour"}, {"name": "converted", "kind": "won"}, {"name": "disqualified", "kind": "lost"}
 ],
 "transitions": [
  {"from": "engaged", "to": "mql", "guard": "record.score >= settings.threshold"},
  {"from": "mql", "to": "sql", "requires": ["phone", "budget"], "roles": ["sdr"], "guard": "record.account == null || record.account.tier == \"a\""},
  {"from": "sql", "to": "recycled", "reason": true, "set": {"score": "record.score - 30"}},
  {"from": "recycled", "to": "mql", "guard": "record.score >= settings.threshold && record.score >= old.score"},
  {"from": "*", "to": "disqualified", "requires": ["rejectReason"], "message": "Say why"},
  {"from": "sql", "to": "converted", "needs": {"activities": {"some": {"kind": {"eq": "meeting"}}}}}
 ]},
{"name": "partnerWay", "object": "lead", "title": "Partner", "when": "record.channel == \"partner\"",
 "stages": [{"name": "found"}, {"name": "contacted"}, {"name": "producing"}, {"name": "lost", "kind": "lost"}],
 "transitions": [
  {"from": "found", "to": "contacted", "auto": true, "guard": "record.phone != null"},
  {"name": "fast", "from": "contacted", "to": "producing", "guard": "record.score > 90"},
  {"name": "proven", "from": "contacted", "to": "producing", "requires": ["phone"], "guard": "record.meetings >= 2", "auto": true},
  {"name": "tiered", "from": "found", "to": "producing", "guard": "record.account.tier == \"a\"", "auto": true},
  {"from": ["found", "contacted"], "to": "lost", "requires": ["secret"], "guard": "record.secret != \"stop\""}
 ]},
{"name": "projectWay", "object": "project", "title": "Project",
 "stages": [
  {"name": "planned", "sop": [{"name": "brief", "title": "Write the brief", "required": true}, {"name": "chat", "title": "Chat"}]},
  {"name": "running"}, {"name": "resting", "kind": "detour", "cooldown": "7d"}, {"name": "done", "kind": "won"}
 ],
 "transitions": [
  {"from": "planned", "to": "running"}, {"from": "running", "to": "planned"}, {"from": ["planned", "running"], "to": "resting"},
  {"from": "resting", "to": "running"}, {"from": "running", "to": "done"}
 ]},
{"name": "machineWay", "object": "machine", "title": "Machine",
 "stages": [{"name": "left"}, {"name": "right"}],
 "transitions": [
  {"from": "left", "to": "right", "guard": "record.on", "auto": true},
  {"from": "right", "to": "left", "guard": "record.on", "auto": true}
 ]}
]"#;

const ROLES: &str = r#"[
{"name": "reader", "title": "Reader", "objects": {"lead": {"read": ["all"], "fields": {"read": ["*"], "write": []}}}},
{"name": "sdr", "title": "Sales development", "objects": {
  "lead": {"create": ["all"], "read": ["all"], "update": ["own"], "fields": {"read": ["*"], "write": ["*"]}},
  "account": {"read": ["all"], "fields": {"read": ["*"], "write": ["*"]}},
  "activity": {"create": ["all"], "read": ["all"], "update": ["all"], "fields": {"read": ["*"], "write": ["*"]}}}},
{"name": "chief", "title": "Chief", "inherits": ["sdr"]},
{"name": "desk", "title": "Desk", "objects": {
  "lead": {"create": ["all"], "read": ["all"], "update": ["all"], "fields": {"read": ["*"], "write": ["*"]}}}},
{"name": "historian", "title": "Historian", "inherits": ["desk"], "metadata": ["history"]}
]"#;

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub struct Turned(Mutex<DateTime<Utc>>);

impl Clock for Turned {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no panic while it is held")
    }
}

/// A tenant with the package, somebody who may do everything, and the clock.
pub struct Stage {
    pub world: World,
    pub clock: Arc<Turned>,
}

/// One row of the log, in short: from, to, pass, transition, cause.
pub type Line = (Option<String>, String, i64, Option<String>, String);

pub async fn stage(tenant: &Tenant) -> Stage {
    let files = [
        ("package.json", PACKAGE),
        ("objects/all.json", OBJECTS),
        ("lifecycles/all.json", LIFECYCLES),
        ("roles/all.json", ROLES),
    ];
    let mut world = world_of(tenant, &files).await;
    let clock = Arc::new(Turned(Mutex::new(instant("2026-03-02T09:00:00Z"))));
    world.caller.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    Stage { world, clock }
}

pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub fn at(text: &str) -> Input {
    Input::Value(Value::DateTime(instant(text)))
}

pub fn moving(object: &str, id: Uuid, to: &str) -> Write {
    moving_with(object, id, to, None, &[])
}

pub fn moving_with(
    object: &str,
    id: Uuid,
    to: &str,
    reason: Option<&str>,
    fields: &[(&str, Input)],
) -> Write {
    let data: RecordData = data(fields);
    let reason = reason.map(str::to_owned);
    write(object, Operation::Move { id, to: to.into(), reason, data, expected_version: None })
}

impl Stage {
    pub fn turn(&self, by: TimeDelta) {
        let mut now = self.clock.0.lock().expect("no panic while it is held");
        *now += by;
    }

    /// The same tenant for somebody with these roles, who is that user.
    pub fn acting(&self, roles: &[&str], user: Uuid) -> Stage {
        let roles: Vec<_> = roles.iter().map(|role| name(role)).collect();
        let caller = &self.world.caller;
        let caller = Caller {
            access: Access::of(&caller.catalog, &roles, &Shares::default()),
            facts: Arc::new(query::access::Facts::of(user, &[user], &[])),
            actor: Actor { label: "user:ann".to_owned(), user: Some(user) },
            door: Door::Graphql,
            ..caller.clone()
        };
        Stage {
            world: World { engine: Arc::clone(&self.world.engine), caller },
            clock: Arc::clone(&self.clock),
        }
    }

    pub async fn lead(&self, fields: &[(&str, Input)]) -> Uuid {
        self.world.made("lead", fields).await
    }

    pub async fn go(&self, object: &str, id: Uuid, to: &str) -> Outcome {
        self.world.run(moving(object, id, to)).await
    }

    /// A move that must be allowed.
    pub async fn went(&self, object: &str, id: Uuid, to: &str) {
        let outcome = self.go(object, id, to).await;
        assert_eq!(outcome.errors, vec![], "to {to}");
    }

    pub async fn set(&self, object: &str, id: Uuid, fields: &[(&str, Input)]) {
        let outcome = self.world.run(update(object, id, fields)).await;
        assert_eq!(outcome.errors, vec![]);
    }

    /// Why a move is refused: code with path, rule.
    pub async fn refused(&self, write: Write) -> Vec<(String, String)> {
        let outcome = self.world.run(write).await;
        refusals(&outcome).into_iter().map(|(code, rule, _)| (code, rule)).collect()
    }

    /// Stage and pass of a record.
    pub async fn place(&self, object: &str, id: Uuid) -> (String, i64) {
        let record = self.world.one(object, id, &["stage", "pass"]).await;
        (record["stage"].as_str().unwrap_or("-").to_owned(), record["pass"].as_i64().unwrap_or(0))
    }

    /// The log of a record in its order.
    pub async fn log(&self, id: Uuid) -> Vec<Line> {
        let rows = self.rows(id, &["from_stage", "to_stage", "pass", "name", "cause"]).await;
        let line = |row: &store::Row| {
            let text = |place: usize| match row.value(place, Encoding::Text) {
                Value::Text(text) => Some(text),
                _ => None,
            };
            let Value::Int(pass) = row.value(2, Encoding::Int) else { unreachable!("a stay has a pass") };
            (text(0), text(1).expect("a stage"), pass, text(3), text(4).expect("a cause"))
        };
        rows.iter().map(line).collect()
    }

    /// When a record entered its stages, and when it left them.
    pub async fn times(&self, id: Uuid) -> Vec<(String, Value, Value, Option<String>)> {
        let rows = self.rows(id, &["to_stage", "entered", "left_at", "left_to"]).await;
        let line = |row: &store::Row| {
            let text = |place: usize| match row.value(place, Encoding::Text) {
                Value::Text(text) => Some(text),
                _ => None,
            };
            let instant = |place: usize| row.value(place, Encoding::DateTime);
            (text(0).expect("a stage"), instant(1), instant(2), text(3))
        };
        rows.iter().map(line).collect()
    }

    pub async fn rows(&self, id: Uuid, columns: &[&str]) -> Vec<store::Row> {
        let alias = sql::Ident::made("t");
        let column = |name: &str| sql::Scalar::Column(alias.clone(), sql::Ident::made(name));
        let slot = sql::Param { source: sql::Source::Slot(0), encoding: Encoding::Id, list: false };
        let by = |name: &str| sql::Order { by: column(name), descending: false, nulls_first: false };
        let query = sql::Query {
            columns: columns.iter().map(|name| (column(name), sql::Ident::made(name))).collect(),
            from: Some(sql::From {
                source: sql::Relation::Table(sql::Ident::made("transition")),
                alias: alias.clone(),
            }),
            filter: Some(sql::Scalar::Compare(
                sql::Compare::Equal,
                Box::new(column("record")),
                Box::new(sql::Scalar::Param(slot)),
            )),
            order: vec![by("entered"), by("id")],
            ..sql::Query::default()
        };
        let tenant = &self.world.caller.tenant;
        let statement = sql::print_query(&query, tenant.dialect());
        tenant.fetch(&statement, &[Value::Id(id)]).await.expect("the log")
    }
}

/// A line of the log as tests write it.
pub fn line(from: Option<&str>, to: &str, pass: i64, name: Option<&str>, cause: &str) -> Line {
    (from.map(str::to_owned), to.to_owned(), pass, name.map(str::to_owned), cause.to_owned())
}

/// Refusals as tests write them.
pub fn no(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(code, rule)| ((*code).to_owned(), (*rule).to_owned())).collect()
}

/// Somebody who is nobody in particular.
pub fn anybody() -> Uuid {
    Uuid::from_u128(7)
}

/// A lead that may be moved to SQL by everybody who may.
pub fn ready() -> Vec<(&'static str, Input)> {
    use crate::support::int;
    vec![("name", text("l")), ("score", int(80)), ("phone", text("+49 30 1")), ("budget", int(5))]
}
