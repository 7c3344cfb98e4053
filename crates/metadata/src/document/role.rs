//! A role: what its bearers may do.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::{Action, Right, ScopeKind};

/// What its bearers may do. Whatever a role is silent about it does not grant; several roles grant together what any of them does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Role")]
pub struct RoleDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name: a lower-case letter, then up to 59 letters and digits. `admin` is built in.
    pub name: String,
    /// For people.
    pub title: String,
    /// Titles in other languages, by tag.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// The former name, when this role was renamed.
    pub renamed_from: Option<String>,
    /// Roles whose grants it has, too.
    #[serde(default)]
    pub inherits: Vec<String>,
    /// What it grants on records, by object.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, GrantDocument>")]
    pub objects: IndexMap<String, GrantDocument>,
    /// What it grants besides working with records.
    #[serde(default)]
    pub metadata: Vec<RightName>,
}

/// What a role grants on the records of one object. A list of scopes is a union; an empty or absent one grants nothing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "Grant")]
pub struct GrantDocument {
    /// Records that may be created, judged when they are finished.
    pub create: Vec<ScopeDocument>,
    /// Records that may be seen.
    pub read: Vec<ScopeDocument>,
    /// Records that may be changed.
    pub update: Vec<ScopeDocument>,
    /// Records that may be deleted and restored.
    pub delete: Vec<ScopeDocument>,
    /// Records that may be deleted for good.
    pub destroy: Vec<ScopeDocument>,
    /// Whether files may be imported; what may be created and changed by import is decided by the other grants.
    pub import: bool,
    /// Whether files may be exported.
    pub export: bool,
    /// Fields that may be seen and written.
    pub fields: FieldsDocument,
}

/// Fields that may be seen and written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "Fields")]
pub struct FieldsDocument {
    /// Fields that may be seen; `*` stands for all that are not sensitive.
    pub read: Vec<String>,
    /// Fields that may be written, as far as they may be seen.
    pub write: Vec<String>,
}

/// Some of an object's records: a word, or a filter in which `$user`, `$user.field` and `$today` stand for facts of the request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Scope")]
pub enum ScopeDocument {
    /// A word.
    Word(ScopeWord),
    /// Records that match a filter.
    Filter(Map<String, Value>),
}

/// A scope that has a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ScopeWord {
    /// Records that the user owns; a detail without owner has its master's.
    Own,
    /// Records owned by somebody in the user's team.
    Team,
    /// Records owned by somebody below the user, however far.
    Subordinates,
    /// Records in a pool of which the user is a member.
    Pool,
    /// Every record.
    All,
}

/// A right besides working with records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RightName {
    /// See the whole catalog, plans and versions.
    Read,
    /// Plan, apply, revert and purge metadata, roles included: whoever may do this can give themselves every right.
    Apply,
    /// Manage users, teams and their roles, up to the rights one has oneself.
    Users,
    /// Make and revoke API keys, up to the rights one has oneself.
    Keys,
    /// Share any record that one may see, and end any share.
    Shares,
    /// Read the audit log.
    Audit,
    /// Erase a person.
    Erase,
    /// Put records into any stage without the transition, with the time at which they entered it: to take in past logs.
    History,
}

impl GrantDocument {
    /// The scopes of an act.
    pub fn scopes(&self, action: Action) -> &[ScopeDocument] {
        match action {
            Action::Create => &self.create,
            Action::Read => &self.read,
            Action::Update => &self.update,
            Action::Delete => &self.delete,
            Action::Destroy => &self.destroy,
        }
    }
}

impl ScopeDocument {
    /// As written, in one line.
    pub fn text(&self) -> String {
        match self {
            ScopeDocument::Word(word) => ScopeKind::from(*word).as_str().to_owned(),
            ScopeDocument::Filter(filter) => Value::Object(filter.clone()).to_string(),
        }
    }
}

impl From<ScopeWord> for ScopeKind {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::Own => ScopeKind::Own,
            ScopeWord::Team => ScopeKind::Team,
            ScopeWord::Subordinates => ScopeKind::Subordinates,
            ScopeWord::Pool => ScopeKind::Pool,
            ScopeWord::All => ScopeKind::All,
        }
    }
}

impl From<RightName> for Right {
    fn from(right: RightName) -> Self {
        match right {
            RightName::Read => Right::Read,
            RightName::Apply => Right::Apply,
            RightName::Users => Right::Users,
            RightName::Keys => Right::Keys,
            RightName::Shares => Right::Shares,
            RightName::Audit => Right::Audit,
            RightName::Erase => Right::Erase,
            RightName::History => Right::History,
        }
    }
}
