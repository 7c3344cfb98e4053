//! Limits: what may be asked for in a time, how many may work at once, and what becomes of those who go away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use server::{ServerConfig, Settings, router, serve};
use store::Store;
use testing::{Handles, each_database, statements_at_work};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{Answered, CANARY, KEY, Stage, business, now};

const WRITE: &str = "mutation { createCompanies(data: [{name: \"a\"}, {name: \"b\"}]) { records { id } } }";

async fn stage(handles: &Handles, settings: Settings) -> Stage {
    Stage::new(handles, &business()).await;
    let config = ServerConfig { store: handles.store.clone(), settings, now };
    Stage { router: router(config).expect("routes") }
}

fn code(answered: &Answered) -> &str {
    answered.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

fn retry_after(answered: &Answered) -> u64 {
    let header = answered.headers.get("retry-after").and_then(|value| value.to_str().ok());
    header.and_then(|value| value.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn whoever_asks_for_too_much_in_a_time_is_told_when_to_come_back() {
    each_database(async |handles| {
        let settings = Settings { rate_per_key: 10, rate_per_tenant: 1_000, ..Settings::default() };
        let stage = stage(&handles, settings).await;
        let ask = async |key: &str, size: u32| {
            let query = format!("{{ companies(first: {size}) {{ nodes {{ id }} }} }}");
            stage.post("/graphql", key, &query, json!({})).await
        };
        assert_eq!(ask(KEY, 45).await.body["data"]["companies"]["nodes"], json!([]));
        let early = ask(KEY, 45).await;
        assert_eq!((early.status.as_u16(), code(&early)), (429, "RATE_LIMITED"), "{:#}", early.body);
        assert!((1..=5).contains(&retry_after(&early)), "{:?}", early.headers);
        assert!(ask(CANARY, 40).await.body.get("errors").is_none(), "another key has its own");
        let never = ask(CANARY, 51).await;
        assert_eq!(code(&never), "COST_EXCEEDED", "{:#}", never.body);
        let write = format!(
            "mutation {{ createCompanies(data: [{}]) {{ records {{ id }} }} }}",
            "{name: \"x\"} ".repeat(8)
        );
        let early = stage.post("/graphql", KEY, &write, json!({})).await;
        assert_eq!(early.status.as_u16(), 429, "writes cost, too: {:#}", early.body);
    })
    .await;
}

#[tokio::test]
async fn metadata_imports_and_exports_are_paid_for_too() {
    each_database(async |handles| {
        let settings = Settings { rate_per_key: 10, rate_per_tenant: 1_000, ..Settings::default() };
        let stage = stage(&handles, settings).await;
        let plan = "mutation { plan(documents: []) { hash } }";
        let question = "{ catalog { version } }";
        // A change takes all that may be asked for at once.
        stage.post("/metadata", KEY, plan, json!({})).await;
        let early = stage.post("/metadata", KEY, question, json!({})).await;
        assert_eq!((early.status.as_u16(), code(&early)), (429, "RATE_LIMITED"), "{:#}", early.body);
        assert!((1..=5).contains(&retry_after(&early)), "{:?}", early.headers);
        let file = format!("name\n{}", "a\n".repeat(20));
        let import = stage.send(import(KEY, &file)).await;
        assert_eq!((import.status.as_u16(), code(&import)), (429, "RATE_LIMITED"), "{:#}", import.body);
        assert!((1..=5).contains(&retry_after(&import)), "{:?}", import.headers);
        let import = stage.send(self::import(CANARY, &file)).await;
        assert_eq!(import.status.as_u16(), 200, "{:#}", import.body);
        let export = stage.send(export(CANARY)).await;
        assert_eq!((export.status.as_u16(), code(&export)), (429, "RATE_LIMITED"), "{:#}", export.body);
    })
    .await;
}

#[tokio::test]
async fn a_single_client_never_meets_the_default_rates() {
    each_database(async |handles| {
        let stage = stage(&handles, Settings::default()).await;
        let query = "{ companies(first: 1000) { nodes { id children(first: 20) { nodes { id } } } } }";
        for _ in 0..50 {
            let answered = stage.post("/graphql", KEY, query, json!({})).await;
            assert_eq!(answered.status.as_u16(), 200, "{:#}", answered.body);
        }
    })
    .await;
}

fn import(key: &str, file: &str) -> Request<Body> {
    let request = Request::post("/import/company").header("authorization", format!("Bearer {key}"));
    request.body(Body::from(file.to_owned())).expect("a request")
}

fn export(key: &str) -> Request<Body> {
    let request = Request::get("/export/company").header("authorization", format!("Bearer {key}"));
    request.body(Body::empty()).expect("a request")
}

/// A server on a store of its own, with these limits.
async fn limited(handles: &Handles, settings: Settings) -> Stage {
    let store = Store::open(&handles.url, settings.store_options()).await.expect("opens");
    stage(&Handles { store, ..handles.clone() }, settings).await
}

#[tokio::test]
async fn a_lock_that_somebody_else_holds_is_waited_for_as_long_as_is_set() {
    each_database(async |handles| {
        let settings = Settings { lock_ms: 200, ..Settings::default() };
        let stage = limited(&handles, settings).await;
        let mut apply = handles.tenant.begin().await.expect("begins");
        apply.lock_catalog().await.expect("locks");
        let begun = Instant::now();
        let answered = stage.post("/graphql", KEY, WRITE, json!({})).await;
        assert_eq!(code(&answered), "CONFLICT", "{:#}", answered.body);
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        apply.rollback().await.expect("ends");
        stage.data(WRITE, json!({})).await;
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_runs_for_longer_than_is_set_is_a_timeout() {
    each_database(async |handles| {
        if handles.url.starts_with("sqlite:") {
            // Waiting for the file's writer is no statement there; the store tries one that computes.
            return;
        }
        let settings = Settings { statement_ms: 500, ..Settings::default() };
        let stage = limited(&handles, settings).await;
        let mut apply = handles.tenant.begin().await.expect("begins");
        apply.lock_catalog().await.expect("locks");
        let answered = stage.post("/graphql", KEY, WRITE, json!({})).await;
        assert_eq!(code(&answered), "TIMEOUT", "{:#}", answered.body);
        apply.rollback().await.expect("ends");
        stage.data(WRITE, json!({})).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_that_takes_longer_than_is_set_is_a_timeout_and_its_statement_is_stopped() {
    each_database(async |handles| {
        let stage = stage(&handles, Settings { request_ms: 300, ..Settings::default() }).await;
        let mut apply = handles.tenant.begin().await.expect("begins");
        apply.lock_catalog().await.expect("locks");
        let answered = stage.post("/graphql", KEY, WRITE, json!({})).await;
        assert_eq!((answered.status.as_u16(), code(&answered)), (504, "TIMEOUT"), "{:#}", answered.body);
        let begun = Instant::now();
        while statements_at_work(&handles.url, "hold_version").await > 0 {
            assert!(begun.elapsed() < Duration::from_secs(1), "it still runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        apply.rollback().await.expect("ends");
    })
    .await;
}

#[tokio::test]
async fn more_files_than_are_set_are_answered_503() {
    each_database(async |handles| {
        let settings = Settings { concurrent_transfers: 1, ..Settings::default() };
        let stage = Arc::new(stage(&handles, settings).await);
        let mut apply = handles.tenant.begin().await.expect("begins");
        apply.lock_catalog().await.expect("locks");
        let blocked = tokio::spawn({
            let stage = Arc::clone(&stage);
            async move { stage.send(import(KEY, "name\na\n")).await }
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        for key in [KEY, CANARY] {
            let crowded = stage.send(export(key)).await;
            assert_eq!(
                (crowded.status.as_u16(), code(&crowded)),
                (503, "RATE_LIMITED"),
                "{:#}",
                crowded.body
            );
            assert_eq!(retry_after(&crowded), 1);
        }
        apply.rollback().await.expect("ends");
        assert_eq!(blocked.await.expect("no panic").status.as_u16(), 200);
        assert_eq!(stage.send(export(CANARY)).await.status.as_u16(), 200);
    })
    .await;
}

#[tokio::test]
async fn where_nobody_may_wait_one_is_refused_at_once() {
    each_database(async |handles| {
        let settings = Settings { requests_per_tenant: 1, waiting_per_tenant: 0, ..Settings::default() };
        let stage = Arc::new(stage(&handles, settings).await);
        let mut apply = handles.tenant.begin().await.expect("begins");
        apply.lock_catalog().await.expect("locks");
        let blocked = tokio::spawn({
            let stage = Arc::clone(&stage);
            async move { stage.post("/graphql", KEY, WRITE, json!({})).await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut quickest = Duration::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            let crowded = stage.post("/graphql", KEY, "{ companies { nodes { id } } }", json!({})).await;
            assert_eq!((crowded.status.as_u16(), retry_after(&crowded)), (503, 1), "{:#}", crowded.body);
            quickest = quickest.min(begun.elapsed());
        }
        assert!(quickest < Duration::from_millis(100), "{quickest:?}");
        apply.rollback().await.expect("ends");
        assert!(blocked.await.expect("no panic").body.get("errors").is_none());
    })
    .await;
}

#[tokio::test]
async fn a_tenant_whose_turns_are_taken_is_answered_503_and_others_are_served() {
    each_database(async |handles| {
        let settings = Settings {
            requests_per_tenant: 1,
            waiting_per_tenant: 1,
            waiting_ms: 100,
            ..Settings::default()
        };
        let stage = Arc::new(stage(&handles, settings).await);
        // Whoever writes waits for this.
        let mut apply = handles.tenant.begin().await.expect("begins");
        apply.lock_catalog().await.expect("locks");
        let blocked = tokio::spawn({
            let stage = Arc::clone(&stage);
            async move { stage.post("/graphql", KEY, WRITE, json!({})).await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let crowded = stage.post("/graphql", KEY, "{ companies { nodes { id } } }", json!({})).await;
        assert_eq!((crowded.status.as_u16(), code(&crowded)), (503, "RATE_LIMITED"), "{:#}", crowded.body);
        assert_eq!(retry_after(&crowded), 1);
        let other = stage.post("/graphql", CANARY, WRITE, json!({})).await;
        assert!(other.body.get("errors").is_none(), "{:#}", other.body);
        apply.rollback().await.expect("ends");
        let answered = blocked.await.expect("no panic");
        assert!(answered.body.get("errors").is_none(), "{:#}", answered.body);
    })
    .await;
}

#[tokio::test]
async fn the_statement_of_a_client_that_goes_away_is_stopped_and_leaves_no_lock() {
    each_database(async |handles| {
        let stage = stage(&handles, Settings::default()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let config = ServerConfig { store: handles.store.clone(), settings: Settings::default(), now };
        let server = tokio::spawn(serve(config, listener, std::future::pending()));
        let mut apply = handles.tenant.begin().await.expect("begins");
        apply.lock_catalog().await.expect("locks");
        let body = json!({ "query": WRITE }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = TcpStream::connect(address).await.expect("connects");
            client.write_all(request.as_bytes()).await.expect("sends");
            clients.push(client);
        }
        let on_postgres = !handles.url.starts_with("sqlite:");
        let waiting = async |wanted: i64| {
            let begun = Instant::now();
            while on_postgres && statements_at_work(&handles.url, "hold_version").await != wanted {
                assert!(begun.elapsed() < Duration::from_secs(3), "there are not {wanted}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            begun.elapsed()
        };
        waiting(3).await;
        drop(clients);
        let took = waiting(0).await;
        assert!(took < Duration::from_secs(1), "stopped only after {took:?}");
        apply.rollback().await.expect("ends");
        let after: Value = stage.data(WRITE, json!({})).await;
        assert!(after["createCompanies"]["records"][0]["id"].is_string());
        let count = stage.data("{ companies { totalCount } }", json!({})).await;
        assert_eq!(count["companies"]["totalCount"], 2, "nothing of those who went away was written");
        server.abort();
    })
    .await;
}
