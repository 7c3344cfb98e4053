//! Shares: a record opened to a user, a team or a role. Whoever has the right may share what they see; others what they own.

use chrono::{DateTime, Utc};
use engine::Question;
use engine::audit::{Act, Entry};
use expr::Value;
use metadata::catalog::{Action, Object, Right};
use query::request::{Deleted, Keyed, Read, RecordItem, RecordRead};
use serde_json::{Value as Json, json};
use store::{Grantee, ShareRow};
use uuid::Uuid;

use super::{Admin, AdminError, deed};

/// Records of one object that may be shared with one grantee.
const MOST: usize = 5_000;

/// A record to be shared.
#[derive(Clone, Debug)]
pub struct NewShare {
    /// Of which object.
    pub object: String,
    /// Which record.
    pub record: Uuid,
    /// With whom.
    pub with: Grantee,
    /// Whether it may be changed, too.
    pub update: bool,
    /// When that ends.
    pub expires: Option<DateTime<Utc>>,
}

impl Admin<'_> {
    /// Shares a record, as far as the caller's own rights on it reach; an earlier share with the same grantee ends.
    pub async fn share(&self, new: NewShare) -> Result<ShareRow, AdminError> {
        let level = if new.update { "update" } else { "read" };
        let detail = json!({ "with": new.with.kind(), "grantee": new.with.name(), "level": level });
        let deed = deed(Act::ShareCreate, &new.object, Some(new.record)).with(detail);
        self.noted(deed, self.open_record(new)).await
    }

    async fn open_record(&self, new: NewShare) -> Result<ShareRow, AdminError> {
        let now = self.caller.clock.now();
        if new.expires.is_some_and(|end| end <= now) {
            return Err(AdminError::wrong("the share would have ended already"));
        }
        let object = self.seen_object(&new.object)?;
        self.may_share(object, new.record).await?;
        if new.update {
            self.may_update(object, new.record).await?;
        }
        match &new.with {
            Grantee::User(user) => self.must_exist(*user).await?,
            Grantee::Role(role) => drop(self.role(role)?),
            Grantee::Team(team) => self.must_be_team(*team).await?,
        }
        let tenant = &self.caller.tenant;
        let with = tenant.shares_with(std::slice::from_ref(&new.with), now).await?;
        if with.iter().filter(|row| row.object == *object.name).count() >= MOST {
            let message = format!("{MOST} records of `{}` are shared there already", object.name);
            return Err(AdminError::wrong(message).hint("write a scope into a role instead"));
        }
        let row = ShareRow {
            id: self.caller.ids.id(now),
            object: object.name.to_string(),
            record: new.record,
            grantee: new.with,
            update: new.update,
            expires: new.expires,
            created: now,
            created_by: Some(self.author()),
        };
        tenant.share_insert(&row).await?;
        Ok(row)
    }

    /// Ends a share: those with the right any, others their own.
    pub async fn end_share(&self, id: Uuid) -> Result<ShareRow, AdminError> {
        let told = |_, row: &ShareRow| {
            let detail = json!({ "share": id, "with": row.grantee.kind(), "grantee": row.grantee.name() });
            deed(Act::ShareEnd, &row.object, Some(row.record)).with(detail)
        };
        let deed = Entry::done(Act::ShareEnd).with(json!({ "share": id }));
        self.noted_as(deed, told, self.close_record(id)).await
    }

    async fn close_record(&self, id: Uuid) -> Result<ShareRow, AdminError> {
        let missing = || AdminError::not_found("there is no such share");
        let row = self.caller.tenant.share(id).await?.ok_or_else(missing)?;
        if !self.caller.access.may(Right::Shares) && row.created_by.as_deref() != Some(&self.author()) {
            return Err(missing());
        }
        self.caller.tenant.share_end(id).await?;
        Ok(row)
    }

    /// The shares of an object or record: those with the right see all, others their own.
    pub async fn shares(&self, object: &str, record: Option<Uuid>) -> Result<Vec<ShareRow>, AdminError> {
        let object = self.seen_object(object)?;
        let mut rows = self.caller.tenant.shares_of(&object.name, record).await?;
        if !self.caller.access.may(Right::Shares) {
            let own = self.author();
            rows.retain(|row| row.created_by.as_ref() == Some(&own));
        }
        Ok(rows)
    }

    /// Who shares: the user's id, which outlives labels.
    fn author(&self) -> String {
        let actor = &self.caller.actor;
        actor.user.map_or_else(|| actor.label.clone(), |user| user.to_string())
    }

    fn seen_object(&self, name: &str) -> Result<&Object, AdminError> {
        let seen = self.caller.access.visible(&self.caller.catalog).object(name);
        seen.map(|object| &**object).ok_or_else(|| AdminError::wrong(format!("there is no object `{name}`")))
    }

    /// The record must be seen; without the right, also be one's own.
    async fn may_share(&self, object: &Object, record: Uuid) -> Result<(), AdminError> {
        if self.look(object, record).await?.is_null() {
            return Err(AdminError::not_found(format!("there is no such `{}`", object.name)));
        }
        if self.caller.access.may(Right::Shares) {
            return Ok(());
        }
        // Whose it is counts, whether or not the owner's name may be seen.
        let platform = self.platform();
        let admin = Admin { engine: self.engine, caller: &platform };
        let found = admin.look(admin.object(&object.name)?, record).await?;
        let owner = found.pointer("/owner/id").and_then(Json::as_str).and_then(|id| id.parse::<Uuid>().ok());
        if owner.is_some() && owner == self.caller.actor.user {
            return Ok(());
        }
        Err(AdminError::forbidden("you may share the records that you own")
            .hint("others need the right `shares`"))
    }

    /// The record as the caller sees it: its id and owner, or null.
    async fn look(&self, object: &Object, record: Uuid) -> Result<Json, AdminError> {
        let keyed = |key: &str, item| Keyed { key: key.into(), item };
        let Some(id) = object.field("id").map(|field| field.name.clone()) else { return Ok(Json::Null) };
        let mut selection = vec![keyed("id", RecordItem::Value(id.clone()))];
        if let Some(owner) = object.field("owner") {
            let item = RecordItem::One(owner.name.clone(), vec![keyed("id", RecordItem::Value(id))]);
            selection.push(keyed("owner", item));
        }
        let read = RecordRead { object: object.name.clone(), id: 0, selection, deleted: Deleted::Without };
        let bytes = self.engine.read(self.caller, Read::Record(read), &[Value::Id(record)]).await?;
        serde_json::from_slice(&bytes).map_err(|error| AdminError::Internal(error.to_string()))
    }

    /// Nobody lets others change what they may not change.
    async fn may_update(&self, object: &Object, record: Uuid) -> Result<(), AdminError> {
        let question =
            Question { object: object.name.clone(), id: record, action: Action::Update, field: None };
        let explained = Box::pin(self.engine.explain(self.caller, self.caller, &question)).await?;
        if explained.is_some_and(|explained| explained.allowed) {
            return Ok(());
        }
        Err(AdminError::forbidden(format!("you may not update this `{}`", object.name))
            .hint("share it for reading"))
    }

    async fn must_be_team(&self, team: Uuid) -> Result<(), AdminError> {
        let platform = self.platform();
        let admin = Admin { engine: self.engine, caller: &platform };
        if admin.look(admin.object("team")?, team).await?.is_null() {
            return Err(AdminError::not_found("there is no such team"));
        }
        Ok(())
    }
}
