//! A live server while its metadata changes, and two tenants side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::instance::{Instance, Kind, on_both};

on_both!(a_new_field_answers_in_the_next_request, new_field);

async fn new_field(kind: Kind) {
    let mut instance = Instance::new(kind).await;
    instance.serve();
    let created = instance
        .ask_metadata(
            "mutation($d: JSON!) { createObject(document: $d) { version diagnostics { code message } } }",
            json!({ "d": { "name": "car", "plural": "cars", "title": "Car", "type": "object", "required": ["plate"],
                "properties": { "plate": { "type": "string" } }, "x-display": "plate" } }),
        )
        .await;
    assert!(created.get("errors").is_none(), "{created:#}");
    let data = instance
        .data(
            "mutation { createCar(data: { plate: \"B-AR 1\" }) { record { id plate } errors { code message } } }",
            json!({}),
        )
        .await;
    assert_eq!(data["createCar"]["record"]["plate"], "B-AR 1");

    let added = instance
        .ask_metadata(
            "mutation($s: JSON!) { addField(object: \"car\", name: \"mileage\", schema: $s) { version diagnostics { code message } } }",
            json!({ "s": { "type": "integer", "minimum": 0 } }),
        )
        .await;
    assert!(added.get("errors").is_none(), "{added:#}");
    let data = instance.data("{ cars { nodes { plate mileage } totalCount } }", json!({})).await;
    assert_eq!(
        data,
        json!({ "cars": { "nodes": [{ "plate": "B-AR 1", "mileage": null }], "totalCount": 1 } })
    );
}

/// A package with one object of the given fields.
fn garage(version: u32, properties: &serde_json::Value) -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("package.json", json!({ "name": "garage", "version": format!("0.{version}.0"), "title": "Garage" })),
        (
            "objects/car.json",
            json!({ "name": "car", "plural": "cars", "title": "Car", "type": "object", "required": ["plate"],
                "properties": properties, "x-display": "plate" }),
        ),
    ]
}

on_both!(readers_and_writers_go_on_while_fields_change, change_under_load);

async fn change_under_load(kind: Kind) {
    let mut instance = Instance::new(kind).await;
    let first = instance.write(
        "garage",
        &garage(1, &json!({ "plate": { "type": "string" }, "colour": { "type": "string" } })),
    );
    instance.run(&["apply", &first, "--tenant", "acme"]).ok();
    instance.serve();
    let instance = Arc::new(instance);
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for client in 0..4 {
        let (instance, stop, done) = (Arc::clone(&instance), Arc::clone(&stop), Arc::clone(&done));
        clients.push(tokio::spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let answer = if client % 2 == 0 {
                    instance.ask("{ cars(first: 5, orderBy: [{plate: ASC}]) { nodes { id plate } totalCount } }", json!({})).await
                } else {
                    instance
                        .ask(
                            "mutation($d: CarCreateInput!) { createCar(data: $d) { record { id } errors { code message } } }",
                            json!({ "d": { "plate": format!("{client}-{number}") } }),
                        )
                        .await
                };
                assert!(answer.get("errors").is_none(), "a request failed during a change: {answer:#}");
                let refused = &answer["data"]["createCar"]["errors"];
                assert!(refused.is_null() || *refused == json!([]), "a write was refused during a change: {answer:#}");
                done.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for step in 2..8 {
        let mut fields = json!({ "plate": { "type": "string" }, "paint": { "type": "string", "x-renamedFrom": "colour" } });
        for n in 2..=step {
            fields[format!("extra{n}")] = json!({ "type": "integer" });
        }
        let dir = instance.write("garage", &garage(step, &fields));
        instance.run(&["apply", &dir, "--tenant", "acme"]).ok();
        let seen = done.load(Ordering::Relaxed);
        while done.load(Ordering::Relaxed) < seen + 20 && clients.iter().all(|client| !client.is_finished()) {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no request failed");
    }
    let mut seen = false;
    for _attempt in 0..200 {
        let answer = instance.ask("{ cars(first: 1) { nodes { paint extra7 } } }", json!({})).await;
        seen = answer.get("errors").is_none();
        if seen {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(
        seen,
        "the server must answer the new fields within a second or two of an apply by another process"
    );
}

on_both!(tenants_with_objects_of_one_name_never_meet, two_tenants);

async fn two_tenants(kind: Kind) {
    let mut instance = Instance::new(kind).await;
    instance.run(&["tenant", "create", "zenith"]).ok();
    let other = instance.create_key("zenith");
    let ours = instance
        .write("ours", &garage(1, &json!({ "plate": { "type": "string" }, "size": { "type": "integer" } })));
    let theirs = instance
        .write("theirs", &garage(1, &json!({ "plate": { "type": "string" }, "size": { "type": "string" } })));
    instance.run(&["apply", &ours, "--tenant", "acme"]).ok();
    instance.run(&["apply", &theirs, "--tenant", "zenith"]).ok();
    instance.serve();
    let create = "mutation($d: CarCreateInput!) { createCar(data: $d) { record { size } errors { code } } }";
    let read = "{ cars { nodes { plate size } totalCount } }";
    for (key, size) in [(&instance.key, json!(7)), (&other, json!("CANARY"))] {
        let made =
            instance.ask_as(key, "/graphql", create, json!({ "d": { "plate": "X", "size": size } })).await;
        assert_eq!(made["data"]["createCar"]["record"]["size"], size, "{made:#}");
    }
    for _round in 0..200 {
        for (key, size) in [(&instance.key, json!(7)), (&other, json!("CANARY"))] {
            let answer = instance.ask_as(key, "/graphql", read, json!({})).await;
            let expected =
                json!({ "data": { "cars": { "nodes": [{ "plate": "X", "size": size }], "totalCount": 1 } } });
            assert_eq!(answer, expected);
        }
    }
}
