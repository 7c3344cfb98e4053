//! Automations and scripts within a write, on both databases.

use std::sync::Arc;

use engine::{Failed, Outcome, WriteError};
use expr::{Expr, Type, Value};
use metadata::Catalog;
use metadata::catalog::{Action, ActsAs, Automation, FunctionPath, RecordAct, RunAt, Script, Trigger};
use serde_json::{Value as Json, json};
use testing::{Handles, each_database};
use uuid::Uuid;

use crate::rights::{all, grant};
use crate::support::{World, create, delete, int, name, text, update, world};

const PACKAGE: &str = "shop";

/// What an automation is made of.
pub struct Of<'a> {
    pub object: &'a str,
    pub acts: &'a [RecordAct],
    pub fields: &'a [&'a str],
    pub run: RunAt,
    pub when: Option<&'a str>,
    pub set: &'a [(&'a str, &'a str)],
    pub then: Option<&'a str>,
    pub principal: ActsAs,
}

pub const AFTER: Of<'static> = Of {
    object: "firm",
    acts: &[RecordAct::Create, RecordAct::Update],
    fields: &[],
    run: RunAt::After,
    when: None,
    set: &[],
    then: None,
    principal: ActsAs::Caller,
};

impl Of<'_> {
    fn make(&self, called: &str, catalog: &Catalog) -> Automation {
        let scope = catalog.scope_of(PACKAGE);
        let parse = |text: &str, ty: Option<&Type>| -> Expr {
            expr::parse(text, &scope, self.object, ty).expect("an expression")
        };
        let path = |path: &str| {
            let (module, function) = path.split_once("::").expect("a path");
            FunctionPath { package: PACKAGE.into(), module: module.into(), function: function.into() }
        };
        Automation {
            name: name(called),
            title: called.to_owned(),
            titles: indexmap::IndexMap::default(),
            description: None,
            package: PACKAGE.to_owned(),
            object: Some(name(self.object)),
            on: Trigger::Record {
                acts: self.acts.to_vec(),
                fields: self.fields.iter().map(|field| name(field)).collect(),
            },
            run: self.run,
            when: self.when.map(|when| parse(when, Some(&Type::Bool))),
            set: self.set.iter().map(|(field, expr)| (name(field), parse(expr, None))).collect(),
            then: self.then.map(path),
            principal: self.principal.clone(),
            renamed_from: None,
        }
    }
}

/// A world with automations and one script, `auto`.
pub async fn with(bed: &Handles, automations: &[(&str, Of<'_>)], script: &str) -> World {
    let world = world(&bed.tenant).await;
    let mut catalog = (*world.caller.catalog).clone();
    for (called, of) in automations {
        let automation = Arc::new(of.make(called, &catalog));
        catalog.automations.insert(name(called), automation);
    }
    catalog.scripts.push(Script {
        package: PACKAGE.to_owned(),
        module: "auto".to_owned(),
        file: "scripts/auto.rhai".to_owned(),
        text: script.into(),
        settings: indexmap::IndexMap::default(),
    });
    // Models are kept by it.
    catalog.hash = format!("{}-{script}", catalog.hash);
    let mut world = world;
    world.caller.catalog = Arc::new(catalog);
    world
}

impl World {
    async fn fails(&self, write: query::request::Write) -> Failed {
        match self.try_run(write).await {
            Err(WriteError::Script(failed)) => *failed,
            other => {
                assert!(other.is_err(), "it was carried out");
                let message = format!("{other:?}");
                Failed {
                    automation: String::new(),
                    place: None,
                    record: None,
                    message,
                    spent: script::Spent::default(),
                    index: None,
                }
            }
        }
    }

    /// Outcome and error of all runs, in their order.
    pub async fn runs(&self) -> Vec<(String, String, String)> {
        let column = |name: &str| sql::Scalar::Column(sql::Ident::made("t"), sql::Ident::made(name));
        let query = sql::Query {
            columns: ["automation", "outcome", "error"]
                .map(|name| (column(name), sql::Ident::made(name)))
                .to_vec(),
            from: Some(sql::From {
                source: sql::Relation::Table(sql::Ident::made("automation_run")),
                alias: sql::Ident::made("t"),
            }),
            order: vec![sql::Order { by: column("id"), descending: false, nulls_first: false }],
            ..sql::Query::default()
        };
        let statement = sql::print_query(&query, self.caller.tenant.dialect());
        let rows = self.caller.tenant.fetch(&statement, &[]).await.expect("runs");
        let text = |row: &store::Row, place| sql::Cells::value(row, place, expr::Encoding::Text).to_text();
        rows.iter().map(|row| (text(row, 0), text(row, 1), text(row, 2))).collect()
    }
}

fn refused(outcome: &Outcome) -> Vec<String> {
    outcome.errors.iter().map(|refusal| refusal.message.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn before_a_record_is_judged_it_can_be_changed() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[
                ("doubling", Of { run: RunAt::Before, set: &[("rate", "record.size * 1.5")], when: Some("record.size > 0"), ..AFTER }),
                ("tidying", Of { run: RunAt::Before, then: Some("auto::tidy"), ..AFTER }),
            ],
            "fn tidy(record, old, event) {
                record.name = upper(trim(record.name));
                if event.kind == \"update\" { record.notes = `was ${old.name}, ${event.changed.len()} changed`; }
                if record.parent == () && record.code == \"child\" { record.parent = find(\"firm\", #{filter: #{code: #{eq: \"top\"}}})[0]; }
            }",
        )
        .await;
        let top = world.made("firm", &[("name", text(" top ")), ("code", text("top")), ("tier", text("a"))]).await;
        let firm = world.made("firm", &[("name", text("ada")), ("size", int(4)), ("code", text("child"))]).await;
        let made = world.one("firm", firm, &["name", "rate", "double", "parent", "notes"]).await;
        assert_eq!(made, json!({"id": firm, "name": "ADA", "rate": "6", "double": "8", "parent": {"id": top}, "notes": null}));
        world.run(update("firm", firm, &[("name", text("bob"))])).await;
        let changed = world.one("firm", firm, &["name", "notes"]).await;
        assert_eq!(changed, json!({"id": firm, "name": "BOB", "notes": "was ADA, 1 changed"}));
        let runs: Vec<String> = world.runs().await.into_iter().map(|(name, outcome, _)| format!("{name} {outcome}")).collect();
        assert_eq!(runs, ["tidying done", "doubling done", "tidying done", "doubling done", "tidying done"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_record_is_written_others_follow_in_the_same_transaction() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[
                ("greeting", Of { acts: &[RecordAct::Create], then: Some("auto::greet"), ..AFTER }),
                ("renamed", Of { acts: &[RecordAct::Update], fields: &["name"], set: &[("notes", "old.name")], ..AFTER }),
                ("parting", Of { acts: &[RecordAct::Delete], then: Some("auto::part"), ..AFTER }),
            ],
            "fn greet(record) {
                let person = create(\"person\", #{name: \"Boss of \" + record.name, firm: record});
                update(record, #{size: count(\"person\", #{firm: #{id: #{eq: record.id}}}), notes: person.firm.name});
            }
            fn part(record) { create(\"note\", #{text: `gone: ${record.name}`}); }",
        )
        .await;
        let firm = world.made("firm", &[("name", text("One"))]).await;
        assert_eq!(world.all("person", &["name", "firm"]).await, [json!({"name": "Boss of One", "firm": {"id": firm}})]);
        let one = world.one("firm", firm, &["size", "notes", "double"]).await;
        assert_eq!(one, json!({"id": firm, "size": 1, "notes": "One", "double": "2"}));
        // Only real changes of the field that is named fire.
        world.run(update("firm", firm, &[("size", int(9))])).await;
        world.run(update("firm", firm, &[("name", text("One"))])).await;
        assert_eq!(world.one("firm", firm, &["notes"]).await["notes"], "One");
        world.run(update("firm", firm, &[("name", text("Two"))])).await;
        assert_eq!(world.one("firm", firm, &["notes"]).await["notes"], "One", "the name it had");
        world.run(delete("firm", firm)).await;
        assert_eq!(world.all("note", &["text"]).await, [json!({"text": "gone: Two"})]);
        let runs: Vec<String> = world.runs().await.into_iter().map(|(name, ..)| name).collect();
        assert_eq!(runs, ["greeting", "renamed", "parting"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_leaves_nothing_but_its_note() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[("breaking", Of { then: Some("auto::breaks"), ..AFTER })],
            "fn breaks(record) {
                create(\"club\", #{name: \"half\"});
                record.nmae
            }",
        )
        .await;
        let failed = world.fails(create("firm", &[("name", text("One"))])).await;
        assert_eq!(
            (failed.automation.as_str(), failed.message.as_str()),
            ("breaking", "`firm` has no field `nmae`; did you mean `name`?")
        );
        let place = failed.place.expect("a place");
        assert_eq!((place.file.as_str(), place.line), ("scripts/auto.rhai", Some(3)));
        assert!(place.column.is_some() && failed.spent.writes == 1);
        for (table, count) in [("firm", 0), ("club", 0)] {
            assert_eq!(world.all(table, &["id"]).await.len(), count, "{table}");
        }
        for table in ["history", "outbox"] {
            assert_eq!(world.rows(table).await, 0, "{table}");
        }
        let runs = world.runs().await;
        assert_eq!((runs.len(), runs[0].0.as_str(), runs[0].1.as_str()), (1, "breaking", "failed"));
        assert!(runs[0].2.contains("scripts/auto.rhai:3"), "{}", runs[0].2);
        let mut dry = create("firm", &[("name", text("One"))]);
        dry.dry_run = true;
        world.fails(dry).await;
        assert_eq!(world.runs().await.len(), 1, "a dry run leaves no note");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_of_a_script_can_be_caught_and_is_undone_alone() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[("trying", Of { acts: &[RecordAct::Create], when: Some("record.code == \"try\" || record.code == \"fall\""), then: Some("auto::tries"), ..AFTER })],
            "fn tries(record) {
                create(\"club\", #{name: \"before\"});
                try { create(\"firm\", #{name: \"Twin\", code: \"taken\"}); } catch (why) { create(\"note\", #{text: why}); }
                try { create(\"firm\", #{}); } catch (why) { create(\"note\", #{text: why}); }
                try { create(\"firn\", #{}); } catch (why) { create(\"note\", #{text: why}); }
                try { create(\"firm\", #{nam: 1}); } catch (why) { create(\"note\", #{text: why}); }
                create(\"club\", #{name: \"after\"});
                if record.code == \"fall\" { create(\"firm\", #{name: \"Twin\", code: \"taken\"}); }
            }",
        )
        .await;
        world.made("firm", &[("name", text("Old")), ("code", text("taken"))]).await;
        world.made("firm", &[("name", text("New")), ("code", text("try"))]).await;
        let names = |records: Vec<Json>, field: &str| {
            let mut names: Vec<String> = records.iter().map(|r| r[field].as_str().unwrap_or_default().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names(world.all("firm", &["name"]).await, "name"), ["New", "Old"]);
        assert_eq!(names(world.all("club", &["name"]).await, "name"), ["after", "before"]);
        let notes = names(world.all("note", &["text"]).await, "text");
        assert_eq!(notes.len(), 4, "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("another Firm has the same `code`")), "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("did you mean `firm`?")), "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("did you mean `name`?")), "{notes:?}");
        // Not caught, it undoes everything.
        let failed = world.fails(create("firm", &[("name", text("Third")), ("code", text("fall"))])).await;
        assert!(failed.message.contains("another Firm has the same `code`"), "{failed}");
        assert_eq!(world.all("club", &["name"]).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_acts_with_the_rights_of_its_principal() {
    each_database(|bed: Handles| async move {
        let script = "fn peek(record) { record.notes = `${record.revenue}`; }
            fn read(record) { create(\"note\", #{text: `${get(\"firm\", record.id).revenue}`}); }
            fn list(record) { create(\"note\", #{text: `${find(\"contract\").len()} ${count(\"contract\")}`}); }
            fn forbidden(record) { create(\"contract\", #{name: \"no\"}); }
            fn ok(record) { create(\"note\", #{text: \"seen\"}); }";
        let when = |code: &'static str, then: &'static str, principal: ActsAs, run: RunAt| Of {
            acts: &[RecordAct::Create],
            when: Some(code),
            then: Some(then),
            principal,
            run,
            ..AFTER
        };
        let world = with(
            &bed,
            &[
                ("peeking", when("record.code == \"peek\"", "auto::peek", ActsAs::Caller, RunAt::Before)),
                ("reading", when("record.code == \"read\"", "auto::read", ActsAs::Caller, RunAt::After)),
                ("listing", when("record.code == \"list\"", "auto::list", ActsAs::Caller, RunAt::After)),
                ("forbidden", when("record.code == \"forbidden\"", "auto::forbidden", ActsAs::Caller, RunAt::After)),
                ("system", when("record.code == \"system\"", "auto::forbidden", ActsAs::System, RunAt::After)),
                ("nobody", when("record.code == \"nobody\"", "auto::ok", ActsAs::Role(name("nothing")), RunAt::After)),
            ],
            script,
        )
        .await;
        let limited = world.acting(
            Uuid::nil(),
            &[
                ("firm", grant(&[(Action::Read, all()), (Action::Create, all())], &["name", "code", "notes"], &["name", "code"])),
                ("note", grant(&[(Action::Read, all()), (Action::Create, all())], &["*"], &["*"])),
            ],
        );
        let make = |code: &str| create("firm", &[("name", text("One")), ("code", text(code))]);
        let told = |failed: Failed| failed.message;
        assert!(told(limited.fails(make("peek")).await).contains("`firm` has no field `revenue`"));
        assert!(told(limited.fails(make("read")).await).contains("`firm` has no field `revenue`"));
        assert!(told(limited.fails(make("list")).await).contains("there is no object `contract`"));
        assert!(told(limited.fails(make("forbidden")).await).contains("there is no object `contract`"));
        assert!(told(limited.fails(make("nobody")).await).contains("there is no object `note`"));
        assert_eq!(world.all("firm", &["id"]).await.len(), 0);
        let outcome = limited.run(make("system")).await;
        assert_eq!(refused(&outcome), Vec::<String>::new());
        assert!(outcome.effects.iter().all(|effect| &*effect.object == "firm"), "{:?}", outcome.effects);
        assert_eq!(world.all("contract", &["name"]).await, [json!({"name": "no"})]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_end_with_an_error_that_names_the_chain() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[
                ("clubbing", Of { acts: &[RecordAct::Create], then: Some("auto::club"), ..AFTER }),
                (
                    "firming",
                    Of { object: "club", acts: &[RecordAct::Create], then: Some("auto::firm"), ..AFTER },
                ),
                ("counting", Of { acts: &[RecordAct::Update], set: &[("size", "record.size + 1")], ..AFTER }),
            ],
            "fn club(record) { if record.code == () { create(\"club\", #{name: \"c\"}); } }
             fn firm(record) { create(\"firm\", #{name: \"f\"}); }",
        )
        .await;
        let failed = world.fails(create("firm", &[("name", text("One"))])).await;
        assert!(
            failed.message.contains("more than 16 times in a row: clubbing → firming → clubbing"),
            "{failed}"
        );
        assert_eq!((world.all("firm", &["id"]).await.len(), world.all("club", &["id"]).await.len()), (0, 0));
        // One that writes to its own record does not set itself off again.
        let firm =
            world.made("firm", &[("name", text("Two")), ("code", text("quiet")), ("size", int(1))]).await;
        world.run(update("firm", firm, &[("name", text("Three"))])).await;
        assert_eq!(world.one("firm", firm, &["size"]).await["size"], 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_budget_holds_for_the_whole_cascade() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[
                ("spreading", Of { acts: &[RecordAct::Create], then: Some("auto::spread"), ..AFTER }),
                (
                    "asking",
                    Of { object: "club", acts: &[RecordAct::Create], then: Some("auto::ask"), ..AFTER },
                ),
            ],
            "fn spread(record) { for i in 0..100 { try { create(\"club\", #{name: `${i}`}); } catch { } } }
             fn ask(record) { for i in 0..10 { try { count(\"club\"); } catch { } } }",
        )
        .await;
        let failed = world.fails(create("firm", &[("name", text("One"))])).await;
        assert!(failed.message.contains("500 times") || failed.message.contains("longer than"), "{failed}");
        assert!(failed.place.is_some());
        assert_eq!(world.all("club", &["id"]).await.len(), 0);
        assert_eq!(world.runs().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runaways_at_once_do_not_keep_others_waiting() {
    each_database(|bed: Handles| async move {
        let world = with(
            &bed,
            &[(
                "looping",
                Of { when: Some("record.code == \"loop\""), then: Some("auto::forever"), ..AFTER },
            )],
            "fn forever() { loop { } }",
        )
        .await;
        let mut runaways = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (engine, caller) = (world.engine.clone(), world.caller.clone());
            runaways.spawn(async move {
                let write = create("firm", &[("name", text("One")), ("code", text("loop"))]);
                engine.write(&caller, write, None).await.is_err()
            });
        }
        let started = std::time::Instant::now();
        assert_eq!(world.all("club", &["id"]).await.len(), 0);
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
        while let Some(ended) = runaways.join_next().await {
            assert!(ended.expect("a task"), "it was stopped");
        }
        assert_eq!(world.all("firm", &["id"]).await.len(), 0);
        assert!(
            world
                .runs()
                .await
                .iter()
                .all(|(_, outcome, error)| outcome == "failed" && error.contains("steps"))
        );
        world.made("firm", &[("name", text("Two"))]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_write_runs_once_for_each_record() {
    each_database(|bed: Handles| async move {
        use query::request::{Batch, Operation};
        let world = with(
            &bed,
            &[("noting", Of { acts: &[RecordAct::Create], then: Some("auto::note"), ..AFTER })],
            "fn note(record, user) { create(\"note\", #{text: record.name, about: record}); }",
        )
        .await;
        let records = (0..20).map(|i| crate::support::data(&[("name", text(&format!("f{i}")))])).collect();
        let outcome = world.run(crate::support::write("firm", Operation::Create(records, Batch::Each))).await;
        assert_eq!(outcome.errors, vec![]);
        assert_eq!(world.all("note", &["text"]).await.len(), 20);
        assert_eq!(world.runs().await.len(), 20);
        let notes = world.stored("note", "about").await;
        assert!(notes.len() == 20 && notes.iter().all(|id| matches!(id, Value::Id(_))));
    })
    .await;
}
