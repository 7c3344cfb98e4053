//! What happened to a record: who changed what, when, and by which way in; the newest first. Filtered for the reader when it is read: the record
//! must be seen, fields out of sight are left out, and what names a record out of sight names nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::{Encoding, Moment, Value};
use metadata::Name;
use metadata::catalog::{Action, FieldType, Object};
use query::access::{self, Access, Rows};
use query::lower::Lowering;
use serde_json::Value as Json;
use sql::{Cells, Compare, From, Ident, Order, Query, Relation, Scalar};
use uuid::Uuid;

use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::ReadError;
use crate::model::{Shape, Slots, alias, equals, select_columns, system_column};
use crate::outcome::EffectKind;
use crate::person::defect;

/// Most entries of one page.
pub const LARGEST_PAGE: usize = 1_000;
/// The object of users.
const USER: &str = "user";

/// One thing that happened to a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Its id, by which a page goes on.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; none where that is a user whom the reader does not see.
    pub actor: Option<String>,
    /// The user record, if there is one.
    pub user: Option<Uuid>,
    /// The way in.
    pub door: Option<String>,
    /// `created`, `updated` …
    pub kind: String,
    /// The record's version since then.
    pub version: i64,
    /// What was changed.
    pub changes: Vec<Changed>,
}

/// A field that was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The field, with its part after a dot.
    pub field: String,
    /// Its former value.
    pub from: Json,
    /// Its new value.
    pub to: Json,
    /// Whether one of them names a record that the reader does not see, and is null therefore.
    pub hidden: bool,
}

/// Which part of a history is asked for.
#[derive(Clone, Debug)]
pub struct Past {
    /// Of a record of which object.
    pub object: Name,
    /// Of which record.
    pub id: Uuid,
    /// How many entries, at most 1,000.
    pub first: usize,
    /// Those older than this one.
    pub after: Option<Uuid>,
}

/// A row of the table.
struct Row {
    happened: Happened,
    changes: serde_json::Map<String, Json>,
}

impl Engine {
    /// A page of a record's history; `None` when for the caller there is no such record. Entries of which nothing is in sight are left out.
    pub async fn history(&self, caller: &Caller, past: &Past) -> Result<Option<Vec<Happened>>, ReadError> {
        let object = Arc::clone(access::permit_object(&caller.catalog, &caller.access, &past.object)?);
        let there = self.in_sight(caller, &past.object, HashSet::from([past.id])).await?;
        if there.is_empty() {
            return Ok(None);
        }
        let first = past.first.min(LARGEST_PAGE);
        let mut out = Vec::new();
        let mut after = past.after;
        while out.len() < first {
            let rows = rows(caller, past, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.happened.id);
            out.extend(self.told(caller, &object, rows).await?);
        }
        out.truncate(first);
        // Nothing is known of what is gone for good, not even that it was there, except to those who see all.
        let unknown = out.is_empty() && past.after.is_none() && !self.is_there(caller, past).await?;
        Ok((!unknown).then_some(out))
    }

    /// The shape of an object, for reading.
    pub(crate) fn read_shape(&self, caller: &Caller, object: &Name) -> Result<Arc<Shape>, ReadError> {
        let model = self.model(caller).map_err(defect)?;
        Ok(Arc::clone(model.shape(object).map_err(defect)?))
    }

    async fn is_there(&self, caller: &Caller, past: &Past) -> Result<bool, ReadError> {
        let shape = self.read_shape(caller, &past.object)?;
        let id = equals(system_column(&shape, shape.system.id), Slots::default().one(Encoding::Id));
        let query = select_columns(&shape, &[shape.system.id], vec![id]);
        let statement = sql::print_query(&query, caller.tenant.dialect());
        Ok(!caller.tenant.fetch(&statement, &[Value::Id(past.id)]).await?.is_empty())
    }

    /// Those of the records, living or deleted, that the caller sees; all of them where every record is seen.
    pub(crate) async fn in_sight(
        &self,
        caller: &Caller,
        object: &Name,
        ids: HashSet<Uuid>,
    ) -> Result<HashSet<Uuid>, ReadError> {
        match caller.access.rows(object, Action::Read) {
            Rows::All => return Ok(ids),
            Rows::None => return Ok(HashSet::new()),
            Rows::Where(_) => {}
        }
        let shape = self.read_shape(caller, object)?;
        let mut lowering = Lowering::new(&caller.catalog, caller.tenant.dialect(), 1);
        let among = Slots::default().list(Encoding::Id);
        let mut filter = vec![Scalar::InParam(Box::new(system_column(&shape, shape.system.id)), among)];
        let seen = lowering.granted(&caller.access, Action::Read, object, &alias());
        filter.extend(seen?);
        let query = select_columns(&shape, &[shape.system.id], filter);
        let moment = Moment { now: caller.clock.now(), zone: caller.zone };
        let ids = [Value::List(ids.into_iter().map(Value::Id).collect())];
        let values = lowering.into_slots().bind(&ids, &moment, &caller.facts)?;
        let rows = caller.tenant.fetch(&sql::print_query(&query, caller.tenant.dialect()), &values).await?;
        Ok(rows.iter().filter_map(|row| id_at(row, 0)).collect())
    }

    /// What the caller may be told of these rows.
    async fn told(
        &self,
        caller: &Caller,
        object: &Object,
        rows: Vec<Row>,
    ) -> Result<Vec<Happened>, ReadError> {
        let mut named: HashMap<Name, HashSet<Uuid>> = HashMap::new();
        for row in &rows {
            for (target, id) in row.changes.iter().flat_map(|(key, change)| records(object, row, key, change))
            {
                named.entry(target).or_default().insert(id);
            }
            if let (Some(user), Ok(users)) = (row.happened.user, Name::new(USER)) {
                named.entry(users).or_default().insert(user);
            }
        }
        let mut seen = HashMap::new();
        for (target, ids) in named {
            let ids = self.in_sight(caller, &target, ids).await?;
            seen.insert(target, ids);
        }
        let told = rows.into_iter().filter_map(|row| tell(caller, object, row, &seen)).collect();
        self.called(caller, told).await
    }

    /// The same with users called by their names, where the reader does not see the e-mail addresses that they are called by.
    async fn called(&self, caller: &Caller, mut told: Vec<Happened>) -> Result<Vec<Happened>, ReadError> {
        if caller.access.sees(USER, "email") {
            return Ok(told);
        }
        let others = |user: &Uuid| caller.actor.user != Some(*user);
        let ids: HashSet<Uuid> = told.iter().filter_map(|entry| entry.user).filter(others).collect();
        let names = self.names(caller, ids).await?;
        for entry in &mut told {
            if let Some(user) = entry.user.filter(others) {
                entry.actor = names.get(&user).map(|name| format!("user:{name}"));
            }
        }
        Ok(told)
    }

    /// The names of users, deleted ones too, as far as the caller sees names.
    async fn names(&self, caller: &Caller, ids: HashSet<Uuid>) -> Result<HashMap<Uuid, String>, ReadError> {
        if ids.is_empty() || !caller.access.sees(USER, "name") {
            return Ok(HashMap::new());
        }
        let model = self.model(caller).map_err(defect)?;
        let shape = model.shape(USER).map_err(defect)?;
        let Some(name) = shape.value_slot("name") else { return Ok(HashMap::new()) };
        let among = Slots::default().list(Encoding::Id);
        let filter = vec![Scalar::InParam(Box::new(system_column(shape, shape.system.id)), among)];
        let query = select_columns(shape, &[shape.system.id, name], filter);
        let ids = Value::List(ids.into_iter().map(Value::Id).collect());
        let statement = sql::print_query(&query, caller.tenant.dialect());
        let rows = caller.tenant.fetch(&statement, &[ids]).await?;
        let one = |row: &store::Row| match row.value(1, Encoding::Text) {
            Value::Text(name) => Some((id_at(row, 0)?, name)),
            _ => None,
        };
        Ok(rows.iter().filter_map(one).collect())
    }
}

fn tell(caller: &Caller, object: &Object, row: Row, seen: &HashMap<Name, HashSet<Uuid>>) -> Option<Happened> {
    let in_view = |target: &Name, id: Uuid| seen.get(target).is_some_and(|ids| ids.contains(&id));
    let mut changes = Vec::new();
    for (key, change) in &row.changes {
        let field = key.split('.').next().unwrap_or(key);
        if object.field(field).is_none() {
            continue;
        }
        let value = |place: usize| -> (Json, bool) {
            let value = change.get(place).cloned().unwrap_or_default();
            let hidden = record_in(object, &row, key, place).is_some_and(|(objects, id)| {
                objects.is_empty() || !objects.iter().all(|object| in_view(object, id))
            });
            if hidden { (Json::Null, true) } else { (value, false) }
        };
        let ((from, one), (to, two)) = (value(0), value(1));
        changes.push(Changed { field: key.clone(), from, to, hidden: one || two });
    }
    let updated = row.happened.kind == EffectKind::Updated.as_str();
    if updated && changes.is_empty() {
        return None;
    }
    let known = row.happened.user.is_none_or(|user| {
        caller.access == Access::Everything
            || caller.actor.user == Some(user)
            || Name::new(USER).is_ok_and(|users| in_view(&users, user))
    });
    let (actor, user) = if known { (row.happened.actor, row.happened.user) } else { (None, None) };
    Some(Happened { actor, user, changes, ..row.happened })
}

/// The records that a change names.
fn records(object: &Object, row: &Row, key: &str, change: &Json) -> Vec<(Name, Uuid)> {
    let places = change.as_array().map_or(0, Vec::len);
    let named = (0..places).filter_map(|place| record_in(object, row, key, place));
    named.flat_map(|(objects, id)| objects.into_iter().map(move |object| (object, id))).collect()
}

/// The record that one side of a change names, by the objects that it may be of: a polymorphic field's change tells its object only where
/// that changed, too.
fn record_in(object: &Object, row: &Row, key: &str, place: usize) -> Option<(Vec<Name>, Uuid)> {
    let id = row.changes.get(key)?.get(place)?.as_str()?.parse().ok()?;
    match &object.field(key)?.ty {
        FieldType::Lookup(lookup) => Some((vec![lookup.to.clone()], id)),
        FieldType::Polymorphic { to, .. } => {
            let beside =
                row.changes.get(&format!("{key}.object")).and_then(|change| change.get(place)?.as_str());
            let named: Vec<Name> =
                to.iter().filter(|target| beside.is_none_or(|name| &***target == name)).cloned().collect();
            Some((named, id))
        }
        _ => None,
    }
}

const COLUMNS: [(&str, Encoding); 8] = [
    ("id", Encoding::Id),
    ("at", Encoding::DateTime),
    ("actor", Encoding::Text),
    ("user_id", Encoding::Id),
    ("door", Encoding::Text),
    ("kind", Encoding::Text),
    ("version", Encoding::Int),
    ("changes", Encoding::Text),
];

fn column(name: &str) -> Scalar {
    Scalar::Column(alias(), Ident::made(name))
}

/// The next rows, the newest first.
async fn rows(caller: &Caller, past: &Past, after: Option<Uuid>) -> Result<Vec<Row>, ReadError> {
    let mut slots = Slots::default();
    let mut filter = vec![
        equals(column("object"), slots.one(Encoding::Text)),
        equals(column("record"), slots.one(Encoding::Id)),
    ];
    let mut values = vec![Value::Text(past.object.as_str().to_owned()), Value::Id(past.id)];
    if let Some(after) = after {
        let older = slots.one(Encoding::Id);
        filter.push(Scalar::Compare(Compare::Less, Box::new(column("id")), Box::new(older)));
        values.push(Value::Id(after));
    }
    let query = Query {
        columns: COLUMNS.iter().map(|(name, _)| (column(name), Ident::made(name))).collect(),
        from: Some(From { source: Relation::Table(Ident::made("history")), alias: alias() }),
        filter: Some(Scalar::And(filter)),
        order: vec![Order { by: column("id"), descending: true, nulls_first: false }],
        limit: Some(slots.one(Encoding::Int)),
        ..Query::default()
    };
    values.push(Value::Int(i64::try_from(past.first.clamp(1, LARGEST_PAGE)).unwrap_or(1)));
    let statement = sql::print_query(&query, caller.tenant.dialect());
    let rows = caller.tenant.fetch(&statement, &values).await?;
    Ok(rows.iter().filter_map(row).collect())
}

fn row(row: &store::Row) -> Option<Row> {
    let text = |place: usize| match row.value(place, Encoding::Text) {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let Value::DateTime(at) = row.value(1, Encoding::DateTime) else { return None };
    let Value::Int(version) = row.value(6, Encoding::Int) else { return None };
    let happened = Happened {
        id: id_at(row, 0)?,
        at,
        actor: text(2),
        user: id_at(row, 3),
        door: text(4),
        kind: text(5)?,
        version,
        changes: Vec::new(),
    };
    let changes = text(7).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Some(Row { happened, changes })
}

fn id_at(row: &impl Cells, place: usize) -> Option<Uuid> {
    match row.value(place, Encoding::Id) {
        Value::Id(id) => Some(id),
        _ => None,
    }
}
