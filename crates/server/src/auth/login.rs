//! `/auth/login`, `/auth/logout`, `/auth/me`. The answer to a login that fails is the same whether the account is there or not, and so is
//! the work done for it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use engine::audit::{Act, Entry};
use engine::{Door, Person};
use serde::Deserialize;
use serde_json::json;
use store::Tenant;
use uuid::Uuid;

use super::{Answered, Refused, Visit};
use crate::app::App;
use crate::session;

#[derive(Deserialize)]
pub(super) struct Login {
    tenant: String,
    email: String,
    password: String,
}

/// Who logged in, as they are told.
pub(crate) fn told(tenant: &Tenant, person: &Person) -> serde_json::Value {
    json!({ "tenant": tenant.name().as_str(), "user": person.id, "name": person.name, "email": person.email, "roles": person.roles })
}

pub(super) async fn login(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async {
        let login: Login = visit.read(request).await?;
        let account = format!("{}\u{1f}{}", login.tenant, expr::fold(login.email.trim()));
        app.guesses.attempt(&account, visit.peer, app.clock.now()).map_err(Refused::wait)?;
        let (tenant, person) = visit.known(&login).await?;
        app.guesses.succeeded(&account, visit.peer);
        visit.end_session().await?;
        let cookie = visit.begin_session(&tenant, person.id).await?;
        visit.note(&tenant, &person.label, Some(person.id), Entry::done(Act::Login)).await;
        Ok(Answered::new(told(&tenant, &person)).with(cookie))
    }
    .await;
    visit.answer(outcome)
}

impl Visit {
    /// The person whose password it is.
    async fn known(&self, login: &Login) -> Result<(Tenant, Person), Refused> {
        let app = &self.app;
        let tenant = self.tenant(&login.tenant).await?;
        let user = match &tenant {
            Some(tenant) => {
                let catalog = app.catalogs.get(tenant).await?;
                app.engine.user_by_email(tenant, &catalog, &login.email).await?
            }
            None => None,
        };
        let kept = match (&tenant, user) {
            (Some(tenant), Some(user)) => {
                tenant.credential(user).await?.map(|credential| credential.password)
            }
            _ => None,
        };
        let right = app.passwords.verify(login.password.clone(), kept).await?;
        let person = match (&tenant, user) {
            (Some(tenant), Some(user)) if right => self.active(tenant, user).await?,
            _ => None,
        };
        match (tenant, person) {
            (Some(tenant), Some(person)) => Ok((tenant, person)),
            (tenant, _) => {
                if let Some(tenant) = tenant {
                    let known = user.map_or("unknown account".to_owned(), |user| format!("account {user}"));
                    self.note(&tenant, &known, user, Entry::denied(Act::LoginFailed)).await;
                }
                Err(Refused::nobody("The e-mail address or the password is not right"))
            }
        }
    }

    /// The active user of that id.
    pub(crate) async fn active(&self, tenant: &Tenant, user: Uuid) -> Result<Option<Person>, Refused> {
        let catalog = self.app.catalogs.get(tenant).await?;
        Ok(self.app.engine.person(tenant, &catalog, user, self.app.clock.now()).await?)
    }
}

pub(super) async fn logout(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async {
        let principal =
            app.authenticate(&visit.headers).await.map_err(|(status, error)| Refused::new(status, error))?;
        visit.end_session().await?;
        visit.note(&principal.tenant, &principal.label(), principal.user(), Entry::done(Act::Logout)).await;
        Ok(Answered::done().with(session::no_cookie(app.secure())))
    }
    .await;
    visit.answer(outcome)
}

pub(super) async fn me(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async {
        let principal =
            app.authenticate(&visit.headers).await.map_err(|(status, error)| Refused::new(status, error))?;
        let catalog = app.catalogs.get(&principal.tenant).await?;
        let caller = app.caller(&principal, catalog, (Door::Login, &visit.trace)).await;
        let caller = caller.map_err(|error| Refused::nobody(&error.message))?;
        let who = app.who(&principal, &caller).await?;
        Ok(Answered::new(json!({
            "tenant": who.tenant, "kind": who.kind, "name": who.name, "roles": who.roles, "user": who.user,
        })))
    }
    .await;
    visit.answer(outcome)
}
