//! Handlers as jobs: done once, refused, failed, dead, replayed; on whose behalf.

use chrono::TimeDelta;
use engine::{EffectKind, Kind, Principal, Queued};
use expr::Value;
use metadata::catalog::{ActsAs, Automation, Role};
use query::request::{Operation, Write};
use serde_json::json;
use testing::{Handles, each_database};
use uuid::Uuid;

use crate::support::{automation, by_hand, data, name, text, world, world_with};

const HOUR: TimeDelta = TimeDelta::hours(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_runs_once_and_its_run_is_kept() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let touch = Automation {
            when: Some(world.truth("record.score >= 10")),
            ..automation("touch", by_hand(), world.set("touched", "record.touched + record.score"))
        };
        let rate =
            automation("rate", by_hand(), vec![(name("rate"), world.expr("record.score", &expr::Type::Int))]);
        let world = world.with(vec![touch, rate]).await;
        let (hot, cold) =
            (world.lead(&[("score", Value::Int(40))]).await, world.lead(&[("score", Value::Int(3))]).await);
        let job = world.work("touch", hot).await;
        world.work("touch", cold).await;
        world.work("rate", cold).await;
        let later =
            Queued { due: world.now() + HOUR * 2, ..world.queued(Kind::Automation, "touch", Some(hot)) };
        world.put(later).await;
        let gone = world.work("touch", Uuid::from_u128(5)).await;
        let unknown = world.work("nobody", hot).await;
        let drained = world.drain(HOUR).await;
        assert_eq!((drained.done, drained.refused, drained.failed, drained.dead), (2, 0, 0, 0));
        assert_eq!(
            (world.one(hot, "touched").await, world.one(cold, "touched").await),
            (json!(40), json!(0))
        );
        assert_eq!(world.one(cold, "rate").await, json!("3"));
        assert_eq!(world.jobs().await.len(), 1, "the later one waits");
        let runs = world.runs().await;
        assert_eq!(runs.len(), 2, "where nothing was to be done nothing is kept: {gone} {unknown}");
        let first = &runs[0];
        assert_eq!(
            (first.automation.as_str(), first.record, first.job, first.outcome.as_str()),
            ("touch", Some(hot), Some(job), "done")
        );
        assert_eq!(first.input.as_deref(), Some("{\"act\":\"create\"}"));
        let effects: serde_json::Value =
            serde_json::from_str(first.effects.as_deref().expect("effects")).expect("JSON");
        assert_eq!(effects, json!([{"kind": "updated", "object": "lead", "id": hot, "field": "touched"}]));
        let past = engine::Past { object: name("lead"), id: hot, first: 9, after: None };
        let past = world.engine.history(&world.caller, &past).await.expect("a history").expect("in sight");
        assert_eq!(
            (past[0].actor.as_deref(), past[0].door.as_deref()),
            (Some("automation:touch"), Some("automation"))
        );
        world.drain(HOUR).await;
        assert_eq!(world.one(hot, "touched").await, json!(80));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_tried_again_later_each_time_and_then_waits() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let grow = automation("grow", by_hand(), world.set("score", "record.score + 500"));
        let world = world.with(vec![grow]).await;
        let lead = world.lead(&[("score", Value::Int(600))]).await;
        let job = world.work("grow", lead).await;
        let mut pauses = Vec::new();
        for attempt in 1..=8 {
            let before = world.runs().await.len();
            let next = world.jobs().await[0].job.due;
            world.drain(next - world.now()).await;
            assert_eq!(world.runs().await.len(), before + 1, "attempt {attempt}");
            pauses.push(world.jobs().await[0].job.due - world.now());
        }
        let doubled = pauses.windows(2).take(6).all(|pair| pair[1] > pair[0] && pair[1] < pair[0] * 3);
        assert!(doubled, "{pauses:?}");
        let dead = world.jobs().await.remove(0);
        assert!(dead.dead && dead.job.id == job && dead.attempts == 8);
        assert_eq!(dead.error.as_deref(), Some("Too large (notHuge)"));
        assert!(world.runs().await.iter().all(|run| run.outcome == "refused" && run.job == Some(job)));
        assert_eq!(world.one(lead, "score").await, json!(600));
        world.drain(TimeDelta::days(30)).await;
        assert_eq!(world.runs().await.len(), 8, "it waits for somebody");
        world.update(lead, &[("score", Value::Int(1))]).await;
        assert!(bed.tenant.job_replay(job, world.now()).await.expect("asked"));
        assert_eq!(world.drain(HOUR).await.done, 1);
        assert_eq!((world.one(lead, "score").await, world.jobs().await.len()), (json!(501), 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_loses_its_workers_is_dead_and_others_go_on() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let touch = automation("touch", by_hand(), world.set("touched", "record.touched + 1"));
        let world = world.with(vec![touch]).await;
        world.drain(HOUR).await;
        let (bad, good) = (world.lead(&[]).await, world.lead(&[]).await);
        let killer = world.work("touch", bad).await;
        for _ in 0..8 {
            // Taken, and never heard of again.
            let rows = bed.tenant.jobs_take(world.now(), world.now() + HOUR, 1).await.expect("taken");
            assert_eq!(rows[0].job.id, killer);
            world.pass(HOUR);
        }
        world.work("touch", good).await;
        let drained = world.drain(HOUR).await;
        assert_eq!((drained.done, drained.dead), (1, 1));
        assert_eq!((world.one(bad, "touched").await, world.one(good, "touched").await), (json!(0), json!(1)));
        let dead = world.jobs().await.remove(0);
        assert!(dead.error.expect("an error").contains("its worker was lost 8 times"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_acts_with_the_rights_that_its_principal_has_by_then() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let set = || world.set("touched", "record.touched + 1");
        let as_caller = Automation { principal: ActsAs::Caller, ..automation("mine", by_hand(), set()) };
        let as_role =
            Automation { principal: ActsAs::Role(name("clerk")), ..automation("clerks", by_hand(), set()) };
        let mut world = world.with(vec![as_caller, as_role]).await;
        let mut catalog = metadata::Catalog::clone(&world.caller.catalog);
        let reader = Role {
            name: name("clerk"),
            title: "Clerk".into(),
            titles: indexmap::IndexMap::new(),
            description: None,
            package: "shop".into(),
            inherits: vec![],
            objects: indexmap::IndexMap::new(),
            metadata: indexmap::IndexSet::new(),
            renamed_from: None,
        };
        catalog.roles.insert(name("clerk"), std::sync::Arc::new(reader));
        world.caller.catalog = std::sync::Arc::new(catalog);
        let lead = world.lead(&[("name", text("One"))]).await;
        let put = async |subject: &str, by: Option<Principal>| {
            let mut queued = world.queued(Kind::Automation, subject, Some(lead));
            queued.errand.by = by;
            world.put(queued).await
        };
        let with = |roles: Option<&[&str]>, user: Option<Uuid>| Principal {
            label: "user:ann".into(),
            user,
            roles: roles.map(|roles| roles.iter().map(|role| name(role)).collect()),
        };
        put("mine", Some(with(None, None))).await;
        assert_eq!(world.drain(HOUR).await.done, 1, "a key with every right");
        for (subject, by) in [
            ("mine", None),
            ("mine", Some(with(Some(&["clerk"]), None))),
            ("mine", Some(with(None, Some(Uuid::from_u128(9))))),
            ("clerks", Some(with(None, None))),
        ] {
            let id = put(subject, by.clone()).await;
            let drained = world.drain(TimeDelta::seconds(1)).await;
            assert_eq!((drained.done, drained.refused + drained.failed), (0, 1), "{subject} {by:?}");
            assert!(bed.tenant.job_discard(id, world.now()).await.expect("asked"));
        }
        assert_eq!(world.one(lead, "touched").await, json!(1));
        let errors: Vec<String> = world.runs().await.into_iter().filter_map(|run| run.error).collect();
        assert_eq!(errors.len(), 4);
        assert!(errors[2].contains("user:ann may not act any more"), "{errors:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_puts_in_what_it_sets_off_and_nothing_where_it_is_undone() {
    each_database(|bed: Handles| async move {
        let document = r#"[
            {"name": "greet", "object": "lead", "on": {"record": ["create", "update"]}, "run": "job", "as": "system",
             "when": "record.score < 100", "set": {"touched": "record.touched + 1"}},
            {"name": "rename", "object": "lead", "on": {"record": ["update"], "fields": ["name"]}, "run": "job", "as": "system",
             "set": {"score": "record.score + 1"}}]"#;
        let world = world_with(&bed.tenant, &[("automations/lead.json", document)]).await;
        let (lead, hot) = (world.lead(&[("name", text("One"))]).await, world.lead(&[("score", Value::Int(500))]).await);
        let queued = |rows: Vec<store::JobRow>| {
            rows.into_iter().map(|row| (row.job.subject, row.job.record)).collect::<Vec<_>>()
        };
        assert_eq!(queued(world.jobs().await), [("greet".to_owned(), Some(lead))], "not for {hot}");
        let tried = |dry_run: bool, fields: &[(&str, Value)]| Write {
            object: name("lead"),
            operation: Operation::Update { id: lead, data: data(fields), expected_version: None },
            dry_run,
            idempotency_key: None,
        };
        for write in [tried(true, &[("name", text("Two"))]), tried(false, &[("score", Value::Int(5_000))])] {
            let outcome = world.engine.write(&world.caller, write, None).await.expect("carried out");
            let told = outcome.effects.iter().filter(|effect| effect.kind == EffectKind::Queued).count();
            assert_eq!(told, if outcome.ok() { 2 } else { 0 }, "what would have been is told: {outcome:?}");
        }
        assert_eq!(world.jobs().await.len(), 1, "nothing came of either");
        assert_eq!(world.drain(HOUR).await.done, 1, "what it does itself does not set it off again");
        assert_eq!(world.one(lead, "touched").await, json!(1));
        world.update(lead, &[("name", text("Two"))]).await;
        // Both; and what `rename` does sets off `greet` once more.
        assert_eq!(world.drain(HOUR).await.done, 3);
        assert_eq!((world.one(lead, "touched").await, world.one(lead, "score").await), (json!(3), json!(1)));
        assert_eq!(world.jobs().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_that_are_about_no_record_run_as_jobs() {
    each_database(|bed: Handles| async move {
        let files = [
            (
                "automations/lead.json",
                r#"[{"name": "asking", "object": "lead", "on": {"record": ["create"]}, "then": "lead::ask"},
                    {"name": "nightly", "on": {"schedule": "0 3 * * *"}, "then": "lead::sweep", "as": "system"}]"#,
            ),
            (
                "scripts/lead.rhai",
                r#"fn ask(record) {
                       if record.score > 0 { return; }
                       enqueue("lead::make", #{score: 1});
                       schedule("2d", "lead::make", #{score: 2});
                   }
                   fn make(event) { create("lead", #{score: event.score}); }
                   fn sweep(event) { create("lead", #{score: 9}); }"#,
            ),
        ];
        let world = world_with(&bed.tenant, &files).await;
        world.drain(TimeDelta::zero()).await;
        world.lead(&[("name", text("Ada"))]).await;
        let scores = async || {
            let all = world.all("score").await;
            let mut scores: Vec<i64> = all.iter().filter_map(|lead| lead["score"].as_i64()).collect();
            scores.sort_unstable();
            scores
        };
        let before = scores().await;
        assert_eq!(world.drain(TimeDelta::minutes(1)).await.done, 1);
        assert_eq!(scores().await.len(), before.len() + 1);
        // Two nights, and what was put off.
        let drained = world.drain(TimeDelta::days(2)).await;
        assert_eq!((drained.done, drained.failed, drained.dead), (3, 0, 0));
        assert_eq!(scores().await.iter().filter(|score| **score == 9).count(), 2);
    })
    .await;
}
