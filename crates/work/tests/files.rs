//! Imports and exports of generated files, on both databases.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use deploy::{ApplyOptions, Catalogs};
use engine::{Actor, Caller, Door, Engine, SystemClock, SystemIds};
use metadata::{Name, SourceFile};
use query::access::Access;
use store::Tenant;
use testing::{Handles, each_database};
use work::{ExportOptions, Format, ImportError, ImportOptions, Map, OnError, Report, export, import};

const OBJECTS: &str = r#"[
{"name": "agent", "plural": "agents", "title": "Agent", "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
{"name": "firm", "plural": "firms", "title": "Firm", "type": "object", "required": ["name"], "x-display": "name", "properties": {
  "name": {"type": "string"},
  "code": {"type": "string", "x-unique": true},
  "tier": {"type": "string", "enum": ["a", "b"], "x-labels": {"a": "Best", "b": "Other"}},
  "size": {"type": "integer", "minimum": 0},
  "revenue": {"x-type": "money", "x-currency": "EUR"},
  "founded": {"type": "string", "format": "date"},
  "seen": {"type": "string", "format": "date-time"},
  "active": {"type": "boolean"},
  "place": {"x-type": "address"},
  "tags": {"type": "array", "items": {"type": "string"}},
  "notes": {"x-type": "longText"},
  "extra": {"type": "object"},
  "agent": {"x-type": "lookup", "x-to": "agent", "x-inverse": "firms"},
  "parent": {"x-type": "lookup", "x-to": "firm", "x-inverse": "children"}
}}]"#;

struct World {
    engine: Arc<Engine>,
    caller: Caller,
    folder: tempfile::TempDir,
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).single().expect("a real instant")
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

async fn world(tenant: &Tenant) -> World {
    let package = r#"{"name": "shop", "version": "1.0.0", "title": "Shop"}"#;
    let files = [("package.json", package), ("objects/all.json", OBJECTS)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
    let catalogs = Catalogs::new(now);
    catalogs.get(tenant).await.expect("the platform's objects");
    deploy::apply(tenant, &files, ApplyOptions::new("test", now())).await.expect("the package applies");
    let caller = Caller {
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
    };
    World { engine: Arc::new(Engine::new()), caller, folder: tempfile::tempdir().expect("a folder") }
}

impl World {
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())).expect("written");
        path
    }

    async fn import(
        &self,
        object: &str,
        file: &Path,
        options: &ImportOptions,
    ) -> Result<Report, ImportError> {
        import(&self.engine, &self.caller, &name(object), file, options, &|_| {}).await
    }

    async fn imported(&self, object: &str, text: &str, options: &ImportOptions) -> Report {
        let file = self.file("import.csv", text);
        self.import(object, &file, options).await.expect("an import")
    }

    /// What an export says, without the columns that differ from run to run, sorted.
    async fn rows(&self, object: &str, columns: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let options = ExportOptions { natural_keys: true, ..ExportOptions::default() };
        export(&self.engine, &self.caller, &name(object), &options, &mut out, &|_| {})
            .await
            .expect("an export");
        let mut reader = csv::Reader::from_reader(out.as_slice());
        let headers = reader.headers().expect("headers").clone();
        let places: Vec<usize> = columns
            .iter()
            .map(|column| headers.iter().position(|h| h == *column).expect("the column is exported"))
            .collect();
        let mut rows: Vec<String> = reader
            .records()
            .map(|row| {
                let row = row.expect("a row");
                places.iter().map(|place| &row[*place]).collect::<Vec<_>>().join("|")
            })
            .collect();
        rows.sort();
        rows
    }
}

fn counts(report: &Report) -> [u64; 5] {
    [report.read, report.created, report.updated, report.skipped, report.rejected]
}

fn map(json: serde_json::Value) -> Map {
    serde_json::from_value(json).expect("a map")
}

#[tokio::test(flavor = "multi_thread")]
async fn maps_values_constants_and_lookups() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        world.imported("agent", "name\nAnn\nBob\nBob\n", &ImportOptions::default()).await;
        let text = "Company,Class,Staff,Rep,City,Junk\nAcme,Best,12,Ann,Oslo,x\nBeta,other class,,,,x\nGamma,b,-4,Ann,,x\nDelta,b,1,Bob,,x\nEps,b,1,Zoe,,x\nZeta,zzz,1,,,x\n";
        let rejects = world.folder.path().join("rejects.csv");
        let options = ImportOptions {
            map: Some(map(serde_json::json!({
                "columns": {"Company": "name", "Class": "tier", "Staff": "size", "Rep": "agent.name", "City": "place.city"},
                "values": {"Class": {"other class": "b"}},
                "constants": {"place.country": "NO"}
            }))),
            rejects: Some(rejects.clone()),
            ..ImportOptions::default()
        };
        let report = world.imported("firm", text, &options).await;
        assert_eq!(counts(&report), [6, 2, 0, 0, 4]);
        assert_eq!(report.unused, ["Junk"]);
        let mut at: Vec<(u64, Option<String>)> = report.rejects.iter().map(|r| (r.line, r.column.clone())).collect();
        at.sort();
        let column = |name: &str| Some(name.to_owned());
        assert_eq!(at, [(4, column("Staff")), (5, column("Rep")), (6, column("Rep")), (7, column("Class"))]);
        let columns = ["name", "tier", "size", "agent.name", "place.city", "place.country"];
        assert_eq!(world.rows("firm", &columns).await, ["Acme|a|12|Ann|Oslo|NO", "Beta|b||||NO"]);
        let written = std::fs::read_to_string(rejects).expect("the rejects");
        assert_eq!(written.lines().count(), 5, "{written}");
        assert!(written.starts_with("Company,Class,Staff,Rep,City,Junk,line,column,reason\n"), "{written}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parents_may_stand_behind_their_children() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let text = "name,parent.name\nc,b\nb,a\na,\nlost,nowhere\n";
        let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
        assert_eq!(counts(&world.imported("firm", text, &dry).await), [4, 3, 0, 0, 1]);
        assert_eq!(world.rows("firm", &["name"]).await.len(), 0);
        let report = world.imported("firm", text, &ImportOptions::default()).await;
        assert_eq!(counts(&report), [4, 3, 0, 0, 1]);
        assert_eq!(
            (report.rejects[0].line, report.rejects[0].column.clone()),
            (5, Some("parent.name".to_owned()))
        );
        assert_eq!(world.rows("firm", &["name", "parent.name"]).await, ["a|", "b|a", "c|b"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_leave_equal_records_alone() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let options = ImportOptions { upsert: Some(name("code")), ..ImportOptions::default() };
        let text = "code,name,size\n1,a,1\n2,b,2\n2,b,3\n,c,3\n";
        assert_eq!(counts(&world.imported("firm", text, &options).await), [4, 2, 1, 0, 1]);
        assert_eq!(
            counts(&world.imported("firm", "code,name,size\n1,a,1\n2,b,\n3,c,9\n", &options).await),
            [3, 1, 1, 1, 0]
        );
        assert_eq!(world.rows("firm", &["code", "name", "size"]).await, ["1|a|1", "2|b|", "3|c|9"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_keeps_what_came_before_and_goes_on_there() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let text = "name,size\na,1\nb,2\nc,-3\nd,4\n";
        let stop = ImportOptions { on_error: OnError::Stop, ..ImportOptions::default() };
        let report = world.imported("firm", text, &stop).await;
        assert_eq!((report.created, report.rejected, report.rejects[0].line), (2, 1, 4));
        assert_eq!(world.rows("firm", &["name"]).await, ["a", "b"]);
        let report = world.imported("firm", text, &ImportOptions::default()).await;
        assert!(report.resumed);
        assert_eq!(world.rows("firm", &["name"]).await, ["a", "b", "d"]);
        assert_eq!(report.read, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_goes_on_without_duplicates() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let mut text = "name,parent.name\n".to_owned();
        for n in 0..4_000 {
            let parent = if n % 100 == 0 { format!("f{}", n + 1) } else { String::new() };
            writeln!(text, "f{n},{parent}").expect("a text takes all");
        }
        let file = world.file("long.csv", &text);
        let mut rounds = 0;
        let report = loop {
            rounds += 1;
            let limit = Duration::from_millis(150 * rounds);
            let options = ImportOptions::default();
            match tokio::time::timeout(limit, world.import("firm", &file, &options)).await {
                Ok(report) => break report.expect("an import"),
                Err(_) => assert!(rounds < 200, "the import never ends"),
            }
            // A commit that was on its way when its import was dropped may still arrive.
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!(
            (report.read, report.created, report.rejected),
            (4_000, 4_000, 0),
            "after {rounds} rounds"
        );
        let names = world.rows("firm", &["name"]).await;
        let unique: std::collections::HashSet<&String> = names.iter().collect();
        assert_eq!((names.len(), unique.len()), (4_000, 4_000));
        let again = world.import("firm", &file, &ImportOptions::default()).await.expect("an import");
        assert_eq!((again.resumed, again.created), (false, 4_000), "a finished file is a new one");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_read_back_as_it_was() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let text = "name,code,tier,size,revenue,revenueCurrency,founded,seen,active,place.city,tags,notes,extra,parent.name\n\
            \"=1+1\",a,Best,7,12.50,USD,2020-02-29,2026-01-02T03:04:05.123456Z,true,\"Köln, \"\"Dom\"\"\",x;y,\"two\nlines\",\"{\"\"k\"\": [1, null]}\",\n\
            @x,b,,-0,,,,,false,,\"[\"\"a;b\"\"]\",-x,,\"'=1+1\"\n";
        let report = world.imported("firm", text, &ImportOptions::default()).await;
        assert_eq!(counts(&report), [2, 2, 0, 0, 0], "{:?}", report.rejects);
        let export_to = |file: PathBuf| {
            let world = &world;
            async move {
                let mut out = std::fs::File::create(&file).expect("a file");
                let options = ExportOptions::default();
                export(&world.engine, &world.caller, &name("firm"), &options, &mut out, &|_| {}).await.expect("an export");
                std::fs::read_to_string(file).expect("text")
            }
        };
        let first = export_to(world.folder.path().join("first.csv")).await;
        assert!(first.contains("'=1+1") && first.contains("'@x") && first.contains("'-x"), "{first}");
        let options = ImportOptions { upsert: Some(name("id")), ..ImportOptions::default() };
        let report = world.imported("firm", &first, &options).await;
        assert_eq!(counts(&report), [2, 0, 0, 2, 0], "{:?}\n{first}", report.rejects);
        assert_eq!(export_to(world.folder.path().join("second.csv")).await, first);
        let mut lines = Vec::new();
        let options = ExportOptions { format: Format::Jsonl, ..ExportOptions::default() };
        let count = export(&world.engine, &world.caller, &name("firm"), &options, &mut lines, &|_| {}).await.expect("an export");
        let lines = String::from_utf8(lines).expect("UTF-8");
        assert_eq!((count, lines.lines().count()), (2, 2));
        assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn misused_maps_are_told_with_a_hint() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let cases = [
            ("name,sise\nx,1\n", None, "no field `sise`", "size"),
            (
                "name\nx\n",
                Some(map(serde_json::json!({"columns": {"nam": "name"}}))),
                "no column `nam`",
                "name",
            ),
            (
                "a,b\nx,1\n",
                Some(map(serde_json::json!({"columns": {"a": "name", "b": "name"}}))),
                "both go to `name`",
                "",
            ),
            (
                "a\nx\n",
                Some(map(serde_json::json!({"columns": {"a": "createdAt"}}))),
                "cannot be imported",
                "map",
            ),
            (
                "a,b\nx,1\n",
                Some(map(serde_json::json!({"columns": {"a": "agent.nme"}}))),
                "no field `nme`",
                "name",
            ),
            ("name,children\nx,1\n", None, "many records", ""),
        ];
        for (text, map, message, hint) in cases {
            let file = world.file("misuse.csv", text);
            let options = ImportOptions { map, ..ImportOptions::default() };
            match world.import("firm", &file, &options).await {
                Err(ImportError::Usage { message: found, hint: given }) => {
                    assert!(found.contains(message), "{found}");
                    assert!(given.unwrap_or_default().contains(hint), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_another_tenant_keep_their_ids() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let options = ImportOptions { upsert: Some(name("id")), ..ImportOptions::default() };
        let (child, parent) =
            ("0198f0a1-0000-7000-8000-000000000001", "0198f0a1-0000-7000-8000-000000000002");
        let text = format!("id,name,parent.id\n{child},Child,{parent}\n{parent},Parent,\n");
        assert_eq!(counts(&world.imported("firm", &text, &options).await), [2, 2, 0, 0, 0]);
        let rows = world.rows("firm", &["id", "name", "parent.name"]).await;
        assert_eq!(rows, [format!("{child}|Child|Parent"), format!("{parent}|Parent|")]);
        assert_eq!(counts(&world.imported("firm", &text, &options).await), [2, 0, 0, 2, 0]);
    })
    .await;
}
