//! An apply that dies at any of its steps leaves the old or the new version, and the next one finishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deploy::{ApplyOptions, DeployError, Observer, Progress};
use expr::Value;
use metadata::SourceFile;
use serde_json::json;

use crate::bed::{applied, insert, is_whole, options, planned, shop, values};

/// Dies at the n-th step.
struct DiesAt(AtomicUsize);

impl Observer for DiesAt {
    fn step(&self, progress: Progress<'_>) -> Result<(), String> {
        let left = self.0.load(Ordering::SeqCst);
        if left == 0 {
            return Err(format!("{:?} {}", progress.stage, progress.what));
        }
        self.0.store(left - 1, Ordering::SeqCst);
        Ok(())
    }
}

fn before() -> Vec<SourceFile> {
    shop(json!({ "amount": { "type": "string" }, "note": { "type": "string" } }), json!({}))
}

fn after() -> Vec<SourceFile> {
    shop(
        json!({
            "amount": { "x-type": "decimal" }, "note": { "type": "string" }, "phone": { "type": "string" },
            "twice": { "x-type": "formula", "x-returns": "decimal", "x-formula": "record.amount * 2", "x-stored": true }
        }),
        json!({ "x-unique": [["amount"]], "x-display": "note" }),
    )
}

fn dying(step: usize, large: u64) -> ApplyOptions {
    let mut options = options();
    options.observer = Arc::new(DiesAt(AtomicUsize::new(step)));
    options.large = large;
    options
}

async fn dies_everywhere(bed: testing::Handles, large: u64, least: usize) {
    let tenant = &bed.tenant;
    applied(tenant, &before()).await;
    let rows: Vec<Vec<Value>> =
        (0..2_500).map(|n| vec![Value::Text(n.to_string()), Value::Text("Note".to_owned())]).collect();
    insert(tenant, &["amount", "note"], &rows).await;
    let mut died = 0;
    for step in 0.. {
        let result = deploy::apply(tenant, &after(), dying(step, large)).await;
        assert!(is_whole(tenant).await);
        match result {
            Err(DeployError::Stopped(place)) => {
                died += 1;
                let plan = planned(tenant, &after()).await;
                let old = !plan.is_empty();
                let texts = matches!(values(tenant, "amount").await.first(), Some(Value::Text(_)));
                assert_eq!(old, texts, "neither old nor new after {place}");
                if !old {
                    break;
                }
            }
            Ok(_) => break,
            Err(other) => panic!("{}", crate::bed::full(&other)),
        }
    }
    assert!(died >= least, "died only {died} times");
    let done = deploy::apply(tenant, &after(), options()).await.expect("the apply that lives");
    assert_eq!(done.version, 2);
    let amounts = values(tenant, "amount").await;
    assert_eq!(amounts.len(), rows.len());
    assert!(amounts.iter().all(|value| matches!(value, Value::Decimal(_))));
    assert!(values(tenant, "twice").await.iter().all(|value| matches!(value, Value::Decimal(_))));
    assert!(planned(tenant, &after()).await.is_empty());
}

#[tokio::test]
async fn a_small_apply_may_die_at_any_step() {
    testing::each_database(|bed| dies_everywhere(bed, 1_000_000, 6)).await;
}

#[tokio::test]
async fn a_large_apply_may_die_at_any_step() {
    testing::each_database(|bed| dies_everywhere(bed, 100, 10)).await;
}
