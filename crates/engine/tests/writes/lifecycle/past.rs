//! Past logs: stays with their own times, told in order by those who may.

use engine::{Door, WriteError};
use expr::Value;
use query::request::{Batch, Operation, RecordData};
use testing::{Handles, each_database};

use super::stage::{anybody, at, instant, line, no, stage};
use crate::support::{create, data, int, name, text, update, write};

fn event(code: &str, stage: &str, when: &str) -> RecordData {
    data(&[("code", text(code)), ("stage", text(stage)), ("stageEnteredAt", at(when))])
}

fn log(records: Vec<RecordData>) -> query::request::Write {
    write("lead", Operation::Upsert { key: name("code"), records, batch: Batch::Each })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_log_becomes_stays_with_their_own_times() {
    each_database(|bed: Handles| async move {
        let mut stage = stage(&bed.tenant).await;
        stage.world.caller.door = Door::Import;
        // A way that no transition allows: what was, was.
        let events = || {
            vec![
                event("x", "mql", "2025-01-01T00:00:00Z"),
                event("y", "sql", "2025-01-01T08:00:00Z"),
                event("x", "recycled", "2025-01-03T12:00:00Z"),
                event("x", "mql", "2025-02-01T00:00:00Z"),
                event("x", "mql", "2025-02-02T00:00:00Z"),
                event("x", "disqualified", "2025-02-02T00:00:00Z"),
            ]
        };
        let outcome = stage.world.run(log(events())).await;
        assert_eq!(outcome.errors, vec![]);
        assert_eq!(outcome.created, vec![true, true, false, false, false, false]);
        let x = outcome.ids[0].expect("an id");
        assert_eq!(
            stage.log(x).await,
            vec![
                line(None, "mql", 1, None, "import"),
                line(Some("mql"), "recycled", 1, None, "import"),
                line(Some("recycled"), "mql", 2, None, "import"),
                line(Some("mql"), "mql", 3, None, "import"),
                line(Some("mql"), "disqualified", 1, None, "import"),
            ]
        );
        let time = |text: &str| Value::DateTime(instant(text));
        let times: Vec<_> =
            stage.times(x).await.into_iter().map(|(_, entered, left, _)| (entered, left)).collect();
        let seconds = [
            "2025-01-01T00:00:00Z",
            "2025-01-03T12:00:00Z",
            "2025-02-01T00:00:00Z",
            "2025-02-02T00:00:00Z",
            "2025-02-02T00:00:00Z",
        ];
        let expected: Vec<_> = (0..5)
            .map(|n| (time(seconds[n]), seconds.get(n + 1).map_or(Value::Null, |next| time(next))))
            .collect();
        assert_eq!(times, expected);
        assert_eq!(stage.place("lead", x).await, ("disqualified".to_owned(), 1));
        let shown = stage.world.one("lead", x, &["stageEnteredAt"]).await["stageEnteredAt"].clone();
        assert_eq!(shown.as_str().map(instant), Some(instant("2025-02-02T00:00:00Z")));
        // The same once more changes nothing: an import that was interrupted begins again.
        let again = stage.world.run(log(events())).await;
        assert_eq!(
            (again.errors.len(), again.changed.iter().any(|changed| *changed)),
            (0, false),
            "{again:?}"
        );
        assert_eq!(stage.world.rows("transition").await, 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_again_of_a_time_that_is_over_changes_nothing() {
    each_database(|bed: Handles| async move {
        let mut stage = stage(&bed.tenant).await;
        stage.world.caller.door = Door::Import;
        let told = |to: &str, when: &str, phone: &str| {
            let mut row = event("x", to, when);
            row.fields.extend(data(&[("phone", text(phone))]).fields);
            row
        };
        let events = vec![
            told("mql", "2025-01-01T00:00:00Z", "+49 30 1"),
            told("sql", "2025-01-02T00:00:00Z", "+49 30 2"),
        ];
        let x = stage.world.run(log(events.clone())).await.ids[0].expect("an id");
        let again = stage.world.run(log(events[..1].to_vec())).await;
        assert_eq!((again.errors.len(), again.changed[0]), (0, false), "{again:?}");
        assert_eq!(stage.world.one("lead", x, &["phone"]).await["phone"], "+49 30 2");
        // Of the present stay the rest may be mended.
        let mended = stage.world.run(log(vec![told("sql", "2025-01-02T00:00:00Z", "+49 30 3")])).await;
        assert_eq!((mended.errors.len(), mended.changed[0]), (0, true), "{mended:?}");
        assert_eq!(stage.world.one("lead", x, &["phone", "stage"]).await["phone"], "+49 30 3");
        assert_eq!(stage.world.rows("transition").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stays_of_one_instant_are_told_as_often_as_their_source_does() {
    each_database(|bed: Handles| async move {
        let mut stage = stage(&bed.tenant).await;
        stage.world.caller.door = Door::Import;
        let day = "2025-01-01T00:00:00Z";
        let events = || {
            let mut rows = ["mql", "sql", "mql", "mql"].map(|to| event("x", to, day)).to_vec();
            (rows[2].repeats, rows[3].repeats) = (1, 2);
            rows
        };
        let outcome = stage.world.run(log(events())).await;
        assert_eq!(outcome.errors, vec![]);
        let x = outcome.ids[0].expect("an id");
        assert_eq!(stage.place("lead", x).await, ("mql".to_owned(), 3));
        assert_eq!(stage.world.rows("transition").await, 4);
        assert!(!stage.world.run(log(events())).await.changed.contains(&true));
        assert_eq!(stage.world.rows("transition").await, 4);
        let ahead = stage.world.run(log(vec![event("y", "mql", "2199-01-01T00:00:00Z")])).await;
        assert_eq!(ahead.errors[0].rule.as_deref(), Some("future"), "{ahead:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_told_in_order_and_by_those_who_may() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let historian = stage.acting(&["historian"], anybody());
        let told = |when: &str| vec![("stage", text("mql")), ("stageEnteredAt", at(when))];
        let lead = historian.world.made("lead", &told("2025-01-05T00:00:00Z")).await;
        assert_eq!(stage.log(lead).await, vec![line(None, "mql", 1, None, "user")]);
        let earlier =
            update("lead", lead, &[("stage", text("sql")), ("stageEnteredAt", at("2025-01-04T00:00:00Z"))]);
        assert_eq!(historian.refused(earlier).await, no(&[("VALIDATION stageEnteredAt", "order")]));
        let alone = update("lead", lead, &[("stageEnteredAt", at("2025-02-04T00:00:00Z"))]);
        assert_eq!(historian.refused(alone).await, no(&[("VALIDATION stage", "required")]));
        let elsewhere = update(
            "lead",
            lead,
            &[("stage", text("producing")), ("stageEnteredAt", at("2025-02-04T00:00:00Z"))],
        );
        assert_eq!(historian.refused(elsewhere).await[0].0, "REFUSED stage");
        let desk = stage.acting(&["desk"], anybody());
        for write in [
            create("lead", &told("2025-01-05T00:00:00Z")),
            update("lead", lead, &told("2025-03-05T00:00:00Z")),
        ] {
            let denied = desk.world.try_run(write).await;
            assert!(matches!(denied, Err(WriteError::Forbidden(_))), "{denied:?}");
        }
        // A move at present follows upon it.
        stage.set("lead", lead, &[("phone", text("1")), ("budget", int(1))]).await;
        stage.went("lead", lead, "sql").await;
        let times = stage.times(lead).await;
        assert_eq!((times[0].2.clone(), times[0].3.as_deref()), (times[1].1.clone(), Some("sql")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_follows_from_what_is_told_of_the_past() {
    each_database(|bed: Handles| async move {
        let stage = stage(&bed.tenant).await;
        let told = [
            ("channel", text("partner")),
            ("phone", text("1")),
            ("stage", text("found")),
            ("stageEnteredAt", at("2025-01-05T00:00:00Z")),
        ];
        let lead = stage.lead(&told).await;
        assert_eq!(stage.place("lead", lead).await.0, "found", "the file tells when it went on");
    })
    .await;
}
