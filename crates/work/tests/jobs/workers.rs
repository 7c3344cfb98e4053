//! Workers at work: fresh jobs at once, tenants in turn, many workers, stopping, taking over.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Caller, Clock, Engine, Kind, SystemClock};
use expr::Value;
use serde_json::json;
use store::{Store, TenantName};
use testing::{Handles, each_database, options};
use uuid::Uuid;
use work::jobs::{Became, Gate, Host, JobSettings, NoCaller, Report, Worker};

use crate::support::{World, automation, by_hand, world};

/// Tenants that a worker acts for, by name.
#[derive(Clone)]
pub struct Employer {
    store: Store,
    engine: Arc<Engine>,
    callers: Arc<Mutex<HashMap<TenantName, Caller>>>,
    reports: Arc<Mutex<Vec<(Instant, Report)>>>,
    clock: Arc<dyn Clock>,
}

impl Employer {
    pub fn of(store: &Store, worlds: &[&World], clock: Arc<dyn Clock>) -> Self {
        let own = |world: &&World| {
            let caller = Caller { clock: Arc::clone(&clock), ..world.caller.clone() };
            (caller.tenant.name().clone(), caller)
        };
        Self {
            store: store.clone(),
            engine: Arc::new(Engine::new()),
            callers: Arc::new(Mutex::new(worlds.iter().map(own).collect())),
            reports: Arc::default(),
            clock,
        }
    }

    fn count(&self, became: Became) -> usize {
        self.reports.lock().expect("a lock").iter().filter(|(_, report)| report.became == became).count()
    }
}

impl Host for Employer {
    fn store(&self) -> &Store {
        &self.store
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn caller(&self, tenant: &TenantName) -> impl Future<Output = Result<Option<Caller>, NoCaller>> + Send {
        let found = self.callers.lock().expect("a lock").get(tenant).cloned();
        async move { Ok(found) }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn report(&self, report: Report) {
        self.reports.lock().expect("a lock").push((Instant::now(), report));
    }
}

/// A tenant whose one automation counts.
pub async fn counting(tenant: &store::Tenant) -> World {
    prepare(&world(tenant).await)
}

/// The business with that automation.
pub fn prepare(world: &World) -> World {
    let touch = automation("touch", by_hand(), world.set("touched", "record.touched + 1"));
    world.knowing(vec![touch])
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < end, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn by_machine() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_job_is_begun_at_once_and_one_for_later_in_time() {
    each_database(|bed: Handles| async move {
        let world = counting(&bed.tenant).await;
        let lead = world.lead(&[]).await;
        let employer = Employer::of(&bed.store, &[&world], by_machine());
        // So slow a poll that only being told is quick.
        let settings = JobSettings { poll: Duration::from_secs(30), ..JobSettings::default() };
        let worker = Worker::start(employer.clone(), settings, Gate::default());
        tokio::time::sleep(Duration::from_millis(300)).await;
        for round in 1..=5 {
            let began = Instant::now();
            world.work("touch", lead).await;
            until("the job", async || employer.count(Became::Done) == round).await;
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        }
        let mut later = world.queued(Kind::Automation, "touch", Some(lead));
        later.due = by_machine().now() + TimeDelta::milliseconds(700);
        world.put(later).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(employer.count(Became::Done), 5, "it is not time yet");
        until("the later job", async || employer.count(Became::Done) == 6).await;
        worker.stop(PATIENCE).await;
        assert_eq!(world.one(lead, "touched").await, json!(6));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_with_much_to_do_leaves_others_their_turn() {
    each_database(|bed: Handles| async move {
        let (busy, calm) = (counting(&bed.tenant).await, counting(&bed.canary).await);
        let (lead, other) = (busy.leads(vec![vec![]; 50]).await, calm.lead(&[]).await);
        let jobs: Vec<_> = (0..10_000)
            .map(|n| busy.row(&busy.queued(Kind::Automation, "touch", Some(lead[n % 50]))))
            .collect();
        for some in jobs.chunks(1_000) {
            bed.tenant.jobs_insert(some).await.expect("put in");
        }
        let employer = Employer::of(&bed.store, &[&busy, &calm], by_machine());
        let worker = Worker::start(employer.clone(), JobSettings::default(), Gate::default());
        until("the busy tenant", async || employer.count(Became::Done) > 20).await;
        let began = Instant::now();
        calm.work("touch", other).await;
        until("the other's job", async || calm.one(other, "touched").await == json!(1)).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let done = employer.count(Became::Done);
        assert!(done < 9_000, "there was still much to do: {done}");
        worker.stop(PATIENCE).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_of_many_programs_do_each_job_once() {
    each_database(|bed: Handles| async move {
        let world = counting(&bed.tenant).await;
        let leads = world.leads(vec![vec![]; 120]).await;
        let mut programs = Vec::new();
        for _ in 0..3 {
            let store = Store::open(&bed.url, options()).await.expect("another program");
            let tenant = store.tenant(bed.tenant.name()).await.expect("opens");
            let there = World { caller: Caller { tenant, ..world.caller.clone() }, ..world.clone() };
            let employer = Employer::of(&store, &[&there], by_machine());
            let worker = Worker::start(employer.clone(), JobSettings::default(), Gate::default());
            programs.push((store, employer, worker));
        }
        for some in leads.chunks(20) {
            let jobs: Vec<_> = some
                .iter()
                .map(|lead| world.row(&world.queued(Kind::Automation, "touch", Some(*lead))))
                .collect();
            bed.tenant.jobs_insert(&jobs).await.expect("put in");
        }
        until("all of them", async || world.jobs().await.is_empty()).await;
        let mut done = 0;
        for (store, employer, worker) in programs {
            worker.stop(PATIENCE).await;
            done += employer.count(Became::Done);
            store.close().await;
        }
        assert_eq!(done, 120);
        assert!(world.all("touched").await.iter().all(|lead| lead["touched"] == 1));
        assert_eq!(world.runs().await.len(), 120);
    })
    .await;
}

/// An acknowledgement that comes late.
struct Late(store::Part);

impl engine::Rider for Late {
    fn note(&self, _: &engine::Outcome) -> engine::Noted {
        engine::Noted::Job(self.0.clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_of_a_lost_worker_is_taken_over_and_its_late_end_changes_nothing() {
    each_database(|bed: Handles| async move {
        let world = counting(&bed.tenant).await;
        let lead = world.lead(&[("score", Value::Int(1))]).await;
        let job = world.work("touch", lead).await;
        let lost = bed
            .tenant
            .jobs_take(world.now(), world.now() + TimeDelta::minutes(5), 1)
            .await
            .expect("taken")
            .remove(0);
        assert_eq!(lost.job.id, job);
        assert_eq!(world.drain(TimeDelta::minutes(4)).await.done, 0);
        assert_eq!(world.drain(TimeDelta::minutes(2)).await.done, 1);
        // The lost one comes back, and has done its work, as far as it knows.
        let late = store::Part::settle(bed.tenant.dialect(), &lost, &store::Settled::Done, None);
        let touch = world.caller.catalog.automations["touch"].clone();
        let about = (&crate::support::name("lead"), lead);
        let ended = world.engine.handle(&world.caller, &touch, about, (&Late(late), None)).await;
        assert!(matches!(ended, Err(engine::WriteError::Overtaken)), "{ended:?}");
        assert_eq!(world.one(lead, "touched").await, json!(1));
        assert_eq!(world.runs().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_stops_hands_its_jobs_back() {
    each_database(|bed: Handles| async move {
        let world = counting(&bed.tenant).await;
        let leads = world.leads(vec![vec![]; 400]).await;
        let jobs: Vec<_> = leads
            .iter()
            .map(|lead| world.row(&world.queued(Kind::Automation, "touch", Some(*lead))))
            .collect();
        bed.tenant.jobs_insert(&jobs).await.expect("put in");
        let employer = Employer::of(&bed.store, &[&world], by_machine());
        let worker = Worker::start(employer.clone(), JobSettings::default(), Gate::default());
        until("some of them", async || employer.count(Became::Done) > 5).await;
        worker.stop(PATIENCE).await;
        let left = world.jobs().await;
        assert!(!left.is_empty(), "it stopped in the middle");
        assert!(left.iter().all(|row| row.lease.is_none() && row.attempts == 0), "nothing is held");
        let done: Vec<Uuid> = world.runs().await.iter().filter_map(|run| run.record).collect();
        assert_eq!(done.len() + left.len(), 400);
        let next = Worker::start(employer.clone(), JobSettings::default(), Gate::default());
        until("the rest", async || world.jobs().await.is_empty()).await;
        next.stop(PATIENCE).await;
        assert!(world.all("touched").await.iter().all(|lead| lead["touched"] == 1));
    })
    .await;
}
