//! Sessions of people: the cookie that carries them, and what a request with a cookie must show that one with a key need not.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST, ORIGIN};

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
