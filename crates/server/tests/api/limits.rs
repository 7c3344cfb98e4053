//! Limits: what may be asked for in a time, how many may work at once, and what becomes of those who go away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{ServerConfig, Settings, router, serve};
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
