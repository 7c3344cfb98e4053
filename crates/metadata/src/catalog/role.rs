//! Roles: what their bearers may do. Additive; whatever a role is silent about it does not grant.

use expr::Expr;
use indexmap::{IndexMap, IndexSet};

use super::Field;
use crate::name::Name;

/// A role with the grants of the roles that it inherits merged in.
#[derive(Clone, Debug)]
pub struct Role {
    /// `sales`
    pub name: Name,
    /// For people.
    pub title: String,
    /// Titles in other languages, by tag.
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// The package that defines it.
    pub package: String,
    /// Roles whose grants it has, too.
    pub inherits: Vec<Name>,
    /// What it grants on records, by object.
    pub objects: IndexMap<Name, Grant>,
    /// What it grants on metadata and administration.
    pub metadata: IndexSet<Right>,
    /// Its former name, when its author renamed it; without effect once the former name is gone.
    pub renamed_from: Option<Name>,
}

/// What a role grants on the records of one object.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// Records that may be created, judged when they are finished.
    pub create: Vec<Scope>,
    /// Records that may be seen.
    pub read: Vec<Scope>,
    /// Records that may be changed.
    pub update: Vec<Scope>,
    /// Records that may be deleted and restored.
    pub delete: Vec<Scope>,
    /// Records that may be deleted for good.
    pub destroy: Vec<Scope>,
    /// Fields that may be seen.
    pub reads: FieldGrant,
    /// Fields that may be written, as far as they may be seen.
    pub writes: FieldGrant,
    /// Whether files may be imported.
    pub import: bool,
    /// Whether files may be exported.
    pub export: bool,
}

impl Grant {
    /// The records on which the act is granted.
    pub fn scopes(&self, action: Action) -> &[Scope] {
        match action {
            Action::Create => &self.create,
            Action::Read => &self.read,
            Action::Update => &self.update,
            Action::Delete => &self.delete,
            Action::Destroy => &self.destroy,
        }
    }
}

/// What can be done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Make it.
    Create,
    /// See it.
    Read,
    /// Change it.
    Update,
    /// Delete it so that it can be restored, and restore it.
    Delete,
    /// Delete it for good.
    Destroy,
}

impl Action {
    /// All of them.
    pub const ALL: [Action; 5] =
        [Action::Create, Action::Read, Action::Update, Action::Delete, Action::Destroy];

    /// As it stands in role documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Read => "read",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::Destroy => "destroy",
        }
    }
}

/// Some of an object's records: those of which a condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Which kind of scope it is.
    pub kind: ScopeKind,
    /// The condition, over `record` and facts of `user` ([`FACT_TEAM`] and its kin); `None` holds of every record.
    pub condition: Option<Expr>,
    /// The role in whose document it stands.
    pub role: Name,
    /// As it stands there: `team`, `{"country":{"eq":"$user.country"}}`.
    pub text: String,
}

/// The kinds of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeKind {
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
    /// Records that match a filter.
    Filter,
}

impl ScopeKind {
    /// The scopes that have a word; a filter has none.
    pub const WORDS: [ScopeKind; 5] =
        [ScopeKind::Own, ScopeKind::Team, ScopeKind::Subordinates, ScopeKind::Pool, ScopeKind::All];

    /// As it stands in role documents.
    pub fn as_str(self) -> &'static str {
        match self {
            ScopeKind::Own => "own",
            ScopeKind::Team => "team",
            ScopeKind::Subordinates => "subordinates",
            ScopeKind::Pool => "pool",
            ScopeKind::All => "all",
            ScopeKind::Filter => "filter",
        }
    }
}

/// `user.#team`: ids of the users in the acting user's team, the user included. No field can have such a name.
pub const FACT_TEAM: &str = "#team";
/// `user.#subordinates`: ids of the users below the acting user.
pub const FACT_SUBORDINATES: &str = "#subordinates";

/// Some of an object's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldGrant {
    /// `*`: all that are not sensitive.
    pub all: bool,
    /// Those that are named.
    pub names: IndexSet<Name>,
}

impl FieldGrant {
    /// Whether the field is among them.
    pub fn grants(&self, field: &Field) -> bool {
        (self.all && !field.sensitive) || self.names.contains(&field.name)
    }
}

/// What may be done besides working with records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
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

impl Right {
    /// All of them.
    pub const ALL: [Right; 8] = [
        Right::Read,
        Right::Apply,
        Right::Users,
        Right::Keys,
        Right::Shares,
        Right::Audit,
        Right::Erase,
        Right::History,
    ];

    /// As it stands in role documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Apply => "apply",
            Right::Users => "users",
            Right::Keys => "keys",
            Right::Shares => "shares",
            Right::Audit => "audit",
            Right::Erase => "erase",
            Right::History => "history",
        }
    }
}
