//! Scripts in bulk writes whose records stand for themselves, and what scripts tell users.

use engine::{Code, EffectKind};
use metadata::catalog::{RecordAct, RunAt};
use query::request::{Batch, Operation};
use serde_json::json;
use testing::{Handles, each_database};

use crate::scripts::{AFTER, Of, with};
use crate::support::{create, data, int, text, write};

const SCRIPT: &str = "fn judge(record) {
    if record.name == \"bad\" { throw \"not this one\"; }
    if record.name == \"mad\" { loop { record.size += 1; } }
    if record.name == \"sad\" { record.unknown = 1; }
}
fn greet(record) {
    create(\"note\", #{text: `hello ${record.name}`});
    if record.name == \"late\" { throw \"too late\"; }
}";

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_fails_refuses_its_own_record() {
    each_database(|bed: Handles| async move {
        let created = &[RecordAct::Create];
        let world = with(
            &bed,
            &[
                ("judging", Of { acts: created, run: RunAt::Before, then: Some("auto::judge"), ..AFTER }),
                ("greeting", Of { acts: created, then: Some("auto::greet"), ..AFTER }),
            ],
            SCRIPT,
        )
        .await;
        let names = ["one", "bad", "two", "mad", "late", "sad", "three"];
        let records = names.map(|name| data(&[("name", text(name)), ("size", int(1))])).to_vec();
        let outcome = world.run(write("firm", Operation::Create(records.clone(), Batch::Each))).await;
        let told: Vec<(Option<usize>, Code)> =
            outcome.errors.iter().map(|refusal| (refusal.index, refusal.code)).collect();
        assert_eq!(told, [1, 3, 4, 5].map(|index| (Some(index), Code::ScriptError)), "{:?}", outcome.errors);
        assert!(outcome.errors[0].message.contains("not this one"), "{}", outcome.errors[0].message);
        assert_eq!((outcome.errors[0].line, outcome.errors[0].rule.as_deref()), (Some(2), Some("judging")));
        assert!(
            outcome.errors[1].message.contains("more than 200000 steps"),
            "{}",
            outcome.errors[1].message
        );
        let made: Vec<bool> = outcome.ids.iter().map(Option::is_some).collect();
        assert_eq!(made, [true, false, true, false, false, false, true]);
        let mut notes: Vec<String> =
            world.all("note", &["text"]).await.iter().map(|note| note["text"].to_string()).collect();
        notes.sort();
        assert_eq!(notes, ["\"hello one\"", "\"hello three\"", "\"hello two\""], "each once");
        let runs = world.runs().await;
        let count = |outcome: &str| runs.iter().filter(|(_, is, _)| is == outcome).count();
        assert_eq!((count("done"), count("failed")), (6, 4), "{runs:?}");
        assert_eq!((world.rows("firm").await, world.rows("outbox").await), (3, 6));
        // Together they stand or fall.
        let together = world.try_run(write("firm", Operation::Create(records, Batch::AllOrNone))).await;
        assert!(matches!(together, Err(engine::WriteError::Script(failed)) if failed.index == Some(1)));
        assert_eq!(world.rows("firm").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_records_share_is_spent_for_all() {
    each_database(|bed: Handles| async move {
        let world =
            with(&bed, &[("judging", Of { run: RunAt::Before, then: Some("auto::judge"), ..AFTER })], SCRIPT)
                .await;
        let records = ["mad", "mad", "one"].map(|name| data(&[("name", text(name)), ("size", int(1))]));
        let write = write("firm", Operation::Create(records.to_vec(), Batch::Each));
        assert!(matches!(world.try_run(write).await, Err(engine::WriteError::Script(_))));
        assert_eq!(world.rows("firm").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_told_with_the_commit() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[("telling", Of { acts: &[RecordAct::Create], then: Some("auto::tell"), ..AFTER })],
            "fn tell(record) {
                let boss = find(\"user\", #{first: 1})[0];
                notify(boss, `${record.name} is there`);
                try { notify(record.id, \"nobody\"); } catch (why) { create(\"note\", #{text: why}); }
                if record.name == \"fall\" { throw \"no\"; }
            }",
        )
        .await;
        let boss = world.made("user", &[("name", text("Boss"))]).await;
        let outcome = world.run(create("firm", &[("name", text("One"))])).await;
        let told =
            outcome.effects.iter().find(|effect| effect.kind == EffectKind::Notified).expect("an effect");
        assert_eq!((told.id, &told.to), (boss, &json!("One is there")));
        assert!(world.try_run(create("firm", &[("name", text("fall"))])).await.is_err());
        let wanted = store::NotificationFilter { user: boss, unread: true, before: None, first: 10 };
        let tenant = &world.caller.tenant;
        let told = tenant.notifications(&wanted).await.expect("asked");
        assert_eq!(told.len(), 1, "what is undone tells nobody: {told:?}");
        let firm = outcome.ids[0];
        assert_eq!((told[0].sender.as_str(), told[0].record), ("telling", firm));
        assert_eq!(world.all("note", &["text"]).await, [json!({"text": "there is no user with this id"})]);
        let read = tenant.notifications_read(boss, vec![told[0].id], world.caller.clock.now()).await;
        assert_eq!(read.expect("noted"), 1);
        assert!(tenant.notifications(&wanted).await.expect("asked").is_empty());
    })
    .await;
}
