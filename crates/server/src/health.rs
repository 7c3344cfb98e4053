//! `/healthz`: the process answers. `/readyz`: the database does, too. `/metrics`.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// How long an answer of the database is believed.
const KEPT: Duration = Duration::from_secs(1);
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the database last said.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    fn kept(&self) -> Option<bool> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(at, _)| at.elapsed() < KEPT).map(|(_, ready)| ready)
    }

    fn keep(&self, ready: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), ready));
    }
}

fn said(status: StatusCode, text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}

pub(crate) async fn healthz() -> Response {
    said(StatusCode::OK, "{\"status\":\"ok\"}")
}

async fn ask_database(app: &App) -> bool {
    let ready = match tokio::time::timeout(PATIENCE, app.store.ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("the database does not answer in time");
            false
        }
    };
    app.readiness.keep(ready);
    ready
}

/// The store runs missing migrations when it is opened, so that a store that answers is migrated.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let ready = match app.readiness.kept() {
        Some(ready) => ready,
        None => ask_database(&app).await,
    };
    if ready {
        said(StatusCode::OK, "{\"status\":\"ready\"}")
    } else {
        said(StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"unavailable\",\"reason\":\"database\"}")
    }
}

pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render()).into_response()
}
