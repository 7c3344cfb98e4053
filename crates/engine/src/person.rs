//! Who a user is, as far as it decides what they may do: roles, team, those below them, what was shared with them, and their own record.
//!
//! Users that are inactive or deleted are nobody. Records of users are read through the layout, as everything else.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use expr::{Encoding, Value};
use metadata::catalog::FieldType;
use metadata::layout::Role;
use metadata::{Catalog, Name};
use query::access::{Facts, Shared};
use query::request::Deleted;
use sql::{Cells, Param, Query, Scalar, Source, print_query};
use store::{Grantee, ShareRow, Tenant};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::{ReadError, WriteError};
use crate::model::{
    Model, Record, Shape, Slot, alias, living, select_columns, select_records, system_column,
};

/// Levels of managers that are looked through; who manages whom may run in a circle.
const LEVELS: usize = 64;

/// A user who may act.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user's record.
    pub id: Uuid,
    /// As it stands in the history: `user:ann@example.com`.
    pub label: String,
    /// For people.
    pub name: String,
    /// Where mail goes, and the name to log in by.
    pub email: Option<String>,
    /// The roles given to them.
    pub roles: Vec<Name>,
    /// What scopes ask about them.
    pub facts: Arc<Facts>,
    /// Their time zone, where they have set one.
    pub zone: Option<Tz>,
}

/// What is shown of a user where they are listed.
#[derive(Clone, Debug)]
pub struct UserRecord {
    /// The record's id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether they may act.
    pub active: bool,
}

impl Engine {
    /// A user by id; `None` unless there is such a user, living and active.
    pub async fn person(
        &self,
        tenant: &Tenant,
        catalog: &Catalog,
        user: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Person>, ReadError> {
        let model = self.model_of(catalog, tenant.dialect()).map_err(defect)?;
        let shape = model.shape("user").map_err(defect)?;
        let reader = Reader { tenant, model: &model, shape };
        let Some(record) = reader.record(user).await? else { return Ok(None) };
        let value = |field: &str| shape.value_slot(field).map_or(&Value::Null, |slot| record.get(slot));
        if *value("active") == Value::Bool(false) {
            return Ok(None);
        }
        let text = |field: &str| match value(field) {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let team = match value("team") {
            Value::Id(team) => Some(*team),
            _ => None,
        };
        let roles = tenant.roles_of(user).await?;
        let colleagues = match (team, shape.value_slot("team")) {
            (Some(team), Some(slot)) => reader.pointing(slot, &[team]).await?,
            _ => Vec::new(),
        };
        let below = reader.below(user).await?;
        let mut facts = Facts::of(user, &colleagues, &below);
        set_fields(&mut facts, shape, &record);
        for (object, shared) in shared(tenant, user, team, &roles, now).await? {
            facts.share(&object, [shared]);
        }
        let (name, email) = (text("name").unwrap_or_default(), text("email"));
        Ok(Some(Person {
            id: user,
            label: format!("user:{}", email.as_ref().unwrap_or(&name)),
            name,
            email,
            roles: roles.iter().filter_map(|role| Name::new(role).ok()).collect(),
            facts: Arc::new(facts),
            zone: text("timeZone").and_then(|zone| zone.parse().ok()),
        }))
    }
}

impl Engine {
    /// The living user with that address, active or not.
    pub async fn user_by_email(
        &self,
        tenant: &Tenant,
        catalog: &Catalog,
        email: &str,
    ) -> Result<Option<Uuid>, ReadError> {
        let model = self.model_of(catalog, tenant.dialect()).map_err(defect)?;
        let shape = model.shape("user").map_err(defect)?;
        let Some(slot) = shape.compared_slot("email") else { return Ok(None) };
        // No record has it, and not every database can be asked for it.
        if email.contains('\0') {
            return Ok(None);
        }
        let value = shape.compared(slot, &Value::Text(email.trim().to_owned()));
        let reader = Reader { tenant, model: &model, shape };
        Ok(reader.matching(slot, Encoding::Text, vec![value]).await?.first().copied())
    }

    /// All living users.
    pub async fn users(&self, tenant: &Tenant, catalog: &Catalog) -> Result<Vec<UserRecord>, ReadError> {
        let model = self.model_of(catalog, tenant.dialect()).map_err(defect)?;
        let shape = model.shape("user").map_err(defect)?;
        let filter = living(shape, Deleted::Without).into_iter().collect();
        let statement = print_query(&select_records(shape, filter, None), model.dialect);
        let rows = tenant.fetch(&statement, &[]).await?;
        let text = |record: &Record, field: &str| match shape.value_slot(field).map(|slot| record.get(slot)) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let one = |row: &store::Row| {
            let record = Record::read(shape, row, 0);
            let active = shape.value_slot("active").map(|slot| record.get(slot)) != Some(&Value::Bool(false));
            let (name, email) = (text(&record, "name").unwrap_or_default(), text(&record, "email"));
            record.id_in(shape.system.id).map(|id| UserRecord { id, name, email, active })
        };
        Ok(rows.iter().filter_map(one).collect())
    }

    /// Whether there is a living user of that id, active or not.
    pub async fn user_exists(
        &self,
        tenant: &Tenant,
        catalog: &Catalog,
        user: Uuid,
    ) -> Result<bool, ReadError> {
        let model = self.model_of(catalog, tenant.dialect()).map_err(defect)?;
        let shape = model.shape("user").map_err(defect)?;
        Ok(Reader { tenant, model: &model, shape }.record(user).await?.is_some())
    }
}

pub(crate) fn defect(error: WriteError) -> ReadError {
    match error {
        WriteError::Read(error) => error,
        WriteError::Store(error) => ReadError::Store(error),
        _ => ReadError::Stale,
    }
}

/// Reads records of users.
struct Reader<'a> {
    tenant: &'a Tenant,
    model: &'a Model,
    shape: &'a Shape,
}

impl Reader<'_> {
    async fn rows(&self, query: &Query, value: Value) -> Result<Vec<store::Row>, ReadError> {
        Ok(self.tenant.fetch(&print_query(query, self.model.dialect), &[value]).await?)
    }

    /// The living record of that id.
    async fn record(&self, id: Uuid) -> Result<Option<Record>, ReadError> {
        let mut filter = vec![self.one_of(self.shape.system.id, Encoding::Id)];
        filter.extend(living(self.shape, Deleted::Without));
        let query = select_records(self.shape, filter, None);
        let rows = self.rows(&query, Value::List(vec![Value::Id(id)])).await?;
        Ok(rows.first().map(|row| Record::read(self.shape, row, 0)))
    }

    /// Ids of the living users whose column holds one of these ids.
    async fn pointing(&self, slot: Slot, ids: &[Uuid]) -> Result<Vec<Uuid>, ReadError> {
        self.matching(slot, Encoding::Id, ids.iter().copied().map(Value::Id).collect()).await
    }

    /// Ids of the living users whose column holds one of these values.
    async fn matching(
        &self,
        slot: Slot,
        encoding: Encoding,
        values: Vec<Value>,
    ) -> Result<Vec<Uuid>, ReadError> {
        let mut filter = vec![self.one_of(slot, encoding)];
        filter.extend(living(self.shape, Deleted::Without));
        let query = select_columns(self.shape, &[self.shape.system.id], filter);
        let rows = self.rows(&query, Value::List(values)).await?;
        let id = |row: &store::Row| match row.value(0, Encoding::Id) {
            Value::Id(id) => Some(id),
            _ => None,
        };
        Ok(rows.iter().filter_map(id).collect())
    }

    /// The users below this one, level by level; the user is not among them even where managers run in a circle.
    async fn below(&self, user: Uuid) -> Result<Vec<Uuid>, ReadError> {
        let Some(manager) = self.shape.value_slot("manager") else { return Ok(Vec::new()) };
        let (mut known, mut found, mut level) = (HashSet::from([user]), Vec::new(), vec![user]);
        for _ in 0..LEVELS {
            let next = self.pointing(manager, &level).await?;
            level = next.into_iter().filter(|id| known.insert(*id)).collect();
            if level.is_empty() {
                break;
            }
            found.extend(&level);
        }
        Ok(found)
    }

    fn one_of(&self, slot: Slot, encoding: Encoding) -> Scalar {
        let values = Param { source: Source::Slot(0), encoding, list: true };
        let column = self.shape.columns.get(slot).map_or_else(
            || system_column(self.shape, slot),
            |stored| Scalar::Column(alias(), stored.name.clone()),
        );
        Scalar::InParam(Box::new(column), values)
    }
}

/// The fields of the user's own record: values by name, parts as `address.city`, lookups as `team.id`.
fn set_fields(facts: &mut Facts, shape: &Shape, record: &Record) {
    for (slot, stored) in shape.columns.iter().enumerate() {
        let field = &stored.field;
        let path = match (&stored.role, &field.ty) {
            (Role::Value, FieldType::Lookup(_) | FieldType::Polymorphic { .. }) => {
                format!("{}.id", field.name)
            }
            (Role::Value, _) => field.name.to_string(),
            (Role::Part(part), _) => format!("{}.{part}", field.name),
            (Role::Folded | Role::Object, _) => continue,
        };
        facts.set(&path, record.get(slot).clone());
    }
}

/// What was shared with the user, their team or one of their roles.
async fn shared(
    tenant: &Tenant,
    user: Uuid,
    team: Option<Uuid>,
    roles: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<(Name, Shared)>, ReadError> {
    let mut grantees = vec![Grantee::User(user)];
    grantees.extend(team.map(Grantee::Team));
    grantees.extend(roles.iter().cloned().map(Grantee::Role));
    let one = |row: ShareRow| {
        let shared = Shared { record: row.record, update: row.update, expires: row.expires };
        Name::new(&row.object).ok().map(|object| (object, shared))
    };
    Ok(tenant.shares_with(&grantees, now).await?.into_iter().filter_map(one).collect())
}
