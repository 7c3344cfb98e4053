//! GraphiQL, out of the program itself: nothing is fetched from elsewhere.

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/graphiql/dist"]
struct Explorer;

/// The editor makes its styles and workers itself; scripts come from here only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Armature</title>\
    <p>GraphiQL is not part of this build: run <code>make build</code>, which bundles it. The API answers at <code>/graphql</code>.</p></html>";

pub(crate) async fn home() -> Redirect {
    Redirect::temporary("/graphiql")
}

pub(crate) async fn page(headers: HeaderMap) -> Response {
    file("index.html", &headers)
}

pub(crate) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(if path.is_empty() { "index.html" } else { &path }, &headers)
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let response = match Explorer::get(path) {
        Some(found) => embedded(path, &found, headers),
        None if path == "index.html" => {
            (StatusCode::OK, [(CONTENT_TYPE, "text/html; charset=utf-8")], MISSING).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    };
    secured(response)
}

fn embedded(path: &str, found: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(found.metadata.sha256_hash()));
    let fresh =
        headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|known| known == tag);
    // Names of assets hold a hash of their content; the page's does not.
    let kept = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let status = if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let body = if fresh { Body::empty() } else { Body::from(found.data.clone().into_owned()) };
    (status, [(CONTENT_TYPE, kind(path)), (CACHE_CONTROL, kept), (ETAG, tag.as_str())], body).into_response()
}

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY.as_str(), POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "ttf" => "font/ttf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
