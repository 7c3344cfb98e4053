//! Moves that records make by themselves: through their own fields, through relations, through roll-ups; and those that would never end.

use engine::EffectKind;
use query::request::{Batch, Input, Operation};
use testing::{Handles, each_database};

use super::stage::{line, no, stage};
use crate::support::{by_id, create, data, refusals, text, update, write};

fn partner(more: &[(&'static str, Input)]) -> Vec<(&'static str, Input)> {
    [("channel", text("partner"))].into_iter().chain(more.iter().cloned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_moves_when_its_own_fields_allow() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&partner(&[])).await;
        assert_eq!(stage.place("lead", lead).await.0, "found");
        let outcome = stage.world.run(update("lead", lead, &[("phone", text("1"))])).await;
        assert_eq!(outcome.errors, vec![]);
        let kinds: Vec<EffectKind> = outcome.effects.iter().map(|effect| effect.kind).collect();
        assert_eq!(kinds, [EffectKind::Updated, EffectKind::Moved]);
        assert_eq!(
            stage.log(lead).await[1],
            line(Some("found"), "contacted", 1, Some("partnerWay.found.contacted"), "automation")
        );
        // Every write of it is a version, the move too.
        assert_eq!(stage.world.one("lead", lead, &["version"]).await["version"], 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_moves_when_related_records_allow() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let account = stage.world.made("account", &[("tier", text("b"))]).await;
        let first = stage.lead(&partner(&[("account", by_id(account))])).await;
        let second = stage.lead(&partner(&[("account", by_id(account))])).await;
        let other = stage.lead(&partner(&[])).await;
        stage.set("account", account, &[("name", text("no matter"))]).await;
        assert_eq!(stage.place("lead", first).await.0, "found");
        stage.set("account", account, &[("tier", text("a"))]).await;
        for (lead, expected) in [(first, "producing"), (second, "producing"), (other, "found")] {
            assert_eq!(stage.place("lead", lead).await.0, expected);
        }
        stage.set("lead", other, &[("account", by_id(account))]).await;
        assert_eq!(stage.place("lead", other).await.0, "producing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_moves_when_a_roll_up_allows() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&partner(&[("phone", text("1"))])).await;
        let meeting = [("kind", text("meeting")), ("lead", by_id(lead))];
        stage.world.made("activity", &meeting).await;
        let call = stage.world.made("activity", &[("kind", text("call")), ("lead", by_id(lead))]).await;
        assert_eq!(stage.place("lead", lead).await.0, "contacted");
        stage.set("activity", call, &[("kind", text("meeting"))]).await;
        assert_eq!(stage.place("lead", lead).await.0, "producing");
        assert_eq!(stage.log(lead).await[2].3.as_deref(), Some("proven"));
        // Some for many leads in one request, each for itself.
        let leads = [
            stage.lead(&partner(&[("phone", text("1"))])).await,
            stage.lead(&partner(&[("phone", text("1"))])).await,
        ];
        let records = leads
            .iter()
            .flat_map(|lead| [*lead, *lead])
            .map(|lead| data(&[("kind", text("meeting")), ("lead", by_id(lead))]));
        let many = write("activity", Operation::Create(records.collect(), Batch::Each));
        assert!(stage.world.run(many).await.ok());
        for lead in leads {
            assert_eq!(stage.place("lead", lead).await.0, "producing");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_without_end_refuses_what_set_it_off() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let machine = stage.world.made("machine", &[("name", text("m"))]).await;
        let on = || Input::Value(expr::Value::Bool(true));
        let outcome = stage.world.run(update("machine", machine, &[("on", on())])).await;
        assert_eq!(outcome.errors.len(), 1, "{outcome:?}");
        assert!(
            outcome.errors[0].message.contains("left → right → left")
                || outcome.errors[0].message.contains("right → left → right"),
            "{}",
            outcome.errors[0].message
        );
        assert_eq!(stage.place("machine", machine).await, ("left".to_owned(), 1));
        assert_eq!(stage.log(machine).await.len(), 1);
        // Beside others that stand for themselves.
        let records = vec![
            data(&[("name", text("a"))]),
            data(&[("name", text("b")), ("on", on())]),
            data(&[("name", text("c"))]),
        ];
        let many = stage.world.run(write("machine", Operation::Create(records, Batch::Each))).await;
        assert_eq!(
            refusals(&many).iter().map(|(code, _, index)| (code.as_str(), *index)).collect::<Vec<_>>(),
            [("REFUSED", Some(1))]
        );
        assert_eq!(many.created, vec![true, false, true]);
        assert_eq!(stage.world.all("machine", &["name"]).await.len(), 3);
        assert_eq!(stage.world.rows("transition").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_not_done_by_itself() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&partner(&[])).await;
        let account = stage.world.made("account", &[("tier", text("b"))]).await;
        // `proven` requires a phone beside its guard; nobody is told of what is not open.
        stage.set("lead", lead, &[("account", by_id(account))]).await;
        assert_eq!(stage.place("lead", lead).await.0, "found");
        let refused = stage
            .refused(create("lead", &partner(&[("name", text(&"x".repeat(30))), ("phone", text("1"))])))
            .await;
        assert_eq!(refused, no(&[("VALIDATION name", "maxLength")]));
    })
    .await;
}
