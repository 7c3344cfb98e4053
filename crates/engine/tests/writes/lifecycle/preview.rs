//! Where records can go, before one tries: the same as the move says.

use engine::{Code, Move, WriteError};
use testing::{Handles, each_database};
use uuid::Uuid;

use super::stage::{Stage, anybody, moving, stage};
use crate::support::{delete, int, name, text};

async fn moves(stage: &Stage, object: &str, id: Uuid) -> Vec<Move> {
    let found = stage.world.engine.moves(&stage.world.caller, &name(object), &[id]).await;
    found.expect("looks ahead").remove(&id).unwrap_or_default()
}

fn short(moves: &[Move]) -> Vec<(&str, bool, usize)> {
    moves.iter().map(|one| (&*one.to, one.allowed, one.missing.len())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_ahead_tells_what_the_move_would() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let tier_b = stage.world.made("account", &[("tier", text("b"))]).await;
        let lead = stage
            .lead(&[("score", int(70)), ("account", crate::support::by_id(tier_b)), ("budget", int(1))])
            .await;
        assert_eq!(short(&moves(&stage, "lead", lead).await), [("mql", true, 0), ("disqualified", false, 1)]);
        stage.went("lead", lead, "mql").await;
        let desk = stage.acting(&["desk"], anybody());
        let ahead = moves(&desk, "lead", lead).await;
        assert_eq!(short(&ahead), [("sql", false, 3), ("disqualified", false, 1)]);
        for one in &ahead {
            let refused = desk.world.run(moving("lead", lead, &one.to)).await;
            assert_eq!(refused.errors, one.missing, "to {}", one.to);
        }
        // A rule over the finished record, and a reason.
        let other = stage.world.made("lead", &[("stage", text("sql"))]).await;
        stage
            .world
            .made("activity", &[("kind", text("meeting")), ("lead", crate::support::by_id(other))])
            .await;
        let ahead = moves(&stage, "lead", other).await;
        assert_eq!(
            short(&ahead),
            [("recycled", false, 1), ("disqualified", false, 1), ("converted", false, 1)]
        );
        assert_eq!(ahead[0].missing[0].path.as_deref(), Some("reason"));
        assert_eq!(ahead[2].missing[0].rule.as_deref(), Some("wonBudget"));
        assert_eq!(stage.place("lead", other).await, ("sql".to_owned(), 1), "nothing was written");
        assert_eq!(stage.log(other).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_ahead_tells_nothing_of_what_is_out_of_sight() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let lead = stage.lead(&[("score", int(70))]).await;
        let reader = stage.acting(&["reader"], anybody());
        let ahead = moves(&reader, "lead", lead).await;
        assert_eq!(short(&ahead), [("mql", false, 1), ("disqualified", false, 1)]);
        assert!(ahead.iter().all(|one| one.missing[0].code == Code::Forbidden));
        for nobody in [stage.acting(&[], anybody()), stage.acting(&["nothing"], anybody())] {
            let denied = nobody.world.engine.moves(&nobody.world.caller, &name("lead"), &[lead]).await;
            assert!(matches!(denied, Err(WriteError::Denied(_))), "{denied:?}");
        }
        assert_eq!(moves(&stage, "lead", anybody()).await, vec![]);
        stage.world.run(delete("lead", lead)).await;
        assert_eq!(moves(&stage, "lead", lead).await, vec![]);
        let none = stage.world.engine.moves(&stage.world.caller, &name("account"), &[lead]).await;
        assert!(matches!(none, Err(WriteError::Denied(_))), "{none:?}");
    })
    .await;
}
