//! The way to the provider: follows no redirect, waits for ten seconds, reads a megabyte.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;

use crate::tls::http_client;

const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST: usize = 1 << 20;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// No connection, no answer, or not in time.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// An answer that is none.
    #[error("{0}")]
    Answer(#[from] axum::http::Error),
    /// More than anybody needs.
    #[error("the answer has more than {LONGEST} bytes")]
    TooLong,
}

/// Sends one request.
pub(super) async fn fetch(request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let client = http_client()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .no_proxy()
        .build()?;
    let mut answer = client.execute(request.try_into()?).await?;
    let mut response = axum::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > LONGEST {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&piece);
    }
    Ok(response.body(body)?)
}
