//! What one tenant at full tilt leaves to another: a light client of tenant `quiet`, which asks at a fixed rate whatever happens, alone and
//! beside many clients of tenant `bench`; with turns that are shared, and without.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use hdrhistogram::Histogram;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};
use tokio::task::JoinHandle;

use crate::{Failure, Run, database, seed};

use super::client::Connection;
use super::numbers::Numbers;
use super::operation::{OPERATIONS, Operation, Side, armature_request};
use super::world::World;
use super::{report, say, servers};

const DATABASE: &str = "armature_bench_fairness";
const QUIET: &str = "quiet";
/// Requests of the light client in a second.
const RATE: u32 = 20;
/// How long after its last request a tenant no longer counts as being there; see `crates/server/src/turns.rs`.
const GONE: Duration = Duration::from_secs(6);
/// Leads of the light tenant.
const LEADS: u32 = 20_000;
/// What the heavy tenant asks, in turn.
const HEAVY: [&str; 6] = [
    "list 50x10, filtered, sorted",
    "nested 20x5x1",
    "group by over 100k",
    "update",
    "page at offset 100,000",
    "create",
];

/// One round with one server.
struct Round {
    idle: Histogram<u64>,
    beside: Histogram<u64>,
    /// Requests of the heavy tenant in a second: alone, and beside the light one.
    alone: f64,
    shared: f64,
    /// Refusals of the heavy tenant in a second, beside the light one.
    refused: f64,
    /// Processes that wanted a processor at the end.
    load: String,
}

/// Does everything, and writes its part of the results in the place of its last.
pub async fn run(run: Run) -> Result<(), Failure> {
    let cluster =
        run.cluster.clone().ok_or("name a PostgreSQL cluster with --cluster or ARMATURE_TEST_POSTGRES")?;
    let url = database::sibling(&cluster, DATABASE)?;
    database::create(&cluster, DATABASE).await?;
    let heavy = Arc::new(World::new(servers::set_up(&run, &url).await?, run.percent));
    let light = servers::set_up_tenant(&run, &url, QUIET).await?;
    say("filling the tables");
    seed::fill(&url, run.percent, seed::LEADS).await?;
    fill_quiet(&url).await?;
    let mut page = head(&run)?;
    for (name, shared) in [("not shared", Some(1_000_000)), ("shared", None)] {
        let config = shared.map(configured).transpose()?;
        let path = config.as_ref().map(|path| path.display().to_string());
        let further: Vec<&str> = path.iter().flat_map(|path| ["--config", path.as_str()]).collect();
        let server = servers::Server::armature_with(&run, &url, &further).await?;
        let mut rounds = Vec::with_capacity(run.rounds);
        for number in 0..run.rounds {
            let stage = Stage { port: server.port(), heavy: Arc::clone(&heavy), light: &light, run: &run };
            rounds.push(stage.round(number as u64).await?);
        }
        drop(server);
        let line = row(name, &rounds)?;
        say(line.trim_end());
        page.push_str(&line);
        if let Some(path) = config {
            std::fs::remove_file(path)?;
        }
    }
    report::write_part(&run.results, &page)?;
    database::drop_database(&cluster, DATABASE).await
}

/// A file of settings in which turns are not shared.
fn configured(shared: u32) -> Result<PathBuf, Failure> {
    let path = std::env::temp_dir().join(format!("armature-bench-{}.toml", std::process::id()));
    std::fs::write(&path, format!("[server]\nshared-requests = {shared}\n"))?;
    Ok(path)
}

/// Copies some of the heavy tenant's rows to the light one.
async fn fill_quiet(url: &str) -> Result<(), Failure> {
    let pool = database::pool(url, 1).await?;
    pool.execute("SET session_replication_role = replica").await?;
    for table in ["\"user\"", "product", "lead"] {
        let copy = format!(
            "INSERT INTO t_{QUIET}.{table} SELECT * FROM {}.{table} ORDER BY id LIMIT {LEADS}",
            database::SCHEMA
        );
        pool.execute(sqlx::query(AssertSqlSafe(copy))).await?;
    }
    pool.execute("VACUUM (ANALYZE, FREEZE)").await?;
    pool.close().await;
    Ok(())
}

struct Stage<'a> {
    port: u16,
    heavy: Arc<World>,
    light: &'a str,
    run: &'a Run,
}

/// What the heavy tenant has been given so far.
#[derive(Default)]
struct Given {
    stop: AtomicBool,
    answered: AtomicU64,
    refused: AtomicU64,
}

impl Stage<'_> {
    async fn round(&self, seed: u64) -> Result<Round, Failure> {
        let time = Duration::from_secs_f64(self.run.seconds);
        // Statements are planned on each connection before anything is timed.
        self.light(Duration::from_secs(2), seed).await?;
        let idle = self.light(time, seed).await?;
        let (given, clients) = self.full_tilt(seed);
        tokio::time::sleep(GONE).await;
        let pause = async {
            tokio::time::sleep(time).await;
            Ok(())
        };
        let ((), alone) = rate(&given.answered, pause).await?;
        // What was in work before the light one came is not its due.
        self.light(Duration::from_secs(1), seed).await?;
        let refused = given.refused.load(Ordering::Relaxed);
        let (beside, shared) = rate(&given.answered, self.light(time, seed)).await?;
        let refused = given.refused.load(Ordering::Relaxed) - refused;
        let load = std::fs::read_to_string("/proc/loadavg")?;
        given.stop.store(true, Ordering::Relaxed);
        clients.await??;
        let load = load.split(' ').next().unwrap_or_default().to_owned();
        #[expect(clippy::cast_precision_loss, reason = "requests of a few seconds")]
        let refused = refused as f64 / self.run.seconds;
        Ok(Round { idle, beside, alone, shared, refused, load })
    }

    /// All clients of the heavy tenant, each with one request under way until they are stopped.
    fn full_tilt(&self, seed: u64) -> (Arc<Given>, JoinHandle<Result<(), Failure>>) {
        let given = Arc::new(Given::default());
        let (port, many) = (self.port, self.run.connections);
        let (world, told) = (Arc::clone(&self.heavy), Arc::clone(&given));
        let clients = tokio::spawn(async move {
            let clients = (0..many as u64).map(|number| client(port, &world, &told, seed * 1000 + number));
            try_join_all(clients).await.map(|_| ())
        });
        (given, clients)
    }

    /// The light client: a get or a list at a fixed rate. Where an answer is late, the next request counts from when it was due.
    async fn light(&self, time: Duration, seed: u64) -> Result<Histogram<u64>, Failure> {
        let mut connection = Connection::open(self.port).await?;
        let (mut numbers, mut times) = (Numbers::new(seed + 77), Histogram::new(3)?);
        let begun = Instant::now();
        let mut due = begun;
        while begun.elapsed() < time {
            due += Duration::from_secs(1) / RATE;
            let late = Instant::now() > due;
            tokio::time::sleep_until(due.into()).await;
            let asked = if late { due } else { Instant::now() };
            let reply = connection.ask(&self.light_request(&mut numbers)).await?;
            if reply.status != 200 || reply.body.windows(9).any(|window| window == b"\"errors\":") {
                return Err(format!("the light client got {}: {:?}", reply.status, reply.body).into());
            }
            times.record(u64::try_from(asked.elapsed().as_micros())?)?;
        }
        Ok(times)
    }

    fn light_request(&self, numbers: &mut Numbers) -> Vec<u8> {
        if numbers.up_to(2) == 1 {
            let id = seed::id_of(4, numbers.up_to(LEADS));
            let one = "query($id: ID!) { lead(id: $id) { id name company stage points } }";
            return armature_request(self.light, one, &json!({ "id": id }));
        }
        let list = "query($points: Int!) { leads(filter: {points: {gte: $points}}, orderBy: [{receivedAt: DESC}], first: 20) \
                    { nodes { id name company stage points } } }";
        armature_request(self.light, list, &json!({ "points": numbers.up_to(50) }))
    }
}

async fn client(port: u16, world: &World, given: &Given, seed: u64) -> Result<(), Failure> {
    let mut connection = Connection::open(port).await?;
    let mut numbers = Numbers::new(seed);
    let asked: Vec<&Operation> =
        OPERATIONS.iter().filter(|operation| HEAVY.contains(&operation.name)).collect();
    while !given.stop.load(Ordering::Relaxed) {
        let operation = numbers.pick(&asked).ok_or("nothing to ask")?;
        let reply = connection.ask(&operation.request(Side::Armature, &mut numbers, world)).await?;
        match reply.status {
            200 => given.answered.fetch_add(1, Ordering::Relaxed),
            429 | 503 => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                given.refused.fetch_add(1, Ordering::Relaxed)
            }
            other => return Err(format!("`{}` got {other}: {:?}", operation.name, reply.body).into()),
        };
    }
    Ok(())
}

/// How fast that was counted up meanwhile.
async fn rate<T>(
    counted: &AtomicU64,
    meanwhile: impl Future<Output = Result<T, Failure>>,
) -> Result<(T, f64), Failure> {
    let (before, begun) = (counted.load(Ordering::Relaxed), Instant::now());
    let value = meanwhile.await?;
    let answered = counted.load(Ordering::Relaxed) - before;
    #[expect(clippy::cast_precision_loss, reason = "requests of a few seconds")]
    let answered = answered as f64;
    Ok((value, answered / begun.elapsed().as_secs_f64()))
}

fn head(run: &Run) -> Result<String, Failure> {
    let mut page = String::from("## One tenant at full tilt\n\n");
    writeln!(
        page,
        "Written by `bench fairness` ({} rounds, {} s for each figure{}). Tenant A: {} clients that ask without a pause (lists, nested lists, a group by over 100,000, far pages, \
         creates, updates). Tenant B: one client that asks {RATE} times a second, whatever happens (gets and lists of 20), first alone, then beside A; its times are of all rounds together. {} processors for both \
         servers, PostgreSQL and all clients. *Not shared* is the same program with `shared-requests` out of reach.\n",
        run.rounds,
        run.seconds,
        if run.percent == 100 { String::new() } else { format!("; on {} % of the data", run.percent) },
        run.connections,
        std::thread::available_parallelism()?
    )?;
    page.push_str("| turns | B alone p50 / p99 ms | B beside A p50 / p99 ms | p99 beside : alone (aim 2) | A alone /s | A beside B /s | A refused /s | load |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
    Ok(page)
}

fn row(name: &str, rounds: &[Round]) -> Result<String, Failure> {
    let (mut idle, mut beside) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
    for round in rounds {
        idle.add(&round.idle)?;
        beside.add(&round.beside)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds of some seconds at most")]
    let millis = |of: &Histogram<u64>, part: f64| of.value_at_quantile(part) as f64 / 1000.0;
    let figure = |part: fn(&Round) -> f64| report::median(rounds.iter().map(part));
    let loads: Vec<&str> = rounds.iter().map(|round| round.load.as_str()).collect();
    let mut line = String::new();
    writeln!(
        line,
        "| {name} | {:.2} / {:.2} | {:.2} / {:.2} | **{:.1}** | {:.0} | {:.0} | {:.0} | {} |",
        millis(&idle, 0.5),
        millis(&idle, 0.99),
        millis(&beside, 0.5),
        millis(&beside, 0.99),
        millis(&beside, 0.99) / millis(&idle, 0.99),
        figure(|round| round.alone),
        figure(|round| round.shared),
        figure(|round| round.refused),
        loads.join(", ")
    )?;
    Ok(line)
}
