//! `kill -9` of workers, again and again: nothing is lost, nothing is done twice. The workers are processes of their own, each this test program.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use engine::Kind;
use serde_json::json;
use store::{Options, Store, TenantName};
use testing::{Chance, Handles, each_database};
use work::jobs::{Gate, JobSettings, Worker};

use crate::support::{World, open};
use crate::workers::{Employer, by_machine, counting, prepare};

/// Where a worker of its own finds its database.
const DATABASE: &str = "ARMATURE_TEST_WORKER_DATABASE";
const LEADS: usize = 400;
const KILLS: usize = 12;

#[expect(clippy::disallowed_methods, reason = "how a test program is told what it is to be")]
fn database() -> Option<String> {
    std::env::var(DATABASE).ok()
}

/// A worker that loses its jobs soon after it was killed.
fn work_on(store: &Store, world: &World) -> Worker<Employer> {
    let settings = JobSettings {
        lease: Duration::from_millis(1_500),
        round: Duration::from_millis(300),
        poll: Duration::from_millis(100),
        ..JobSettings::default()
    };
    Worker::start(Employer::of(store, &[world], by_machine()), settings, Gate::default())
}

/// Told of a database, this is a worker until it is killed; else it sees that one with nothing to do ends at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_of_its_own() {
    let Some(url) = database() else {
        let bed = testing::Bed::fresh(sql::Dialect::Sqlite).await;
        let world = counting(&bed.tenant).await;
        let worker = work_on(&bed.store, &world);
        let began = Instant::now();
        worker.stop(Duration::from_secs(20)).await;
        assert!(began.elapsed() < Duration::from_secs(10));
        return bed.clear().await;
    };
    let store = Store::open(&url, Options::default()).await.expect("the store opens");
    let tenant = store.tenant(&TenantName::new("acme").expect("a name")).await.expect("the tenant");
    let world = prepare(&open(&tenant).await);
    let _worker = work_on(&store, &world);
    tokio::time::sleep(Duration::from_mins(2)).await;
}

fn start(url: &str) -> Child {
    Command::new(std::env::current_exe().expect("a program"))
        .args(["--exact", "crash::a_worker_of_its_own", "--nocapture"])
        .env(DATABASE, url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

async fn done(world: &World) -> usize {
    world.runs().await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_are_killed_lose_nothing_and_do_nothing_twice() {
    each_database(|bed: Handles| async move {
        let world = counting(&bed.tenant).await;
        let leads = world.leads(vec![vec![]; LEADS]).await;
        let jobs: Vec<_> = leads
            .iter()
            .map(|lead| world.row(&world.queued(Kind::Automation, "touch", Some(*lead))))
            .collect();
        let mut chance = Chance::new(7);
        let mut jobs = jobs.chunks(LEADS / KILLS + 1);
        let mut killed_at_work = 0;
        for _ in 0..KILLS {
            bed.tenant.jobs_insert(jobs.next().unwrap_or_default()).await.expect("put in");
            let before = done(&world).await;
            let mut child = start(&bed.url);
            // Killed a little after its first job, or while it starts.
            let end = Instant::now() + Duration::from_secs(20);
            while done(&world).await == before && Instant::now() < end && !world.jobs().await.is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            tokio::time::sleep(Duration::from_millis(chance.number() % 30)).await;
            child.kill().expect("kill -9");
            child.wait().expect("it is gone");
            killed_at_work += usize::from(!world.jobs().await.is_empty());
        }
        assert!(killed_at_work > KILLS / 3, "most were killed with work left: {killed_at_work}");
        let mut last = start(&bed.url);
        let end = Instant::now() + Duration::from_mins(1);
        while !world.jobs().await.is_empty() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        last.kill().expect("kill -9");
        last.wait().expect("it is gone");
        assert_eq!(world.jobs().await, [], "nothing is left, and nothing stays taken");
        let touched = world.all("touched").await;
        assert_eq!(touched.len(), LEADS);
        assert!(touched.iter().all(|lead| lead["touched"] == json!(1)), "each was touched once: {touched:?}");
        let mut runs: Vec<_> = world.runs().await.into_iter().filter_map(|run| run.job).collect();
        assert_eq!(runs.len(), LEADS, "each run is noted once");
        runs.sort_unstable();
        runs.dedup();
        assert_eq!(runs.len(), LEADS);
    })
    .await;
}
