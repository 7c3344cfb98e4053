//! Past logs imported from files: a generated log with known truths, and Maven's pipeline as one, on both databases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use deploy::{ApplyOptions, Catalogs};
use engine::{Actor, Caller, Door, Engine, SystemClock, SystemIds};
use expr::{Encoding, Value};
use metadata::{Name, SourceFile};
use query::access::Access;
use sql::{Cells, Ident, Query, Relation, Scalar};
use store::Tenant;
use testing::{Handles, each_database};
use work::{ImportOptions, Map, Report, import};

const OBJECTS: &str = r#"[{"name": "deal", "plural": "deals", "title": "Deal", "type": "object", "properties": {
  "code": {"type": "string", "x-unique": true}, "agent": {"type": "string"}, "value": {"x-type": "decimal"}}}]"#;

const LIFECYCLES: &str = r#"[{"name": "dealWay", "object": "deal", "title": "Deal",
 "stages": [{"name": "Prospecting"}, {"name": "Engaging"}, {"name": "Paused", "kind": "detour"}, {"name": "Won", "kind": "won"}, {"name": "Lost", "kind": "lost"}],
 "transitions": [
  {"from": "Prospecting", "to": "Engaging", "auto": true, "guard": "record.agent != null"},
  {"from": "Engaging", "to": "Paused"}, {"from": "Paused", "to": "Engaging"},
  {"from": "Engaging", "to": "Won", "requires": ["value"]}, {"from": "*", "to": "Lost", "reason": true}
 ]}]"#;

const STAGES: [&str; 5] = ["Prospecting", "Engaging", "Paused", "Won", "Lost"];

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).single().expect("a real instant")
}

async fn caller(tenant: &Tenant) -> Caller {
    let files = [
        ("package.json", r#"{"name": "deals", "version": "1.0.0", "title": "Deals"}"#),
        ("objects/deal.json", OBJECTS),
        ("lifecycles/deal.json", LIFECYCLES),
    ];
    let files = files.map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
    let catalogs = Catalogs::new(now);
    catalogs.get(tenant).await.expect("the platform's objects");
    deploy::apply(tenant, &files, ApplyOptions::new("test", now())).await.expect("the package applies");
    Caller {
        tenant: tenant.clone(),
        catalog: catalogs.reload(tenant).await.expect("a catalog"),
        actor: Actor { label: "test".to_owned(), user: None },
        access: Access::Everything,
        facts: Arc::default(),
        cause: Arc::default(),
        door: Door::Import,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
        zone: chrono_tz::UTC,
        trace: None,
    }
}

async fn taken_in(caller: &Caller, file: &Path, map: serde_json::Value) -> Report {
    let map: Map = serde_json::from_value(map).expect("a map");
    let name = |text: &str| Name::new(text).expect("a name");
    let options = ImportOptions { map: Some(map), upsert: Some(name("code")), ..ImportOptions::default() };
    import(&Engine::new(), caller, &name("deal"), file, &options, &|_| {}).await.expect("an import")
}

/// For each stage: how often it was entered, how many passes of it were not the first, and how long records were in it, in seconds.
type Truth = BTreeMap<String, (i64, i64, i64)>;

async fn told(caller: &Caller) -> Truth {
    let alias = Ident::made("t");
    let columns = ["to_stage", "pass", "entered", "left_at"];
    let query = Query {
        columns: columns
            .iter()
            .map(|name| (Scalar::Column(alias.clone(), Ident::made(name)), Ident::made(name)))
            .collect(),
        from: Some(sql::From { source: Relation::Table(Ident::made("transition")), alias: alias.clone() }),
        ..Query::default()
    };
    let statement = sql::print_query(&query, caller.tenant.dialect());
    let rows = caller.tenant.fetch(&statement, &[]).await.expect("the log");
    let mut truth = Truth::new();
    for row in &rows {
        let Value::Text(stage) = row.value(0, Encoding::Text) else { unreachable!("a stage") };
        let Value::Int(pass) = row.value(1, Encoding::Int) else { unreachable!("a pass") };
        let entry = truth.entry(stage).or_default();
        entry.0 += 1;
        entry.1 += i64::from(pass > 1);
        if let (Value::DateTime(entered), Value::DateTime(left)) =
            (row.value(2, Encoding::DateTime), row.value(3, Encoding::DateTime))
        {
            entry.2 += (left - entered).num_seconds();
        }
    }
    truth
}

/// Numbers that look like chance, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A log of so many cases whose events stand in no order, and what it says.
fn generated(cases: u64) -> (String, Truth) {
    let mut dice = Dice(17);
    let mut events: Vec<(u64, String)> = Vec::new();
    let mut truth = Truth::new();
    for case in 0..cases {
        let mut at = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).single().expect("a real instant")
            + TimeDelta::seconds(i64::try_from(dice.below(30_000_000)).expect("small"));
        let mut seen: BTreeMap<&str, i64> = BTreeMap::new();
        let count = 1 + dice.below(8);
        let mut before: Option<(&str, DateTime<Utc>)> = None;
        for _ in 0..count {
            let stage = STAGES[usize::try_from(dice.below(5)).expect("small")];
            if let Some((left, since)) = before {
                truth.entry(left.to_owned()).or_default().2 += (at - since).num_seconds();
            }
            let pass = seen.entry(stage).or_insert(0);
            *pass += 1;
            let entry = truth.entry(stage.to_owned()).or_default();
            entry.0 += 1;
            entry.1 += i64::from(*pass > 1);
            let when = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            events.push((dice.below(1_000_000), format!("case-{case},{stage},{when}")));
            before = Some((stage, at));
            at += TimeDelta::seconds(1 + i64::try_from(dice.below(2_000_000)).expect("small"));
        }
    }
    events.sort();
    let mut text = "case id,activity,timestamp\n".to_owned();
    for (_, line) in events {
        writeln!(text, "{line}").expect("text grows");
    }
    (text, truth)
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_passes_and_durations_of_a_log_are_those_of_its_file() {
    each_database(|bed: Handles| async move {
        let caller = caller(&bed.tenant).await;
        let (text, truth) = generated(400);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("log.csv");
        std::fs::write(&file, &text).expect("written");
        let map = serde_json::json!({"columns": {"case id": "code", "activity": "stage", "timestamp": "stageEnteredAt"}});
        let report = taken_in(&caller, &file, map.clone()).await;
        let rows = u64::try_from(text.lines().count() - 1).expect("small");
        assert_eq!((report.rejected, report.read, report.created), (0, rows, 400), "{:?}", report.rejects);
        assert_eq!(told(&caller).await, truth);
        // An import that was interrupted is run again.
        let again = taken_in(&caller, &file, map).await;
        assert_eq!((again.created, again.updated, again.skipped, again.rejected), (0, 0, rows, 0), "{:?}", again.rejects);
        assert_eq!(told(&caller).await, truth);
    })
    .await;
}

/// Maven's pipeline tells two events of each opportunity: engaged, and closed.
fn events_of(pipeline: &str) -> (String, Truth) {
    let mut reader = csv::Reader::from_reader(pipeline.as_bytes());
    let mut text = "opportunity,agent,stage,at\n".to_owned();
    let mut truth = Truth::new();
    for row in reader.records() {
        let row = row.expect("a row");
        let (id, agent, stage, engaged, closed) = (&row[0], &row[1], &row[4], &row[5], &row[6]);
        let mut enter = |stage: &str, at: &str| {
            truth.entry(stage.to_owned()).or_default().0 += 1;
            writeln!(text, "{id},{agent},{stage},{at}").expect("text grows");
        };
        if !closed.is_empty() {
            enter(stage, closed);
        }
        if !engaged.is_empty() {
            enter("Engaging", engaged);
        }
        if let (Ok(from), Ok(to)) =
            (engaged.parse::<chrono::NaiveDate>(), closed.parse::<chrono::NaiveDate>())
        {
            truth.entry("Engaging".to_owned()).or_default().2 += (to - from).num_seconds();
        }
    }
    (text, truth)
}

/// The first lines of a pipeline in Maven's form.
const PIPELINE: &str =
    "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
1C1I7A6R,Moses Frase,GTX Plus Basic,Cancity,Won,2016-10-20,2017-03-01,1054.0
Z063OYW0,Darcel Schlecht,GTXPro,Isdom,Won,2016-10-25,2017-03-11,4514.0
EC4QE1BX,Darcel Schlecht,MG Special,Cancity,Lost,2016-10-25,2017-03-07,50.0
HAXMC4IX,James Ascencio,MG Advanced,,Engaging,2016-11-03,,
";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_deals_is_told_as_a_log() {
    each_database(|bed: Handles| async move {
        let caller = caller(&bed.tenant).await;
        let (text, truth) = events_of(PIPELINE);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("deals.csv");
        std::fs::write(&file, &text).expect("written");
        let map = serde_json::json!({"columns": {"opportunity": "code", "agent": "agent", "stage": "stage", "at": "stageEnteredAt"}});
        let report = taken_in(&caller, &file, map).await;
        assert_eq!((report.created, report.updated, report.rejected), (4, 3, 0), "{:?}", report.rejects);
        assert_eq!(told(&caller).await, truth);
    })
    .await;
}
