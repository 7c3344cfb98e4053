//! TI-05: two tenants with objects of one name and other fields, asked in turn with equal texts.

use deploy::ApplyOptions;
use serde_json::{Value, json};
use testing::each_database;

use crate::stage::{CANARY, KEY, Stage, insert_key, now, package};

const ROUNDS: usize = 150;

fn cars(size: &Value) -> Vec<metadata::SourceFile> {
    package(&[(
        "car",
        json!({
            "name": "car", "plural": "cars", "title": "Car", "type": "object",
            "properties": {"plate": {"type": "string"}, "size": size}, "x-display": "plate",
        }),
    )])
}

#[tokio::test]
async fn equal_texts_of_two_tenants_never_meet() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &[]).await;
        for (tenant, size) in [(&handles.tenant, json!({"type": "integer"})), (&handles.canary, json!({"type": "string"}))] {
            deploy::apply(tenant, &cars(&size), ApplyOptions::new("test", now())).await.expect("applied");
        }
        // A second key of the same tenant must not change whose data it opens.
        insert_key(&handles.store, &handles.tenant, 9, "arm_second").await;
        let create = "mutation($d: CarCreateInput!) { createCar(data: $d) { record { size } errors { code message } } }";
        let ours = [(KEY, json!(7)), (CANARY, json!("CANARY"))];
        for (key, size) in &ours {
            let made = stage.post("/graphql", key, create, json!({"d": {"plate": "X", "size": size}})).await.body;
            assert_eq!(made["data"]["createCar"]["record"]["size"], *size, "{made:#}");
        }
        let read = "{ cars { nodes { plate size } totalCount } }";
        for _ in 0..ROUNDS {
            for (key, size) in ours.iter().chain([&("arm_second", json!(7))]) {
                let answer = stage.post("/graphql", key, read, json!({})).await.body;
                let expected = json!({"data": {"cars": {"nodes": [{"plate": "X", "size": size}], "totalCount": 1}}});
                assert_eq!(answer, expected);
            }
        }
    })
    .await;
}

/// TI-06: what another tenant has used up is free here, and its numbers are not counted.
#[tokio::test]
async fn numbers_and_unique_values_are_a_tenants_own() {
    each_database(async |handles| {
        let files = package(&[(
            "ticket",
            json!({
                "name": "ticket", "plural": "tickets", "title": "Ticket", "type": "object",
                "properties": {"code": {"type": "string"}, "number": {"x-type": "autoNumber", "x-pattern": "T-{0000}"}},
                "x-display": "code", "x-unique": [["code"]],
            }),
        )]);
        let stage = Stage::new(&handles, &files).await;
        let create = "mutation($c: String) { createTicket(data: {code: $c}) { record { number } errors { code } } }";
        for number in 1..=5 {
            let made = stage.post("/graphql", CANARY, create, json!({"c": format!("C{number}")})).await.body;
            assert_eq!(made["data"]["createTicket"]["errors"], json!([]), "{made:#}");
        }
        for (code, number) in [("C3", "T-0001"), ("C5", "T-0002")] {
            let made = stage.post("/graphql", KEY, create, json!({"c": code})).await.body;
            assert_eq!(made["data"]["createTicket"], json!({"record": {"number": number}, "errors": []}), "{made:#}");
        }
    })
    .await;
}
