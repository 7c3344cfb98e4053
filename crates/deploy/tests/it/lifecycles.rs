//! A changed lifecycle: records that stand in it, its log, and past moves under new rules.

use std::sync::Arc;

use deploy::{ApplyOptions, DeployError, Mapping, Observer, Progress, Stage};
use expr::{Encoding, Value};
use metadata::SourceFile;
use serde_json::{Value as Json, json};
use sql::{Cells, Ident, Insert, Query, Relation, Rows, Scalar, Write};
use store::Tenant;

use crate::bed::{applied, at, catalog, file, insert, is_whole, options, planned, shop, texts, told, values};

fn properties() -> Json {
    json!({ "name": {"type": "string"}, "amount": {"x-type": "money"}, "phone": {"type": "string"} })
}

/// The shop with a lifecycle of these keys.
fn with(lifecycle: Json) -> Vec<SourceFile> {
    let mut files = shop(properties(), json!({ "x-owned": true }));
    files.push(file("lifecycles/deal.json", &lifecycle));
    files
}

fn simple() -> Json {
    json!({
        "name": "sale", "object": "deal",
        "stages": [{"name": "open"}, {"name": "offer"}, {"name": "won", "kind": "won"}],
        "transitions": [{"from": "open", "to": "offer"}, {"from": "offer", "to": "won"}]
    })
}

/// The log: record, lifecycle, from, to, pass, left for.
async fn log(tenant: &Tenant) -> Vec<String> {
    let alias = Ident::made("h");
    let column = |name: &str| Scalar::Column(alias.clone(), Ident::made(name));
    let names = ["lifecycle", "from_stage", "to_stage", "left_to", "cause"];
    let order = ["record", "entered", "pass", "to_stage"];
    let mut columns: Vec<(Scalar, Ident)> =
        names.iter().map(|name| (column(name), Ident::made(name))).collect();
    columns.push((column("pass"), Ident::made("pass")));
    let query = Query {
        columns,
        from: Some(sql::From { source: Relation::Table(Ident::made("transition")), alias: alias.clone() }),
        order: order
            .iter()
            .map(|name| sql::Order { by: column(name), descending: false, nulls_first: false })
            .collect(),
        ..Query::default()
    };
    let rows = tenant.fetch(&sql::print_query(&query, tenant.dialect()), &[]).await.expect("the log");
    let text = |value: Value| match value {
        Value::Text(text) => text,
        Value::Int(number) => number.to_string(),
        _ => "-".to_owned(),
    };
    rows.iter()
        .map(|row| {
            let mut cells: Vec<String> = (0..5).map(|at| text(row.value(at, Encoding::Text))).collect();
            cells.push(text(row.value(5, Encoding::Int)));
            cells.join(" ")
        })
        .collect()
}

fn shown(values: &[Value]) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Null => "null".to_owned(),
        other => format!("{other:?}"),
    };
    values.iter().map(one).collect()
}

#[tokio::test]
async fn records_take_the_lifecycle_that_their_object_gains() {
    testing::each_database(|bed| async move {
        let tenant = &bed.tenant;
        let mut before = properties();
        before["stage"] = json!({"type": "string", "enum": ["offer", "won", "lost", "old"]});
        applied(tenant, &shop(before, json!({ "x-owned": true }))).await;
        let rows: Vec<Vec<Value>> = ["a", "a", "b", "a"]
            .iter()
            .zip(["offer", "old", "won", ""])
            .map(|(name, stage)| {
                let stage = if stage.is_empty() { Value::Null } else { Value::Text(stage.to_owned()) };
                vec![Value::Text((*name).to_owned()), stage]
            })
            .collect();
        insert(tenant, &["name", "stage"], &rows).await;
        let mut sale = simple();
        sale["when"] = json!("record.name == \"a\"");
        let mut files = with(sale);
        let other = json!({"name": "rest", "object": "deal", "when": "record.name == \"c\"", "stages": [{"name": "open"}]});
        files.push(file("lifecycles/rest.json", &other));
        let plan = planned(tenant, &files).await;
        assert!(plan.steps.iter().any(|step| step.what == "put records without a lifecycle into rest, sale"), "{plan:?}");
        assert!(!plan.is_refused());
        // Nobody sees half of it: whoever stops it before the commit finds what was there.
        let mut dying = options();
        dying.observer = Arc::new(DiesAt(Stage::Commit));
        assert!(matches!(deploy::apply(tenant, &files, dying).await, Err(DeployError::Stopped(_))));
        assert_eq!(log(tenant).await, Vec::<String>::new());
        applied(tenant, &files).await;
        assert_eq!(shown(&values(tenant, "lifecycle").await), ["sale", "sale", "null", "sale"]);
        assert_eq!(shown(&values(tenant, "stage").await), ["offer", "open", "won", "open"]);
        assert_eq!(shown(&values(tenant, "pass").await), ["1", "1", "null", "1"]);
        assert_eq!(values(tenant, "stageEnteredAt").await.first(), Some(&Value::DateTime(at())));
        assert_eq!(
            log(tenant).await,
            ["sale - offer - apply 1", "sale - open - apply 1", "sale - open - apply 1"]
        );
        assert!(planned(tenant, &files).await.is_empty());
        assert!(is_whole(tenant).await);
    })
    .await;
}

struct DiesAt(Stage);

impl Observer for DiesAt {
    fn step(&self, progress: Progress<'_>) -> Result<(), String> {
        if progress.stage == self.0 { Err("killed".to_owned()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_stage_that_goes_needs_a_place_for_its_records() {
    testing::each_database(|bed| async move {
        let tenant = &bed.tenant;
        let mut before = properties();
        before["stage"] = json!({"type": "string", "enum": ["open", "offer", "won"]});
        applied(tenant, &shop(before, json!({}))).await;
        insert(tenant, &["stage"], &texts(&["offer", "offer", "open", "won"])).await;
        let then = applied(tenant, &with(simple())).await.version;
        let changed = |more: Json| {
            let mut doc = json!({
                "name": "sale", "object": "deal",
                "stages": [{"name": "talk", "renamedFrom": "open"}, {"name": "closing"}, {"name": "won", "kind": "won"}],
                "transitions": [{"from": "talk", "to": "closing"}, {"from": "closing", "to": "won"}]
            });
            doc.as_object_mut().expect("an object").extend(more.as_object().expect("keys").clone());
            with(doc)
        };
        let plan = planned(tenant, &changed(json!({}))).await;
        assert_eq!(told(&plan.effects), [("stage:sale.offer".to_owned(), 2)]);
        let refused = deploy::apply(tenant, &changed(json!({})), options()).await;
        assert!(matches!(refused, Err(DeployError::Refused(_))), "{refused:?}");

        applied(tenant, &changed(json!({"moved": {"offer": "closing"}}))).await;
        assert_eq!(shown(&values(tenant, "stage").await), ["closing", "closing", "talk", "won"]);
        let stays = log(tenant).await;
        assert_eq!(stays.iter().filter(|stay| *stay == "sale - offer closing apply 1").count(), 2, "{stays:?}");
        assert_eq!(stays.iter().filter(|stay| *stay == "sale offer closing - apply 1").count(), 2, "{stays:?}");
        assert_eq!(stays.iter().filter(|stay| *stay == "sale - talk - apply 1").count(), 1, "{stays:?}");
        assert!(planned(tenant, &changed(json!({"moved": {"offer": "closing"}}))).await.is_empty());

        // Back again: the stages of then are in use no more, so that the caller says where their records go.
        let mut back = options();
        let pairs = [("closing".to_owned(), Some("offer".to_owned()))];
        back.mapping = Mapping([("deal.stage".to_owned(), pairs.into_iter().collect())].into_iter().collect());
        deploy::revert(tenant, then, back).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(shown(&values(tenant, "stage").await), ["offer", "offer", "open", "won"]);
    })
    .await;
}

/// Notes moves from `open` to `offer` of all deals.
async fn note_moves(tenant: &Tenant) {
    let catalog = catalog(tenant).await;
    let alias = Ident::made("d");
    let column = |name: &str| Scalar::Column(alias.clone(), Ident::made(name));
    let text = |text: &str| Scalar::Text(text.to_owned());
    let cells = [
        ("id", column("id")),
        ("object", text("deal")),
        ("record", column("id")),
        ("lifecycle", text("sale")),
        ("name", text("sale.open.offer")),
        ("from_stage", text("open")),
        ("to_stage", text("offer")),
        ("pass", Scalar::Int(1)),
        ("entered", column("updated_at")),
        ("actor", text("somebody")),
        ("cause", text("user")),
        ("version", Scalar::Int(1)),
    ];
    let source = Relation::Table(Ident::made(&catalog.layout.tables["deal"].name));
    let query = Query {
        columns: cells.iter().map(|(name, cell)| (cell.clone(), Ident::made(name))).collect(),
        from: Some(sql::From { source, alias: alias.clone() }),
        ..Query::default()
    };
    let write = Write::Insert(Insert {
        table: Ident::made("transition"),
        columns: cells.iter().map(|(name, _)| Ident::made(name)).collect(),
        rows: Rows::Query(Box::new(query)),
        conflict: None,
        returning: Vec::new(),
    });
    for statement in sql::print_write(&write, tenant.dialect()) {
        tenant.run_write(&[statement], &[]).await.expect("the log is written");
    }
}

#[tokio::test]
async fn the_old_log_is_held_against_a_changed_transition() {
    testing::each_database(|bed| async move {
        let tenant = &bed.tenant;
        applied(tenant, &with(simple())).await;
        let cell = |text: &str| Value::Text(text.to_owned());
        let amount = |number: i64| Value::Decimal(number.into());
        let row = |phone: Value, sum: i64| vec![cell("sale"), cell("open"), phone, amount(sum), cell("EUR")];
        insert(
            tenant,
            &["lifecycle", "stage", "phone", "amount", "amountCurrency"],
            &[row(Value::Null, 10), row(cell("1"), 20), row(Value::Null, 5), row(cell("2"), 200)],
        )
        .await;
        note_moves(tenant).await;
        let mut stricter = simple();
        stricter["transitions"][0]["requires"] = json!(["phone"]);
        stricter["transitions"][0]["guard"] = json!("record.amount < 100");
        let files = with(stricter);
        let replay = expr::Duration { months: 1200, micros: 0 };
        let asked = deploy::PlanOptions { replay, ..deploy::PlanOptions::default() };
        let plan = deploy::plan(tenant, &files, asked).await.expect("a plan");
        assert_eq!(
            told(&plan.effects),
            [("held:sale.open.offer".to_owned(), 3), ("replay:sale.open.offer".to_owned(), 3)]
        );
        assert!(plan.changes.iter().any(|line| line.kind == "transitionChanged"), "{:?}", plan.changes);
        let replay = plan.effects[1].replay.as_ref().expect("a replay");
        assert_eq!(
            replay.amounts,
            [deploy::Amount { currency: Some("EUR".to_owned()), amount: "215".to_owned() }]
        );
        assert_eq!(replay.owners, [deploy::Share { owner: None, name: None, count: 3 }]);
        assert!(!plan.is_refused());
        // What is not asked of the past is not told.
        let short =
            deploy::PlanOptions { replay: expr::Duration::default(), ..deploy::PlanOptions::default() };
        let plan = deploy::plan(tenant, &files, short).await.expect("a plan");
        assert_eq!(told(&plan.effects), [("held:sale.open.offer".to_owned(), 3)]);
        deploy::apply(tenant, &files, ApplyOptions::new("tester", at())).await.expect("it is allowed");
    })
    .await;
}

#[tokio::test]
async fn the_old_log_is_held_against_a_changed_script() {
    testing::each_database(|bed| async move {
        let tenant = &bed.tenant;
        let guarded = |text: &str| {
            let mut doc = simple();
            doc["transitions"][0]["guard"] = json!("deal::ready");
            let mut files = with(doc);
            let (path, text) = ("scripts/deal.rhai".to_owned(), text.to_owned());
            files.push(SourceFile { path, text });
            files
        };
        applied(tenant, &guarded("fn ready(record) { true }")).await;
        assert!(is_whole(tenant).await);
        let cell = |text: &str| Value::Text(text.to_owned());
        let row =
            |phone: Value| vec![cell("sale"), cell("offer"), phone, Value::Decimal(10.into()), cell("EUR")];
        insert(
            tenant,
            &["lifecycle", "stage", "phone", "amount", "amountCurrency"],
            &[row(Value::Null), row(cell("1")), row(Value::Null)],
        )
        .await;
        note_moves(tenant).await;
        let files =
            guarded("fn ready(record) { if record.phone == () { return \"A phone, please\"; } true }");
        let replay = expr::Duration { months: 1200, micros: 0 };
        let asked = deploy::PlanOptions { replay, ..deploy::PlanOptions::default() };
        let plan = deploy::plan(tenant, &files, asked).await.expect("a plan");
        assert_eq!(told(&plan.effects), [("replay:sale.open.offer".to_owned(), 2)]);
        let replay = plan.effects[0].replay.as_ref().expect("a replay");
        assert_eq!(
            replay.amounts,
            [deploy::Amount { currency: Some("EUR".to_owned()), amount: "20".to_owned() }]
        );
        assert_eq!(replay.owners, [deploy::Share { owner: None, name: None, count: 2 }]);
        assert!(plan.changes.iter().any(|line| line.kind == "scriptChanged"), "{:?}", plan.changes);
        applied(tenant, &files).await;
        assert!(planned(tenant, &files).await.is_empty());
    })
    .await;
}
