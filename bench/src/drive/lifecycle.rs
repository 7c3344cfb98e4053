//! What a lifecycle costs. Making and moving records beside statements that write the same rows; a score and the velocity of a million
//! records beside hand-written SQL.

use std::fmt::Write;
use std::time::Instant;

use serde_json::{Value, json};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor};

use crate::{Failure, Run, database, seed};

use super::client::Connection;
use super::numbers::Numbers;
use super::operation::{Operation, Side, armature_request, floor_post};
use super::servers::{self, Servers};
use super::world::World;
use super::{Measured, compare, guard, report, rounds, say};

const DATABASE: &str = "armature_bench_lifecycle";
const SCHEMA: &str = database::SCHEMA;
const LEADS: u32 = 1_000_000;
/// Records that wait to be moved.
const DEALS: u32 = 300_000;
/// How often a report is asked for.
const REPORTS: usize = 7;

/// The score of the bench's package, as its author writes it and as SQL.
const POINTS: &str = r#"[{"when": "record.employees >= 1000", "points": 30}, {"when": "record.industry in [\"software\", \"finance\"]", "points": 20},
    {"when": "record.rating == \"hot\"", "points": 15}, {"when": "record.points > 50", "points": 10}]"#;
const POINTS_SQL: &str = "(CASE WHEN employees >= 1000 THEN 30 ELSE 0 END + CASE WHEN industry IN ('software', 'finance') THEN 20 ELSE 0 END \
     + CASE WHEN rating = 'hot' THEN 15 ELSE 0 END + CASE WHEN points > 50 THEN 10 ELSE 0 END)";

/// Does everything, and writes its part of the results.
pub async fn run(run: Run) -> Result<(), Failure> {
    let cluster =
        run.cluster.clone().ok_or("name a PostgreSQL cluster with --cluster or ARMATURE_TEST_POSTGRES")?;
    let url = database::sibling(&cluster, DATABASE)?;
    database::create(&cluster, DATABASE).await?;
    let key = servers::set_up(&run, &url).await?;
    apply_package(&run, &url).await?;
    say("filling the tables");
    seed::fill(&url, run.percent, LEADS).await?;
    let pool = database::pool(&url, u32::try_from(run.connections)?).await?;
    fill_log(&pool).await?;
    fill_deals(&pool, run.percent).await?;
    pool.execute("VACUUM (ANALYZE)").await?;
    let servers = Servers::start(&run, &url).await?;
    let world = World::new(key.clone(), run.percent);
    let mut page = head(&run)?;
    let chosen =
        |operation: &&Operation| run.only.as_deref().is_none_or(|part| operation.name.contains(part));
    for operation in OPERATIONS.iter().filter(chosen) {
        let before = same_rows(&pool, &[]).await?;
        compare::compare(operation, &servers, &world).await?;
        same_rows(&pool, &before).await?;
        let measured = Measured { operation, rounds: rounds(operation, &run, &servers, &world).await? };
        say(&report::line(&measured));
        report::rows(&mut page, &measured)?;
    }
    let (expression, script) = guard::timed()?;
    writeln!(
        page,
        "\nA guard over a record of 30 fields, the record's conversion included, in one thread: {expression:.1} µs as an expression, {script:.1} µs as a script (aim 10)."
    )?;
    page.push_str("\n| report over a million | SQL ms | armature ms | ratio |\n|---|--:|--:|--:|\n");
    for asked in REPORTS_ASKED {
        let line = reported(&asked, &pool, &key, servers.port(Side::Armature)).await?;
        say(line.trim_end());
        page.push_str(&line);
    }
    report::write_part(&run.results, &page)?;
    pool.close().await;
    drop(servers);
    database::drop_database(&cluster, DATABASE).await
}

/// Two objects on a lifecycle with a guard, a rule and two automations, and a score for leads.
async fn apply_package(run: &Run, url: &str) -> Result<(), Failure> {
    let object = |name: &str, plural: &str| {
        json!({"name": name, "plural": plural, "title": name, "type": "object", "required": ["name"], "x-history": true,
        "properties": {"name": {"type": "string", "maxLength": 120}, "amount": {"x-type": "decimal"}, "cost": {"x-type": "decimal"},
            "margin": {"x-type": "decimal"}, "size": {"type": "string", "enum": ["small", "large"]}},
        "x-rules": [{"name": "margin", "check": "record.amount == null || record.cost == null || record.amount >= record.cost", "message": "No margin", "path": "amount"}]})
    };
    let way = |name: &str| {
        json!({"name": format!("{name}Way"), "object": name,
        "stages": [{"name": "open"}, {"name": "offered"}, {"name": "won", "kind": "won"}],
        "transitions": [{"from": "open", "to": "offered", "requires": ["amount"], "guard": "record.amount > record.cost && record.size != null"},
            {"from": "offered", "to": "open"}, {"from": "offered", "to": "won"}]})
    };
    let changes = json!({"record": ["create", "update"], "fields": ["amount"]});
    let margin = |name: &str, object: &str| json!({"name": name, "object": object, "on": changes, "run": "before", "set": {"margin": "record.amount - record.cost"}});
    let automations = json!([
        margin("margin", "deal"),
        {"name": "size", "object": "deal", "on": changes, "run": "before", "set": {"size": "if record.amount > 1000 { \"large\" } else { \"small\" }"}},
        margin("tradeMargin", "trade"),
        {"name": "call", "object": "trade", "on": {"transition": {"to": "offered"}}, "then": "trade::ring"},
    ]);
    let lead = json!({"extends": "core/lead", "properties": {"fit": {"x-type": "score", "x-points": serde_json::from_str::<Value>(POINTS)?}}});
    let folder = std::env::temp_dir().join(format!("armature-bench-life-{}", std::process::id()));
    for (path, document) in [
        ("package.json", json!({"name": "benchLife", "version": "1.0.0", "depends": {"core": "*"}})),
        ("objects/deal.json", json!([object("deal", "deals"), object("trade", "trades")])),
        ("objects/lead.json", lead),
        ("lifecycles/deal.json", json!([way("deal"), way("trade")])),
        ("automations/deal.json", automations),
    ] {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().ok_or("a file lies in a folder")?)?;
        std::fs::write(file, document.to_string())?;
    }
    std::fs::create_dir_all(folder.join("scripts"))?;
    std::fs::write(
        folder.join("scripts/trade.rhai"),
        "fn ring(record) { create(\"task\", #{subject: `Call ${record.name}`, priority: \"high\"}); }",
    )?;
    let path = folder.display().to_string();
    let applied = servers::command(run, url, &["apply", &path, "--tenant", "bench"]).await;
    std::fs::remove_dir_all(&folder)?;
    applied.map(|_| ())
}

/// A stay that has ended for each lead, over twelve months.
async fn fill_log(pool: &PgPool) -> Result<(), Failure> {
    let sql = format!(
        "INSERT INTO {SCHEMA}.transition (id, object, record, lifecycle, name, from_stage, to_stage, pass, entered, left_at, left_to, actor, cause, version) \
         SELECT gen_random_uuid(), 'lead', id, 'leadQualification', NULL, NULL, (ARRAY['new', 'working', 'qualified'])[1 + n % 3], 1, \
            at, at + ((n * 7919) % 40000) * interval '1 minute', (ARRAY['working', 'qualified', 'converted'])[1 + n % 3], 'bench', 'import', 1 \
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, timestamptz '2025-01-01 00:00:00Z' + (row_number() OVER (ORDER BY id) % 525000) * interval '1 minute' AS at FROM {SCHEMA}.lead) s"
    );
    pool.execute(sqlx::query(AssertSqlSafe(sql))).await?;
    pool.execute("VACUUM (ANALYZE)").await?;
    Ok(())
}

/// Writes in a lifecycle, in the order of the results.
const OPERATIONS: &[Operation] = &[
    Operation { name: "create in a lifecycle", target: 0.7, writes: true, ask: make },
    Operation { name: "move", target: 0.7, writes: true, ask: advance },
    Operation { name: "move, and a script that makes a task", target: 0.0, writes: true, ask: advance_trade },
];

fn make(numbers: &mut Numbers, _: &World) -> (Vec<u8>, &'static str, Value) {
    let amount = numbers.up_to(2_000);
    let data = json!({"name": format!("New {}", numbers.up_to(1_000_000_000)), "amount": amount.to_string(), "cost": (amount / 2).to_string()});
    let query = "mutation($data: DealCreateInput!) { written: createDeal(data: $data) { record { name margin size stage } errors { code } } }";
    (floor_post("/deal/make", &data), query, json!({ "data": data }))
}

fn advance(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    let query = "mutation($id: ID!, $data: DealUpdateInput!) { written: moveDeal(id: $id, to: offered, data: $data) \
         { record { name margin size stage } errors { code message } } }";
    moved("/deal/advance", query, (numbers, world))
}

fn advance_trade(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    let query = "mutation($id: ID!, $data: TradeUpdateInput!) { written: moveTrade(id: $id, to: offered, data: $data) \
         { record { name margin size stage } errors { code message } } }";
    moved("/trade/advance", query, (numbers, world))
}

/// Each record is moved once, whoever asks.
fn moved(
    path: &str,
    query: &'static str,
    (numbers, world): (&mut Numbers, &World),
) -> (Vec<u8>, &'static str, Value) {
    let id = seed::id_of(8, world.next());
    let amount = (500 + numbers.up_to(1_000)).to_string();
    let floor = json!({ "id": id, "amount": amount });
    (floor_post(path, &floor), query, json!({ "id": id, "data": { "amount": amount } }))
}

/// Records that stand at the beginning, of both kinds.
async fn fill_deals(pool: &PgPool, percent: u32) -> Result<(), Failure> {
    for table in ["deal", "trade"] {
        let id = seed::id(8, "n");
        let sql = format!(
            "WITH d AS (INSERT INTO {SCHEMA}.{table} (id, created_at, updated_at, version, name, amount, cost, margin, size, lifecycle, stage, stage_entered_at, pass) \
               SELECT {id}, now(), now(), 1, 'Same', 100, 50, 50, 'small', '{table}Way', 'open', now(), 1 FROM generate_series(1, {}) n RETURNING id) \
             INSERT INTO {SCHEMA}.transition (id, object, record, lifecycle, to_stage, pass, entered, actor, cause, version) \
               SELECT gen_random_uuid(), '{table}', id, '{table}Way', 'open', 1, now(), 'bench', 'user', 1 FROM d",
            DEALS / 100 * percent.max(10)
        );
        pool.execute(sqlx::query(AssertSqlSafe(sql))).await?;
    }
    Ok(())
}

/// Both servers wrote the same number of rows into every table.
async fn same_rows(pool: &PgPool, before: &[i64]) -> Result<Vec<i64>, Failure> {
    let mut counts = Vec::new();
    for table in ["history", "outbox", "transition", "automation_run", "deal", "task"] {
        let sql = format!("SELECT count(*) FROM {SCHEMA}.{table}");
        counts.push(sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(pool).await?);
    }
    let odd = counts.iter().zip(before).any(|(now, before)| (now - before) % 2 != 0);
    if odd {
        Err(format!("the two servers wrote different rows: {before:?}, {counts:?}").into())
    } else {
        Ok(counts)
    }
}

struct Asked {
    name: &'static str,
    query: &'static str,
    sql: &'static str,
}

const REPORTS_ASKED: [Asked; 2] = [
    Asked {
        name: "a score back-tested: leads of a fit of 30 or more, by stage",
        query: "{ leadsGroupBy(groupBy: [{stage: true}], filter: {fit: {gte: 30}}) { key { stage } aggregate { count } } }",
        sql: "SELECT stage, count(*) FROM {S}.lead WHERE {POINTS} >= 30 AND deleted_at IS NULL GROUP BY stage ORDER BY stage",
    },
    Asked {
        name: "velocity by month",
        query: "{ leadVelocity(lifecycle: leadQualification, by: MONTH) { from to bucket count meanDays p50Days p90Days } }",
        sql: "SELECT to_stage, left_to, date_trunc('month', left_at AT TIME ZONE 'UTC')::date, count(*), \
              avg(extract(epoch FROM left_at - entered)) / 86400, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM left_at - entered)), \
              percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM left_at - entered)) \
              FROM {S}.transition WHERE object = 'lead' AND lifecycle = 'leadQualification' AND left_at IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    },
];

/// A report, asked in turns with the SQL.
async fn reported(asked: &Asked, pool: &PgPool, key: &str, port: u16) -> Result<String, Failure> {
    let sql = asked.sql.replace("{S}", SCHEMA).replace("{POINTS}", POINTS_SQL);
    let request = armature_request(key, asked.query, &json!({}));
    let mut connection = Connection::open(port).await?;
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..REPORTS {
        let begun = Instant::now();
        pool.fetch_all(sqlx::query(AssertSqlSafe(sql.clone()))).await?;
        floors.push(begun.elapsed().as_secs_f64() * 1000.0);
        let begun = Instant::now();
        let reply = connection.ask(&request).await?;
        ours.push(begun.elapsed().as_secs_f64() * 1000.0);
        let answer: Value = serde_json::from_slice(&reply.body)?;
        if answer.get("errors").is_some() {
            return Err(format!("`{}`: {answer}", asked.name).into());
        }
    }
    let (floor, own) = (report::median(floors.into_iter()), report::median(ours.into_iter()));
    let mut line = String::new();
    writeln!(line, "| {} | {floor:.0} | {own:.0} | **{:.2}** |", asked.name, floor / own)?;
    Ok(line)
}

fn head(run: &Run) -> Result<String, Failure> {
    let mut page = String::from("## What a lifecycle costs\n\n");
    writeln!(
        page,
        "Written by `bench lifecycle` ({} connections, {} paired rounds of {} s that take turns in who goes first). A *create* sets two fields by automations, obeys a rule and begins a stay; a *move* \
         changes a field and thereby two more by automations, has a demand and a guard, obeys the rule, ends one stay and begins another; with a *script* the second automation is a handler behind the move that makes a task. All keep \
         history, events and the runs of automations. The floor is the hand-written server with one statement that writes the same rows, without a check or a condition (`bench/src/floor/deal.rs`); answers and numbers \
         of rows were compared before anything was timed. Reports are asked one at a time, in turns with hand-written SQL.\n",
        run.connections, run.rounds, run.seconds
    )?;
    page.push_str(report::COLUMNS);
    Ok(page)
}
