//! A server with two tenants on one package, and ways to ask it.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, TimeZone, Utc};
use deploy::ApplyOptions;
use metadata::SourceFile;
use serde_json::{Value, json};
use server::{ServerConfig, Settings, key_hash, router};
use store::{KeyRow, Store, Tenant};
use testing::Handles;
use tower::ServiceExt;
use uuid::Uuid;

/// The key of the tenant `acme`.
pub const KEY: &str = "arm_acme";
/// The key of the tenant `canary`.
pub const CANARY: &str = "arm_canary";

/// The tests' clock stands still, but for the milliseconds that ids need.
pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 31, 9, 0, 0).single().expect("an instant")
}

pub struct Stage {
    pub router: Router,
}

/// What was answered.
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

pub async fn insert_key(store: &Store, tenant: &Tenant, number: u128, key: &str) {
    let row = KeyRow {
        id: Uuid::from_u128(number),
        tenant: tenant.name().clone(),
        prefix: key.chars().take(6).collect(),
        name: "test".into(),
        role: None,
        user: None,
        created: now(),
        expires: None,
        last_used: None,
    };
    store.key_insert(&key_hash(key), &row).await.expect("a key");
}

pub fn package(objects: &[(&str, Value)]) -> Vec<SourceFile> {
    let manifest = json!({"name": "test", "version": "1.0.0", "title": "Test"});
    let file = |path: String, json: &Value| SourceFile { path, text: json.to_string() };
    let mut files = vec![file("package.json".into(), &manifest)];
    files.extend(objects.iter().map(|(name, json)| file(format!("objects/{name}.json"), json)));
    files
}

/// Companies with deals and notes about either.
pub fn business() -> Vec<SourceFile> {
    package(&[
        (
            "company",
            json!({
                "name": "company", "plural": "companies", "title": "Company", "type": "object", "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 40},
                    "code": {"type": "string", "maxLength": 8, "description": "Short and unique"},
                    "employees": {"type": "integer", "minimum": 0},
                    "markets": {"type": "array", "items": {"type": "string", "enum": ["asia", "europe"]}},
                    "office": {"x-type": "address"},
                    "parent": {"x-type": "lookup", "x-to": "company", "x-inverse": "children"},
                },
                "x-display": "name", "x-search": ["name"], "x-unique": [["code"]],
            }),
        ),
        (
            "deal",
            json!({
                "name": "deal", "plural": "deals", "title": "Deal", "type": "object", "required": ["name", "company"],
                "properties": {
                    "name": {"type": "string"},
                    "company": {"x-type": "lookup", "x-to": "company", "x-inverse": "deals", "x-onDelete": "restrict"},
                    "stage": {"type": "string", "enum": ["open", "won", "lost"], "x-default": "\"open\""},
                    "amount": {"x-type": "decimal"},
                    "closeDate": {"type": "string", "format": "date"},
                },
                "x-display": "name",
            }),
        ),
        (
            "note",
            json!({
                "name": "note", "plural": "notes", "title": "Note", "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "about": {"x-type": "polymorphic", "x-to": ["company", "deal"], "x-inverse": "notes"},
                },
                "x-display": "text",
            }),
        ),
    ])
}

/// A role's document as a file of a package.
pub fn role(document: &Value) -> SourceFile {
    let name = document["name"].as_str().expect("a role has a name");
    SourceFile { path: format!("roles/{name}.json"), text: document.to_string() }
}

/// The business, whose companies keep their history.
pub fn remembering_business() -> Vec<SourceFile> {
    let mut files = business();
    for file in files.iter_mut().filter(|file| file.path == "objects/company.json") {
        let mut document: Value = serde_json::from_str(&file.text).expect("JSON");
        document["x-history"] = json!(true);
        file.text = document.to_string();
    }
    files
}

impl Stage {
    /// A server on these databases whose two tenants have that package.
    pub async fn new(handles: &Handles, files: &[SourceFile]) -> Stage {
        for (number, (tenant, key)) in (1..).zip([(&handles.tenant, KEY), (&handles.canary, CANARY)]) {
            insert_key(&handles.store, tenant, number, key).await;
            deploy::initialise(tenant, now()).await.expect("the platform's objects");
            if !files.is_empty() {
                deploy::apply(tenant, files, ApplyOptions::new("test", now())).await.expect("applied");
            }
        }
        let config = ServerConfig { store: handles.store.clone(), settings: Settings::default(), now };
        Stage { router: router(config).expect("routes") }
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.expect("a body");
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        Answered { status: parts.status, headers: parts.headers, body }
    }

    pub async fn post(&self, path: &str, key: &str, query: &str, variables: Value) -> Answered {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {key}"))
            .body(Body::from(body))
            .expect("a request");
        self.send(request).await
    }

    /// The whole answer of the tenant `acme` to a question about records.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        self.post("/graphql", KEY, query, variables).await.body
    }

    /// The data; errors fail the test.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.ask(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
        answer["data"].take()
    }

    /// The one error.
    pub async fn refused(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{query}\n{answer:#}");
        answer["errors"][0].clone()
    }
}
