//! Methods, media types, status codes, keys, limits; health and the explorer. These need a database, but not both.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use sql::Dialect;
use testing::{Bed, Handles};

use crate::stage::{Answered, KEY, Stage};

struct Scene {
    stage: Stage,
    bed: Bed,
}

impl Scene {
    async fn new() -> Scene {
        let bed = Bed::fresh(Dialect::Sqlite).await;
        let handles = Handles {
            store: bed.store.clone(),
            tenant: bed.tenant.clone(),
            canary: bed.canary.clone(),
            url: bed.url.clone(),
        };
        Scene { stage: Stage::new(&handles, &[]).await, bed }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.stage.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    async fn post(&self, extra: &[(&str, &str)], body: &str) -> Answered {
        let key = format!("Bearer {KEY}");
        let mut headers = vec![("authorization", key.as_str()), ("content-type", "application/json")];
        headers.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
        headers.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
        self.send("POST", "/graphql", &headers, body).await
    }
}

const GOOD: &str = "{\"query\": \"{ me { tenant } }\"}";
const PLAIN: &str = "application/json; charset=utf-8";
const RESPONSE: &str = "application/graphql-response+json";

fn media(answered: &Answered) -> &str {
    answered.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn status_codes_and_media_types() {
    let scene = Scene::new().await;
    let wrong = "{\"query\": \"{ nothing }\"}";
    for (headers, body, status, kind) in [
        (vec![], GOOD, 200, PLAIN),
        (vec![("accept", "*/*")], GOOD, 200, PLAIN),
        (vec![("accept", RESPONSE)], GOOD, 200, "application/graphql-response+json; charset=utf-8"),
        (vec![("accept", "text/html")], GOOD, 406, PLAIN),
        (vec![("content-type", "text/plain")], GOOD, 415, PLAIN),
        (vec![("content-type", "")], GOOD, 415, PLAIN),
        (vec![("content-type", "application/json; charset=latin1")], GOOD, 415, PLAIN),
        (vec![("content-encoding", "gzip")], GOOD, 415, PLAIN),
        (vec![("content-encoding", "identity")], GOOD, 200, PLAIN),
        (vec![], "{", 400, PLAIN),
        (vec![], "[{\"query\": \"{ me { tenant } }\"}]", 400, PLAIN),
        (vec![], "{}", 400, PLAIN),
        (vec![], "{\"query\": 1}", 400, PLAIN),
        (vec![], "{\"query\": \"{ me { tenant } }\", \"variables\": []}", 400, PLAIN),
        (vec![], wrong, 200, PLAIN),
        (vec![("accept", RESPONSE)], wrong, 400, "application/graphql-response+json; charset=utf-8"),
        (vec![("authorization", "")], GOOD, 401, PLAIN),
        (vec![("authorization", "Bearer nonsense")], GOOD, 401, PLAIN),
        (vec![("authorization", "Basic abc")], GOOD, 401, PLAIN),
    ] {
        let answered = scene.post(&headers, body).await;
        assert_eq!((answered.status.as_u16(), media(&answered)), (status, kind), "{headers:?} {body}");
        let is_error = answered.body.get("errors").is_some();
        assert_eq!(is_error, status != 200 || body == wrong, "{headers:?} {body}");
        assert!(answered.body.get("data").is_none() || !is_error, "nothing was run: {}", answered.body);
    }
    scene.bed.clear().await;
}

#[tokio::test]
async fn without_a_key_nothing_is_answered() {
    let scene = Scene::new().await;
    for path in ["/graphql", "/metadata"] {
        for query in ["{ __schema { types { name } } }", "{ __typename }", "not even GraphQL"] {
            let body = json!({"query": query}).to_string();
            let answered = scene.send("POST", path, &[("content-type", "application/json")], &body).await;
            assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answered.body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
            assert_eq!(
                answered.headers.get(header::WWW_AUTHENTICATE).map(axum::http::HeaderValue::as_bytes),
                Some(&b"Bearer"[..])
            );
        }
    }
    scene.bed.clear().await;
}

#[tokio::test]
async fn queries_by_get_and_mutations_by_post_only() {
    let scene = Scene::new().await;
    let key = format!("Bearer {KEY}");
    let get = async |path: &str, query: &str| {
        let path = format!(
            "{path}?query={}",
            query.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D").replace('"', "%22")
        );
        scene.send("GET", &path, &[("authorization", &key)], "").await
    };
    let answered = get("/graphql", "{ me { tenant } }").await;
    assert_eq!(answered.body, json!({"data": {"me": {"tenant": "acme"}}}));
    for (path, mutation) in [
        ("/graphql", "mutation { createTeam(data: {name: \"x\"}) { errors { code } } }"),
        ("/metadata", "mutation { purge { version } }"),
    ] {
        let answered = get(path, mutation).await;
        assert_eq!(answered.status, StatusCode::METHOD_NOT_ALLOWED, "{}", answered.body);
        assert_eq!(
            answered.headers.get(header::ALLOW).map(axum::http::HeaderValue::as_bytes),
            Some(&b"POST"[..])
        );
    }
    let teams = get("/graphql", "{ teams { totalCount } }").await;
    assert_eq!(teams.body["data"]["teams"]["totalCount"], 0, "{}", teams.body);
    for method in ["PUT", "DELETE", "OPTIONS"] {
        let answered = scene.send(method, "/graphql", &[("authorization", &key)], "").await;
        assert_eq!(answered.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    scene.bed.clear().await;
}

#[tokio::test]
async fn traces_are_followed_and_sizes_are_limited() {
    let scene = Scene::new().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let answered = scene.post(&[("traceparent", &parent)], "{\"query\": \"{ nothing }\"}").await;
    assert_eq!(answered.body["errors"][0]["extensions"]["traceId"], trace);
    assert_eq!(
        answered.headers.get("x-trace-id").map(axum::http::HeaderValue::as_bytes),
        Some(trace.as_bytes())
    );
    let long = json!({"query": "{ me { tenant } }", "variables": {"x": "y".repeat(9 << 20)}}).to_string();
    assert_eq!(scene.post(&[], &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    scene.bed.clear().await;
}

#[tokio::test]
async fn health_metrics_and_the_explorer() {
    let scene = Scene::new().await;
    scene.post(&[], GOOD).await;
    for (path, part) in [
        ("/healthz", "ok"),
        ("/readyz", "ready"),
        ("/metrics", "armature_http_requests_total{route=\"/graphql\",method=\"POST\",status=\"200\"}"),
        ("/graphiql", "<!doctype html>"),
    ] {
        let answered = scene.send("GET", path, &[], "").await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
        let text = match &answered.body {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert!(text.contains(part), "{path}: {text}");
        if path == "/graphiql" {
            let policy = answered.headers.get(header::CONTENT_SECURITY_POLICY).and_then(|v| v.to_str().ok());
            assert!(policy.is_some_and(|policy| policy.contains("script-src 'self';")), "{policy:?}");
        }
        assert!(!text.contains(KEY) && !text.contains("acme"), "{path} tells of tenants or keys");
    }
    assert_eq!(scene.send("GET", "/graphiql/assets/missing.js", &[], "").await.status, StatusCode::NOT_FOUND);
    scene.bed.clear().await;
}
