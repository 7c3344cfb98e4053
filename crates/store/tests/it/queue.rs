//! The queue: taking, fencing, giving back, and many workers at once, on both databases.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use store::{JobFilter, JobRow, JobState, NewJob, Note, Part, RunFilter, RunRow, Settled, Store, Tenant};
use testing::{each_database, options};
use uuid::Uuid;

fn at(second: i64) -> DateTime<Utc> {
    let begin: DateTime<Utc> = "2026-03-31T09:00:00.000001Z".parse().expect("an instant");
    begin + chrono::Duration::seconds(second)
}

fn job(number: u128, due: i64) -> NewJob {
    NewJob {
        id: Uuid::from_u128(number),
        key: None,
        kind: "automation".into(),
        subject: "greet".into(),
        object: Some("lead".into()),
        record: Some(Uuid::from_u128(number + 1_000_000)),
        payload: "{}".into(),
        due: at(due),
        chain: "[]".into(),
        depth: 0,
        created: at(0),
    }
}

fn run_of(row: &JobRow, number: u128) -> RunRow {
    RunRow {
        id: Uuid::from_u128(number),
        at: at(1),
        automation: row.job.subject.clone(),
        object: row.job.object.clone(),
        record: row.job.record,
        job: Some(row.job.id),
        key: row.job.key.clone(),
        outcome: "done".into(),
        operations: 3,
        micros: 40,
        input: None,
        effects: Some("[]".into()),
        error: None,
    }
}

async fn taken(tenant: &Tenant, now: i64, most: i64) -> Vec<JobRow> {
    tenant.jobs_take(at(now), at(now + 60), most).await.expect("jobs are taken")
}

fn numbers(rows: &[JobRow]) -> Vec<u128> {
    rows.iter().map(|row| row.job.id.as_u128()).collect()
}

#[tokio::test]
async fn jobs_are_taken_when_due_the_longest_waiting_first() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        tenant.jobs_insert(&[job(3, 5), job(1, 10), job(2, 20), job(9, 99)]).await.expect("put in");
        assert_eq!(tenant.jobs_next().await.expect("asked"), Some(at(5)));
        assert_eq!(numbers(&taken(tenant, 4, 10).await), [] as [u128; 0]);
        assert_eq!(numbers(&taken(tenant, 20, 2).await), [3, 1]);
        assert_eq!(numbers(&taken(tenant, 20, 9).await), [2], "what somebody has is not taken again");
        assert_eq!(taken(&bed.canary, 100, 9).await, [], "another tenant has a queue of its own");
        let running = JobFilter { state: Some(JobState::Running), first: 10, ..JobFilter::default() };
        let shown = tenant.jobs(&running, at(21)).await.expect("asked");
        assert_eq!(numbers(&shown), [1, 2, 3]);
        assert!(
            shown
                .iter()
                .all(|row| row.attempts == 1 && row.fence == 1 && row.state(at(21)) == JobState::Running)
        );
        let waiting = JobFilter { state: Some(JobState::Waiting), first: 10, ..JobFilter::default() };
        assert_eq!(numbers(&tenant.jobs(&waiting, at(21)).await.expect("asked")), [9]);
        // The next that can be done is what its worker may lose.
        assert_eq!(tenant.jobs_next().await.expect("asked"), Some(at(80)));
        assert_eq!(numbers(&tenant.jobs(&waiting, at(81)).await.expect("asked")), [1, 2, 3, 9]);
    })
    .await;
}

#[tokio::test]
async fn work_under_a_key_waits_once() {
    each_database(async |bed| {
        let keyed = |number| NewJob { key: Some("nightly".into()), ..job(number, 0) };
        bed.tenant.jobs_insert(&[keyed(1), keyed(2), job(3, 0)]).await.expect("put in");
        bed.tenant.jobs_insert(&[keyed(4)]).await.expect("put in");
        let rows = taken(&bed.tenant, 1, 10).await;
        assert_eq!(numbers(&rows), [1, 3]);
        let known = bed.tenant.jobs_known(&["nightly".into(), "hourly".into()]).await.expect("asked");
        assert_eq!(known, ["nightly"]);
        let done = run_of(&rows[0], 70);
        assert!(bed.tenant.job_settle(&rows[0], &Settled::Done, Some(&done), &[]).await.expect("settled"));
        let known = bed.tenant.jobs_known(&["nightly".into()]).await.expect("asked");
        assert_eq!(known, ["nightly"], "its run is remembered");
        bed.tenant.jobs_insert(&[keyed(5)]).await.expect("put in");
        assert_eq!(numbers(&taken(&bed.tenant, 1, 10).await), [5]);
    })
    .await;
}

#[tokio::test]
async fn a_late_acknowledgement_changes_nothing() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        tenant.jobs_insert(&[job(1, 0)]).await.expect("put in");
        let late = taken(tenant, 0, 1).await.remove(0);
        assert_eq!(taken(tenant, 59, 1).await, [], "the lease holds");
        let second = taken(tenant, 60, 1).await.remove(0);
        assert_eq!((second.fence, second.attempts), (2, 2));
        let again = Settled::Again {
            due: at(500),
            attempts: 1,
            payload: Some("{\"n\":1}".into()),
            error: Some("no".into()),
        };
        for settled in [Settled::Done, again.clone(), Settled::Dead { error: "no".into() }] {
            for run in [None, Some(run_of(&late, 70))] {
                let follows = [job(50, 0)];
                let held = tenant.job_settle(&late, &settled, run.as_ref(), &follows).await.expect("asked");
                assert!(!held, "{settled:?}");
            }
        }
        let mut transaction = tenant.begin().await.expect("begins");
        let part = Part::settle(tenant.dialect(), &late, &Settled::Done, Some(&run_of(&late, 71)));
        assert!(transaction.carry(&part).await.expect("runs").is_empty(), "nothing is answered");
        transaction.rollback().await.expect("rolled back");
        assert_eq!(tenant.job(second.job.id).await.expect("asked"), Some(second.clone()));
        let all = RunFilter { first: 10, ..RunFilter::default() };
        assert_eq!(tenant.automation_runs(&all).await.expect("asked"), [], "no run is noted");
        assert_eq!(taken(tenant, 61, 9).await, [], "nothing follows");

        assert!(tenant.job_settle(&second, &again, Some(&run_of(&second, 72)), &[]).await.expect("settled"));
        let back = tenant.job(second.job.id).await.expect("asked").expect("there");
        assert_eq!((back.job.due, back.attempts, back.job.payload.as_str()), (at(500), 1, "{\"n\":1}"));
        assert_eq!((back.error.as_deref(), back.state(at(61))), (Some("no"), JobState::Waiting));
        let third = taken(tenant, 500, 1).await.remove(0);
        assert!(tenant.job_settle(&third, &Settled::Done, None, &[job(50, 0)]).await.expect("settled"));
        assert_eq!(tenant.job(third.job.id).await.expect("asked"), None);
        assert_eq!(numbers(&taken(tenant, 500, 9).await), [50]);
        assert_eq!(tenant.automation_runs(&all).await.expect("asked"), [run_of(&second, 72)]);
    })
    .await;
}

#[tokio::test]
async fn the_dead_wait_for_somebody() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        tenant.jobs_insert(&[job(1, 0), job(2, 0)]).await.expect("put in");
        assert!(!tenant.job_replay(Uuid::from_u128(1), at(1)).await.expect("asked"), "it is not dead");
        let rows = taken(tenant, 0, 2).await;
        for row in &rows {
            assert!(!tenant.job_discard(row.job.id, at(1)).await.expect("asked"), "somebody has it");
            let dead = Settled::Dead { error: "there is no such field".into() };
            assert!(tenant.job_settle(row, &dead, None, &[]).await.expect("settled"));
        }
        assert_eq!(taken(tenant, 1000, 9).await, []);
        assert_eq!(tenant.jobs_next().await.expect("asked"), None);
        let dead = JobFilter { state: Some(JobState::Dead), first: 10, ..JobFilter::default() };
        assert_eq!(numbers(&tenant.jobs(&dead, at(1)).await.expect("asked")), [1, 2]);
        let behind = JobFilter { after: Some(Uuid::from_u128(1)), ..dead.clone() };
        assert_eq!(numbers(&tenant.jobs(&behind, at(1)).await.expect("asked")), [2]);
        assert!(tenant.job_discard(Uuid::from_u128(2), at(1)).await.expect("asked"));
        assert!(!tenant.job_discard(Uuid::from_u128(2), at(1)).await.expect("asked"), "it is gone");
        assert!(tenant.job_replay(Uuid::from_u128(1), at(1000)).await.expect("asked"));
        let again = taken(tenant, 1000, 9).await;
        assert_eq!(
            again.iter().map(|row| (row.job.id.as_u128(), row.attempts)).collect::<Vec<_>>(),
            [(1, 1)]
        );
        tenant.jobs_hand_back(&again).await.expect("handed back");
        let back = taken(tenant, 1000, 9).await;
        assert_eq!(back.iter().map(|row| (row.attempts, row.fence)).collect::<Vec<_>>(), [(1, 3)]);
    })
    .await;
}

/// Takes and settles until nothing is left; what was done.
async fn work(tenant: Tenant, done: Arc<Mutex<BTreeMap<u128, usize>>>) {
    loop {
        let rows = taken(&tenant, 10, 4).await;
        if rows.is_empty() {
            return;
        }
        for row in rows {
            let run = run_of(&row, row.job.id.as_u128() + 5_000_000);
            if tenant.job_settle(&row, &Settled::Done, Some(&run), &[]).await.expect("settled") {
                *done.lock().expect("a lock").entry(row.job.id.as_u128()).or_default() += 1;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_do_each_job_once() {
    each_database(async |bed| {
        let jobs: Vec<NewJob> = (1..=300).map(|number| job(number, 0)).collect();
        bed.tenant.jobs_insert(&jobs).await.expect("put in");
        let done = Arc::new(Mutex::new(BTreeMap::new()));
        let mut workers = tokio::task::JoinSet::new();
        let mut programs = Vec::new();
        for _ in 0..3 {
            let program = Store::open(&bed.url, options()).await.expect("another program");
            for _ in 0..4 {
                let tenant = program.tenant(bed.tenant.name()).await.expect("opens");
                workers.spawn(work(tenant, Arc::clone(&done)));
            }
            programs.push(program);
        }
        while let Some(ended) = workers.join_next().await {
            ended.expect("a worker");
        }
        let done = done.lock().expect("a lock").clone();
        assert_eq!(done.len(), 300);
        assert!(done.values().all(|times| *times == 1), "{done:?}");
        let all = RunFilter { automation: Some("greet".into()), first: 1000, ..RunFilter::default() };
        assert_eq!(bed.tenant.automation_runs(&all).await.expect("asked").len(), 300);
        for program in programs {
            program.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn work_is_told_to_workers_here_and_elsewhere() {
    each_database(async |bed| {
        let other = Store::open(&bed.url, options()).await.expect("another program");
        let there = other.tenant(bed.tenant.name()).await.expect("opens");
        let wait = std::time::Duration::from_secs(3);
        // Nobody listens here: the note stays for others.
        bed.tenant.jobs_insert(&[job(1, 7)]).await.expect("put in");
        let due = other.work_due(at(6), 10).await.expect("asked");
        assert_eq!(due, []);
        let due = other.work_due(at(7), 10).await.expect("asked");
        assert_eq!(due.len(), 1);
        assert_eq!((&due[0].tenant, due[0].due), (bed.tenant.name(), at(7)));
        // Noted again after it was looked at: it is not struck out.
        bed.tenant.jobs_insert(&[job(2, 9)]).await.expect("put in");
        other.work_settle(&due[0], None).await.expect("asked");
        let due = other.work_due(at(7), 10).await.expect("asked");
        assert_eq!(due.len(), 1, "a later note is kept");
        other.work_settle(&due[0], Some(at(9))).await.expect("asked");
        assert_eq!(other.work_due(at(8), 10).await.expect("asked"), []);
        let due = other.work_due(at(9), 10).await.expect("asked");
        other.work_settle(&due[0], None).await.expect("asked");
        assert_eq!(other.work_due(at(99), 10).await.expect("asked"), []);

        let ear = other.await_work();
        there.jobs_insert(&[job(3, 3)]).await.expect("put in");
        let told = tokio::time::timeout(wait, ear.next()).await.expect("told at once");
        assert_eq!(told, [Note { tenant: bed.tenant.name().clone(), due: at(3), own: true }]);
        let mut rolled_back = there.begin().await.expect("begins");
        rolled_back.carry(&Part::insert(there.dialect(), &[job(4, 0)])).await.expect("put in");
        rolled_back.rollback().await.expect("rolled back");
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), ear.next()).await.is_err());
        assert_eq!(numbers(&taken(&there, 100, 9).await), [3, 1, 2], "nothing came of it");
        other.close().await;
    })
    .await;
}
