//! What transitions demand: each demand seen met and unmet, one refusal for each that is not.

use chrono::TimeDelta;
use engine::{Code, WriteError};
use query::request::{Input, RecordRef};
use testing::{Handles, each_database};

use super::stage::{anybody, moving, moving_with, no, ready, stage};
use crate::support::{create, int, name, text, update};

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_holds_or_says_why() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&[("name", text("l")), ("score", int(59))]).await;
        let outcome = stage.go("lead", lead, "mql").await;
        assert_eq!(outcome.errors.len(), 1);
        assert_eq!(outcome.errors[0].code, Code::Refused);
        assert_eq!(outcome.errors[0].rule.as_deref(), Some("leadMtl.engaged.mql"));
        assert!(outcome.errors[0].message.contains("record.score >= settings.threshold"), "{outcome:?}");
        assert_eq!(stage.place("lead", lead).await, ("engaged".to_owned(), 1));
        // What is written along with the move counts.
        let outcome = stage.world.run(moving_with("lead", lead, "mql", None, &[("score", int(60))])).await;
        assert_eq!(outcome.errors, vec![]);
        assert_eq!(stage.place("lead", lead).await, ("mql".to_owned(), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_missing_is_told_at_once() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let tier_b = stage.world.made("account", &[("tier", text("b"))]).await;
        let tier_a = stage.world.made("account", &[("tier", text("a"))]).await;
        let ann = stage.world.made("user", &[("name", text("Ann"))]).await;
        let lead = stage
            .lead(&[
                ("score", int(70)),
                ("account", Input::One(RecordRef::Id(tier_b))),
                ("owner", Input::One(RecordRef::Id(ann))),
            ])
            .await;
        stage.went("lead", lead, "mql").await;
        let rule = "leadMtl.mql.sql";
        let desk = stage.acting(&["desk"], ann);
        let all = [("REFUSED", rule), ("REFUSED phone", rule), ("REFUSED budget", rule), ("REFUSED", rule)];
        assert_eq!(desk.refused(moving("lead", lead, "sql")).await, no(&all));
        // A role, or one that inherits it; who may do everything has all of them.
        for roles in [&["sdr"], &["chief"]] {
            let sdr = stage.acting(roles, ann);
            assert_eq!(sdr.refused(moving("lead", lead, "sql")).await, no(&all[1..]), "{roles:?}");
        }
        assert_eq!(stage.refused(moving("lead", lead, "sql")).await, no(&all[1..]));
        stage.set("lead", lead, &[("phone", text("+49 30 1")), ("budget", int(1))]).await;
        // What only the database knows: the tier of the account.
        assert_eq!(stage.refused(moving("lead", lead, "sql")).await, no(&[("REFUSED", rule)]));
        let sdr = stage.acting(&["sdr"], ann);
        let account = ("account", Input::One(RecordRef::Id(tier_a)));
        let outcome = sdr.world.run(moving_with("lead", lead, "sql", None, &[account])).await;
        assert_eq!(outcome.errors, vec![], "the record is judged as it shall be");
        assert_eq!(stage.place("lead", lead).await, ("sql".to_owned(), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_a_message_and_a_filter() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        stage.went("lead", lead, "mql").await;
        stage.went("lead", lead, "sql").await;
        let back = "leadMtl.sql.recycled";
        assert_eq!(stage.refused(moving("lead", lead, "recycled")).await, no(&[("REFUSED reason", back)]));
        let blank = moving_with("lead", lead, "recycled", Some("  "), &[]);
        assert_eq!(stage.refused(blank).await, no(&[("REFUSED reason", back)]));
        let rejected = stage.go("lead", lead, "disqualified").await;
        assert_eq!(
            (rejected.errors[0].message.as_str(), rejected.errors[0].path.as_deref()),
            ("Say why", Some("rejectReason"))
        );
        let won = "leadMtl.sql.converted";
        assert_eq!(stage.refused(moving("lead", lead, "converted")).await, no(&[("REFUSED", won)]));
        stage.world.made("activity", &[("kind", text("call")), ("lead", crate::support::by_id(lead))]).await;
        assert_eq!(stage.refused(moving("lead", lead, "converted")).await, no(&[("REFUSED", won)]));
        stage
            .world
            .made("activity", &[("kind", text("meeting")), ("lead", crate::support::by_id(lead))])
            .await;
        stage.went("lead", lead, "converted").await;
        assert_eq!(
            stage.refused(moving("lead", lead, "disqualified")).await,
            no(&[("REFUSED stage", "leadMtl.converted.disqualified")]),
            "`*` is what is neither won nor lost"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_transition_leads_the_ways_are_named() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        let outcome = stage.go("lead", lead, "converted").await;
        let refusal = &outcome.errors[0];
        assert_eq!(
            (refusal.code, refusal.rule.as_deref()),
            (Code::Refused, Some("leadMtl.engaged.converted"))
        );
        assert!(refusal.message.contains("mql, disqualified"), "{}", refusal.message);
        // A stage of another lifecycle, and one that is none.
        for (to, rule) in [("contacted", "leadMtl.engaged.contacted"), ("nowhere", "leadMtl.engaged.nowhere")]
        {
            assert_eq!(stage.refused(moving("lead", lead, to)).await, no(&[("REFUSED stage", rule)]));
        }
        assert_eq!(stage.refused(moving("lead", lead, "engaged")).await, no(&[("CONFLICT stage", "moved")]));
        let account = stage.world.made("account", &[]).await;
        let nothing = stage.world.try_run(moving("account", account, "mql")).await;
        assert!(matches!(nothing, Err(WriteError::Denied(_) | WriteError::Usage { .. })), "{nothing:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_fields_stay_while_the_record_is_in_its_stage() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&ready()).await;
        stage.went("lead", lead, "mql").await;
        let outcome = stage.world.run(moving_with("lead", lead, "sql", None, &[("budget", int(9))])).await;
        assert_eq!(outcome.errors, vec![], "on the way in it is free");
        let locked = no(&[("REFUSED budget", "locked")]);
        assert_eq!(stage.refused(update("lead", lead, &[("budget", int(10))])).await, locked);
        stage.set("lead", lead, &[("budget", int(9)), ("score", int(99))]).await;
        let out = moving_with("lead", lead, "recycled", Some("no money"), &[("budget", int(1))]);
        assert_eq!(stage.refused(out).await, locked, "the stage is left with what was locked in it");
        stage.world.run(moving_with("lead", lead, "recycled", Some("no money"), &[])).await;
        stage.set("lead", lead, &[("budget", int(10))]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_step_must_be_done_in_this_stay() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let project = stage.world.made("project", &[("name", text("p"))]).await;
        let undone = no(&[("REFUSED", "projectWay.planned.running")]);
        assert_eq!(stage.refused(moving("project", project, "running")).await, undone);
        let about = || Input::OneOf(name("project"), RecordRef::Id(project));
        let task =
            stage.world.made("task", &[("subject", text("Write the brief")), ("related", about())]).await;
        assert_eq!(
            stage.refused(moving("project", project, "running")).await,
            undone,
            "it is there, not done"
        );
        stage.set("task", task, &[("done", Input::Value(expr::Value::Bool(true)))]).await;
        stage.went("project", project, "running").await;
        stage.turn(TimeDelta::hours(1));
        stage.went("project", project, "planned").await;
        assert_eq!(
            stage.refused(moving("project", project, "running")).await,
            undone,
            "a new pass asks anew"
        );
        stage.went("project", project, "resting").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_was_left_may_rest() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let project = stage.world.made("project", &[("name", text("p"))]).await;
        stage.went("project", project, "resting").await;
        stage.went("project", project, "running").await;
        let rests = no(&[("REFUSED", "projectWay.running.resting")]);
        stage.turn(TimeDelta::days(7) - TimeDelta::seconds(1));
        assert_eq!(stage.refused(moving("project", project, "resting")).await, rests);
        stage.turn(TimeDelta::seconds(1));
        stage.went("project", project, "resting").await;
        assert_eq!(stage.place("project", project).await, ("resting".to_owned(), 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_needs_the_right_to_change_the_record() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let ann = stage.world.made("user", &[("name", text("Ann"))]).await;
        let mine = [("score", int(80)), ("owner", Input::One(RecordRef::Id(ann)))];
        let (own, other) = (stage.lead(&mine).await, stage.lead(&[("score", int(80))]).await);
        let sdr = stage.acting(&["sdr"], ann);
        sdr.went("lead", own, "mql").await;
        let denied = sdr.world.try_run(moving("lead", other, "mql")).await;
        assert!(matches!(denied, Err(WriteError::Forbidden(_))), "{denied:?}");
        let reader = stage.acting(&["reader"], ann);
        let denied = reader.world.try_run(moving("lead", own, "disqualified")).await;
        assert!(matches!(denied, Err(WriteError::Denied(denied)) if denied.forbidden()));
        let missing = sdr.refused(moving("lead", anybody(), "mql")).await;
        assert_eq!(missing, no(&[("NOT_FOUND", "")]));
        assert_eq!(stage.place("lead", other).await, ("engaged".to_owned(), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_no_lifecycle_takes_has_no_stage() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&[("channel", text("none"))]).await;
        assert_eq!(stage.place("lead", lead).await, ("-".to_owned(), 0));
        assert_eq!(stage.refused(moving("lead", lead, "mql")).await, no(&[("REFUSED stage", "noLifecycle")]));
        let given = create("lead", &[("channel", text("none")), ("stage", text("mql"))]);
        assert_eq!(stage.refused(given).await, no(&[("REFUSED stage", "noLifecycle")]));
        // Its lifecycle is decided once.
        stage.set("lead", lead, &[("channel", text("web"))]).await;
        assert_eq!(stage.place("lead", lead).await, ("-".to_owned(), 0));
        assert_eq!(stage.log(lead).await, vec![]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_fields_out_of_sight() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&[("channel", text("partner"))]).await;
        let desk = stage.acting(&["desk"], anybody());
        for secret in [None, Some("stop")] {
            if let Some(secret) = secret {
                stage.set("lead", lead, &[("secret", text(secret))]).await;
            }
            let seen = stage.go("lead", lead, "lost").await;
            assert!(format!("{:?}", seen.errors).contains("secret"), "{seen:?}");
            let hidden = desk.go("lead", lead, "lost").await;
            let told = format!("{:?}", hidden.errors).to_lowercase();
            assert_eq!((hidden.errors.len(), told.contains("secret")), (1, false), "{told}");
            assert_eq!(hidden.errors[0].rule, seen.errors[0].rule);
        }
    })
    .await;
}
