//! API keys: made, listed, revoked. A key is shown once; only its hash is kept.

use chrono::{DateTime, Utc};
use engine::audit::{Act, Entry};
use metadata::Name;
use metadata::catalog::Right;
use serde_json::{Value as Json, json};
use store::KeyRow;
use uuid::Uuid;

use super::{Admin, AdminError, Secret, deed};

/// Characters of a key that are kept to recognise it by.
const PREFIX: usize = 12;
/// Longest name of a key.
const LONGEST_NAME: usize = 200;

/// A key to be made.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// The role that it acts with.
    pub role: Option<Name>,
    /// The user that it acts as.
    pub user: Option<Uuid>,
    /// When it ends.
    pub expires: Option<DateTime<Utc>>,
}

/// A key that was made.
pub struct MadeKey {
    /// The key itself, which nobody can show again.
    pub text: String,
    /// What is kept of it.
    pub row: KeyRow,
}

/// What is done to a key is done to the user that it acts as, if there is one.
fn key_deed(act: Act, user: Option<Uuid>) -> Entry {
    user.map_or_else(|| Entry::done(act), |user| deed(act, "user", Some(user)))
}

/// A key as the audit log names it.
fn about(key: &KeyRow) -> Json {
    json!({ "key": key.id, "prefix": key.prefix, "name": key.name, "role": key.role })
}

impl Admin<'_> {
    /// Makes a key. One without role and user has every right.
    pub async fn make_key(&self, new: NewKey) -> Result<MadeKey, AdminError> {
        let (name, role, user) = (new.name.clone(), new.role.clone(), new.user);
        let told = |entry: Entry, made: &MadeKey| entry.with(about(&made.row));
        let deed = key_deed(Act::KeyCreate, user).with(json!({ "name": name, "role": role }));
        self.noted_as(deed, told, self.draw_key(new)).await
    }

    async fn draw_key(&self, new: NewKey) -> Result<MadeKey, AdminError> {
        self.must(Right::Keys)?;
        self.may_act_with(new.role.as_ref(), new.user).await?;
        if let Some(user) = new.user {
            self.must_exist(user).await?;
        }
        let now = self.caller.clock.now();
        if new.expires.is_some_and(|end| end <= now) {
            return Err(AdminError::wrong("the key would have ended already"));
        }
        if new.name.trim().is_empty() || new.name.chars().count() > LONGEST_NAME {
            return Err(AdminError::wrong(format!("a key's name has 1 to {LONGEST_NAME} characters")));
        }
        if new.name.contains('\0') {
            return Err(AdminError::wrong("a key's name is text without NUL"));
        }
        let secret = Secret::draw("arm_")?;
        let row = KeyRow {
            id: self.caller.ids.id(now),
            tenant: self.caller.tenant.name().clone(),
            prefix: secret.text.chars().take(PREFIX).collect(),
            name: new.name,
            role: new.role.map(|role| role.to_string()),
            user: new.user,
            created: now,
            expires: new.expires,
            last_used: None,
        };
        self.caller.tenant.store().key_insert(&secret.hash, &row).await?;
        Ok(MadeKey { text: secret.text, row })
    }

    /// The tenant's keys, oldest first.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, AdminError> {
        self.must(Right::Keys)?;
        Ok(self.caller.tenant.store().keys(self.caller.tenant.name()).await?)
    }

    /// Ends a key.
    pub async fn revoke_key(&self, id: Uuid) -> Result<KeyRow, AdminError> {
        let deed = Entry::done(Act::KeyRevoke).with(json!({ "key": id }));
        let told = |_, row: &KeyRow| key_deed(Act::KeyRevoke, row.user).with(about(row));
        self.noted_as(deed, told, self.end_key(id)).await
    }

    async fn end_key(&self, id: Uuid) -> Result<KeyRow, AdminError> {
        let missing = || AdminError::not_found("there is no such key");
        let row = self.keys().await?.into_iter().find(|key| key.id == id).ok_or_else(missing)?;
        let role = row.role.as_deref().and_then(|role| Name::new(role).ok());
        self.may_act_with(role.as_ref(), row.user).await?;
        if self.caller.tenant.store().key_delete(self.caller.tenant.name(), id).await? {
            Ok(row)
        } else {
            Err(missing())
        }
    }

    /// Whether the caller may have a key that acts like this.
    async fn may_act_with(&self, role: Option<&Name>, user: Option<Uuid>) -> Result<(), AdminError> {
        match (role, user) {
            (None, None) => self
                .must_cover(&[Name::new(query::access::ADMIN)
                    .map_err(|error| AdminError::Internal(error.to_string()))?]),
            (Some(role), None) => self.must_cover(std::slice::from_ref(role)),
            (_, Some(user)) => self.must_cover_user(user).await,
        }
    }
}
