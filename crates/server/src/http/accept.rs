//! Which of the two media types the client wants.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use graphql::Error;

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// `application/graphql-response+json`
    GraphqlResponse,
}

impl Media {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Media::Json => "application/json; charset=utf-8",
            Media::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// The media type that the client likes best. Without `Accept`, and where it takes anything, plain JSON; between equals, the one named
/// first.
pub(super) fn choose(headers: &HeaderMap) -> Result<Media, Error> {
    let mut best: Option<(f32, Media)> = None;
    let mut asked = false;
    for header in headers.get_all(ACCEPT) {
        let Ok(text) = header.to_str() else { continue };
        for range in text.split(',').filter(|range| !range.trim().is_empty()) {
            asked = true;
            let Some((quality, media)) = read(range) else { continue };
            if quality > 0.0 && best.is_none_or(|(other, _)| quality > other) {
                best = Some((quality, media));
            }
        }
    }
    match best {
        Some((_, media)) => Ok(media),
        None if !asked => Ok(Media::Json),
        None => Err(Error::validation(
            "Answers are of the types application/graphql-response+json and application/json",
        )
        .with("expected", "application/graphql-response+json, application/json")),
    }
}

fn read(range: &str) -> Option<(f32, Media)> {
    let mut parts = range.split(';').map(str::trim);
    let media = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/graphql-response+json" => Media::GraphqlResponse,
        "application/json" | "application/*" | "*/*" => Media::Json,
        _ => return None,
    };
    let mut quality = 1.0;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = value.parse().ok()?,
            "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
            _ => {}
        }
    }
    Some((quality, media))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a header"));
        choose(&headers).ok()
    }

    #[test]
    fn the_best_liked_type_wins() {
        assert_eq!(choose(&HeaderMap::new()).ok(), Some(Media::Json));
        for (accept, media) in [
            ("application/json", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            ("application/graphql-response+json, application/json;q=0.9", Some(Media::GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(Media::Json)),
            ("application/json;q=0.5, application/graphql-response+json;q=0.8", Some(Media::GraphqlResponse)),
            ("application/graphql-response+json; charset=utf-8", Some(Media::GraphqlResponse)),
            ("application/json; charset=utf-16", None),
            ("text/html", None),
            ("text/html, */*;q=0.1", Some(Media::Json)),
            ("application/json;q=0", None),
        ] {
            assert_eq!(chosen(accept), media, "{accept}");
        }
    }
}
