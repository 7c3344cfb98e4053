//! Logging in and out with a password, links for setting one, the first set-up, one's own sessions. JSON in, JSON out; whoever comes from
//! a page of another site is refused.

mod account;
mod login;
mod setup;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use engine::audit::{Author, Entry, note};
use engine::{Caller, Door};
use graphql::{Code, Error};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use store::{SessionRow, Tenant, TenantName};
use uuid::Uuid;

use crate::admin::{AdminError, Secret};
use crate::app::App;
use crate::serve::Routes;
use crate::trace::TraceId;
use crate::{failure, session};

/// Longest body of a request, in bytes: a password may have 1,024.
const LONGEST: usize = 16 * 1024;

pub(crate) fn routes() -> Routes {
    vec![
        ("/auth/login", post(login::login)),
        ("/auth/logout", post(login::logout)),
        ("/auth/me", get(login::me)),
        ("/auth/sessions", get(account::sessions)),
        ("/auth/sessions/{id}", delete(account::end_session)),
        ("/auth/password", post(account::password)),
        ("/auth/invite/accept", post(account::accept_invitation)),
        ("/auth/reset/request", post(account::request_reset)),
        ("/auth/reset/accept", post(account::accept_reset)),
        ("/auth/setup", get(setup::open).post(setup::setup)),
    ]
}

/// A refusal, with its status.
pub(crate) struct Refused {
    status: StatusCode,
    error: Error,
    retry_after: Option<u32>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, error: Error) -> Self {
        Self { status, error, retry_after: None }
    }

    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Error::validation(message))
    }

    pub(crate) fn nobody(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Error::new(Code::Unauthenticated, message))
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, Error::new(Code::Forbidden, message))
    }

    pub(crate) fn wait(seconds: u32) -> Self {
        let error = Error::new(Code::RateLimited, "Too many attempts; try again later");
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, error) }
    }
}

impl From<AdminError> for Refused {
    fn from(error: AdminError) -> Self {
        let sent = failure::admin(&error);
        let status = match sent.code {
            Code::Forbidden => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, sent)
    }
}

impl From<store::StoreError> for Refused {
    fn from(error: store::StoreError) -> Self {
        Self::from(AdminError::from(error))
    }
}

impl From<deploy::DeployError> for Refused {
    fn from(error: deploy::DeployError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, failure::catalog(&error))
    }
}

impl From<engine::ReadError> for Refused {
    fn from(error: engine::ReadError) -> Self {
        Self::from(AdminError::from(error))
    }
}

/// One request: who sent it from where, and what it says.
pub(crate) struct Visit {
    pub(crate) app: Arc<App>,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: IpAddr,
    pub(crate) trace: TraceId,
}

impl Visit {
    pub(crate) fn new(app: &Arc<App>, request: &Request) -> Self {
        let headers = request.headers().clone();
        let trace = TraceId::of(&headers, app.ids.as_ref(), app.clock.now());
        // The connection's own: headers about it are whatever the client says.
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
        Self { app: Arc::clone(app), headers, peer, trace }
    }

    /// The body as JSON, from a page of our own.
    pub(crate) async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refused> {
        if !session::same_origin(&self.headers) {
            return Err(Refused::forbidden("This is done from our own pages only"));
        }
        let media = self.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
        if !media.starts_with("application/json") {
            let error = Error::validation("Expected application/json");
            return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
        }
        let body = to_bytes(request.into_body(), LONGEST).await.map_err(|_| {
            let error = Error::validation(format!("A request may have {LONGEST} bytes at most"));
            Refused::new(StatusCode::PAYLOAD_TOO_LARGE, error)
        })?;
        serde_json::from_slice(&body).map_err(|error| Refused::wrong(format!("The request: {error}")))
    }

    /// Begins a session: the cookie that carries it.
    pub(crate) async fn begin_session(&self, tenant: &Tenant, user: Uuid) -> Result<HeaderValue, Refused> {
        let app = &self.app;
        let now = app.clock.now();
        let secret = Secret::draw("")?;
        let row = SessionRow {
            id: app.ids.id(now),
            tenant: tenant.name().clone(),
            user,
            created: now,
            expires: now + session::LIFE,
            last_used: now,
        };
        app.store.session_insert(&secret.hash, &row).await?;
        session::set_cookie(&secret.text, app.secure())
            .map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, failure::internal(&error)))
    }

    /// Ends the session whose cookie came along, whoever it is: a login never goes on in a session from before it.
    pub(crate) async fn end_session(&self) -> Result<(), Refused> {
        let Some(secret) = session::cookie(&self.headers) else { return Ok(()) };
        if let Some(row) = self.app.store.session_find(&crate::keys::key_hash(secret)).await? {
            self.app.store.sessions_end(&row.tenant, row.user, Some(row.id)).await?;
            self.app.generation.pass();
        }
        Ok(())
    }

    /// A tenant by name; none where there is none.
    pub(crate) async fn tenant(&self, name: &str) -> Result<Option<Tenant>, Refused> {
        let Ok(name) = TenantName::new(name) else { return Ok(None) };
        match self.app.store.tenant(&name).await {
            Ok(tenant) => Ok(Some(tenant)),
            Err(store::StoreError::NoTenant(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes an entry in the audit log of a tenant.
    pub(crate) async fn note(&self, tenant: &Tenant, label: &str, user: Option<Uuid>, entry: Entry) {
        let at = self.app.clock.now();
        let id = self.app.ids.id(at);
        let author = Author { label, user, door: Door::Login, trace: Some(self.trace.as_str()), at, id };
        if let Err(error) = note(tenant, author, entry).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a login was not noted in the audit log"
            );
        }
    }

    /// The platform itself, acting for a tenant: it makes the users of set-ups and logins.
    pub(crate) async fn platform(&self, tenant: &Tenant) -> Result<Caller, Refused> {
        let catalog = self.app.catalogs.get(tenant).await?;
        Ok(Caller {
            tenant: tenant.clone(),
            catalog,
            actor: engine::Actor { label: "login".to_owned(), user: None },
            access: query::access::Access::Everything,
            facts: Arc::default(),
            cause: Arc::default(),
            door: Door::Login,
            clock: Arc::clone(&self.app.clock) as Arc<dyn engine::Clock>,
            ids: Arc::clone(&self.app.ids),
            zone: self.app.zone,
            trace: Some(Arc::from(self.trace.as_str())),
        })
    }

    /// The response to what came of the request.
    pub(crate) fn answer(&self, outcome: Result<Answered, Refused>) -> Response {
        let mut response = match outcome {
            Ok(answered) => {
                let mut response = (StatusCode::OK, answered.body.to_string()).into_response();
                if let Some(cookie) = answered.cookie {
                    response.headers_mut().append(SET_COOKIE, cookie);
                }
                response
            }
            Err(refused) => {
                let code = refused.error.code.as_str();
                tracing::info!(
                    status = refused.status.as_u16(),
                    code,
                    trace = self.trace.as_str(),
                    "refused"
                );
                let body = crate::payload::refusal(&[refused.error], &self.trace);
                let mut response = (refused.status, body).into_response();
                if let Some(seconds) = refused.retry_after {
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// What is answered, perhaps with a cookie.
pub(crate) struct Answered {
    body: Json,
    cookie: Option<HeaderValue>,
}

impl Answered {
    pub(crate) fn new(body: Json) -> Self {
        Self { body, cookie: None }
    }

    pub(crate) fn done() -> Self {
        Self::new(json!({ "ok": true }))
    }

    pub(crate) fn with(mut self, cookie: HeaderValue) -> Self {
        self.cookie = Some(cookie);
        self
    }
}
