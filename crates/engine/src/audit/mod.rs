//! The audit log: what was denied, what was done to users, rights and metadata, and which files of records came and went. What is done
//! to records stands in their history.
//!
//! Every entry is written in a transaction of its own, after that of the request has ended: a request that was rolled back leaves its
//! entry and nothing else. Entries never hold values of records.

mod denial;
mod page;
mod table;

use chrono::{DateTime, Utc};
use expr::Value;
use metadata::Name;
use serde_json::Value as Json;
use sql::{Dialect, Statement};
use store::Tenant;
use uuid::Uuid;

pub(crate) use denial::Attempt;
pub use page::{Asked, Line, Page};

use crate::caller::{Caller, Door};
use crate::engine::Engine;
use crate::error::WriteError;

/// What was done or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Act {
    Create,
    Update,
    Delete,
    Restore,
    Destroy,
    Import,
    Export,
    Login,
    LoginFailed,
    Logout,
    UserCreate,
    UserUpdate,
    UserDeactivate,
    RoleGrant,
    RoleRevoke,
    KeyCreate,
    KeyRevoke,
    ShareCreate,
    ShareEnd,
    Apply,
    Revert,
    Purge,
    Erase,
    Setup,
    Invite,
    Reset,
    JobReplay,
    JobDiscard,
}

impl Act {
    /// All of them.
    pub const ALL: [Act; 28] = [
        Act::Create,
        Act::Update,
        Act::Delete,
        Act::Restore,
        Act::Destroy,
        Act::Import,
        Act::Export,
        Act::Login,
        Act::LoginFailed,
        Act::Logout,
        Act::UserCreate,
        Act::UserUpdate,
        Act::UserDeactivate,
        Act::RoleGrant,
        Act::RoleRevoke,
        Act::KeyCreate,
        Act::KeyRevoke,
        Act::ShareCreate,
        Act::ShareEnd,
        Act::Apply,
        Act::Revert,
        Act::Purge,
        Act::Erase,
        Act::Setup,
        Act::Invite,
        Act::Reset,
        Act::JobReplay,
        Act::JobDiscard,
    ];

    /// As it stands in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::Create => "create",
            Act::Update => "update",
            Act::Delete => "delete",
            Act::Restore => "restore",
            Act::Destroy => "destroy",
            Act::Import => "import",
            Act::Export => "export",
            Act::Login => "login",
            Act::LoginFailed => "loginFailed",
            Act::Logout => "logout",
            Act::UserCreate => "userCreate",
            Act::UserUpdate => "userUpdate",
            Act::UserDeactivate => "userDeactivate",
            Act::RoleGrant => "roleGrant",
            Act::RoleRevoke => "roleRevoke",
            Act::KeyCreate => "keyCreate",
            Act::KeyRevoke => "keyRevoke",
            Act::ShareCreate => "shareCreate",
            Act::ShareEnd => "shareEnd",
            Act::Apply => "apply",
            Act::Revert => "revert",
            Act::Purge => "purge",
            Act::Erase => "erase",
            Act::Setup => "setup",
            Act::Invite => "invite",
            Act::Reset => "reset",
            Act::JobReplay => "jobReplay",
            Act::JobDiscard => "jobDiscard",
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It happened.
    Done,
    /// It was not allowed, and nothing happened.
    Denied,
}

impl Verdict {
    /// As it stands in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Done => "done",
            Verdict::Denied => "denied",
        }
    }
}

/// What is to be noted.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What was done or tried.
    pub act: Act,
    /// To a record of which object: `user`, `lead`.
    pub object: Option<Name>,
    /// To which record.
    pub record: Option<Uuid>,
    /// What came of it.
    pub verdict: Verdict,
    /// More about it, never values of records: `{"role": "sales"}`.
    pub detail: Option<Json>,
}

impl Entry {
    /// Something that happened.
    pub fn done(act: Act) -> Self {
        Self { act, object: None, record: None, verdict: Verdict::Done, detail: None }
    }

    /// Something that was not allowed.
    pub fn denied(act: Act) -> Self {
        Self { verdict: Verdict::Denied, ..Self::done(act) }
    }

    /// To that object.
    pub fn of(mut self, object: &Name) -> Self {
        self.object = Some(object.clone());
        self
    }

    /// To that record of the object.
    pub fn on(mut self, object: &Name, record: Uuid) -> Self {
        self.record = Some(record);
        self.of(object)
    }

    /// With more about it.
    pub fn with(mut self, detail: Json) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// Who did or tried it, when, and by which way in: for entries without a [`Caller`], as a login that failed.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// `user:ann@example.com`
    pub label: &'a str,
    /// The user record, if there is one.
    pub user: Option<Uuid>,
    /// The way in.
    pub door: Door,
    /// The request's trace.
    pub trace: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
    /// The entry's id, made for that instant.
    pub id: Uuid,
}

impl Engine {
    /// Notes an entry in a transaction of its own.
    pub async fn audit(&self, caller: &Caller, entry: Entry) -> Result<(), WriteError> {
        note(&caller.tenant, author(caller), entry).await
    }

    /// Notes an entry about something that is over. What was done is done, and what was denied is denied: that the note fails is for the
    /// log of the program.
    pub async fn audit_or_log(&self, caller: &Caller, entry: Entry) {
        let act = entry.act.as_str();
        if let Err(error) = self.audit(caller, entry).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, act, "an act was not noted in the audit log");
        }
    }
}

/// The caller as an author, now.
pub(crate) fn author(caller: &Caller) -> Author<'_> {
    let at = caller.clock.now();
    Author {
        label: &caller.actor.label,
        user: caller.actor.user,
        door: caller.door,
        trace: caller.trace.as_deref(),
        at,
        id: caller.ids.id(at),
    }
}

/// Notes an entry of that author in a transaction of its own.
pub async fn note(tenant: &Tenant, author: Author<'_>, entry: Entry) -> Result<(), WriteError> {
    let (statements, values) = statements(tenant.dialect(), author, entry);
    tenant.run_write(&statements, &values).await?;
    Ok(())
}

/// The statements that note an entry, with their values.
pub(crate) fn statements(dialect: Dialect, author: Author<'_>, entry: Entry) -> (Vec<Statement>, Vec<Value>) {
    let text = |text: &str| Value::Text(text.to_owned());
    let values = vec![
        Value::Id(author.id),
        Value::DateTime(author.at),
        text(author.label),
        author.user.map_or(Value::Null, Value::Id),
        text(author.door.as_str()),
        text(entry.act.as_str()),
        entry.object.as_deref().map_or(Value::Null, text),
        entry.record.map_or(Value::Null, Value::Id),
        text(entry.verdict.as_str()),
        entry.detail.map_or(Value::Null, |detail| Value::Text(detail.to_string())),
        author.trace.map_or(Value::Null, text),
    ];
    (sql::print_write(&table::insert(), dialect), values)
}
