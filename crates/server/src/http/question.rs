//! The question in a request: by POST as JSON, by GET as parameters.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use graphql::Error;
use serde_json::{Map, Value as Json};

/// What a client asks.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) query: String,
    pub(crate) operation: Option<String>,
    pub(crate) variables: Map<String, Json>,
}

type Refusal = (StatusCode, Error);

fn bad(message: impl Into<String>) -> Refusal {
    (StatusCode::BAD_REQUEST, Error::validation(message))
}

impl Question {
    pub(super) async fn read(request: Request, by_get: bool, most: usize) -> Result<Question, Refusal> {
        if by_get { Question::from_parameters(&request) } else { Question::from_body(request, most).await }
    }

    fn from_parameters(request: &Request) -> Result<Question, Refusal> {
        let Query(mut parameters) = Query::<HashMap<String, String>>::try_from_uri(request.uri())
            .map_err(|error| bad(format!("The parameters cannot be read: {error}")))?;
        let mut members = Map::new();
        for (name, json) in
            [("query", false), ("operationName", false), ("variables", true), ("extensions", true)]
        {
            let Some(text) = parameters.remove(name).filter(|text| !text.is_empty()) else { continue };
            let value = if json {
                serde_json::from_str(&text).map_err(|error| bad(format!("{name} is not JSON: {error}")))?
            } else {
                Json::String(text)
            };
            members.insert(name.to_owned(), value);
        }
        Question::from_members(members)
    }

    async fn from_body(request: Request, most: usize) -> Result<Question, Refusal> {
        check_content_type(&request)?;
        check_content_encoding(&request)?;
        let too_large = || {
            let message = format!("The request is larger than {most} bytes");
            (StatusCode::PAYLOAD_TOO_LARGE, Error::validation(message).with("limit", most))
        };
        let announced =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > most) {
            return Err(too_large());
        }
        let body = to_bytes(request.into_body(), most).await.map_err(|error| {
            let cut = announced.is_some();
            if cut { bad(format!("The request broke off: {error}")) } else { too_large() }
        })?;
        let json: Json =
            serde_json::from_slice(&body).map_err(|error| bad(format!("The body is not JSON: {error}")))?;
        match json {
            Json::Object(members) => Question::from_members(members),
            Json::Array(_) => Err(bad("Batches are not supported: send one operation a request")),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                Err(bad("The body must be an object with the member query"))
            }
        }
    }

    fn from_members(mut members: Map<String, Json>) -> Result<Question, Refusal> {
        let query = match members.remove("query") {
            Some(Json::String(query)) => query,
            Some(_) => return Err(bad("query must be a string")),
            None => return Err(bad("query is missing")),
        };
        let operation = match members.remove("operationName") {
            Some(Json::String(name)) => Some(name).filter(|name| !name.is_empty()),
            Some(Json::Null) | None => None,
            Some(_) => return Err(bad("operationName must be a string")),
        };
        let variables = match members.remove("variables") {
            Some(Json::Object(variables)) => variables,
            Some(Json::Null) | None => Map::new(),
            Some(_) => return Err(bad("variables must be an object")),
        };
        match members.remove("extensions") {
            Some(Json::Object(_) | Json::Null) | None => Ok(Question { query, operation, variables }),
            Some(_) => Err(bad("extensions must be an object")),
        }
    }
}

/// A small body could unfold to any size: none is unpacked.
fn check_content_encoding(request: &Request) -> Result<(), Refusal> {
    let mut codings = request.headers().get_all(CONTENT_ENCODING).iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let error = Error::validation("Requests are sent as they are, without Content-Encoding")
        .with("expected", "identity");
    Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error))
}

fn check_content_type(request: &Request) -> Result<(), Refusal> {
    let unsupported = |message: &str| {
        let error = Error::validation(message).with("expected", "application/json");
        Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error))
    };
    let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(header) = header else { return unsupported("Content-Type is missing") };
    let mut parts = header.split(';').map(str::trim);
    if !parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json")) {
        return unsupported("Requests are of the type application/json");
    }
    for parameter in parts {
        if let Some((name, value)) = parameter.split_once('=') {
            let value = value.trim().trim_matches('"');
            if name.trim().eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
                return unsupported("Requests are written in UTF-8");
            }
        }
    }
    Ok(())
}
