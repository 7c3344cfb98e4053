//! On whose behalf a job acts: worked out anew at every attempt, so that nobody acts by rights that were taken meanwhile.

use std::sync::Arc;

use engine::{Actor, Caller, Cause, Door, Engine, Principal, link};
use metadata::Name;
use metadata::catalog::{ActsAs, Automation};
use query::access::{Access, Shares};
use uuid::Uuid;

use super::Trouble;

/// The caller that an automation acts as; `platform` lends the catalog, the clock and all rights, as far as they are needed.
pub(crate) async fn acting(
    engine: &Engine,
    platform: &Caller,
    automation: &Automation,
    (by, chain, record): (Option<&Principal>, &[String], Option<Uuid>),
) -> Result<Caller, Trouble> {
    let none = Shares::default();
    let of = |roles: &[Name]| Access::of(&platform.catalog, roles, &none);
    let caller = match (&automation.principal, by) {
        (ActsAs::System, _) => platform.automation(&automation.name, Access::Everything),
        (ActsAs::Role(role), _) => platform.automation(&automation.name, of(std::slice::from_ref(role))),
        // Set off by a clock: nobody's rights are none.
        (ActsAs::Caller, None) => platform.automation(&automation.name, of(&[])),
        (ActsAs::Caller, Some(by)) => on_behalf(engine, platform, by).await?,
    };
    let mut chain = chain.to_vec();
    chain.push(link(&automation.name, record));
    let cause = Cause { chain, timed: by.is_none(), ..Cause::default() };
    Ok(Caller { cause: Arc::new(cause), door: Door::Automation, ..caller })
}

/// Whoever set the job off, with those of their former rights that they still have.
pub(crate) async fn on_behalf(engine: &Engine, platform: &Caller, by: &Principal) -> Result<Caller, Trouble> {
    let none = Shares::default();
    let Some(user) = by.user else {
        let access =
            by.roles.as_ref().map_or(Access::Everything, |roles| Access::of(&platform.catalog, roles, &none));
        let actor = Actor { label: by.label.clone(), user: None };
        return Ok(Caller { actor, access, facts: Arc::default(), ..platform.clone() });
    };
    let now = platform.clock.now();
    let found = engine.person(&platform.tenant, &platform.catalog, user, now).await;
    let found = found.map_err(|error| Trouble::Write(error.into()))?;
    let Some(person) = found else {
        return Err(Trouble::Told(format!("{} may not act any more", by.label)));
    };
    let roles = by.roles_among(&person.roles);
    let access = Access::of(&platform.catalog, &roles, &person.facts.shares());
    Ok(Caller {
        actor: Actor { label: person.label.clone(), user: Some(person.id) },
        access,
        facts: Arc::clone(&person.facts),
        zone: person.zone.unwrap_or(platform.zone),
        ..platform.clone()
    })
}
