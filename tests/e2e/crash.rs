//! `kill -9` in the middle of an import and of an apply: nothing is doubled, nothing is half done.

use std::fmt::Write;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::instance::{Instance, Kind, on_both};

const ROWS: usize = 30_000;

fn parts(amount: &Value) -> Vec<(&'static str, Value)> {
    vec![
        ("package.json", json!({ "name": "stock", "version": "1.0.0", "title": "Stock" })),
        (
            "objects/part.json",
            json!({ "name": "part", "plural": "parts", "title": "Part", "type": "object", "required": ["code"],
                "properties": { "code": { "type": "string", "maxLength": 20 }, "amount": amount },
                "x-unique": [["code"]], "x-display": "code" }),
        ),
    ]
}

/// A tenant with the package and a file of parts.
async fn stock(kind: Kind) -> (Instance, String) {
    let instance = Instance::new(kind).await;
    let dir = instance.write("stock", &parts(&json!({ "type": "string" })));
    instance.run(&["apply", &dir, "--tenant", "acme"]).ok();
    let mut csv = String::from("code,amount\n");
    for number in 0..ROWS {
        writeln!(csv, "P{number:06},{}", number % 1000).expect("text grows");
    }
    let file = instance.folder.path().join("parts.csv");
    std::fs::write(&file, csv).expect("a CSV file");
    (instance, file.display().to_string())
}

async fn count(instance: &Instance) -> u64 {
    let data = instance.data("{ parts(first: 0) { totalCount } }", json!({})).await;
    data["parts"]["totalCount"].as_u64().expect("totalCount")
}

on_both!(an_import_that_was_killed_goes_on_without_doubles, killed_import);

async fn killed_import(kind: Kind) {
    let (mut instance, file) = stock(kind).await;
    instance.serve();
    let arguments = ["import", "part", file.as_str(), "--tenant", "acme"];
    let mut killed = 0;
    for round in 1..=3_u64 {
        let mut import =
            instance.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        let before = count(&instance).await;
        let finished = loop {
            if import.try_wait().expect("a child").is_some() {
                break true;
            }
            if count(&instance).await > before + round * 500 {
                break false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        if finished {
            break;
        }
        import.kill().expect("kill -9");
        import.wait().expect("it is gone");
        killed += 1;
    }
    assert!(killed > 0, "the import ended before it could be killed once");
    instance.run(&arguments).ok();
    assert_eq!(count(&instance).await, ROWS as u64);
    let data = instance
        .data("{ parts(filter: {code: {in: [\"P000000\", \"P029999\"]}}) { totalCount } }", json!({}))
        .await;
    assert_eq!(data["parts"]["totalCount"], 2);
}

on_both!(an_apply_that_was_killed_leaves_the_old_or_the_new, killed_apply);

async fn killed_apply(kind: Kind) {
    let (instance, file) = stock(kind).await;
    instance.run(&["import", "part", &file, "--tenant", "acme"]).ok();
    let mut instance = instance;
    let mut pause = 5;
    let mut text = true;
    for _round in 0..6 {
        let (from, to) = if text { ("string", "integer") } else { ("integer", "string") };
        let dir = instance.write("stock", &parts(&json!({ "type": to })));
        let arguments = ["apply", dir.as_str(), "--tenant", "acme", "--allow-destructive"];
        let mut apply =
            instance.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        tokio::time::sleep(Duration::from_millis(pause)).await;
        // It may have ended by itself: then this round has seen the new version.
        let _ended = apply.kill();
        apply.wait().expect("it is gone");
        pause *= 3;

        instance.serve();
        let data = instance
            .data(
                "{ parts(first: 3, orderBy: [{code: ASC}]) { nodes { code amount } totalCount } }",
                json!({}),
            )
            .await;
        assert_eq!(data["parts"]["totalCount"], ROWS);
        let seen = &data["parts"]["nodes"][1]["amount"];
        assert!(*seen == json!("1") || *seen == json!(1), "neither {from} nor {to}: {data}");
        instance.kill_server();

        instance.run(&arguments).ok();
        assert_eq!(instance.run(&["plan", &dir, "--tenant", "acme"]).code, 0, "nothing is left to do");
        instance.serve();
        let data = instance
            .data("{ parts(first: 3, orderBy: [{code: ASC}]) { nodes { amount } } }", json!({}))
            .await;
        let expected = if text { json!([0, 1, 2]) } else { json!(["0", "1", "2"]) };
        let found: Vec<_> =
            data["parts"]["nodes"].as_array().expect("nodes").iter().map(|n| n["amount"].clone()).collect();
        assert_eq!(json!(found), expected);
        instance.kill_server();
        text = !text;
    }
}
