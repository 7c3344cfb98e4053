//! Moves by every way: what the record, the log, the history and the answer tell of them.

use chrono::TimeDelta;
use engine::{EffectKind, Erase, Past};
use expr::Value;
use query::request::{Batch, Deleted, Operation, Which, Write};
use testing::{Handles, each_database};

use super::stage::{anybody, line, moving, moving_with, no, ready, stage};
use crate::support::{create, data, delete, int, name, refusals, text, update, write};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_every_stay_with_its_pass() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        for _ in 0..2 {
            stage.turn(TimeDelta::days(1));
            stage.world.run(update("lead", lead, &[("score", int(80))])).await;
            stage.went("lead", lead, "mql").await;
            stage.went("lead", lead, "sql").await;
            let outcome =
                stage.world.run(moving_with("lead", lead, "recycled", Some("too early"), &[])).await;
            assert_eq!(outcome.errors, vec![]);
        }
        assert_eq!(stage.place("lead", lead).await, ("recycled".to_owned(), 2));
        let rules = ["leadMtl.mql.sql", "leadMtl.sql.recycled", "leadMtl.recycled.mql"];
        assert_eq!(
            stage.log(lead).await,
            vec![
                line(None, "engaged", 1, None, "user"),
                line(Some("engaged"), "mql", 1, Some("leadMtl.engaged.mql"), "user"),
                line(Some("mql"), "sql", 1, Some(rules[0]), "user"),
                line(Some("sql"), "recycled", 1, Some(rules[1]), "user"),
                line(Some("recycled"), "mql", 2, Some(rules[2]), "user"),
                line(Some("mql"), "sql", 2, Some(rules[0]), "user"),
                line(Some("sql"), "recycled", 2, Some(rules[1]), "user"),
            ]
        );
        let times = stage.times(lead).await;
        let ends: Vec<_> = times.iter().map(|(_, _, left, to)| (left.clone(), to.clone())).collect();
        let next: Vec<_> =
            times.iter().skip(1).map(|(stage, entered, ..)| (entered.clone(), Some(stage.clone()))).collect();
        assert_eq!(ends[..next.len()], next[..], "each stay ends where the next begins");
        assert_eq!(ends.last(), Some(&(Value::Null, None)));
        // What the transition sets: the score fell each time that it was sent back.
        assert_eq!(stage.world.one("lead", lead, &["score"]).await["score"], 50);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_and_history_tell_of_a_move() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        let outcome = stage.world.run(moving_with("lead", lead, "mql", None, &[("phone", text("1"))])).await;
        let told: Vec<_> = outcome
            .effects
            .iter()
            .map(|e| (e.kind, e.field.as_ref().map(ToString::to_string), e.from.clone(), e.to.clone()))
            .collect();
        let effect =
            |kind, field: &str, from: &str, to: &str| (kind, Some(field.to_owned()), from.into(), to.into());
        assert_eq!(
            told,
            vec![
                effect(EffectKind::Updated, "phone", "+49 30 1", "1"),
                effect(EffectKind::Moved, "stage", "engaged", "mql")
            ]
        );
        let past = Past { object: name("lead"), id: lead, first: 1, after: None };
        let happened =
            stage.world.engine.history(&stage.world.caller, &past).await.expect("reads").expect("seen");
        let mut fields: Vec<&str> = happened[0].changes.iter().map(|change| change.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["phone", "stage"], "neither the pass nor the time");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_field_goes_the_same_way() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&[("score", int(1))]).await;
        let rule = "leadMtl.engaged.mql";
        let staged = |stage: &str| update("lead", lead, &[("stage", text(stage))]);
        assert_eq!(stage.refused(staged("mql")).await, no(&[("REFUSED", rule)]));
        assert_eq!(stage.refused(staged("nonsense")).await[0].0, "REFUSED stage");
        assert_eq!(
            stage.refused(update("lead", lead, &[("stage", crate::support::null())])).await,
            no(&[("VALIDATION stage", "required")])
        );
        stage.set("lead", lead, &[("stage", text("mql")), ("score", int(60))]).await;
        stage.set("lead", lead, &[("stage", text("mql"))]).await;
        assert_eq!(stage.log(lead).await.len(), 2, "the stage that it is in is no move");
        for field in ["lifecycle", "pass"] {
            let refused = stage.refused(update("lead", lead, &[(field, text("1"))])).await;
            assert_eq!(refused, no(&[(&format!("VALIDATION {field}"), "readOnly")]));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_each_for_itself() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let mut leads = Vec::new();
        for score in [80, 10, 90] {
            leads.push(stage.lead(&[("score", int(score))]).await);
        }
        let all = || {
            let everyone = expr::Expr::condition(expr::Node::Literal(Value::Bool(true)));
            Which::Matching(everyone, vec![])
        };
        let many =
            |batch| write("lead", Operation::UpdateMany(all(), data(&[("stage", text("mql"))]), batch));
        let together = stage.world.run(many(Batch::AllOrNone)).await;
        assert_eq!(
            refusals(&together),
            vec![("REFUSED".to_owned(), "leadMtl.engaged.mql".to_owned(), Some(1))]
        );
        assert_eq!(stage.place("lead", leads[0]).await.0, "engaged");
        let each = stage.world.run(many(Batch::Each)).await;
        assert_eq!(refusals(&each).len(), 1);
        assert_eq!(each.changed, vec![true, false, true]);
        let mut places = Vec::new();
        for lead in &leads {
            places.push((stage.place("lead", *lead).await.0, stage.log(*lead).await.len()));
        }
        let expected = [("mql", 2), ("engaged", 1), ("mql", 2)];
        assert_eq!(places, expected.map(|(stage, stays)| (stage.to_owned(), stays)));
        for lead in [leads[0], leads[2]] {
            let times = stage.times(lead).await;
            assert_eq!((times[0].3.as_deref(), times[0].2.clone()), (Some("mql"), times[1].1.clone()));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_elsewhere_than_in_the_entry_has_moved_there() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let desk = stage.acting(&["desk"], anybody());
        let made = |score: i64, at: &str| create("lead", &[("score", int(score)), ("stage", text(at))]);
        assert_eq!(desk.refused(made(1, "mql")).await, no(&[("REFUSED", "leadMtl.engaged.mql")]));
        assert_eq!(desk.refused(made(1, "sql")).await, no(&[("REFUSED stage", "leadMtl.engaged.sql")]));
        let outcome = desk.world.run(made(60, "mql")).await;
        assert_eq!(outcome.errors, vec![]);
        let kinds: Vec<EffectKind> = outcome.effects.iter().map(|effect| effect.kind).collect();
        assert_eq!(kinds, [EffectKind::Created, EffectKind::Moved]);
        let lead = outcome.ids[0].expect("an id");
        let both = vec![
            line(None, "engaged", 1, None, "user"),
            line(Some("engaged"), "mql", 1, Some("leadMtl.engaged.mql"), "user"),
        ];
        assert_eq!(stage.log(lead).await, both);
        // Who may write history puts it there.
        for historian in [stage.acting(&["historian"], anybody()), stage.acting(&["admin"], anybody())] {
            let outcome = historian.world.run(made(1, "sql")).await;
            assert_eq!(outcome.errors, vec![]);
            let lead = outcome.ids[0].expect("an id");
            assert_eq!(stage.log(lead).await, vec![line(None, "sql", 1, None, "user")]);
        }
        let entry = desk.world.run(made(1, "engaged")).await;
        assert!(entry.ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_way_that_allows_is_taken() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let partner = [("channel", text("partner")), ("phone", text("1")), ("score", int(10))];
        let lead = stage.lead(&partner).await;
        assert_eq!(stage.place("lead", lead).await, ("contacted".to_owned(), 1), "it went on by itself");
        // The one that lacks least says why: both lack their guard, so the first.
        assert_eq!(stage.refused(moving("lead", lead, "producing")).await, no(&[("REFUSED", "fast")]));
        stage.set("lead", lead, &[("score", int(91))]).await;
        stage.went("lead", lead, "producing").await;
        assert_eq!(stage.log(lead).await[2].3.as_deref(), Some("fast"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_and_a_refusal_leave_nothing() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        let before = (stage.world.rows("transition").await, stage.world.rows("outbox").await);
        let dry = Write { dry_run: true, ..moving("lead", lead, "mql") };
        let outcome = stage.world.run(dry).await;
        assert!(outcome.effects.iter().any(|effect| effect.kind == EffectKind::Moved));
        assert!(!stage.go("lead", lead, "sql").await.ok());
        // The finished record is judged, too.
        let long = moving_with("lead", lead, "mql", None, &[("name", text(&"x".repeat(21)))]);
        assert_eq!(stage.refused(long).await[0].0, "VALIDATION name");
        assert_eq!((stage.world.rows("transition").await, stage.world.rows("outbox").await), before);
        assert_eq!(stage.place("lead", lead).await, ("engaged".to_owned(), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_compared_and_data_may_not_contradict() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        let with = |version: i64| {
            let mut write = moving("lead", lead, "mql");
            if let Operation::Move { expected_version, .. } = &mut write.operation {
                *expected_version = Some(version);
            }
            write
        };
        assert_eq!(stage.refused(with(7)).await, no(&[("CONFLICT", "")]));
        let other = moving_with("lead", lead, "mql", None, &[("stage", text("sql"))]);
        assert_eq!(stage.refused(other).await, no(&[("VALIDATION stage", "")]));
        assert!(stage.world.run(with(1)).await.ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_over_the_stage_is_judged_of_the_record_as_it_shall_be() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.world.made("lead", &[("stage", text("sql"))]).await;
        stage
            .world
            .made("activity", &[("kind", text("meeting")), ("lead", crate::support::by_id(lead))])
            .await;
        assert_eq!(
            stage.refused(moving("lead", lead, "converted")).await,
            no(&[("VALIDATION budget", "wonBudget")])
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_with_the_deleted_and_goes_with_the_destroyed() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let (one, two) = (stage.lead(&ready()).await, stage.lead(&ready()).await);
        stage.went("lead", one, "mql").await;
        assert!(stage.world.run(delete("lead", one)).await.ok());
        assert_eq!(stage.log(one).await.len(), 2);
        let gone = stage.world.list("lead", &["id", "stage"], Deleted::Only).await;
        assert_eq!(gone[0]["stage"], "mql");
        let destroy = write("lead", Operation::Destroy(Which::One(one), Batch::AllOrNone));
        assert!(stage.world.run(destroy).await.ok());
        assert_eq!((stage.log(one).await.len(), stage.log(two).await.len()), (0, 1));
        let erase = Erase { object: name("lead"), id: two, reason: "asked for it".to_owned() };
        let erased = stage.world.engine.erase(&stage.world.caller, &erase).await.expect("carried out");
        assert!(erased.is_ok());
        assert_eq!(stage.world.rows("transition").await, 0);
    })
    .await;
}
