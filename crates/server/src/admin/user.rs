//! Users: made, changed, deactivated, and their roles.

use std::collections::HashMap;

use engine::audit::{Act, Entry};
use engine::{Person, UserRecord};
use expr::Value;
use metadata::Name;
use metadata::catalog::Right;
use query::request::{Batch, Input, Operation, RecordData};
use serde_json::json;
use uuid::Uuid;

use super::{Admin, AdminError, deed};

/// A user to be made.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// Their address, by which they log in.
    pub email: String,
    /// Their name; what stands before the `@` when absent.
    pub name: Option<String>,
    /// Further fields of their record.
    pub fields: RecordData,
    /// Their roles.
    pub roles: Vec<Name>,
}

/// A user in a list.
#[derive(Clone, Debug)]
pub struct ListedUser {
    /// The record's id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether they may act.
    pub active: bool,
    /// Their roles, by name.
    pub roles: Vec<String>,
}

impl Admin<'_> {
    /// All living users, by name.
    pub async fn users(&self) -> Result<Vec<ListedUser>, AdminError> {
        self.must(Right::Users)?;
        let users = self.engine.users(&self.caller.tenant, &self.caller.catalog).await?;
        let mut roles: HashMap<Uuid, Vec<String>> = HashMap::new();
        for (user, role) in self.caller.tenant.user_roles().await? {
            roles.entry(user).or_default().push(role);
        }
        let listed = |user: UserRecord| {
            let UserRecord { id, name, email, active } = user;
            ListedUser { id, name, email, active, roles: roles.remove(&id).unwrap_or_default() }
        };
        let mut users: Vec<ListedUser> = users.into_iter().map(listed).collect();
        users.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(users)
    }

    /// Makes a user with roles; the id of the record.
    pub async fn create_user(&self, new: NewUser) -> Result<Uuid, AdminError> {
        let deed = deed(Act::UserCreate, "user", None).with(json!({ "roles": new.roles }));
        let told = |entry: Entry, user: &Uuid| Entry { record: Some(*user), ..entry };
        self.noted_as(deed, told, self.make_user(new)).await
    }

    async fn make_user(&self, new: NewUser) -> Result<Uuid, AdminError> {
        self.must(Right::Users)?;
        self.must_cover(&new.roles)?;
        self.must_stay_as_wide(&new.fields).await?;
        let mut data = new.fields;
        let name = new.name.unwrap_or_else(|| new.email.split('@').next().unwrap_or_default().to_owned());
        put(&mut data, "name", Input::Value(Value::Text(name)))?;
        put(&mut data, "email", Input::Value(Value::Text(new.email.trim().to_owned())))?;
        let user = self.write("user", Operation::Create(vec![data], Batch::AllOrNone)).await?;
        let roles: Vec<String> = new.roles.iter().map(ToString::to_string).collect();
        self.caller.tenant.grant_roles(user, &roles).await?;
        Ok(user)
    }

    /// Changes fields of a user's record.
    pub async fn update_user(&self, user: Uuid, data: RecordData) -> Result<(), AdminError> {
        let names: Vec<&str> = data.fields.iter().map(|(name, _)| name.as_str()).collect();
        let deed = deed(Act::UserUpdate, "user", Some(user)).with(json!({ "fields": names }));
        self.noted(deed, self.change_user(user, data)).await
    }

    pub(super) async fn change_user(&self, user: Uuid, data: RecordData) -> Result<(), AdminError> {
        self.must(Right::Users)?;
        self.must_cover_user(user).await?;
        self.must_be_another(user)?;
        self.must_stay_as_wide(&data).await?;
        self.write("user", Operation::Update { id: user, data, expected_version: None }).await?;
        Ok(self.caller.tenant.tell().await?)
    }

    /// Lets a user in again, or keeps them out: their sessions and open invitations end, their keys open nothing.
    pub async fn set_active(&self, user: Uuid, active: Active) -> Result<(), AdminError> {
        let deed = match active {
            Active::Yes => deed(Act::UserUpdate, "user", Some(user)).with(json!({ "active": true })),
            Active::No => deed(Act::UserDeactivate, "user", Some(user)),
        };
        let work = async {
            let mut data = RecordData::default();
            put(&mut data, "active", Input::Value(Value::Bool(active == Active::Yes)))?;
            self.change_user(user, data).await?;
            if active == Active::No {
                let tenant = &self.caller.tenant;
                tenant.store().sessions_end(tenant.name(), user, None).await?;
                tenant.end_invitations(user).await?;
            }
            Ok(())
        };
        self.noted(deed, work).await
    }

    /// Gives a role to a user.
    pub async fn grant_role(&self, user: Uuid, role: &Name) -> Result<(), AdminError> {
        let deed = deed(Act::RoleGrant, "user", Some(user)).with(json!({ "role": role }));
        let work = async {
            self.must(Right::Users)?;
            self.must_cover(std::slice::from_ref(role))?;
            self.must_cover_user(user).await?;
            self.must_exist(user).await?;
            Ok(self.caller.tenant.grant_roles(user, &[role.to_string()]).await?)
        };
        self.noted(deed, work).await
    }

    /// Takes a role from a user, also one that the catalog no longer knows.
    pub async fn revoke_role(&self, user: Uuid, role: &str) -> Result<(), AdminError> {
        let deed = deed(Act::RoleRevoke, "user", Some(user)).with(json!({ "role": role }));
        let work = async {
            self.must(Right::Users)?;
            self.must_cover_user(user).await?;
            Ok(self.caller.tenant.revoke_role(user, role).await?)
        };
        self.noted(deed, work).await
    }

    /// The active user of that id.
    pub async fn person(&self, user: Uuid) -> Result<Option<Person>, AdminError> {
        let (tenant, catalog) = (&self.caller.tenant, &self.caller.catalog);
        Ok(self.engine.person(tenant, catalog, user, self.caller.clock.now()).await?)
    }

    /// A user by id or e-mail address.
    pub async fn user(&self, named: &str) -> Result<Uuid, AdminError> {
        if let Ok(id) = named.parse() {
            return self.must_exist(id).await.map(|()| id);
        }
        let found = self.engine.user_by_email(&self.caller.tenant, &self.caller.catalog, named).await?;
        found.ok_or_else(|| AdminError::not_found(format!("there is no user `{named}`")))
    }

    pub(super) async fn must_exist(&self, user: Uuid) -> Result<(), AdminError> {
        let there = self.engine.user_exists(&self.caller.tenant, &self.caller.catalog, user).await?;
        if there { Ok(()) } else { Err(AdminError::not_found("there is no such user")) }
    }
}

/// Whether a user may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Active {
    /// They may.
    Yes,
    /// They may not.
    No,
}

pub(super) fn put(data: &mut RecordData, field: &str, input: Input) -> Result<(), AdminError> {
    let name = Name::new(field).map_err(|error| AdminError::Internal(error.to_string()))?;
    if data.fields.iter().all(|(given, _)| *given != name) {
        data.fields.push((name, input));
    }
    Ok(())
}
