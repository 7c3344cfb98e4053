//! GraphQL over HTTP: methods, media types, status codes. The same for records and metadata.

mod accept;
mod question;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use graphql::{Code, Error};
use tracing::Instrument;

use accept::Media;
pub(crate) use question::Question;

use crate::app::App;
use crate::failure;
use crate::keys::Principal;
use crate::metrics::Metrics;
use crate::trace::TraceId;

/// When to try again where nobody can know.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Which API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Records,
    Metadata,
}

/// What comes of a well-formed request.
pub(crate) enum Answer {
    /// It was run; the whole body, with errors of single fields in it.
    Run(Vec<u8>),
    /// It was not run.
    Refused(Vec<Error>),
    /// A mutation by GET.
    NotByGet,
    /// It was not run: its tenant or key asks for too much.
    Later(Duration),
}

pub(crate) async fn records(State(app): State<Arc<App>>, request: Request) -> Response {
    serve(app, request, Door::Records).await
}

pub(crate) async fn metadata(State(app): State<Arc<App>>, request: Request) -> Response {
    serve(app, request, Door::Metadata).await
}

async fn serve(app: Arc<App>, request: Request, door: Door) -> Response {
    let (begun, method) = (Instant::now(), request.method().clone());
    let _in_work = Metrics::begin();
    let trace = TraceId::of(request.headers(), app.ids.as_ref(), app.clock.now());
    let route = match door {
        Door::Records => "/graphql",
        Door::Metadata => "/metadata",
    };
    let span = tracing::info_span!("request", route, trace = trace.as_str(), tenant = tracing::field::Empty);
    let mut response = Exchange { app: &app, door, trace: &trace }.answer(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(trace.as_str()) {
        response.headers_mut().insert("x-trace-id", value);
    }
    Metrics::answered(route, &method, response.status(), begun.elapsed());
    response
}

/// One request and its answer.
struct Exchange<'a> {
    app: &'a Arc<App>,
    door: Door,
    trace: &'a TraceId,
}

impl Exchange<'_> {
    async fn answer(&self, request: Request) -> Response {
        let by_get = match *request.method() {
            Method::GET => true,
            Method::POST => false,
            _ => return self.not_allowed("GET, POST", "GraphQL is asked by GET or POST"),
        };
        let media = match accept::choose(request.headers()) {
            Ok(media) => media,
            Err(error) => return self.refuse(StatusCode::NOT_ACCEPTABLE, Media::Json, &[error]),
        };
        let principal = match self.app.authenticate(request.headers()).await {
            Ok(principal) => principal,
            Err((StatusCode::UNAUTHORIZED, _)) => return self.unauthenticated(media),
            Err((status, error)) => return self.refuse(status, media, &[error]),
        };
        tracing::Span::current().record("tenant", principal.tenant.name().as_str());
        let limits = &self.app.settings;
        let patience = Duration::from_millis(match self.door {
            Door::Records => limits.request_ms,
            Door::Metadata => limits.metadata_ms,
        });
        let asked = tokio::time::timeout(patience, self.ask(&principal, request, by_get, media)).await;
        asked.unwrap_or_else(|_| {
            let error = Error::new(Code::Timeout, "The request took too long and was stopped");
            self.refuse(StatusCode::GATEWAY_TIMEOUT, media, &[error])
        })
    }

    async fn ask(
        &self,
        principal: &Arc<Principal>,
        request: Request,
        by_get: bool,
        media: Media,
    ) -> Response {
        let question = match Question::read(request, by_get, self.app.settings.body_bytes).await {
            Ok(question) => question,
            Err((status, error)) => return self.refuse(status, media, &[error]),
        };
        let Ok(_turn) = self.app.turns.take(principal.tenant.name()).await else {
            return self.later(StatusCode::SERVICE_UNAVAILABLE, media, A_MOMENT);
        };
        let Ok(_permit) = self.app.permits.try_acquire() else {
            return self.later(StatusCode::SERVICE_UNAVAILABLE, media, A_MOMENT);
        };
        let answer = match self.door {
            Door::Records => {
                // Boxed, as all that stands around it would carry its size along.
                Box::pin(crate::execute::records(self.app, principal, &question, by_get, self.trace)).await
            }
            Door::Metadata => {
                Box::pin(crate::metadata_api::answer(self.app, principal, question, by_get, self.trace)).await
            }
        };
        match answer {
            Answer::Run(body) => respond(StatusCode::OK, media, body),
            Answer::Refused(errors) if errors.iter().any(|error| error.code == Code::Unauthenticated) => {
                self.unauthenticated(media)
            }
            Answer::Refused(errors) => {
                // Plain JSON is answered 200 by well-formed requests, whatever their document says.
                let status = match media {
                    Media::Json => StatusCode::OK,
                    Media::GraphqlResponse => refusal_status(&errors),
                };
                self.refuse(status, media, &errors)
            }
            Answer::Later(wait) => self.later(StatusCode::TOO_MANY_REQUESTS, media, wait),
            Answer::NotByGet => self.not_allowed("POST", "Mutations are sent by POST"),
        }
    }

    /// Not now: in whole seconds, when to try again.
    fn later(&self, status: StatusCode, media: Media, wait: Duration) -> Response {
        let seconds = failure::seconds(wait);
        let error = failure::later(status, seconds);
        let mut response = self.refuse(status, media, &[error]);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        response
    }

    fn unauthenticated(&self, media: Media) -> Response {
        let mut response = self.refuse(StatusCode::UNAUTHORIZED, media, &[failure::unauthenticated()]);
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        response
    }

    fn not_allowed(&self, allowed: &'static str, message: &str) -> Response {
        let mut response =
            self.refuse(StatusCode::METHOD_NOT_ALLOWED, Media::Json, &[Error::validation(message)]);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        response
    }

    fn refuse(&self, status: StatusCode, media: Media, errors: &[Error]) -> Response {
        let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
        tracing::info!(status = status.as_u16(), ?codes, "refused");
        respond(status, media, crate::payload::refusal(errors, self.trace))
    }
}

fn refusal_status(errors: &[Error]) -> StatusCode {
    match errors.first().map(|error| error.code) {
        Some(Code::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        Some(Code::Timeout) => StatusCode::GATEWAY_TIMEOUT,
        Some(Code::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
        Some(Code::Forbidden) => StatusCode::FORBIDDEN,
        Some(
            Code::Validation
            | Code::NotFound
            | Code::Refused
            | Code::Conflict
            | Code::CostExceeded
            | Code::ScriptError,
        )
        | None => StatusCode::BAD_REQUEST,
    }
}

fn respond(status: StatusCode, media: Media, body: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    (status, headers, body).into_response()
}
