//! What is known of the acting user when a statement is bound. Statements do not depend on it, so users of equal rights share them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::Value;
use metadata::Name;
use metadata::catalog::{Action, FACT_SUBORDINATES, FACT_TEAM};
use uuid::Uuid;

/// First step of the path under which records shared with the user are found: `user.#shared.lead.read`.
const SHARED: &str = "#shared";

/// A record that was shared with the user, their team or one of their roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The record.
    pub record: Uuid,
    /// Whether it may be changed, too.
    pub update: bool,
    /// When that ends.
    pub expires: Option<DateTime<Utc>>,
}

/// Facts about the acting user. Nobody in particular by default: then no scope but `all` and filters without `$user` hold.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    values: HashMap<String, Value>,
    shared: HashMap<Name, Vec<Shared>>,
}

impl Facts {
    /// Facts about a user: the record's id, who is in their team (the user included), who is below them.
    pub fn of(user: Uuid, team: &[Uuid], subordinates: &[Uuid]) -> Self {
        let ids = |ids: &[Uuid]| Value::List(ids.iter().copied().map(Value::Id).collect());
        let values = HashMap::from([
            ("id".to_owned(), Value::Id(user)),
            (FACT_TEAM.to_owned(), ids(team)),
            (FACT_SUBORDINATES.to_owned(), ids(subordinates)),
        ]);
        Self { values, shared: HashMap::new() }
    }

    /// Adds a field of the user's record, by its path: `country`, `team.id`.
    pub fn set(&mut self, path: &str, value: Value) {
        self.values.insert(path.to_owned(), value);
    }

    /// Adds records that were shared with the user.
    pub fn share(&mut self, object: &Name, records: impl IntoIterator<Item = Shared>) {
        self.shared.entry(object.clone()).or_default().extend(records);
    }

    /// Of which objects records were shared, and whether some of them may be changed: what statements depend on.
    pub fn shares(&self) -> Shares {
        let each = |(object, records): (&Name, &Vec<Shared>)| {
            let update = records.iter().any(|shared| shared.update).then(|| (object.clone(), Action::Update));
            std::iter::once((object.clone(), Action::Read)).chain(update).collect::<Vec<_>>()
        };
        Shares(self.shared.iter().filter(|(_, records)| !records.is_empty()).flat_map(each).collect())
    }

    /// The fact at a path below `user`; null when it is not known.
    pub fn value(&self, path: &[Arc<str>], now: DateTime<Utc>) -> Value {
        match path {
            [first, object, action] if **first == *SHARED => {
                let update = **action == *Action::Update.as_str();
                let holds = |shared: &&Shared| {
                    (shared.update || !update) && shared.expires.is_none_or(|expires| now < expires)
                };
                let shared = self.shared.get(&**object).map(Vec::as_slice).unwrap_or_default();
                Value::List(shared.iter().filter(holds).map(|shared| Value::Id(shared.record)).collect())
            }
            [one] => self.values.get(&**one).cloned().unwrap_or(Value::Null),
            steps => self.values.get(&steps.join(".")).cloned().unwrap_or(Value::Null),
        }
    }
}

/// Of which objects records were shared, and for which acts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shares(BTreeSet<(Name, Action)>);

impl Shares {
    pub(super) fn holds(&self, object: &Name, action: Action) -> bool {
        self.0.contains(&(object.clone(), action))
    }

    pub(super) fn path(object: &Name, action: Action) -> Vec<Arc<str>> {
        vec![Arc::from(SHARED), Arc::from(object.as_str()), Arc::from(action.as_str())]
    }
}
