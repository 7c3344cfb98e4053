//! The golden cases: folders of data, see tests/golden/README.md.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::instance::{Instance, Kind, on_both, root};

on_both!(golden_reads, reads);

async fn reads(kind: Kind) {
    area("reads", kind).await;
}

on_both!(golden_writes, writes);

async fn writes(kind: Kind) {
    area("writes", kind).await;
}

const MARKER: &str = "CANARY";

async fn area(name: &str, kind: Kind) {
    let folder = root().join("tests/golden").join(name);
    // An area without a package of its own works on that of the reads.
    let home =
        if folder.join("package").exists() { folder.clone() } else { root().join("tests/golden/reads") };
    let mut instance = Instance::new(kind).await;
    instance.run(&["tenant", "create", "canary"]).ok();
    let canary = instance.create_key("canary");
    for tenant in ["acme", "canary"] {
        instance.run(&["apply", &home.join("package").display().to_string(), "--tenant", tenant]).ok();
    }
    instance.serve();
    let seed = read_json(&home.join("seed.json"));
    plant(&instance, &instance.key, &seed).await;
    plant(&instance, &canary, &marked(&seed, "")).await;
    let mut wrong = Vec::new();
    for case in cases(&folder.join("cases")) {
        let query = std::fs::read_to_string(&case).expect("a request");
        let variables = case.with_extension("variables.json");
        let variables = if variables.exists() { read_json(&variables) } else { json!({}) };
        let mut answer = instance.ask(&query, variables).await;
        assert!(!answer.to_string().contains(MARKER), "{}: shows the canary tenant", case.display());
        neutral(&mut answer, &mut HashMap::new());
        let shown = serde_json::to_string_pretty(&answer).expect("JSON") + "\n";
        let golden = case.with_extension("json");
        #[expect(clippy::disallowed_methods, reason = "how the golden files are rewritten")]
        let update = std::env::var("UPDATE_GOLDEN").is_ok();
        if update {
            std::fs::write(&golden, &shown).expect("a golden file");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if shown != expected {
            wrong.push(format!("{} on {kind:?}\nexpected {expected}\nfound {shown}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cases(dir: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<_> = std::fs::read_dir(dir)
        .expect("cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "graphql"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases in {}", dir.display());
    cases
}

fn read_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Creates the records; `"$deal.0"` stands for the id of the first deal.
async fn plant(instance: &Instance, key: &str, seed: &Value) {
    let mut ids: HashMap<String, Vec<String>> = HashMap::new();
    for entry in seed.as_array().expect("a list of records") {
        let object = entry["object"].as_str().expect("object");
        let pascal = object[..1].to_uppercase() + &object[1..];
        let mut data = entry["data"].clone();
        refer(&mut data, &ids);
        let query = format!(
            "mutation($d: {pascal}CreateInput!) {{ create{pascal}(data: $d) {{ record {{ id }} errors {{ code path message }} }} }}"
        );
        let answer = instance.ask_as(key, "/graphql", &query, json!({ "d": data })).await;
        let id = answer["data"][format!("create{pascal}")]["record"]["id"].as_str();
        let id = id.unwrap_or_else(|| panic!("{object} {data}: {answer:#}"));
        ids.entry(object.to_owned()).or_default().push(id.to_owned());
    }
}

fn refer(value: &mut Value, ids: &HashMap<String, Vec<String>>) {
    match value {
        Value::String(text) => {
            if let Some((object, number)) = text.strip_prefix('$').and_then(|text| text.split_once('.')) {
                let number: usize = number.parse().expect("a number");
                text.clone_from(&ids[object][number]);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|item| refer(item, ids)),
        Value::Object(map) => map.values_mut().for_each(|item| refer(item, ids)),
        _ => {}
    }
}

/// The same records with the marker in every free text.
fn marked(value: &Value, key: &str) -> Value {
    match value {
        Value::String(text) if matches!(key, "name" | "text" | "first" | "last" | "city") => {
            json!(format!("{MARKER} {text}"))
        }
        Value::Array(list) => list.iter().map(|item| marked(item, key)).collect(),
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), marked(item, key))).collect(),
        other => other.clone(),
    }
}

/// Replaces what differs from run to run.
fn neutral(value: &mut Value, ids: &mut HashMap<String, usize>) {
    match value {
        Value::String(text) if uuid::Uuid::parse_str(text).is_ok() && text.len() == 36 => {
            let next = ids.len() + 1;
            let number = *ids.entry(text.clone()).or_insert(next);
            *text = format!("id:{number}");
        }
        Value::Array(list) => list.iter_mut().for_each(|item| neutral(item, ids)),
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                match key.as_str() {
                    "traceId" => *item = json!("trace"),
                    "createdAt" | "updatedAt" | "deletedAt" if item.is_string() => *item = json!("instant"),
                    _ => neutral(item, ids),
                }
            }
        }
        _ => {}
    }
}
