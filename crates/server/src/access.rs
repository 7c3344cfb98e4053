//! From the credential to the caller: the person behind it, their rights on the catalog, their zone. The rights themselves are
//! `query::access`; nothing here knows what a role grants.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use engine::{Actor, Caller, Door, Person, ReadError};
use graphql::{Code, Error};
use metadata::{Catalog, Name};
use moka::sync::Cache;
use query::access::{Access, Shares};
use store::{Tenant, TenantName};
use uuid::Uuid;

use crate::app::App;
use crate::failure;
use crate::fresh::{Fresh, Generation};
use crate::keys::{Credential, Principal};
use crate::session;
use crate::trace::TraceId;

/// How long a person is believed without being told of a change. Changes are told within a second.
const KEPT: Duration = Duration::from_mins(1);
/// Persons kept.
const PERSONS: u64 = 20_000;
/// Rights kept: one for each catalog and set of roles.
const RIGHTS: u64 = 1_000;

type PersonKey = (TenantName, Uuid, i64);
type RightsKey = (String, i64, Vec<Name>, Shares);

/// Persons and rights that were worked out.
pub(crate) struct Accesses {
    persons: Fresh<PersonKey, Arc<Person>>,
    rights: Cache<RightsKey, Access>,
}

impl Accesses {
    pub(crate) fn new(generation: &Generation) -> Self {
        let rights = Cache::builder().max_capacity(RIGHTS).build();
        Self { persons: Fresh::new(PERSONS, KEPT, generation), rights }
    }

    fn rights(&self, catalog: &Catalog, mut roles: Vec<Name>, shares: Shares) -> Access {
        roles.sort();
        let key = (catalog.hash.clone(), catalog.version, roles, shares);
        if let Some(known) = self.rights.get(&key) {
            return known;
        }
        let access = Access::of(catalog, &key.2, &key.3);
        if !catalog.hash.is_empty() {
            self.rights.insert(key, access.clone());
        }
        access
    }
}

/// Who somebody is, as they are told.
pub(crate) struct Who {
    pub(crate) tenant: String,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
    pub(crate) user: Option<Uuid>,
}

fn ended() -> Error {
    Error::new(Code::Unauthenticated, "The user of this key or session is not active")
}

impl App {
    /// Who sent the request; else the status and the error to answer with.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
    ) -> Result<Arc<Principal>, (StatusCode, Error)> {
        let found = self.keys.principal(&self.store, headers, self.clock.now()).await;
        let found = found.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, failure::store(&error, None)))?;
        let Some(principal) = found else {
            return Err((StatusCode::UNAUTHORIZED, failure::unauthenticated()));
        };
        if matches!(principal.credential, Credential::Session(_)) && !session::meant(headers) {
            let message = "A request with a session cookie needs the header x-armature-csrf, and comes from its own site";
            return Err((StatusCode::FORBIDDEN, Error::new(Code::Forbidden, message)));
        }
        Ok(principal)
    }

    /// On whose behalf a request of this principal runs.
    pub(crate) async fn caller(
        &self,
        principal: &Principal,
        catalog: Arc<Catalog>,
        (door, trace): (Door, &TraceId),
    ) -> Result<Caller, Error> {
        let person = match principal.user() {
            None => None,
            Some(user) => {
                let found = self.person(&principal.tenant, &catalog, user).await;
                Some(found.map_err(|error| failure::person(&error))?.ok_or_else(ended)?)
            }
        };
        let access = self.access(principal, person.as_deref(), &catalog);
        let nobody = Caller {
            tenant: principal.tenant.clone(),
            catalog,
            actor: Actor { label: principal.label(), user: None },
            access: access.clone(),
            facts: Arc::default(),
            cause: Arc::default(),
            door,
            clock: Arc::clone(&self.clock) as Arc<dyn engine::Clock>,
            ids: Arc::clone(&self.ids),
            zone: self.zone,
            trace: Some(Arc::from(trace.as_str())),
        };
        Ok(match &person {
            None => nobody,
            Some(person) => nobody.acting(person, access),
        })
    }

    /// Who the caller is, as they are told.
    pub(crate) async fn who(&self, principal: &Principal, caller: &Caller) -> Result<Who, ReadError> {
        let person = match principal.user() {
            None => None,
            Some(user) => self.person(&caller.tenant, &caller.catalog, user).await?,
        };
        let texts = |roles: &[Name]| roles.iter().map(ToString::to_string).collect();
        let roles = match (principal.role(), &person) {
            (Some(role), _) => vec![role.to_owned()],
            (None, Some(person)) => texts(&person.roles),
            (None, None) => Vec::new(),
        };
        let (kind, name) = match (&principal.credential, person) {
            (Credential::Key(key), None) => ("KEY", key.name.clone()),
            (Credential::Key(_), Some(person)) => ("KEY", person.name.clone()),
            (Credential::Session(_), person) => {
                ("SESSION", person.map(|person| person.name.clone()).unwrap_or_default())
            }
        };
        let tenant = caller.tenant.name().to_string();
        Ok(Who { tenant, kind, name, roles, user: principal.user() })
    }

    /// The active user of that id, if there is one.
    pub(crate) async fn person(
        &self,
        tenant: &Tenant,
        catalog: &Catalog,
        user: Uuid,
    ) -> Result<Option<Arc<Person>>, ReadError> {
        let key = (tenant.name().clone(), user, catalog.version);
        if let Some(known) = self.accesses.persons.get(&key) {
            return Ok(Some(known));
        }
        let asked = self.accesses.persons.now();
        let found = self.engine.person(tenant, catalog, user, self.clock.now()).await?;
        let person = found.map(Arc::new);
        if let Some(person) = &person {
            self.accesses.persons.insert(key, asked, Arc::clone(person));
        }
        Ok(person)
    }

    /// A key without role or user has every right; one with a role has that role's, as far as its user has the role.
    fn access(&self, principal: &Principal, person: Option<&Person>, catalog: &Catalog) -> Access {
        let own = principal.role().map(|role| Name::new(role).ok());
        let (roles, shares) = match (own, person) {
            (None, None) => return Access::Everything,
            (Some(role), None) => (role.into_iter().collect(), Shares::default()),
            (None, Some(person)) => (person.roles.clone(), person.facts.shares()),
            (Some(role), Some(person)) => {
                let granted = role.filter(|role| person.roles.contains(role));
                (granted.into_iter().collect(), person.facts.shares())
            }
        };
        self.accesses.rights(catalog, roles, shares)
    }
}
