//! Metadata that changes under a server: by itself, and by somebody else.

use deploy::ApplyOptions;
use std::time::{Duration, Instant};

use serde_json::json;
use server::{ServerConfig, Settings, serve};
use testing::each_database;
use tokio::net::TcpListener;

use crate::stage::{KEY, Stage, business, now};

#[tokio::test]
async fn what_was_created_over_the_api_answers_in_the_next_request() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let document = json!({"name": "car", "plural": "cars", "title": "Car", "type": "object",
            "properties": {"plate": {"type": "string"}}, "x-display": "plate"});
        let made = stage
            .post(
                "/metadata",
                KEY,
                "mutation($d: JSON!) { createObject(document: $d) { version diagnostics { code message } changes { kind path } } }",
                json!({"d": document}),
            )
            .await
            .body;
        assert!(made["data"]["createObject"]["version"].as_i64().is_some_and(|version| version > 0), "{made:#}");
        stage.data("mutation { createCar(data: {plate: \"B-1\"}) { record { id } errors { message } } }", json!({})).await;
        let added = stage
            .post(
                "/metadata",
                KEY,
                "mutation($s: JSON!) { addField(object: \"car\", name: \"mileage\", schema: $s) { version diagnostics { code } } }",
                json!({"s": {"type": "integer"}}),
            )
            .await
            .body;
        assert!(added.get("errors").is_none(), "{added:#}");
        let data = stage.data("{ cars { nodes { plate mileage } } }", json!({})).await;
        assert_eq!(data, json!({"cars": {"nodes": [{"plate": "B-1", "mileage": null}]}}));
    })
    .await;
}

#[tokio::test]
async fn a_change_by_another_process_is_never_an_error() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let write = "mutation { createCompany(data: {name: \"X\"}) { record { name } errors { message } } }";
        let read = "{ companies { nodes { name } totalCount } }";
        stage.data(write, json!({})).await;
        stage.data(read, json!({})).await;
        // The server's catalog is now behind.
        let mut files = business();
        for file in &mut files {
            if file.path.ends_with("company.json") {
                file.text = file.text.replace(
                    "\"employees\":",
                    "\"staff\":{\"type\":\"integer\",\"x-renamedFrom\":\"employees\"},\"extra\":",
                );
            }
        }
        deploy::apply(&handles.tenant, &files, ApplyOptions::new("other", now())).await.expect("applied");
        stage.data(write, json!({})).await;
        stage.data(read, json!({})).await;
    })
    .await;
}

/// The clock of the server that clears away is far ahead.
#[tokio::test]
async fn a_server_forgets_the_outcomes_of_old_requests() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let create =
            "mutation { createCompany(data: {name: \"X\"}, idempotencyKey: \"once\") { record { id } } }";
        let first = stage.data(create, json!({})).await;
        assert_eq!(stage.data(create, json!({})).await, first);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let config = ServerConfig {
            store: handles.store.clone(),
            settings: Settings::default(),
            now: || now() + chrono::TimeDelta::hours(25),
        };
        let server = tokio::spawn(serve(config, listener, std::future::pending()));
        let begun = Instant::now();
        while stage.data(create, json!({})).await == first {
            assert!(begun.elapsed() < Duration::from_secs(10), "it is still remembered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.abort();
    })
    .await;
}
