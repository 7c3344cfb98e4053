//! GQ-08: pages through a list with ties and nulls in its order while somebody else inserts, deletes and changes what it is ordered by.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testing::each_database;

use crate::stage::{KEY, Stage, business};

/// Records that nobody touches; `make soak` asks for more.
fn untouched() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a test is told by the environment how long it may take")]
    let asked = std::env::var("ARMATURE_PAGING_ROWS");
    asked.ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

fn row(name: &str, number: usize) -> Value {
    // Seven values, and null.
    let employees = if number.is_multiple_of(8) { Value::Null } else { json!(number % 8) };
    json!({"name": name, "employees": employees})
}

async fn create(stage: &Stage, rows: Vec<Value>) -> Vec<String> {
    let query = "mutation($d: [CompanyCreateInput!]!) { createCompanies(data: $d) { records { id } errors { message } } }";
    let made = stage.post("/graphql", KEY, query, json!({"d": rows})).await.body;
    let records = made["data"]["createCompanies"]["records"].as_array().cloned().unwrap_or_default();
    assert_eq!(records.len(), rows.len(), "{made}");
    records.iter().filter_map(|record| record["id"].as_str().map(str::to_owned)).collect()
}

/// Changes, deletes and inserts until it is told to stop, and tells how often.
async fn disturb(stage: Arc<Stage>, mut others: Vec<String>, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let one = others[number % others.len()].clone();
        let change = "mutation($i: ID!, $e: Int) { updateCompany(id: $i, data: {employees: $e}) { errors { message } } }";
        let to = if number.is_multiple_of(3) { Value::Null } else { json!(number % 9) };
        let changed = stage.post("/graphql", KEY, change, json!({"i": one, "e": to})).await.body;
        assert!(changed.get("errors").is_none(), "{changed}");
        if number.is_multiple_of(4) {
            let gone = "mutation($i: ID!) { deleteCompany(id: $i) { errors { message } } }";
            stage.post("/graphql", KEY, gone, json!({"i": one})).await;
            let new = create(&stage, vec![row("other", number)]).await;
            let at = number % others.len();
            others[at].clone_from(&new[0]);
        }
        done.store(number, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_untouched_record_is_met_once_while_others_write() {
    each_database(async |handles| {
        let stage = Arc::new(Stage::new(&handles, &business()).await);
        let mut others = Vec::new();
        for from in (0..untouched()).step_by(100) {
            create(&stage, (from..from + 100).map(|number| row(&format!("kept {number}"), number)).collect()).await;
            others.extend(create(&stage, (0..20).map(|number| row("other", number)).collect()).await);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicUsize::new(0));
        let disturber =
            tokio::spawn(disturb(Arc::clone(&stage), others, Arc::clone(&stop), Arc::clone(&done)));
        for order in ["{employees: ASC_NULLS_FIRST}", "{employees: DESC_NULLS_LAST}"] {
            let (mut met, mut after) = (BTreeMap::<String, usize>::new(), Value::Null);
            let query = format!(
                "query($a: String) {{ companies(first: 37, after: $a, orderBy: [{order}]) {{ nodes {{ name }} pageInfo {{ hasNextPage endCursor }} }} }}"
            );
            loop {
                let mut page = stage.data(&query, json!({"a": after})).await["companies"].take();
                for node in page["nodes"].as_array().into_iter().flatten() {
                    *met.entry(node["name"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
                }
                after = page["pageInfo"]["endCursor"].take();
                // Between any two pages something was changed.
                let before = done.load(Ordering::Relaxed);
                while done.load(Ordering::Relaxed) == before && !disturber.is_finished() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                if page["pageInfo"]["hasNextPage"] == json!(false) {
                    break;
                }
            }
            met.remove("other");
            let all = untouched().div_ceil(100) * 100;
            assert!(met.len() == all && met.values().all(|times| *times == 1), "{order}: {} of {all}", met.len());
        }
        stop.store(true, Ordering::Relaxed);
        disturber.await.expect("no panic");
        let times = done.load(Ordering::Relaxed);
        assert!(times > 2, "only {times} changes meanwhile");
    })
    .await;
}
