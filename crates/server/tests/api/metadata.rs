//! The metadata API.

use serde_json::{Value, json};
use testing::each_database;

use crate::stage::{KEY, Stage, business};

async fn ask(stage: &Stage, query: &str, variables: Value) -> Value {
    stage.post("/metadata", KEY, query, variables).await.body
}

#[tokio::test]
async fn the_catalog_is_read() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let answer = ask(&stage, "{ catalog { version object(name: \"deal\") { plural package fields { name type } field(name: \"stage\") { choices { values { value label } } } } } schema pull { path } history { version actor } }", json!({})).await;
        let object = &answer["data"]["catalog"]["object"];
        assert_eq!(object["plural"], "deals", "{answer:#}");
        assert_eq!(object["field"]["choices"]["values"][1]["value"], "won");
        assert!(answer["data"]["schema"].as_str().is_some_and(|sdl| sdl.contains("type Deal ")));
        assert_eq!(answer["data"]["history"][0]["actor"], "test");
    })
    .await;
}

#[tokio::test]
async fn documents_are_planned_and_applied_by_hash() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let mut documents: Vec<Value> =
            business().iter().map(|file| json!({"path": file.path, "text": file.text})).collect();
        let plan = "query($d: [DocumentInput!]!) { plan(documents: $d) { hash changes { kind path } steps { class object what } diagnostics { code pointer hint } } }";
        let nothing = ask(&stage, plan, json!({"d": documents})).await;
        assert_eq!(nothing["data"]["plan"]["changes"], json!([]), "{nothing:#}");

        documents.push(json!({"path": "objects/car.json", "json": {"name": "car", "plural": "cars", "title": "Car",
            "type": "object", "properties": {"plate": {"type": "string"}}}}));
        let planned = ask(&stage, plan, json!({"d": documents})).await;
        let hash = planned["data"]["plan"]["hash"].clone();
        let apply = "mutation($d: [DocumentInput!]!, $h: String) { apply(documents: $d, plan: $h) { version hash } }";
        let other = ask(&stage, apply, json!({"d": documents, "h": "another"})).await;
        assert_eq!(other["errors"][0]["extensions"]["code"], "CONFLICT", "{other:#}");
        let applied = ask(&stage, apply, json!({"d": documents, "h": hash})).await;
        assert_eq!(applied["data"]["apply"]["hash"], hash, "{applied:#}");
        stage.data("{ cars { totalCount } }", json!({})).await;

        documents.pop();
        let refused = ask(&stage, apply, json!({"d": documents})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "REFUSED", "{refused:#}");
        assert_eq!(refused["errors"][0]["extensions"]["hint"], "pass allowDestructive: true");
    })
    .await;
}

#[tokio::test]
async fn faults_are_diagnostics_with_their_place() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let answer = ask(
            &stage,
            "mutation($s: JSON!) { addField(object: \"deal\", name: \"size\", schema: $s) { version diagnostics { code severity pointer message hint } } }",
            json!({"s": {"type": "integr"}}),
        )
        .await;
        let result = &answer["data"]["addField"];
        assert_eq!(result["version"], Value::Null, "{answer:#}");
        assert_eq!(result["diagnostics"][0]["severity"], "error", "{answer:#}");
        assert!(result["diagnostics"][0]["pointer"].as_str().is_some_and(|at| at.contains("size")), "{answer:#}");
    })
    .await;
}
