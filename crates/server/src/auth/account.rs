//! One's own password and sessions, and the links by which a password is set.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use engine::audit::{Act, Entry};
use serde::Deserialize;
use serde_json::json;
use store::{InvitationKind, Tenant};
use uuid::Uuid;

use super::login::told;
use super::{Answered, Refused, Visit};
use crate::admin::{check_password, keep_password, secret_hash};
use crate::app::App;

#[derive(Deserialize)]
struct NewPassword {
    current: String,
    new: String,
}

#[derive(Deserialize)]
struct Accept {
    token: String,
    password: String,
}

#[derive(Deserialize)]
struct ResetRequest {
    tenant: String,
    email: String,
}

impl Visit {
    /// The user who asks, and their tenant.
    async fn oneself(&self) -> Result<(Tenant, Uuid), Refused> {
        let found = self.app.authenticate(&self.headers).await;
        let principal = found.map_err(|(status, error)| Refused::new(status, error))?;
        let user = principal.user().ok_or_else(|| Refused::forbidden("This key acts as no user"))?;
        match self.active(&principal.tenant, user).await? {
            Some(_) => Ok((principal.tenant.clone(), user)),
            None => Err(Refused::nobody("This user is not active")),
        }
    }
}

pub(super) async fn sessions(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async {
        let (tenant, user) = visit.oneself().await?;
        let sessions = app.store.sessions(tenant.name(), user).await?;
        let shown = |session: &store::SessionRow| {
            json!({ "id": session.id, "created": session.created, "expires": session.expires, "lastUsed": session.last_used })
        };
        Ok(Answered::new(json!({ "sessions": sessions.iter().map(shown).collect::<Vec<_>>() })))
    }
    .await;
    visit.answer(outcome)
}

pub(super) async fn end_session(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    request: Request,
) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async {
        let (tenant, user) = visit.oneself().await?;
        let person = visit.active(&tenant, user).await?;
        let ended = app.store.sessions_end(tenant.name(), user, Some(id)).await?;
        app.generation.pass();
        if ended > 0
            && let Some(person) = person
        {
            visit.note(&tenant, &person.label, Some(user), Entry::done(Act::Logout)).await;
        }
        Ok(Answered::new(json!({ "ended": ended })))
    }
    .await;
    visit.answer(outcome)
}

/// Changes one's own password: all sessions end, and a new one begins here.
pub(super) async fn password(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async {
        let (tenant, user) = visit.oneself().await?;
        let asked: NewPassword = visit.read(request).await?;
        check_password(&asked.new)?;
        let account = format!("{}\u{1f}{user}", tenant.name());
        app.guesses.attempt(&account, visit.peer, app.clock.now()).map_err(Refused::wait)?;
        let kept = tenant.credential(user).await?.map(|credential| credential.password);
        if !app.passwords.verify(asked.current, kept).await? {
            return Err(Refused::nobody("The present password is not right"));
        }
        app.guesses.succeeded(&account, visit.peer);
        visit.change(&tenant, user, asked.new, Act::Reset).await
    }
    .await;
    visit.answer(outcome)
}

impl Visit {
    /// Sets a password and begins a session with it.
    async fn change(
        &self,
        tenant: &Tenant,
        user: Uuid,
        password: String,
        act: Act,
    ) -> Result<Answered, Refused> {
        let Some(person) = self.active(tenant, user).await? else {
            return Err(Refused::nobody("This user is not active"));
        };
        keep_password(tenant, user, password, self.app.clock.now(), &self.app.passwords).await?;
        self.app.generation.pass();
        let cookie = self.begin_session(tenant, user).await?;
        self.note(tenant, &person.label, Some(user), Entry::done(act)).await;
        Ok(Answered::new(told(tenant, &person)).with(cookie))
    }

    async fn accept(&self, request: Request, kind: InvitationKind, act: Act) -> Result<Answered, Refused> {
        let accept: Accept = self.read(request).await?;
        check_password(&accept.password)?;
        self.app.guesses.attempt("link", self.peer, self.app.clock.now()).map_err(Refused::wait)?;
        let ended = || Refused::nobody("This link was used, has ended, or never was");
        let (name, _) = accept.token.rsplit_once('.').ok_or_else(ended)?;
        let tenant = self.tenant(name).await?.ok_or_else(ended)?;
        let found = tenant.use_invitation(&secret_hash(&accept.token), kind, self.app.clock.now()).await?;
        let user = found.ok_or_else(ended)?;
        self.app.guesses.succeeded("link", self.peer);
        self.end_session().await?;
        self.change(&tenant, user, accept.password, act).await
    }
}

pub(super) async fn accept_invitation(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = visit.accept(request, InvitationKind::Invite, Act::Invite).await;
    visit.answer(outcome)
}

pub(super) async fn accept_reset(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = visit.accept(request, InvitationKind::Reset, Act::Reset).await;
    visit.answer(outcome)
}

/// Notes that somebody wants a new password, for an administrator to see. The answer is always the same.
pub(super) async fn request_reset(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async {
        let asked: ResetRequest = visit.read(request).await?;
        app.guesses.attempt("reset", visit.peer, app.clock.now()).map_err(Refused::wait)?;
        if let Some(tenant) = visit.tenant(&asked.tenant).await? {
            let catalog = app.catalogs.get(&tenant).await?;
            if let Some(user) = app.engine.user_by_email(&tenant, &catalog, &asked.email).await? {
                let entry = Entry::done(Act::Reset).with(json!({ "asked": true }));
                visit.note(&tenant, &format!("account {user}"), Some(user), entry).await;
            }
        }
        Ok(Answered::done())
    }
    .await;
    visit.answer(outcome)
}
