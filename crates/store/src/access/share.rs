//! Records that were shared with a user, a team or a role.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use sql::{Compare, Scalar};
use uuid::Uuid;

use crate::statement::{Table, Terms, cell};
use crate::{Cause, StoreError, Tenant};

static SHARE: Table = Table {
    name: "share",
    columns: &[
        ("id", Encoding::Id),
        ("object", Encoding::Text),
        ("record", Encoding::Id),
        ("grantee_kind", Encoding::Text),
        ("grantee", Encoding::Text),
        ("level", Encoding::Text),
        ("expires", Encoding::DateTime),
        ("created", Encoding::DateTime),
        ("created_by", Encoding::Text),
    ],
};

/// With whom a record is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// One user.
    User(Uuid),
    /// The users of a team.
    Team(Uuid),
    /// The bearers of a role.
    Role(String),
}

impl Grantee {
    /// `user`, `team` or `role`.
    pub fn kind(&self) -> &'static str {
        match self {
            Grantee::User(_) => "user",
            Grantee::Team(_) => "team",
            Grantee::Role(_) => "role",
        }
    }

    /// The id, or the name of the role.
    pub fn name(&self) -> String {
        match self {
            Grantee::User(id) | Grantee::Team(id) => id.to_string(),
            Grantee::Role(role) => role.clone(),
        }
    }
}

/// A shared record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRow {
    /// Its id.
    pub id: Uuid,
    /// Of which object the record is.
    pub object: String,
    /// The record.
    pub record: Uuid,
    /// With whom.
    pub grantee: Grantee,
    /// Whether it may be changed, too.
    pub update: bool,
    /// When it ends.
    pub expires: Option<DateTime<Utc>>,
    /// When it was shared.
    pub created: DateTime<Utc>,
    /// By whom, as in the history.
    pub created_by: Option<String>,
}

impl Tenant {
    /// The shares that reach one who is all of these, those that have ended left out.
    pub async fn shares_with(
        &self,
        grantees: &[Grantee],
        now: DateTime<Utc>,
    ) -> Result<Vec<ShareRow>, StoreError> {
        let mut terms = Terms::default();
        let mut any = Vec::new();
        for kind in ["user", "team", "role"] {
            let names: Vec<String> =
                grantees.iter().filter(|grantee| grantee.kind() == kind).map(Grantee::name).collect();
            if !names.is_empty() {
                any.push(Scalar::And(vec![
                    SHARE.is(&mut terms, "grantee_kind", Value::Text(kind.to_owned())),
                    SHARE.is_in(&mut terms, "grantee", names),
                ]));
            }
        }
        let living = Scalar::Or(vec![
            SHARE.is_null("expires"),
            SHARE.compare(&mut terms, "expires", Compare::Greater, Value::DateTime(now)),
        ]);
        SHARE.rows(self, terms, vec![Scalar::Or(any), living]).await?.iter().map(share).collect()
    }

    /// The shares of an object, or of one of its records.
    pub async fn shares_of(&self, object: &str, record: Option<Uuid>) -> Result<Vec<ShareRow>, StoreError> {
        let mut terms = Terms::default();
        let mut filter = vec![SHARE.is(&mut terms, "object", Value::Text(object.to_owned()))];
        filter.extend(record.map(|id| SHARE.is(&mut terms, "record", Value::Id(id))));
        SHARE.rows(self, terms, filter).await?.iter().map(share).collect()
    }

    /// One share.
    pub async fn share(&self, id: Uuid) -> Result<Option<ShareRow>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![SHARE.is(&mut terms, "id", Value::Id(id))];
        SHARE.rows(self, terms, filter).await?.first().map(share).transpose()
    }

    /// Shares a record; an earlier share of it with the same grantee ends.
    pub async fn share_insert(&self, row: &ShareRow) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let earlier = vec![
            SHARE.is(&mut terms, "object", Value::Text(row.object.clone())),
            SHARE.is(&mut terms, "record", Value::Id(row.record)),
            SHARE.is(&mut terms, "grantee_kind", Value::Text(row.grantee.kind().to_owned())),
            SHARE.is(&mut terms, "grantee", Value::Text(row.grantee.name())),
        ];
        let values = vec![
            Value::Id(row.id),
            Value::Text(row.object.clone()),
            Value::Id(row.record),
            Value::Text(row.grantee.kind().to_owned()),
            Value::Text(row.grantee.name()),
            Value::Text(if row.update { "update" } else { "read" }.to_owned()),
            row.expires.map_or(Value::Null, Value::DateTime),
            Value::DateTime(row.created),
            row.created_by.clone().map_or(Value::Null, Value::Text),
        ];
        self.change(vec![SHARE.delete(terms, earlier), SHARE.insert(values, None)]).await.map(|_| ())
    }

    /// Ends a share.
    pub async fn share_end(&self, id: Uuid) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let filter = vec![SHARE.is(&mut terms, "id", Value::Id(id))];
        self.change(vec![SHARE.delete(terms, filter)]).await.map(|_| ())
    }
}

fn share(row: &crate::Row) -> Result<ShareRow, StoreError> {
    let name = cell::text(row, 4)?;
    let id = || {
        name.parse()
            .map_err(|_| StoreError::Other(Cause::text(format!("a share with `{name}`, which is no id"))))
    };
    let grantee = match cell::text(row, 3)?.as_str() {
        "user" => Grantee::User(id()?),
        "team" => Grantee::Team(id()?),
        _ => Grantee::Role(name),
    };
    Ok(ShareRow {
        id: cell::id(row, 0)?,
        object: cell::text(row, 1)?,
        record: cell::id(row, 2)?,
        grantee,
        update: cell::text(row, 5)? == "update",
        expires: cell::optional_instant(row, 6)?,
        created: cell::instant(row, 7)?,
        created_by: cell::optional_text(row, 8)?,
    })
}
