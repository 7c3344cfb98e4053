//! What comes with time: schedules, dates of records, stages that last too long.

use chrono::TimeDelta;
use expr::{Duration, Value};
use metadata::catalog::{Automation, Trigger};
use serde_json::json;
use store::Tenant;
use testing::{Handles, each_database};

use crate::support::{World, at, automation, begin, day, name, text, world, world_with};

fn length(text: &str) -> Duration {
    text.parse().expect("a duration")
}

fn schedule(cron: &str, zone: chrono_tz::Tz, each: Option<expr::Expr>) -> Trigger {
    Trigger::Schedule { cron: cron.to_owned(), zone: Some(zone), each }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_meets_each_matching_record_once_a_moment() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let each = world.truth("record.score > 0");
        let nightly = automation(
            "nightly",
            schedule("0 8 * * *", chrono_tz::Asia::Shanghai, Some(each)),
            world.set("touched", "record.touched + 1"),
        );
        let world = world.with(vec![nightly]).await;
        let many: Vec<_> = (0..700).map(|_| vec![("score", Value::Int(1))]).collect();
        world.leads(many).await;
        let cold = world.lead(&[]).await;
        // 09:00 in London is after 8 in Shanghai; the next one comes at midnight.
        assert_eq!(world.drain(TimeDelta::hours(14)).await.done, 0);
        assert_eq!(world.drain(TimeDelta::hours(2)).await.done, 700);
        assert_eq!(world.drain(TimeDelta::hours(20)).await.done, 0);
        assert_eq!(world.one(cold, "touched").await, json!(0));
        let touched = world.all("touched").await;
        assert_eq!(touched.iter().filter(|lead| lead["touched"] == 1).count(), 700);
        assert_eq!(world.drain(TimeDelta::days(2)).await.done, 1_400, "a test lets each moment come");
        // Nobody was at work for three days: one run, not three.
        world.pass(TimeDelta::days(3));
        assert_eq!(world.drain(TimeDelta::minutes(1)).await.done, 700);
        let touched = world.all("touched").await;
        assert_eq!(touched.iter().filter(|lead| lead["touched"] == 4).count(), 700);
        let run = world.runs().await.remove(0);
        assert_eq!(run.input.as_deref(), Some("{\"schedule\":\"2026-03-03T00:00:00Z\"}"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_is_taken_away_ends() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let each = || Some(world.truth("record.score > 0"));
        let hourly = automation(
            "hourly",
            schedule("0 * * * *", chrono_tz::UTC, each()),
            world.set("touched", "record.touched + 1"),
        );
        let first = world.with(vec![hourly.clone()]).await;
        let lead = first.lead(&[("score", Value::Int(1))]).await;
        assert_eq!(first.drain(TimeDelta::minutes(90)).await.done, 1);
        let daily = Automation { on: schedule("0 0 * * *", chrono_tz::UTC, each()), ..hourly };
        let second = first.with(vec![daily]).await;
        assert_eq!(second.drain(TimeDelta::hours(2)).await.done, 0, "it is another schedule now");
        assert_eq!(second.drain(TimeDelta::days(1)).await.done, 1);
        let third = second.with(vec![]).await;
        assert_eq!(third.drain(TimeDelta::days(2)).await.done, 0);
        assert_eq!(third.one(lead, "touched").await, json!(2));
        assert_eq!(bed.tenant.jobs_next().await.expect("asked"), None, "nothing stands any more");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_date_comes_once_for_each_record_and_value() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let on = Trigger::Date { field: name("closeDate"), offset: length("-3d") };
        let remind = Automation {
            when: Some(world.truth("record.score >= 0")),
            ..automation("remind", on, world.set("touched", "record.touched + 1"))
        };
        let old = world.lead(&[("closeDate", day("2026-01-01"))]).await;
        let world = world.with(vec![remind]).await;
        let (near, far) = (
            world.lead(&[("closeDate", day("2026-03-10"))]).await,
            world.lead(&[("closeDate", day("2026-04-20"))]).await,
        );
        let never = world.lead(&[("closeDate", day("2026-03-10")), ("score", Value::Int(-1))]).await;
        let past = world.lead(&[("closeDate", day("2026-02-01"))]).await;
        assert_eq!(world.drain(at("2026-03-06T23:59:59Z") - begin()).await.done, 0);
        assert_eq!(world.drain(TimeDelta::seconds(1)).await.done, 1);
        assert_eq!(
            world.drain(TimeDelta::minutes(30)).await.done,
            0,
            "within the time that is looked at twice"
        );
        assert_eq!(world.one(near, "touched").await, json!(1));
        world.update(near, &[("closeDate", day("2026-03-20"))]).await;
        assert_eq!(world.drain(TimeDelta::days(20)).await.done, 1, "another date");
        assert_eq!(world.drain(TimeDelta::days(60)).await.done, 1);
        let touched = [near, far, old, past, never];
        let mut found = Vec::new();
        for lead in touched {
            found.push(world.one(lead, "touched").await);
        }
        assert_eq!(found, [json!(2), json!(1), json!(0), json!(0), json!(0)]);
    })
    .await;
}

fn flow(transitions: &str) -> String {
    format!(
        r#"{{"name": "flow", "object": "lead", "title": "Flow",
         "stages": [{{"name": "fresh"}}, {{"name": "warm"}}, {{"name": "gone", "kind": "lost"}}, {{"name": "over", "kind": "lost"}}],
         "transitions": [{{"from": "fresh", "to": "warm"}}, {transitions}]}}"#
    )
}

/// The business with a lifecycle.
async fn staged(tenant: &Tenant, transitions: &str) -> World {
    let world = world_with(tenant, &[("lifecycles/flow.json", &flow(transitions))]).await;
    world.drain(TimeDelta::zero()).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_leave_a_stage_when_their_time_has_come() {
    each_database(|bed: Handles| async move {
        let ways = r#"{"from": "fresh", "to": "gone", "guard": "record.score < 50", "auto": {"stageAge": "30d"}},
            {"from": "warm", "to": "over", "auto": {"date": "closeDate", "offset": "1d"}}"#;
        let world = staged(&bed.tenant, ways).await;
        let entered = |day: &str| Value::DateTime(at(&format!("{day}T09:00:00Z")));
        let lead = async |stage: &str, since: &str, score: i64| {
            let fields = vec![
                ("stage", text(stage)),
                ("stageEnteredAt", entered(since)),
                ("score", Value::Int(score)),
                ("closeDate", day("2026-03-12")),
            ];
            world.leads(vec![fields]).await[0]
        };
        let (cold, hot) = (lead("fresh", "2026-02-10", 10).await, lead("fresh", "2026-02-10", 60).await);
        let (late, warm) = (lead("fresh", "2026-03-01", 10).await, lead("warm", "2026-02-10", 0).await);
        let stages = async || {
            let mut found = Vec::new();
            for lead in [cold, hot, late, warm] {
                found.push(world.one(lead, "stage").await);
            }
            json!(found)
        };
        assert_eq!(world.drain(at("2026-03-12T08:59:59Z") - begin()).await.done, 0);
        assert_eq!(stages().await, json!(["fresh", "fresh", "fresh", "warm"]));
        assert_eq!(world.drain(TimeDelta::seconds(1)).await.done, 1);
        assert_eq!(stages().await, json!(["gone", "fresh", "fresh", "warm"]));
        assert_eq!(world.drain(TimeDelta::days(1)).await.done, 1);
        assert_eq!(stages().await, json!(["gone", "fresh", "fresh", "over"]));
        world.update(hot, &[("score", Value::Int(5))]).await;
        assert_eq!(world.drain(TimeDelta::minutes(2)).await.done, 1, "it had only waited for its guard");
        assert_eq!(world.drain(TimeDelta::days(30)).await.done, 1);
        assert_eq!(stages().await, json!(["gone", "gone", "gone", "over"]));
        let runs = world.runs().await;
        assert_eq!(runs.len(), 4);
        assert_eq!((runs[0].automation.as_str(), runs[0].record), ("flow:flow.fresh.gone", Some(cold)));
        assert_eq!(world.jobs().await.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_takes_its_own_transition_and_no_other_between_the_same_stages() {
    each_database(|bed: Handles| async move {
        let ways = r#"{"name": "byHand", "from": "fresh", "to": "gone", "set": {"score": "1"}},
            {"name": "byTime", "from": "fresh", "to": "gone", "auto": {"stageAge": "2d"}, "reason": true, "set": {"score": "2"}}"#;
        let world = staged(&bed.tenant, ways).await;
        let lead = world.lead(&[]).await;
        assert_eq!(world.drain(TimeDelta::days(3)).await.done, 1);
        assert_eq!(world.one(lead, "score").await, json!(2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_refused_is_tried_again_and_not_at_once() {
    each_database(|bed: Handles| async move {
        let way = r#"{"from": "fresh", "to": "gone", "requires": ["name"], "auto": {"stageAge": "1d"}}"#;
        let world = staged(&bed.tenant, way).await;
        let lead = world.lead(&[("score", Value::Int(10))]).await;
        let drained = world.drain(TimeDelta::days(3)).await;
        assert_eq!(drained.done, 0);
        assert!((3..12).contains(&drained.refused), "{drained:?}");
        let runs = world.runs().await;
        let told =
            |error: &Option<String>| error.as_ref().is_some_and(|error| error.contains("flow.fresh.gone"));
        assert!(runs.iter().all(|run| run.outcome == "refused" && told(&run.error)), "{runs:?}");
        let job = world.jobs().await.remove(0);
        assert!(!job.dead && job.job.due > world.now());
        world.update(lead, &[("name", text("Ada"))]).await;
        assert_eq!(world.drain(TimeDelta::days(2)).await.done, 1);
        assert_eq!(world.one(lead, "stage").await, json!("gone"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_that_looks_at_the_time_comes_true_though_nobody_writes() {
    each_database(|bed: Handles| async move {
        let ways = r#"{"from": "fresh", "to": "gone", "guard": "record.closeDate < today()", "auto": true},
            {"from": "warm", "to": "over", "guard": "days(record.closeDate, today()) > 10", "auto": {"stageAge": "2d"}}"#;
        let world = staged(&bed.tenant, ways).await;
        let lead = async |stage: &str, date: &str| {
            let entered = Value::DateTime(at("2026-03-01T09:00:00Z"));
            let fields = vec![("stage", text(stage)), ("stageEnteredAt", entered), ("closeDate", day(date))];
            world.leads(vec![fields]).await[0]
        };
        let (fresh, warm) = (lead("fresh", "2026-03-12").await, lead("warm", "2026-03-05").await);
        assert_eq!(world.drain(at("2026-03-12T23:59:59Z") - begin()).await.done, 0);
        assert_eq!(world.drain(TimeDelta::seconds(1)).await.done, 1);
        assert_eq!(world.one(fresh, "stage").await, json!("gone"));
        assert_eq!(world.drain(at("2026-03-15T23:59:59Z") - world.now()).await.done, 0);
        // In the midst of a longer time, too: it is asked every midnight.
        assert_eq!(world.drain(TimeDelta::days(30)).await.done, 1);
        assert_eq!(world.one(warm, "stageEnteredAt").await, json!("2026-03-16T00:00:00.000000Z"));
    })
    .await;
}
