//! A small world for tests: an object with a field of every type and its relations, as a [`Scope`] and as records in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::evaluate::{Environment, EvalError};
use crate::moment::Moment;
use crate::scope::{Member, Scope};
use crate::tree::{FieldPath, Root, Slot};
use crate::types::Type;
use crate::value::Value;

/// The scope: `deal` with a value field of every type, a composite, to-one relations to `account` and `user`, a polymorphic one, and
/// to-many `tasks`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample;

/// Field names and types of `deal`.
pub const DEAL: &[(&str, Type)] = &[
    ("name", Type::Text),
    ("note", Type::Text),
    ("stage", Type::Text),
    ("count", Type::Int),
    ("rank", Type::Int),
    ("amount", Type::Decimal),
    ("cost", Type::Decimal),
    ("rate", Type::Float),
    ("weight", Type::Float),
    ("won", Type::Bool),
    ("hot", Type::Bool),
    ("closeDate", Type::Date),
    ("startDate", Type::Date),
    ("opensAt", Type::Time),
    ("seenAt", Type::DateTime),
    ("dueAt", Type::DateTime),
    ("effort", Type::Duration),
];
/// Field names and types of `account`.
pub const ACCOUNT: &[(&str, Type)] =
    &[("name", Type::Text), ("tier", Type::Text), ("employees", Type::Int), ("revenue", Type::Decimal)];
/// Field names and types of `task`.
pub const TASK: &[(&str, Type)] = &[
    ("name", Type::Text),
    ("done", Type::Bool),
    ("points", Type::Int),
    ("price", Type::Decimal),
    ("dueDate", Type::Date),
];
/// Field names and types of `user`.
pub const USER: &[(&str, Type)] = &[("name", Type::Text), ("country", Type::Text), ("active", Type::Bool)];
/// The choices of `deal.stage`.
pub const STAGES: &[&str] = &["new", "qualified", "won", "lost"];
/// The choices of `deal.markets`; `deal.tags` is free.
pub const MARKETS: &[&str] = &["de", "cn", "us"];

fn values(object: &str) -> &'static [(&'static str, Type)] {
    match object {
        "deal" => DEAL,
        "account" => ACCOUNT,
        "task" => TASK,
        "user" => USER,
        _ => &[],
    }
}

fn others(object: &str) -> Vec<(&'static str, Member)> {
    let plain = |ty| Member::Value { ty, choices: None };
    let texts = || Type::List(Box::new(Type::Text));
    match object {
        "deal" => vec![
            ("id", plain(Type::Id)),
            ("tags", plain(texts())),
            ("markets", Member::Value { ty: texts(), choices: Some(arcs(MARKETS)) }),
            ("extra", plain(Type::Json)),
            ("address", Member::Parts(vec![("street".into(), Type::Text), ("city".into(), Type::Text)])),
            ("account", Member::One("account".into())),
            ("owner", Member::One("user".into())),
            ("subject", Member::OneOf(vec!["account".into(), "user".into()])),
            ("tasks", Member::Many("task".into())),
        ],
        "account" => vec![
            ("id", plain(Type::Id)),
            ("parent", Member::One("account".into())),
            ("deals", Member::Many("deal".into())),
        ],
        "task" => vec![("id", plain(Type::Id)), ("deal", Member::One("deal".into()))],
        "user" => vec![("id", plain(Type::Id))],
        _ => Vec::new(),
    }
}

fn arcs(values: &[&str]) -> Arc<[Arc<str>]> {
    values.iter().map(|value| Arc::from(*value)).collect()
}

impl Scope for Sample {
    fn member(&self, object: &str, name: &str) -> Option<Member> {
        let choices = (object == "deal" && name == "stage").then(|| arcs(STAGES));
        let value = values(object).iter().find(|(field, _)| *field == name);
        value.map(|(_, ty)| Member::Value { ty: ty.clone(), choices }).or_else(|| {
            others(object).into_iter().find(|(field, _)| *field == name).map(|(_, member)| member)
        })
    }

    fn members(&self, object: &str) -> Vec<Arc<str>> {
        let names = values(object).iter().map(|(name, _)| *name);
        names.chain(others(object).into_iter().map(|(name, _)| name)).map(Arc::from).collect()
    }

    fn setting(&self, name: &str) -> Option<Type> {
        match name {
            "threshold" => Some(Type::Int),
            "target" => Some(Type::Decimal),
            _ => None,
        }
    }
}

/// A record with what hangs on it. Fields that are absent are null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Own values by name; parts of composites as `address.city`, a relation's own id under the relation's name.
    pub values: BTreeMap<String, Value>,
    /// The records of to-one relations that are not null.
    pub one: BTreeMap<String, Record>,
    /// The records of to-many relations.
    pub many: BTreeMap<String, Vec<Record>>,
}

impl Record {
    fn value(&self, steps: &[Arc<str>]) -> Value {
        let Some((first, rest)) = steps.split_first() else { return Value::Null };
        let dotted = steps.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(".");
        if let Some(value) = self.values.get(&dotted) {
            return value.clone();
        }
        match self.one.get(&**first) {
            None => Value::Null,
            Some(one) if rest.is_empty() => one.value(&[Arc::from("id")]),
            Some(one) => one.value(rest),
        }
    }

    fn many(&self, steps: &[Arc<str>]) -> &[Record] {
        match steps {
            [] => &[],
            [name] => self.many.get(&**name).map_or(&[], Vec::as_slice),
            [first, rest @ ..] => self.one.get(&**first).map_or(&[], |one| one.many(rest)),
        }
    }
}

/// Everything that an expression may see, in memory.
#[derive(Clone, Debug)]
pub struct World {
    /// The record judged.
    pub record: Record,
    /// The record before the write.
    pub old: Record,
    /// The user who acts.
    pub user: Record,
    /// The package's settings.
    pub settings: BTreeMap<String, Value>,
    /// The values of the request.
    pub slots: Vec<Value>,
    /// When and where.
    pub moment: Moment,
    /// The fields that have a folded side column, by their last name.
    pub folded: Vec<String>,
}

/// A related record; it answers for itself only.
struct Related<'a> {
    record: &'a Record,
    world: &'a World,
}

impl World {
    fn of(&self, path: &FieldPath) -> &Record {
        match path.root {
            Root::Old => &self.old,
            Root::User => &self.user,
            Root::Record | Root::Settings => &self.record,
        }
    }

    fn related_to<'a>(&'a self, records: &'a [Record]) -> Vec<Box<dyn Environment + 'a>> {
        records
            .iter()
            .map(|record| Box::new(Related { record, world: self }) as Box<dyn Environment + 'a>)
            .collect()
    }
}

impl Environment for World {
    fn field(&self, path: &FieldPath) -> Result<Value, EvalError> {
        match (path.root, path.steps.as_slice()) {
            (Root::Settings, [name]) => Ok(self.settings.get(&**name).cloned().unwrap_or(Value::Null)),
            _ => Ok(self.of(path).value(&path.steps)),
        }
    }

    fn related(&self, path: &FieldPath) -> Result<Vec<Box<dyn Environment + '_>>, EvalError> {
        Ok(self.related_to(self.of(path).many(&path.steps)))
    }

    fn slot(&self, slot: Slot) -> Result<Value, EvalError> {
        self.slots.get(usize::from(slot)).cloned().ok_or_else(|| EvalError::Unavailable(format!("${slot}")))
    }

    fn folded(&self, path: &FieldPath) -> bool {
        path.steps.last().is_some_and(|last| self.folded.iter().any(|name| **name == **last))
    }

    fn now(&self) -> DateTime<Utc> {
        self.moment.now
    }

    fn zone(&self) -> Tz {
        self.moment.zone
    }
}

impl Environment for Related<'_> {
    fn field(&self, path: &FieldPath) -> Result<Value, EvalError> {
        Ok(self.record.value(&path.steps))
    }

    fn related(&self, path: &FieldPath) -> Result<Vec<Box<dyn Environment + '_>>, EvalError> {
        Ok(self.world.related_to(self.record.many(&path.steps)))
    }

    fn slot(&self, slot: Slot) -> Result<Value, EvalError> {
        self.world.slot(slot)
    }

    fn folded(&self, path: &FieldPath) -> bool {
        self.world.folded(path)
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.now()
    }

    fn zone(&self) -> Tz {
        self.world.zone()
    }
}
