//! What a lifecycle costs. Making and moving records beside statements that write the same rows; a score and the velocity of a million
//! records beside hand-written SQL.

use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor};

use crate::{Failure, Run, database, seed};

use super::client::Connection;
use super::numbers::Numbers;
use super::operation::armature_request;
use super::{load, report, say, servers};

const DATABASE: &str = "armature_bench_lifecycle";
const SCHEMA: &str = database::SCHEMA;
const LEADS: u32 = 1_000_000;
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
    let server = servers::Server::armature(&run, &url).await?;
    let target = server.target(servers::postmaster(&url).await?);
    let mut page = head(&run)?;
    for writing in [Writing::Create, Writing::Move] {
        let line = written(writing, &run, &pool, &key, target).await?;
        say(line.trim_end());
        page.push_str(&line);
    }
    page.push_str("\n| report over a million | SQL ms | armature ms | ratio |\n|---|--:|--:|--:|\n");
    for asked in REPORTS_ASKED {
        let line = reported(&asked, &pool, &key, target.port).await?;
        say(line.trim_end());
        page.push_str(&line);
    }
    report::write_part(&run.results, &page)?;
    pool.close().await;
    drop(server);
    database::drop_database(&cluster, DATABASE).await
}

/// An object on a lifecycle with a guard, a rule and two automations, and a score for leads.
async fn apply_package(run: &Run, url: &str) -> Result<(), Failure> {
    let deal = json!({"name": "deal", "plural": "deals", "title": "Deal", "type": "object", "required": ["name"], "x-history": true,
        "properties": {"name": {"type": "string", "maxLength": 120}, "amount": {"x-type": "decimal"}, "cost": {"x-type": "decimal"},
            "region": {"type": "string"}, "checked": {"type": "boolean"}},
        "x-rules": [{"name": "margin", "check": "record.amount == null || record.cost == null || record.amount >= record.cost", "message": "No margin", "path": "amount"}]});
    let way = json!({"name": "sale", "object": "deal",
        "stages": [{"name": "open"}, {"name": "offered"}, {"name": "won", "kind": "won"}],
        "transitions": [{"from": "open", "to": "offered", "requires": ["amount"], "guard": "record.amount > record.cost && record.region != null"},
            {"from": "offered", "to": "open"}, {"from": "offered", "to": "won"}]});
    let automations = json!([
        {"name": "place", "object": "deal", "on": {"record": ["create"]}, "run": "before", "when": "record.region == null", "set": {"region": "\"north\""}},
        {"name": "check", "object": "deal", "on": {"transition": {"to": "offered"}}, "run": "before", "set": {"checked": "record.amount > 0"}},
    ]);
    let lead = json!({"extends": "core/lead", "properties": {"fit": {"x-type": "score", "x-points": serde_json::from_str::<Value>(POINTS)?}}});
    let folder = std::env::temp_dir().join(format!("armature-bench-life-{}", std::process::id()));
    for (path, document) in [
        ("package.json", json!({"name": "benchLife", "version": "1.0.0", "depends": {"core": "*"}})),
        ("objects/deal.json", deal),
        ("objects/lead.json", lead),
        ("lifecycles/deal.json", way),
        ("automations/deal.json", automations),
    ] {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().ok_or("a file lies in a folder")?)?;
        std::fs::write(file, document.to_string())?;
    }
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Create,
    Move,
}

impl Writing {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create in a lifecycle",
            Self::Move => "move",
        }
    }
}

/// One kind of write, driven in turns.
async fn written(
    writing: Writing,
    run: &Run,
    pool: &PgPool,
    key: &str,
    target: load::Target,
) -> Result<String, Failure> {
    let records = (0..run.rounds).map(|_| make_deals(pool));
    let mut made = Vec::new();
    for records in records {
        made.push(records.await?);
    }
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for (round, deals) in made.iter().enumerate() {
        let seed = 100 + round as u64;
        let drive = load::Drive { seconds: run.seconds, connections: run.connections, seed };
        let next = std::sync::atomic::AtomicUsize::new(0);
        let ask = |numbers: &mut Numbers| {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            request(writing, key, numbers, deals, at)
        };
        let figures = load::drive(&drive, writing.name(), target, &ask).await?;
        let floor = floor(writing, run, pool, deals).await?;
        ours.push(figures.rate);
        floors.push(floor);
    }
    let (floor, own) = (report::median(floors.into_iter()), report::median(ours.into_iter()));
    let mut line = String::new();
    writeln!(line, "| {} | {floor:.0} | {own:.0} | **{:.2}** |", writing.name(), own / floor)?;
    Ok(line)
}

/// Deals to be moved: their ids, enough that none is moved twice in a round.
async fn make_deals(pool: &PgPool) -> Result<Vec<String>, Failure> {
    let sql = format!(
        "WITH d AS (INSERT INTO {SCHEMA}.deal (id, created_at, updated_at, version, name, amount, cost, region, lifecycle, stage, stage_entered_at, pass) \
           SELECT gen_random_uuid(), now(), now(), 1, 'Deal ' || n, 100, 50, 'north', 'sale', 'open', now(), 1 FROM generate_series(1, 40000) n RETURNING id), \
         t AS (INSERT INTO {SCHEMA}.transition (id, object, record, lifecycle, to_stage, pass, entered, actor, cause, version) \
           SELECT gen_random_uuid(), 'deal', id, 'sale', 'open', 1, now(), 'bench', 'user', 1 FROM d) SELECT id::text FROM d"
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await?)
}

fn request(writing: Writing, key: &str, numbers: &mut Numbers, deals: &[String], at: usize) -> Vec<u8> {
    match writing {
        Writing::Create => armature_request(
            key,
            "mutation($data: DealCreateInput!) { createDeal(data: $data) { record { id } errors { code } } }",
            &json!({"data": {"name": format!("New {}", numbers.up_to(1_000_000_000)), "amount": "100", "cost": "50"}}),
        ),
        Writing::Move => armature_request(
            key,
            "mutation($id: ID!) { moveDeal(id: $id, to: offered) { record { id stage } errors { code message } } }",
            // The first half is ours, the other the floor's.
            &json!({ "id": deals.get(at % (deals.len() / 2).max(1)) }),
        ),
    }
}

/// The best statement we know that writes the same rows, without HTTP, checks and conditions; writes for each second.
async fn floor(writing: Writing, run: &Run, pool: &PgPool, deals: &[String]) -> Result<f64, Failure> {
    let rows = "h AS (INSERT INTO {S}.history (id, object, record, version, at, actor, door, kind, changes) SELECT gen_random_uuid(), 'deal', id, version, now(), 'bench', 'graphql', 'updated', '{}' FROM r), \
         o AS (INSERT INTO {S}.outbox (id, at, object, record, version, kind, payload) SELECT gen_random_uuid(), now(), 'deal', id, version, 'updated', '{}' FROM r), \
         a AS (INSERT INTO {S}.automation_run (id, at, automation, object, record, outcome, operations, micros) SELECT gen_random_uuid(), now(), 'check', 'deal', id, 'done', 1, 1 FROM r), \
         t AS (INSERT INTO {S}.transition (id, object, record, lifecycle, from_stage, to_stage, pass, entered, actor, cause, version) SELECT gen_random_uuid(), 'deal', id, 'sale', NULL, stage, 1, now(), 'bench', 'user', 1 FROM r)";
    let sql = match writing {
        Writing::Create => format!(
            "WITH r AS (INSERT INTO {{S}}.deal (id, created_at, updated_at, version, name, amount, cost, region, lifecycle, stage, stage_entered_at, pass) \
               VALUES (gen_random_uuid(), now(), now(), 1, $1, 100, 50, 'north', 'sale', 'open', now(), 1) RETURNING *), {rows} SELECT id::text FROM r"
        ),
        Writing::Move => format!(
            "WITH r AS (UPDATE {{S}}.deal SET stage = 'offered', stage_entered_at = now(), checked = true, version = version + 1, updated_at = now() WHERE id = $1::uuid AND stage = 'open' RETURNING *), \
             e AS (UPDATE {{S}}.transition SET left_at = now(), left_to = 'offered' WHERE object = 'deal' AND record = $1::uuid AND left_at IS NULL), {rows} SELECT id::text FROM r"
        ),
    };
    let sql = sql.replace("{S}", SCHEMA);
    let (begun, next) = (Instant::now(), std::sync::atomic::AtomicUsize::new(deals.len() / 2));
    let end = begun + Duration::from_secs_f64(run.seconds);
    let one = async || -> Result<usize, Failure> {
        let mut done = 0;
        while Instant::now() < end {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let id = deals.get(at % deals.len().max(1)).cloned().unwrap_or_default();
            sqlx::query(AssertSqlSafe(sql.clone())).bind(id).fetch_optional(pool).await?;
            done += 1;
        }
        Ok(done)
    };
    let all = futures::future::try_join_all((0..run.connections).map(|_| one())).await?;
    #[expect(clippy::cast_precision_loss, reason = "writes of a few seconds")]
    let rate = all.iter().sum::<usize>() as f64 / begun.elapsed().as_secs_f64();
    Ok(rate)
}

struct Asked {
    name: &'static str,
    query: &'static str,
    sql: &'static str,
}

const REPORTS_ASKED: [Asked; 2] = [
    Asked {
        name: "a score back-tested: leads of a fit of 30 or more, by stage",
        query: "{ leadsGroupBy(groupBy: [{stage: true}], filter: {fit: {gte: \"30\"}}) { key { stage } aggregate { count } } }",
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
        "Written by `bench lifecycle` ({} connections, {} rounds of {} s). *Create* runs an automation before the write, a rule, and begins a stay; *move* has a demand, a guard, an automation and ends \
         one stay and begins another; both keep history, outbox and the runs of automations. The floor is one statement on the same PostgreSQL that writes the same rows, without HTTP, without a check and without a \
         condition: no server reaches it. Reports are asked one at a time, in turns with hand-written SQL.\n",
        run.connections, run.rounds, run.seconds
    )?;
    page.push_str("| write | floor /s | armature /s | ratio |\n|---|--:|--:|--:|\n");
    Ok(page)
}
