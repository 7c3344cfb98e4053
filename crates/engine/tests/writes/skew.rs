//! Conditions on other records while many write at once: what one writer relied on must still be so when it is done. On both databases.

use std::sync::Arc;

use query::request::{Operation, RecordData, Write};
use testing::{Handles, each_database};
use uuid::Uuid;

use crate::support::{World, by_id, text, update, world_of, write};

const PACKAGE: &str = r#"{"name": "yard", "version": "1.0.0"}"#;

/// A car that one deal at a time may hold: by `needs`, by a guard over a roll-up, by a script, by a rule.
const OBJECTS: &str = r#"[
 {"name": "car", "plural": "cars", "title": "Car", "type": "object", "required": ["name"], "properties": {"name": {"type": "string"},
   "held": {"x-type": "rollup", "x-of": "deals", "x-aggregate": "count", "x-filter": {"stage": {"eq": "held"}}},
   "ruled": {"x-type": "rollup", "x-of": "deals", "x-aggregate": "count", "x-filter": {"claimed": {"eq": true}}}}},
 {"name": "deal", "plural": "deals", "title": "Deal", "type": "object", "required": ["name", "car"], "x-history": true, "properties": {
   "name": {"type": "string"}, "claimed": {"type": "boolean", "default": false},
   "car": {"x-type": "lookup", "x-to": "car", "x-inverse": "deals"}},
  "x-rules": [{"name": "one", "check": "!record.claimed || record.car.ruled <= 1", "message": "Another deal has claimed the car"}]}
]"#;

fn lifecycle(demand: &str) -> String {
    format!(
        r#"{{"name": "way", "object": "deal", "stages": [{{"name": "open"}}, {{"name": "held", "kind": "won"}}],
            "transitions": [{{"from": "open", "to": "held", {demand}}}]}}"#
    )
}

async fn yard(bed: &Handles, demand: &str) -> (World, Vec<Uuid>) {
    let files = [
        ("package.json", PACKAGE),
        ("objects/all.json", OBJECTS),
        ("lifecycles/way.json", &lifecycle(demand)),
        ("scripts/deal.rhai", "fn free(record) { if record.car.held > 0 { return \"taken\"; } true }"),
    ];
    let world = world_of(&bed.tenant, &files).await;
    let car = world.made("car", &[("name", text("Beetle"))]).await;
    let mut deals = Vec::new();
    for number in 0..12 {
        deals.push(
            world.made("deal", &[("name", text(&format!("Deal {number}"))), ("car", by_id(car))]).await,
        );
    }
    (world, deals)
}

/// How many of the writes, all at once, are carried out.
async fn winners(world: &World, writes: Vec<Write>) -> usize {
    let running: Vec<_> = writes
        .into_iter()
        .map(|write| {
            let (engine, caller) = (Arc::clone(&world.engine), world.caller.clone());
            tokio::spawn(async move { engine.write(&caller, write, None).await })
        })
        .collect();
    let mut won = 0;
    for one in running {
        won += usize::from(one.await.expect("no panic").is_ok_and(|outcome| outcome.ok()));
    }
    won
}

fn hold(deal: Uuid) -> Write {
    let data = RecordData::default();
    write("deal", Operation::Move { id: deal, to: "held".into(), reason: None, data, expected_version: None })
}

const NEEDS: &str = r#""needs": {"car": {"deals": {"none": {"stage": {"eq": "held"}}}}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_need_that_nobody_else_holds_the_car_one_gets_it() {
    for demand in [NEEDS, r#""guard": "record.car.held == 0""#, r#""guard": "deal::free""#] {
        each_database(|bed: Handles| async move {
            let (world, deals) = yard(&bed, demand).await;
            assert_eq!(winners(&world, deals.into_iter().map(hold).collect()).await, 1, "{demand}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_would_break_a_rule_together_one_is_written() {
    each_database(|bed: Handles| async move {
        let (world, deals) = yard(&bed, r#""guard": "true""#).await;
        let claimed = ("claimed", query::request::Input::Value(expr::Value::Bool(true)));
        let claims = deals.iter().map(|deal| update("deal", *deal, std::slice::from_ref(&claimed))).collect();
        assert_eq!(winners(&world, claims).await, 1);
    })
    .await;
}
