//! Every operation of the engine, on both databases.

use crate::support::{by_id, create, data, delete, int, name, null, refusals, text, update, world, write};
use expr::Value;
use query::request::{Batch, Deleted, Input, Operation, RecordRef, Which};
use serde_json::json;
use testing::{Handles, each_database};
use uuid::Uuid;

/// Fields of a record.
type Given = Vec<(&'static str, Input)>;

#[tokio::test(flavor = "multi_thread")]
async fn a_created_record_has_what_the_platform_adds() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let id = world
            .made(
                "firm",
                &[
                    ("name", text("Ada")),
                    ("size", int(4)),
                    ("revenue", Input::Value(Value::Decimal(5.into()))),
                ],
            )
            .await;
        let fields = [
            "name",
            "version",
            "tier",
            "double",
            "number",
            "revenueCurrency",
            "revenue",
            "createdAt",
            "updatedAt",
            "deletedAt",
        ];
        let record = world.one("firm", id, &fields).await;
        assert_eq!(record["name"], "Ada");
        assert_eq!(record["version"], 1);
        assert_eq!(record["tier"], "b");
        assert_eq!(record["double"], "8");
        assert_eq!(record["revenueCurrency"], "EUR");
        assert!(
            record["number"].as_str().is_some_and(|n| n.starts_with("F-20") && n.ends_with("-0001")),
            "{record}"
        );
        assert_eq!(record["createdAt"], record["updatedAt"]);
        assert_eq!(record["deletedAt"], json!(null));
        assert_eq!((world.rows("history").await, world.rows("outbox").await), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_is_given_and_nothing_else() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let id = world.made("firm", &[("name", text("Ada")), ("size", int(4)), ("code", text("x"))]).await;
        let outcome = world.run(update("firm", id, &[("size", int(5)), ("code", null())])).await;
        assert!(outcome.ok(), "{:?}", outcome.errors);
        let effects: Vec<_> = outcome
            .effects
            .iter()
            .map(|e| (e.field.clone().map(|f| f.to_string()), e.from.clone(), e.to.clone()))
            .collect();
        assert!(effects.contains(&(Some("size".to_owned()), json!(4), json!(5))), "{effects:?}");
        assert!(effects.contains(&(Some("code".to_owned()), json!("x"), json!(null))), "{effects:?}");
        assert!(effects.contains(&(Some("double".to_owned()), json!(8), json!(10))), "{effects:?}");
        let record = world.one("firm", id, &["name", "size", "code", "double", "version"]).await;
        assert_eq!(
            record,
            json!({"id": id, "name": "Ada", "size": 5, "code": null, "double": "10", "version": 2})
        );
        let same = world.run(update("firm", id, &[("size", int(5))])).await;
        assert_eq!((same.changed[0], same.effects.len(), same.ids[0]), (false, 0, Some(id)));
        assert_eq!(world.one("firm", id, &["version"]).await["version"], 2);
        assert_eq!((world.rows("history").await, world.rows("outbox").await), (2, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_refused_by_name() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let cases: Vec<(Given, &str, &str)> = vec![
            (vec![], "VALIDATION name", "required"),
            (
                vec![("name", text("x")), ("createdAt", text("2020-01-01"))],
                "VALIDATION createdAt",
                "readOnly",
            ),
            (vec![("name", text("x")), ("version", int(7))], "VALIDATION version", "readOnly"),
            (
                vec![("name", text("x")), ("id", Input::Value(Value::Id(Uuid::nil())))],
                "VALIDATION id",
                "readOnly",
            ),
            (vec![("name", text("x")), ("number", text("F-1"))], "VALIDATION number", "readOnly"),
            (vec![("name", text("x")), ("double", int(3))], "VALIDATION double", "readOnly"),
            (vec![("name", text("x")), ("size", int(-1))], "VALIDATION size", "minimum"),
            (vec![("name", text("x")), ("size", int(1_000_000))], "VALIDATION size", "notHuge"),
            (vec![("name", text(&"x".repeat(41)))], "VALIDATION name", "maxLength"),
            (vec![("name", text("x")), ("tier", text("z"))], "VALIDATION tier", "enum"),
            (vec![("name", text("x")), ("size", text("4"))], "VALIDATION size", ""),
            (vec![("name", text("x\0y"))], "VALIDATION name", ""),
            (vec![("name", text("x")), ("parent", by_id(Uuid::nil()))], "VALIDATION parent", "reference"),
        ];
        for (fields, place, rule) in cases {
            let outcome = world.run(create("firm", &fields)).await;
            assert_eq!(refusals(&outcome), vec![(place.to_owned(), rule.to_owned(), None)], "{fields:?}");
            assert_eq!((outcome.ids.clone(), outcome.effects.len()), (vec![None], 0));
        }
        assert_eq!(world.rows("history").await + world.rows("outbox").await, 0);
        assert_eq!(world.list("firm", &["id"], Deleted::With).await.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_over_related_records_are_kept() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let low = world.made("firm", &[("name", text("low"))]).await;
        let high = world.made("firm", &[("name", text("high")), ("tier", text("a"))]).await;
        let refused = world.run(create("firm", &[("name", text("c")), ("parent", by_id(low))])).await;
        assert_eq!(refusals(&refused), vec![("VALIDATION parent".to_owned(), "parentTier".to_owned(), None)]);
        let child = world.made("firm", &[("name", text("c")), ("parent", by_id(high))]).await;
        let moved = world.run(update("firm", child, &[("parent", by_id(low))])).await;
        assert_eq!(refusals(&moved).len(), 1);
        let records = vec![
            data(&[("name", text("1")), ("parent", by_id(low))]),
            data(&[("name", text("2")), ("parent", by_id(high))]),
            data(&[("name", text("3")), ("parent", by_id(low))]),
        ];
        let each = world.run(write("firm", Operation::Create(records, Batch::Each))).await;
        assert_eq!(each.ids.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(each.errors.iter().map(|e| e.index).collect::<Vec<_>>(), [Some(0), Some(2)]);
        assert_eq!(world.all("firm", &["name"]).await.len(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_values_are_judged_by_the_index() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let first = world
            .made("firm", &[("name", text("a")), ("code", text("k")), ("email", text("Ann@Example.com"))])
            .await;
        let again = world.run(create("firm", &[("name", text("b")), ("code", text("k"))])).await;
        assert_eq!(refusals(&again), vec![("CONFLICT code".to_owned(), "unique".to_owned(), None)]);
        let mail =
            world.run(create("firm", &[("name", text("b")), ("email", text("ann@example.COM"))])).await;
        assert_eq!(refusals(&mail), vec![("CONFLICT email".to_owned(), "unique".to_owned(), None)]);
        let records =
            ["x", "k", "y", "x"].map(|code| data(&[("name", text(code)), ("code", text(code))])).to_vec();
        let none = world.run(write("firm", Operation::Create(records.clone(), Batch::AllOrNone))).await;
        assert_eq!(none.errors.iter().map(|e| e.index).collect::<Vec<_>>(), [Some(1), Some(3)]);
        assert_eq!(world.all("firm", &["id"]).await.len(), 1);
        let each = world.run(write("firm", Operation::Create(records, Batch::Each))).await;
        assert_eq!(each.ids.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true, false]);
        assert_eq!(world.all("firm", &["id"]).await.len(), 3);
        world.run(delete("firm", first)).await;
        world.made("firm", &[("name", text("b")), ("code", text("k"))]).await;
        let restored =
            world.run(write("firm", Operation::Restore(Which::One(first), Batch::AllOrNone))).await;
        assert_eq!(refusals(&restored), vec![("CONFLICT code".to_owned(), "unique".to_owned(), None)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_guard_against_lost_updates() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let id = world.made("firm", &[("name", text("a"))]).await;
        let at = |version| {
            write(
                "firm",
                Operation::Update { id, data: data(&[("name", text("b"))]), expected_version: Some(version) },
            )
        };
        assert!(world.run(at(1)).await.ok());
        let late = world.run(at(1)).await;
        assert_eq!(refusals(&late), vec![("CONFLICT".to_owned(), String::new(), None)]);
        assert!(late.errors[0].message.contains("version 2"), "{:?}", late.errors);
        let gone = world.run(update("firm", Uuid::nil(), &[("name", text("c"))])).await;
        assert_eq!(refusals(&gone), vec![("NOT_FOUND".to_owned(), String::new(), None)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_create_update_and_leave_alone() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        world.made("firm", &[("name", text("a")), ("code", text("1")), ("size", int(1))]).await;
        world.made("firm", &[("name", text("b")), ("code", text("2")), ("size", int(2))]).await;
        let records = vec![
            data(&[("code", text("1")), ("size", int(10))]),
            data(&[("code", text("2")), ("size", int(2))]),
            data(&[("code", text("3")), ("name", text("c"))]),
            data(&[("code", text("3")), ("size", int(30))]),
            data(&[("name", text("no key"))]),
        ];
        let upsert =
            |batch| write("firm", Operation::Upsert { key: name("code"), records: records.clone(), batch });
        let none = world.run(upsert(Batch::AllOrNone)).await;
        assert_eq!(refusals(&none), vec![("VALIDATION code".to_owned(), String::new(), Some(4))]);
        let outcome = world.run(upsert(Batch::Each)).await;
        assert_eq!(outcome.created, [false, false, true, false, false]);
        assert_eq!(outcome.changed, [true, false, true, true, false]);
        assert_eq!(outcome.ids[2], outcome.ids[3]);
        let mut found = world.all("firm", &["code", "name", "size", "version"]).await;
        found.sort_by_key(|r| r["code"].to_string());
        assert_eq!(
            found,
            [
                json!({"code": "1", "name": "a", "size": 10, "version": 2}),
                json!({"code": "2", "name": "b", "size": 2, "version": 1}),
                json!({"code": "3", "name": "c", "size": 30, "version": 2}),
            ]
        );
        let misuse = world
            .try_run(write(
                "firm",
                Operation::Upsert { key: name("size"), records: vec![], batch: Batch::Each },
            ))
            .await;
        assert!(misuse.is_ok(), "nothing to do is not judged");
        let records = vec![data(&[("size", int(1))])];
        let misuse = world
            .try_run(write("firm", Operation::Upsert { key: name("size"), records, batch: Batch::Each }))
            .await;
        assert!(matches!(misuse, Err(engine::WriteError::Usage { .. })), "{misuse:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_restricts_clears_and_cascades() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let firm = world.made("firm", &[("name", text("f")), ("tier", text("a"))]).await;
        let child = world.made("firm", &[("name", text("child")), ("parent", by_id(firm))]).await;
        let person = world.made("person", &[("name", text("p")), ("firm", by_id(firm))]).await;
        let about = Input::OneOf(name("firm"), RecordRef::Id(firm));
        let note = world.made("note", &[("text", text("n")), ("about", about)]).await;
        let contract = world.made("contract", &[("name", text("c")), ("firm", by_id(firm))]).await;
        let refused = world.run(delete("firm", firm)).await;
        assert_eq!(refusals(&refused), vec![("REFUSED".to_owned(), "contract.firm".to_owned(), None)]);
        world.run(delete("contract", contract)).await;
        let outcome = world.run(delete("firm", firm)).await;
        assert!(outcome.ok(), "{:?}", outcome.errors);
        let kinds: Vec<_> = outcome.effects.iter().map(|e| (e.kind.as_str(), e.object.to_string())).collect();
        assert!(kinds.contains(&("deleted", "person".to_owned())), "{kinds:?}");
        assert!(kinds.contains(&("updated", "firm".to_owned())), "{kinds:?}");
        assert_eq!(world.one("firm", child, &["parent"]).await["parent"], json!(null));
        assert_eq!(world.all("person", &["id"]).await.len(), 0);
        let gone = world.run(update("person", person, &[("name", text("q"))])).await;
        assert_eq!(refusals(&gone), vec![("NOT_FOUND".to_owned(), String::new(), None)]);
        let restored = world.run(write("firm", Operation::Restore(Which::One(firm), Batch::AllOrNone))).await;
        assert!(restored.ok(), "{:?}", restored.errors);
        assert_eq!(
            world.one("person", person, &["firm", "deletedAt"]).await,
            json!({"id": person, "firm": {"id": firm}, "deletedAt": null})
        );
        let destroyed =
            world.run(write("firm", Operation::Destroy(Which::One(firm), Batch::AllOrNone))).await;
        assert!(destroyed.ok(), "{:?}", destroyed.errors);
        assert_eq!(world.one("firm", firm, &[]).await, json!(null));
        assert_eq!(world.one("person", person, &[]).await, json!(null));
        assert_eq!(world.one("contract", contract, &["firm"]).await["firm"], json!(null));
        assert_eq!(world.all("note", &["id"]).await[0]["id"], note.to_string());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_many_relations_are_joined_and_parted() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let chess = world.made("club", &[("name", text("chess"))]).await;
        let golf = world.made("club", &[("name", text("golf"))]).await;
        let many = |connect: &[Uuid], disconnect: &[Uuid]| Input::Many {
            connect: connect.iter().map(|id| RecordRef::Id(*id)).collect(),
            disconnect: disconnect.iter().map(|id| RecordRef::Id(*id)).collect(),
        };
        let ann = world.made("person", &[("name", text("ann")), ("clubs", many(&[chess, golf], &[]))]).await;
        let link = world
            .caller
            .catalog
            .objects
            .values()
            .find(|object| object.link)
            .map(|object| object.name.to_string())
            .expect("a link object");
        assert_eq!(world.all(&link, &["id"]).await.len(), 2);
        let again = world.run(update("person", ann, &[("clubs", many(&[chess], &[golf]))])).await;
        assert!(again.ok(), "{:?}", again.errors);
        assert_eq!(world.all(&link, &["id"]).await.len(), 1);
        let absent = world.run(update("person", ann, &[("clubs", many(&[], &[golf]))])).await;
        assert_eq!(refusals(&absent), vec![("VALIDATION clubs".to_owned(), "reference".to_owned(), None)]);
        let firm = world.made("firm", &[("name", text("f")), ("persons", many(&[ann], &[]))]).await;
        assert_eq!(world.one("person", ann, &["firm"]).await["firm"], json!({"id": firm}));
        world.run(update("firm", firm, &[("persons", many(&[], &[ann]))])).await;
        assert_eq!(world.one("person", ann, &["firm"]).await["firm"], json!(null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn related_records_are_found_by_their_fields() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let by =
            |field: &str, value: &str| Input::One(RecordRef::By(name(field), Value::Text(value.to_owned())));
        let firm = world.made("firm", &[("name", text("twin")), ("code", text("t"))]).await;
        let person = world.made("person", &[("name", text("p")), ("firm", by("code", "t"))]).await;
        assert_eq!(world.one("person", person, &["firm"]).await["firm"], json!({"id": firm}));
        let missing = world.run(create("person", &[("name", text("p")), ("firm", by("code", "zzz"))])).await;
        assert_eq!(refusals(&missing), vec![("VALIDATION firm".to_owned(), "reference".to_owned(), None)]);
        world.made("firm", &[("name", text("twin"))]).await;
        let several = world.run(create("person", &[("name", text("p")), ("firm", by("name", "twin"))])).await;
        assert_eq!(refusals(&several), vec![("VALIDATION firm".to_owned(), "ambiguous".to_owned(), None)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_all_and_leaves_nothing() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let mut write = create("firm", &[("name", text("a"))]);
        write.dry_run = true;
        let selection = vec![
            query::request::Keyed {
                key: "name".into(),
                item: query::request::RecordItem::Value(name("name")),
            },
            query::request::Keyed {
                key: "people".into(),
                item: query::request::RecordItem::Value(name("people")),
            },
        ];
        let returning = engine::Returning { selection, values: vec![] };
        let outcome = world.engine.write(&world.caller, write, Some(&returning)).await.expect("carried out");
        assert_eq!(outcome.effects.len(), 1);
        let record: serde_json::Value =
            serde_json::from_slice(outcome.records[0].as_ref().expect("a record")).expect("JSON");
        assert_eq!(record, json!({"name": "a", "people": 0}));
        assert_eq!(world.list("firm", &["id"], Deleted::With).await.len(), 0);
        assert_eq!(
            world.rows("history").await + world.rows("outbox").await + world.rows("sequence").await,
            0
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_changes_by_filter_touch_what_matches() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        for size in 0..6 {
            world.made("firm", &[("name", text("f")), ("size", int(size))]).await;
        }
        let mut slots = expr::filter::Values::Slots {
            values: vec![],
            moment: expr::Moment { now: world.caller.clock.now(), zone: chrono_tz::UTC },
        };
        let filter = expr::filter::read(
            &json!({"size": {"gte": 4}}),
            &world.caller.catalog.scope(),
            "firm",
            &mut slots,
        )
        .expect("a filter")
        .expect("a condition");
        let expr::filter::Values::Slots { values, .. } = slots else { panic!("slots stay slots") };
        let which = Which::Matching(filter, values);
        let operation = Operation::UpdateMany(which.clone(), data(&[("tier", text("a"))]), Batch::AllOrNone);
        let outcome = world.run(write("firm", operation)).await;
        assert_eq!((outcome.ids.len(), outcome.errors.len()), (2, 0));
        let outcome = world.run(write("firm", Operation::Delete(which, Batch::Each))).await;
        assert_eq!(outcome.ids.iter().flatten().count(), 2);
        let left = world.all("firm", &["size", "tier"]).await;
        assert_eq!(left.len(), 4);
        assert!(left.iter().all(|r| r["tier"] == "b"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_from_memory_is_what_a_read_would_answer() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let decimal = |text: &str| Input::Value(Value::Decimal(text.parse().expect("a number")));
        let instant = "2026-01-02T03:04:05.120Z".parse().expect("an instant");
        let given = [
            ("name", text("A\u{e9}\"\n")),
            ("size", int(4)),
            ("revenue", decimal("12.500")),
            ("rate", decimal("0.000001")),
            ("share", Input::Value(Value::Float(0.1))),
            ("active", Input::Value(Value::Bool(false))),
            ("seen", Input::Value(Value::DateTime(instant))),
            ("tags", Input::Value(Value::List(vec![Value::Text("x".to_owned())]))),
        ];
        let fields = [
            "id",
            "name",
            "size",
            "revenue",
            "revenueCurrency",
            "rate",
            "share",
            "active",
            "founded",
            "seen",
            "tags",
            "tier",
            "notes",
            "number",
            "createdAt",
            "version",
        ];
        let item = |field: &&str| query::request::Keyed {
            key: (*field).into(),
            item: query::request::RecordItem::Value(name(field)),
        };
        let returning = engine::Returning { selection: fields.iter().map(item).collect(), values: vec![] };
        let outcome = world
            .engine
            .write(&world.caller, create("firm", &given), Some(&returning))
            .await
            .expect("carried out");
        let bytes = outcome.records[0].as_ref().expect("a record");
        let answered: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        assert_eq!(answered, world.all("firm", &fields).await[0]);
    })
    .await;
}
