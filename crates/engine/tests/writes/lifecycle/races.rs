//! Moves at once: of those that race one wins, its effects happen once, and the others are told where the record is.

use std::sync::Arc;

use engine::{Code, Outcome};
use query::request::Write;
use testing::{Handles, each_database};
use uuid::Uuid;

use super::stage::{Stage, moving, moving_with, ready, stage};
use crate::support::{by_id, create, int, text, update};

async fn at_once(stage: &Stage, writes: Vec<Write>) -> Vec<Outcome> {
    let running: Vec<_> = writes
        .into_iter()
        .map(|write| {
            let (engine, caller) = (Arc::clone(&stage.world.engine), stage.world.caller.clone());
            tokio::spawn(async move { engine.write(&caller, write, None).await })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(running.len());
    for one in running {
        outcomes.push(one.await.expect("no panic").expect("carried out"));
    }
    outcomes
}

/// Each stay of a record ends where the next begins, and only the last one is open.
async fn assert_whole(stage: &Stage, lead: Uuid) {
    let times = stage.times(lead).await;
    let log = stage.log(lead).await;
    for (place, (_, _, _, left_to)) in times.iter().enumerate() {
        assert_eq!(left_to.as_ref(), times.get(place + 1).map(|next| &next.0), "{log:?}");
        let from = place.checked_sub(1).map(|before| log[before].1.clone());
        assert_eq!(log[place].0, from);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_moves_of_one_record_one_wins() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        let ways = [("mql", None), ("sql", None), ("recycled", Some("back")), ("mql", None)];
        for (round, (to, reason)) in ways.into_iter().enumerate() {
            stage.set("lead", lead, &[("score", int(80))]).await;
            let outbox = stage.world.rows("outbox").await;
            let all = (0..200).map(|_| moving_with("lead", lead, to, reason, &[])).collect();
            let outcomes = at_once(&stage, all).await;
            assert_eq!(outcomes.iter().filter(|outcome| outcome.ok()).count(), 1, "round {round}");
            for refused in outcomes.iter().filter(|outcome| !outcome.ok()) {
                assert_eq!(
                    (refused.errors.len(), refused.errors[0].code),
                    (1, Code::Conflict),
                    "{refused:?}"
                );
            }
            assert_eq!(stage.log(lead).await.len(), round + 2);
            assert_eq!(stage.world.rows("outbox").await, outbox + 1, "one event");
        }
        assert_eq!(stage.place("lead", lead).await, ("mql".to_owned(), 2));
        // Sent back once, thirty points once.
        assert_eq!(stage.world.one("lead", lead, &["score"]).await["score"], 80);
        assert_whole(&stage, lead).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_different_moves_at_once_one_wins() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let mut both = 0;
        for _ in 0..20 {
            let mut fields = ready();
            fields.push(("rejectReason", text("no")));
            let lead = stage.lead(&fields).await;
            let outcomes =
                at_once(&stage, vec![moving("lead", lead, "mql"), moving("lead", lead, "disqualified")])
                    .await;
            let won = outcomes.iter().filter(|outcome| outcome.ok()).count();
            // Whoever came when the other was over has seen where the record was.
            assert!(won == 1 || outcomes[0].ok(), "{outcomes:?}");
            both += won - 1;
            assert_eq!(stage.log(lead).await.len(), won + 1);
            assert_whole(&stage, lead).await;
        }
        assert!(both < 20, "they never met");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn moves_and_updates_do_not_undo_each_other() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        stage.went("lead", lead, "mql").await;
        for round in 0..5_i64 {
            let mut writes: Vec<Write> =
                (0..10).map(|n| update("lead", lead, &[("secret", text(&format!("{round}.{n}")))])).collect();
            let (to, reason) = if round % 2 == 0 { ("sql", None) } else { ("recycled", Some("back")) };
            writes.insert(5, moving_with("lead", lead, to, reason, &[]));
            let outcomes = at_once(&stage, writes).await;
            assert!(outcomes.iter().all(Outcome::ok), "{outcomes:?}");
            if to == "recycled" {
                stage.set("lead", lead, &[("score", int(80))]).await;
                stage.went("lead", lead, "mql").await;
            }
        }
        assert_whole(&stage, lead).await;
        let versions = stage.world.one("lead", lead, &["version"]).await["version"].as_i64();
        // One made, one moved; ten updates and a move a round; twice a score and a move back.
        assert_eq!(versions, Some(2 + 5 * 11 + 2 * 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_each_bring_a_half_open_the_way_between_them() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        for _ in 0..15 {
            let lead = stage.lead(&[("channel", text("partner")), ("phone", text("1"))]).await;
            let meeting = || create("activity", &[("kind", text("meeting")), ("lead", by_id(lead))]);
            let outcomes = at_once(&stage, vec![meeting(), meeting()]).await;
            assert!(outcomes.iter().all(Outcome::ok), "{outcomes:?}");
            assert_eq!(stage.place("lead", lead).await, ("producing".to_owned(), 1));
            assert_eq!(stage.log(lead).await.len(), 3);
        }
    })
    .await;
}
