//! What a role costs. The same reads of the same tenant, asked three ways: with all rights; with all rights and a filter that names the
//! rows which the role shows; and by somebody whose role shows those rows and hides ten fields.

use std::fmt::Write;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};

use crate::database::{self, SCHEMA};
use crate::{Failure, Run, seed};

use super::client::Connection;
use super::load::{self, Figures};
use super::numbers::Numbers;
use super::operation::armature_request;
use super::{report, say, servers};

const DATABASE: &str = "armature_bench_roles";
const LEADS: u32 = 1_000_000;
/// Users in a team; the first of the first team is the one who looks.
const TEAM: u32 = 10;

/// Who asks, and how.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// All rights, all rows.
    Everything,
    /// All rights, the rows of the role by a filter.
    SameRows,
    /// The role.
    Role,
}

const WAYS: [Way; 3] = [Way::Everything, Way::SameRows, Way::Role];

struct World {
    everything: String,
    role: String,
    /// Ids of the owners whose leads the role shows.
    team: Vec<String>,
    /// Ids of leads that the role shows.
    leads: Vec<String>,
    /// Positions within those leads by time, latest first.
    cursors: Vec<String>,
}

struct Reading {
    name: &'static str,
    /// The document, with `FILTER` where the rows may be narrowed, and its variables.
    ask: fn(&mut Numbers, &World) -> (&'static str, Value),
    /// How many ask at once; what takes a second is not asked by more than the tenant's queue takes.
    most: usize,
}

/// As many as there are.
const ALL: usize = usize::MAX;
/// Readers of everything.
const FEW: usize = 2;

const FIELDS: &str = "id lastName company jobTitle stage rating points source receivedAt createdAt";
const READINGS: [Reading; 6] = [
    Reading { name: "list 50x10, filtered, sorted", ask: list, most: ALL },
    Reading { name: "get by id", ask: one, most: ALL },
    Reading { name: "nested 20x5", ask: nested, most: ALL },
    Reading { name: "group by over a million", ask: groups, most: FEW },
    Reading { name: "page at offset 2,000", ask: offset, most: ALL },
    Reading { name: "page by cursor", ask: cursor, most: ALL },
];

fn list(numbers: &mut Numbers, _: &World) -> (&'static str, Value) {
    const STAGE: [&str; 4] = ["new", "working", "nurturing", "qualified"];
    let stage = *numbers.pick(&STAGE).unwrap_or(&"new");
    let query = "query($stage: LeadStage!, $points: Int!) { leads(filter: {stage: {eq: $stage}, points: {gte: $points} FILTER}, \
                 orderBy: [{receivedAt: DESC}], first: 50) { nodes { FIELDS } } }";
    (query, json!({ "stage": stage, "points": numbers.up_to(50) }))
}

fn one(numbers: &mut Numbers, world: &World) -> (&'static str, Value) {
    ("query($id: ID!) { lead(id: $id) { FIELDS } }", json!({ "id": numbers.pick(&world.leads) }))
}

fn nested(numbers: &mut Numbers, _: &World) -> (&'static str, Value) {
    let query = "query($from: String!) { accounts(filter: {name: {gte: $from}}, orderBy: [{name: ASC}], first: 20) { nodes { id name \
                 convertedLeads(filter: {points: {gte: 0} FILTER}, orderBy: [{receivedAt: DESC}], first: 5) { nodes { id lastName stage receivedAt } } } } }";
    let last = seed::ACCOUNTS - seed::ACCOUNTS / 5;
    (query, json!({ "from": format!("Account {:06}", numbers.up_to(last)) }))
}

fn groups(_: &mut Numbers, _: &World) -> (&'static str, Value) {
    let query = "{ leadsGroupBy(groupBy: [{stage: true}, {receivedAt: QUARTER}], filter: {points: {gte: 0} FILTER}) \
                 { key { stage receivedAt } aggregate { count avg { points } } } }";
    (query, json!({}))
}

fn offset(numbers: &mut Numbers, _: &World) -> (&'static str, Value) {
    let query = "query($skip: Int!) { leads(filter: {stage: {eq: new}, points: {gte: 0} FILTER}, orderBy: [{receivedAt: DESC}], first: 50, offset: $skip) \
                 { nodes { FIELDS } } }";
    (query, json!({ "skip": 2_000 + numbers.up_to(1000) }))
}

fn cursor(numbers: &mut Numbers, world: &World) -> (&'static str, Value) {
    let query = "query($after: String!) { leads(filter: {stage: {eq: new}, points: {gte: 0} FILTER}, orderBy: [{receivedAt: DESC}], first: 50, after: $after) \
                 { nodes { FIELDS } } }";
    (query, json!({ "after": numbers.pick(&world.cursors) }))
}

impl World {
    fn request(&self, reading: &Reading, way: Way, numbers: &mut Numbers) -> Vec<u8> {
        let (query, variables) = (reading.ask)(numbers, self);
        let narrow = match way {
            Way::Everything | Way::Role => String::new(),
            Way::SameRows => format!(", owner: {{id: {{in: {}}}}}", json!(self.team)),
        };
        let key = if way == Way::Role { &self.role } else { &self.everything };
        let query = query.replace("FILTER", &narrow).replace("FIELDS", FIELDS);
        armature_request(key, &query, &variables)
    }
}

/// Does everything, and writes its part of the results behind the others.
pub async fn run(run: Run) -> Result<(), Failure> {
    let cluster =
        run.cluster.clone().ok_or("name a PostgreSQL cluster with --cluster or ARMATURE_TEST_POSTGRES")?;
    let url = database::sibling(&cluster, DATABASE)?;
    database::create(&cluster, DATABASE).await?;
    let everything = servers::set_up(&run, &url).await?;
    let role = set_up_role(&run, &url).await?;
    say("filling the tables");
    seed::fill(&url, run.percent, LEADS).await?;
    let team = join_team(&url).await?;
    let server = servers::Server::armature(&run, &url).await?;
    let target = server.target(servers::postmaster(&url).await?);
    let world =
        explore(target.port, World { everything, role, team, leads: Vec::new(), cursors: Vec::new() })
            .await?;
    let mut page = head(&run)?;
    for reading in READINGS {
        if run.only.as_deref().is_some_and(|part| !reading.name.contains(part)) {
            continue;
        }
        same_answers(&reading, &world, target.port).await?;
        let figures = rounds(&reading, &run, &world, target).await?;
        let line = row(reading.name, &figures)?;
        say(line.trim_end());
        page.push_str(&line);
    }
    report::write_part(&run.results, &page)?;
    drop(server);
    database::drop_database(&cluster, DATABASE).await
}

/// A package with the role, and a user who bears it.
async fn set_up_role(run: &Run, url: &str) -> Result<String, Failure> {
    // Ten fields of a lead are not among them: email phone mobile wechat website employees budget disqualifyReason description externalId.
    let reads = json!([
        "name",
        "firstName",
        "lastName",
        "company",
        "jobTitle",
        "industry",
        "address",
        "stage",
        "rating",
        "points",
        "source",
        "campaign",
        "product",
        "receivedAt",
        "convertedAt",
        "convertedAccount",
        "doNotContact",
        "owner",
        "createdAt",
        "updatedAt"
    ]);
    let role = json!({"name": "rep", "title": "Representative", "objects": {
        "lead": {"read": ["own", "team"], "update": ["own"], "fields": {"read": reads, "write": ["stage"]}},
        "user": {"read": ["all"], "fields": {"read": ["name"]}},
        "product": {"read": ["all"], "fields": {"read": ["*"]}},
        "account": {"read": ["all"], "fields": {"read": ["*"]}}}});
    let folder = std::env::temp_dir().join(format!("armature-bench-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("roles"))?;
    let manifest =
        json!({"name": "benchRoles", "version": "1.0.0", "title": "Bench", "depends": {"core": "*"}});
    std::fs::write(folder.join("package.json"), manifest.to_string())?;
    std::fs::write(folder.join("roles/rep.json"), role.to_string())?;
    let path = folder.display().to_string();
    let applied = servers::command(run, url, &["apply", &path, "--tenant", "bench"]).await;
    std::fs::remove_dir_all(&folder)?;
    applied?;
    let told = servers::command(
        run,
        url,
        &["user", "create", "rep@bench.example", "--tenant", "bench", "--role", "rep", "--json"],
    )
    .await?;
    let line: Value = serde_json::from_str(told.lines().next().unwrap_or_default())?;
    let key = line.get("apiKey").and_then(Value::as_str);
    key.map(ToOwned::to_owned).ok_or_else(|| "user create printed no apiKey".into())
}

/// Puts users into teams of ten, the representative in the place of the first one; the owners whose leads the role shows.
async fn join_team(url: &str) -> Result<Vec<String>, Failure> {
    let pool = database::pool(url, 1).await?;
    let run = async |sql: String| pool.execute(sqlx::query(AssertSqlSafe(sql))).await;
    let team =
        |number: &str| format!("('01900000-0008-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid");
    let users = seed::USERS;
    run(format!(
        "INSERT INTO {SCHEMA}.team (id, created_at, updated_at, version, name) SELECT {}, now(), now(), 1, 'Team ' || n FROM generate_series(1, {}) n",
        team("n"),
        users / TEAM
    ))
    .await?;
    run(format!(
        "UPDATE {SCHEMA}.\"user\" SET team = {} WHERE email LIKE 'user%@bench.example'",
        team(&format!("1 + (substring(email from 5 for position('@' in email) - 5)::int - 1) / {TEAM}"))
    ))
    .await?;
    run(format!("UPDATE {SCHEMA}.\"user\" SET team = {} WHERE email = 'rep@bench.example'", team("1")))
        .await?;
    let mine = format!("(SELECT id FROM {SCHEMA}.\"user\" WHERE email = 'rep@bench.example')");
    let first = seed::id_of(1, 1);
    run(format!("UPDATE {SCHEMA}.lead SET owner = {mine} WHERE owner = '{first}'")).await?;
    run(format!("UPDATE {SCHEMA}.\"user\" SET team = NULL WHERE id = '{first}'")).await?;
    run("VACUUM (ANALYZE, FREEZE)".to_owned()).await?;
    let ids: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT id::text FROM {SCHEMA}.\"user\" WHERE team = {} ORDER BY id",
        team("1")
    )))
    .fetch_all(&pool)
    .await?;
    pool.close().await;
    Ok(ids)
}

/// Asks the server for records and positions that the role shows.
async fn explore(port: u16, mut world: World) -> Result<World, Failure> {
    let mut connection = Connection::open(port).await?;
    let query = "query($skip: Int!) { leads(filter: {stage: {eq: new}}, orderBy: [{receivedAt: DESC}], first: 5, offset: $skip) { edges { cursor node { id } } } }";
    for place in 0..40_u32 {
        let request = armature_request(&world.role, query, &json!({ "skip": place * 200 }));
        let reply = connection.ask(&request).await?;
        let answer: Value = serde_json::from_slice(&reply.body)?;
        let edges = answer.pointer("/data/leads/edges").and_then(Value::as_array);
        let edges = edges.ok_or_else(|| format!("the role shows no leads: {answer}"))?;
        for edge in edges {
            world.leads.extend(edge.pointer("/node/id").and_then(Value::as_str).map(ToOwned::to_owned));
        }
        world.cursors.extend(
            edges.first().and_then(|edge| edge.get("cursor")).and_then(Value::as_str).map(ToOwned::to_owned),
        );
    }
    Ok(world)
}

/// The role and the filter must show the same before anything is timed.
async fn same_answers(reading: &Reading, world: &World, port: u16) -> Result<(), Failure> {
    let mut connection = Connection::open(port).await?;
    for sample in 1..=10 {
        let mut answers = Vec::new();
        for way in [Way::SameRows, Way::Role] {
            let reply = connection.ask(&world.request(reading, way, &mut Numbers::new(sample))).await?;
            answers.push(String::from_utf8_lossy(&reply.body).into_owned());
        }
        if answers.first() != answers.last() || answers.iter().any(|answer| answer.contains("\"errors\":[{"))
        {
            let cut = |text: &String| text.chars().take(1000).collect::<String>();
            let shown: Vec<String> = answers.iter().map(cut).collect();
            return Err(format!("`{}`: the answers differ\n  {}", reading.name, shown.join("\n  ")).into());
        }
    }
    Ok(())
}

async fn rounds(
    reading: &Reading,
    run: &Run,
    world: &World,
    target: load::Target,
) -> Result<Vec<[Figures; 3]>, Failure> {
    let drive = async |way: Way, seconds: f64, seed: u64| {
        let drive = load::Drive { seconds, connections: run.connections.min(reading.most), seed };
        let ask = |numbers: &mut Numbers| world.request(reading, way, numbers);
        load::drive(&drive, reading.name, target, &ask).await
    };
    for way in WAYS {
        drive(way, run.seconds.min(1.0), 1).await?;
    }
    let mut out = Vec::with_capacity(run.rounds);
    for round in 0..run.rounds {
        let seed = 100 + round as u64;
        // Who goes first rotates.
        let mut figures: [Option<Figures>; 3] = [const { None }; 3];
        for place in 0..WAYS.len() {
            let number = (round + place) % WAYS.len();
            if let (Some(way), Some(slot)) = (WAYS.get(number), figures.get_mut(number)) {
                *slot = Some(drive(*way, run.seconds, seed).await?);
            }
        }
        let [Some(all), Some(same), Some(role)] = figures else { return Err("a round is not whole".into()) };
        out.push([all, same, role]);
    }
    Ok(out)
}

fn head(run: &Run) -> Result<String, Failure> {
    let mut page = String::from("## What a role costs\n\n");
    writeln!(
        page,
        "Written by `bench roles` ({} connections, {FEW} for what takes long, {} rotating rounds of {} s{}). A million leads of 200 users in teams of ten; the role shows own leads and those of \
         the team (one in twenty) and hides ten fields. *All rights* asks the same without any limit, so that it meets the rows it wants twenty times as often; *same rows* asks with \
         all rights and a filter that names the team's owners: what the role is measured beside. Answers of the two were compared before anything was timed.\n",
        run.connections,
        run.rounds,
        run.seconds,
        if run.percent == 100 { String::new() } else { format!("; on {} % of the data", run.percent) }
    )?;
    page.push_str("| operation | all rights /s | same rows /s | role /s | role : same rows (aim 0.9) | role : all rights |\n|---|--:|--:|--:|--:|--:|\n");
    Ok(page)
}

fn row(name: &str, rounds: &[[Figures; 3]]) -> Result<String, Failure> {
    let rate = |place: usize| {
        report::median(rounds.iter().filter_map(|round| round.get(place)).map(|figures| figures.rate))
    };
    let ratio = |to: usize| {
        report::median(rounds.iter().filter_map(|round| Some(round.get(2)?.rate / round.get(to)?.rate)))
    };
    let mut line = String::new();
    writeln!(
        line,
        "| {name} | {:.0} | {:.0} | {:.0} | **{:.2}** | {:.2} |",
        rate(0),
        rate(1),
        rate(2),
        ratio(1),
        ratio(0)
    )?;
    Ok(line)
}
