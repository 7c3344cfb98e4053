//! Sessions of people: the cookie that carries them, and what a request with a cookie must show that one with a key need not.

use axum::http::header::InvalidHeaderValue;
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};

/// How long a session lives without being used.
pub(crate) const IDLE: chrono::Duration = chrono::Duration::hours(12);

const NAME: &str = "armature_session";
const SECURE_NAME: &str = "__Host-armature_session";
/// What a page of another origin cannot send along.
const CSRF: &str = "x-armature-csrf";
/// Longest secret that is looked at.
const LONGEST: usize = 128;

/// The secret of the session that the request carries.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    named(headers, SECURE_NAME).or_else(|| named(headers, NAME))
}

/// A cookie by name.
pub(crate) fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty() && value.len() <= LONGEST)
        .map(|(_, value)| value)
}

/// Whether a request that a browser authenticates by cookie was meant by our own page: it has the header that foreign pages cannot set,
/// and comes from our own host where it says where it comes from.
pub(crate) fn meant(headers: &HeaderMap) -> bool {
    headers.contains_key(CSRF) && same_origin(headers)
}

/// Whether the page that sent the request, as far as it says, is of the host that it was sent to.
pub(crate) fn same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let from = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    from.is_some() && from == host
}

/// How long a session lives at most.
pub(crate) const LIFE: chrono::Duration = chrono::Duration::days(14);

fn attributes(secure: Secure) -> (&'static str, &'static str) {
    match secure {
        Secure::Yes => (SECURE_NAME, "; Path=/; HttpOnly; SameSite=Lax; Secure"),
        Secure::No => (NAME, "; Path=/; HttpOnly; SameSite=Lax"),
    }
}

/// Whether we are reached over https, so that cookies never go another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secure {
    /// We are.
    Yes,
    /// We are not, or do not know.
    No,
}

/// The cookie that carries a session.
pub(crate) fn set_cookie(secret: &str, secure: Secure) -> Result<HeaderValue, InvalidHeaderValue> {
    let (name, attributes) = attributes(secure);
    HeaderValue::from_str(&format!("{name}={secret}{attributes}; Max-Age={}", LIFE.num_seconds()))
}

/// What takes the cookie away.
pub(crate) fn no_cookie(secure: Secure) -> HeaderValue {
    HeaderValue::from_static(match secure {
        Secure::Yes => "__Host-armature_session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
        Secure::No => "armature_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
    })
}
