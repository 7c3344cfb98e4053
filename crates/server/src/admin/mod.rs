//! Administration of users, roles, keys and shares: one way for the metadata API, the command line and logins. What the caller may
//! do is asked of `query::access`; nobody hands on more than they have.

mod account;
mod data;
mod deed;
mod explain;
mod failure;
mod job;
mod key;
mod own;
mod password;
mod secret;
mod share;
mod team;
mod user;

use engine::{Caller, Engine};
use metadata::Name;
use metadata::catalog::{Object, Right};
use query::access::{ADMIN, Access, Shares};
use query::request::{Operation, Write};
use uuid::Uuid;

pub use account::Link;
pub(crate) use account::keep_password;
pub use data::{fields_of_json, fields_of_texts};
pub(crate) use deed::deed;
pub use failure::AdminError;
pub use key::{MadeKey, NewKey};
pub use password::{Passwords, check_password};
pub use secret::{Secret, secret_hash};
pub use share::NewShare;
pub use user::{Active, ListedUser, NewUser};

/// What somebody can do who lacks a right.
pub(crate) const ASK: &str = "ask an administrator for a role that has it";

/// Administers a tenant on behalf of a caller.
#[derive(Clone, Copy)]
pub struct Admin<'a> {
    /// Writes the records of users and teams.
    pub engine: &'a Engine,
    /// Who administers.
    pub caller: &'a Caller,
}

impl Admin<'_> {
    /// Refuses callers without that right.
    pub fn must(&self, right: Right) -> Result<(), AdminError> {
        if self.caller.access.may(right) {
            return Ok(());
        }
        Err(AdminError::forbidden(format!("this needs the right `{}`", right.as_str())).hint(ASK))
    }

    /// A role that there is.
    pub fn role(&self, text: &str) -> Result<Name, AdminError> {
        let roles = &self.caller.catalog.roles;
        match Name::new(text) {
            Ok(name) if name.as_str() == ADMIN || roles.contains_key(&name) => Ok(name),
            _ => {
                let known: Vec<&str> = std::iter::once(ADMIN).chain(roles.keys().map(Name::as_str)).collect();
                let wrong = AdminError::wrong(format!("there is no role `{text}`"));
                // Whoever only shares is not told what roles there are.
                let told = [Right::Users, Right::Keys, Right::Shares];
                if told.iter().any(|right| self.caller.access.may(*right)) {
                    return Err(wrong.hint(format!("there are {}", known.join(", "))));
                }
                Err(wrong)
            }
        }
    }

    /// Refuses to hand on what the caller does not have.
    pub(crate) fn must_cover(&self, roles: &[Name]) -> Result<(), AdminError> {
        let theirs = Access::of(&self.caller.catalog, roles, &Shares::default());
        if self.caller.access.covers(&theirs) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(Name::as_str).collect();
        let message = format!("{} has rights that you do not have", names.join(", "));
        Err(AdminError::forbidden(message).hint("somebody who has them can do this"))
    }

    /// Refuses to touch a user who has more rights than the caller.
    pub async fn must_cover_user(&self, user: Uuid) -> Result<(), AdminError> {
        let roles = self.caller.tenant.roles_of(user).await?;
        let roles: Vec<Name> = roles.iter().filter_map(|role| Name::new(role).ok()).collect();
        self.must_cover(&roles).map_err(|_| {
            AdminError::forbidden("this user has rights that you do not have")
                .hint("somebody who has them can do this")
        })
    }

    /// The same caller without bounds: what may be administered is decided by the rights for it, not by those on records.
    fn platform(&self) -> Caller {
        Caller { access: Access::Everything, ..self.caller.clone() }
    }

    fn object(&self, name: &str) -> Result<&Object, AdminError> {
        let found = self.caller.catalog.object(name);
        found.map(|object| &**object).ok_or_else(|| AdminError::wrong(format!("there is no object `{name}`")))
    }

    /// Writes one record of the platform's own; its id.
    async fn write(&self, object: &str, operation: Operation) -> Result<Uuid, AdminError> {
        let object = self.object(object)?.name.clone();
        let write = Write { object, operation, dry_run: false, idempotency_key: None };
        let outcome = Box::pin(self.engine.write(&self.platform(), write, None)).await?;
        if !outcome.errors.is_empty() {
            return Err(AdminError::Refused(outcome.errors));
        }
        let id = outcome.ids.first().copied().flatten();
        id.ok_or_else(|| AdminError::not_found("there is no such record"))
    }
}
