//! On whose behalf a request runs, and with which catalog.

use std::fmt;
use std::sync::Arc;

use chrono_tz::Tz;
use metadata::{Catalog, Name};
use query::access::{Access, Facts};
use store::Tenant;
use uuid::Uuid;

use crate::person::Person;
use crate::port::{Clock, Ids};

/// Everything that is known of a request before it says what it wants. Made by the doors from the credential, never from
/// the request.
#[derive(Clone)]
pub struct Caller {
    /// Whose data.
    pub tenant: Tenant,
    /// The catalog that the request was understood with; a write is refused as stale when another one is published.
    pub catalog: Arc<Catalog>,
    /// Who acts.
    pub actor: Actor,
    /// What the actor may do.
    pub access: Access,
    /// What scopes ask about the actor.
    pub facts: Arc<Facts>,
    /// What led to it, where it was not the actor's own wish.
    pub cause: Arc<Cause>,
    /// The way in.
    pub door: Door,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// The request's trace, kept with what it leaves in the audit log.
    pub trace: Option<Arc<str>>,
    /// The zone in which `today()` and auto numbers are reckoned.
    pub zone: Tz,
}

impl Caller {
    /// The part of the catalog that the caller may see: what its requests are understood with.
    pub fn visible(&self) -> &Arc<Catalog> {
        self.access.visible(&self.catalog)
    }

    /// The same moment in the same tenant, but that person acts, with those rights.
    pub fn acting(self, person: &Person, access: Access) -> Self {
        Self {
            actor: Actor { label: person.label.clone(), user: Some(person.id) },
            access,
            facts: Arc::clone(&person.facts),
            zone: person.zone.unwrap_or(self.zone),
            ..self
        }
    }

    /// The same moment in the same tenant, but an automation acts: somebody of its own with these rights, not whoever set it off, and no user.
    pub fn automation(&self, name: &Name, access: Access) -> Self {
        Self {
            actor: Actor { label: format!("automation:{name}"), user: None },
            access,
            facts: Arc::default(),
            door: Door::Automation,
            ..self.clone()
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("actor", &self.actor).field("door", &self.door).finish_non_exhaustive()
    }
}

/// Who acts: a label for the history, and the user record behind it, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `key:import bot`, `user:ann@example.com`, `automation:welcomeCall`.
    pub label: String,
    /// Written to `createdBy` and `updatedBy`.
    pub user: Option<Uuid>,
}

/// What led to a write: automations and transitions that set each other off, the first one first. Empty for what somebody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Their names.
    pub chain: Vec<String>,
    /// The place in a script that asked for it: `scripts/lead.rhai:12`.
    pub place: Option<String>,
    /// Whether a clock set it off.
    pub timed: bool,
    /// The transition that the clock takes, as its lifecycle calls it: no other between the same stages.
    pub takes: Option<String>,
}

/// The way in, kept in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The GraphQL API.
    Graphql,
    /// A file import from the command line.
    Import,
    /// A file import through a server.
    Upload,
    /// Logging in and what belongs to it.
    Login,
    /// The metadata API and `apply`.
    Metadata,
    /// The command line.
    Command,
    /// The demo's generated data.
    Demo,
    /// A package test.
    Test,
    /// An automation.
    Automation,
}

impl Door {
    /// Whether records that rights depend on, users and teams, are written through it. Those that only know records may not, whatever
    /// the caller's rights.
    pub(crate) fn administers(self) -> bool {
        match self {
            Door::Graphql | Door::Upload | Door::Automation => false,
            Door::Import | Door::Login | Door::Metadata | Door::Command | Door::Demo | Door::Test => true,
        }
    }

    /// Whether records come from a file.
    pub(crate) fn imports(self) -> bool {
        matches!(self, Door::Import | Door::Upload)
    }

    /// As it stands in the history.
    pub fn as_str(self) -> &'static str {
        match self {
            Door::Graphql => "graphql",
            Door::Import | Door::Upload => "import",
            Door::Login => "login",
            Door::Metadata => "metadata",
            Door::Command => "command",
            Door::Demo => "demo",
            Door::Test => "test",
            Door::Automation => "automation",
        }
    }
}
