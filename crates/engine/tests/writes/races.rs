//! Many writers at once, repeated requests, requests that are dropped half-way.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{
    World, by_id, create, data, delete, int, name, null, refusals, text, update, world, write,
};
use engine::Outcome;
use query::request::{Batch, Input, Operation, RecordData, RecordRef};
use testing::{Handles, each_database};

/// Runs writes at the same time.
async fn at_once(world: &Arc<World>, writes: Vec<query::request::Write>) -> Vec<Outcome> {
    let tasks: Vec<_> = writes
        .into_iter()
        .map(|write| {
            let world = Arc::clone(world);
            tokio::spawn(async move { world.run(write).await })
        })
        .collect();
    let mut out = Vec::new();
    for task in tasks {
        out.push(task.await.expect("no panic"));
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_writers_get_different_numbers_without_gaps() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        let writes = (0..64).map(|n| create("firm", &[("name", text(&format!("f{n}")))])).collect();
        let outcomes = at_once(&world, writes).await;
        assert!(outcomes.iter().all(Outcome::ok));
        let numbers: HashSet<String> = world
            .all("firm", &["number"])
            .await
            .into_iter()
            .map(|r| r["number"].as_str().expect("a number").rsplit('-').next().expect("a count").to_owned())
            .collect();
        assert_eq!(numbers, (1..=64).map(|n| format!("{n:04}")).collect());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn updates_of_one_record_are_not_lost() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        let id = world.made("firm", &[("name", text("f")), ("size", int(0))]).await;
        let writes = (1..=20).map(|n| update("firm", id, &[("size", int(n))])).collect();
        let outcomes = at_once(&world, writes).await;
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!(world.one("firm", id, &["version"]).await["version"], 21);
        assert_eq!(world.rows("history").await, 21);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crossing_writes_are_run_again_until_they_succeed() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        let ann = world.made("person", &[("name", text("ann"))]).await;
        let bob = world.made("person", &[("name", text("bob"))]).await;
        let firms = [
            world.made("firm", &[("name", text("x"))]).await,
            world.made("firm", &[("name", text("y"))]).await,
        ];
        let mut writes = Vec::new();
        for round in 0..8 {
            let connect = if round % 2 == 0 { vec![ann, bob] } else { vec![bob, ann] };
            let connect = connect.into_iter().map(query::request::RecordRef::Id).collect();
            let many = query::request::Input::Many { connect, disconnect: vec![] };
            writes.push(update(
                "firm",
                firms[round % 2],
                &[("persons", many), ("size", int(i64::try_from(round).expect("few")))],
            ));
        }
        let outcomes = at_once(&world, writes).await;
        assert!(outcomes.iter().all(Outcome::ok), "{outcomes:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_is_one_request() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        let keyed = |name: &str, key: &str| {
            let mut write = create("firm", &[("name", text(name))]);
            write.idempotency_key = Some(key.to_owned());
            write
        };
        let first = world.run(keyed("a", "k1")).await;
        let again = world.run(keyed("a", "k1")).await;
        assert_eq!(first, again);
        let other = world.run(keyed("b", "k1")).await;
        assert_eq!(refusals(&other), vec![("CONFLICT".to_owned(), String::new(), None)]);
        let outcomes = at_once(&world, (0..8).map(|_| keyed("c", "k2")).collect()).await;
        assert!(outcomes.iter().all(|outcome| outcome.ids == outcomes[0].ids && outcome.ok()));
        assert_eq!(world.all("firm", &["id"]).await.len(), 2);
        let refused = world.run(keyed(&"x".repeat(99), "k3")).await;
        assert!(!refused.ok());
        assert!(world.run(keyed("d", "k3")).await.ok(), "a refused request leaves its key free");
    })
    .await;
}

#[tokio::test]
async fn outcomes_of_requests_are_forgotten_with_time() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let keyed = |number: usize| {
            let mut write = create("club", &[("name", text("c"))]);
            write.idempotency_key = Some(format!("k{number}"));
            write
        };
        let before = world.caller.clock.now();
        for number in 0..3 {
            world.run(keyed(number)).await;
        }
        assert_eq!(engine::forget_requests(&bed.tenant, before).await.expect("forgets"), 0);
        world.run(keyed(0)).await;
        assert_eq!(world.all("club", &["id"]).await.len(), 3, "all are remembered");
        let later = world.caller.clock.now() + chrono::TimeDelta::seconds(1);
        assert_eq!(engine::forget_requests(&bed.tenant, later).await.expect("forgets"), 3);
        assert_eq!(world.rows("idempotency").await, 0);
        world.run(keyed(0)).await;
        assert_eq!(world.all("club", &["id"]).await.len(), 4, "it is carried out anew");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn upserts_of_one_key_make_one_record() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        let writes = (0..16)
            .map(|n| {
                let records = vec![data(&[("code", text("k")), ("name", text("f")), ("size", int(n))])];
                write(
                    "firm",
                    Operation::Upsert { key: crate::support::name("code"), records, batch: Batch::AllOrNone },
                )
            })
            .collect();
        let outcomes = at_once(&world, writes).await;
        assert!(outcomes.iter().all(Outcome::ok), "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.created[0]).count(), 1);
        assert_eq!(world.all("firm", &["id"]).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_that_is_dropped_leaves_all_or_nothing() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        for round in 0..30_u64 {
            let records = (0..5).map(|n| data(&[("name", text(&format!("r{round}n{n}")))])).collect();
            let write = write("firm", Operation::Create(records, Batch::AllOrNone));
            let limit = Duration::from_micros(200 * round);
            tokio::time::timeout(limit, world.run(write)).await.ok();
        }
        // A commit that was on its way when its request was dropped may still arrive: the last look decides.
        let mut looks = 0;
        let firms = loop {
            let firms = world.all("firm", &["number"]).await;
            let count = i64::try_from(firms.len()).expect("few");
            let beside = (world.rows("history").await, world.rows("outbox").await);
            looks += 1;
            if beside == (count, count) || looks > 20 {
                assert_eq!(beside, (count, count));
                break firms;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(firms.len() % 5, 0);
        let numbers: HashSet<String> = firms.iter().map(|r| r["number"].to_string()).collect();
        assert_eq!(numbers.len(), firms.len());
        let after = world.run(create("firm", &[("name", text("after"))])).await;
        assert!(after.ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_deleted_while_others_come_to_point_at_it_leaves_no_orphan() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        let mut refused = 0;
        for round in 0..20 {
            let code = format!("c{round}");
            let firm = world.made("firm", &[("name", text("f")), ("code", text(&code))]).await;
            let moved = world.made("person", &[("name", text("moved"))]).await;
            let named = crate::support::name("code");
            let by_code = query::request::RecordRef::By(named, expr::Value::Text(code));
            let by_code = query::request::Input::One(by_code);
            let several = || data(&[("name", text("one of several")), ("firm", by_id(firm))]);
            let mut all = vec![
                create("person", &[("name", text("new")), ("firm", by_id(firm))]),
                create("person", &[("name", text("by code")), ("firm", by_code)]),
                update("person", moved, &[("firm", by_id(firm))]),
                write("person", Operation::Create(vec![several(), several()], Batch::AllOrNone)),
            ];
            if round % 4 == 0 {
                // One that refuses the deletion.
                all.push(create("contract", &[("name", text("held")), ("firm", by_id(firm))]));
            }
            let pointing =
                all.into_iter().map(|write| tokio::spawn(again_until_refused(Arc::clone(&world), write)));
            let pointing: Vec<_> = pointing.collect();
            tokio::time::sleep(Duration::from_millis(round % 5)).await;
            world.run(delete("firm", firm)).await;
            for one in pointing {
                refused += usize::from(one.await.expect("no panic"));
            }
            assert_no_orphans(&world).await;
        }
        assert!(refused > 0, "they never met");
    })
    .await;
}

/// Repeats a write a few times; whether it was refused in the end.
async fn again_until_refused(world: Arc<World>, write: query::request::Write) -> bool {
    for _ in 0..6 {
        if !world.run(write.clone()).await.ok() {
            return true;
        }
    }
    false
}

/// Whoever points at a firm points at one that is there.
async fn assert_no_orphans(world: &World) {
    let firms = world.stored("firm", "id").await;
    for object in ["person", "contract"] {
        for firm in world.stored(object, "firm").await {
            assert!(firms.contains(&firm), "a {object} points at a firm that is gone: {firm:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hierarchies_run_in_no_circle() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        let mut users = Vec::new();
        for number in 0..4 {
            let email = format!("user{number}@example.com");
            let mut fields = vec![("name", text(&email)), ("email", text(&email))];
            fields.extend(users.last().map(|above| ("manager", by_id(*above))));
            users.push(world.made("user", &fields).await);
        }
        let [top, middle, low, lowest] = users[..] else { unreachable!("four") };
        let circle = vec![("VALIDATION manager".to_owned(), "circle".to_owned(), None)];
        for below in [middle, low, lowest] {
            let refused = world.run(update("user", top, &[("manager", by_id(below))])).await;
            assert_eq!(refusals(&refused), circle);
        }
        let joined =
            vec![(name("reports"), Input::Many { connect: vec![RecordRef::Id(top)], disconnect: vec![] })];
        let joined = Operation::Update {
            id: lowest,
            data: RecordData { fields: joined, ..RecordData::default() },
            expected_version: None,
        };
        assert_eq!(refusals(&world.run(write("user", joined)).await), circle, "from the other side");
        // What is turned round as a whole is none.
        world.run(update("user", middle, &[("manager", null())])).await;
        assert!(world.run(update("user", top, &[("manager", by_id(lowest))])).await.ok());
        let teams = [
            world.made("team", &[("name", text("a"))]).await,
            world.made("team", &[("name", text("b"))]).await,
        ];
        assert!(world.run(update("team", teams[0], &[("parent", by_id(teams[1]))])).await.ok());
        assert!(!world.run(update("team", teams[1], &[("parent", by_id(teams[0]))])).await.ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_at_a_time_close_no_circle_between_them() {
    each_database(|bed: Handles| async move {
        let world = Arc::new(world(&bed.tenant).await);
        for round in 0..8 {
            let mut teams = Vec::new();
            for number in 0..4 {
                teams.push(world.made("team", &[("name", text(&format!("{round}.{number}")))]).await);
            }
            let writes = (0..4)
                .map(|place| update("team", teams[place], &[("parent", by_id(teams[(place + 1) % 4]))]));
            let outcomes = at_once(&world, writes.collect()).await;
            let refused = outcomes.iter().filter(|outcome| !outcome.ok()).count();
            assert_eq!(refused, 1, "the one that would have closed it");
        }
    })
    .await;
}
