//! Jobs through the metadata API: looking, replaying, discarding; the clock of tests; the worker of a server. On both databases.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use server::{ServerConfig, Settings, router, serve};
use store::{JobFilter, NewJob, Tenant};
use testing::{Handles, each_database};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::login::{metadata, user};
use crate::stage::{KEY, Stage, business, now, role};

/// A job that nobody can do.
fn hopeless(number: u128, due: DateTime<Utc>) -> NewJob {
    NewJob {
        id: Uuid::from_u128(number),
        key: None,
        kind: "function".into(),
        subject: "nothing::there".into(),
        object: Some("company".into()),
        record: Some(Uuid::from_u128(7)),
        payload: json!({"event": {"why": "test"}}).to_string(),
        due,
        chain: "[\"first\"]".into(),
        depth: 1,
        created: now(),
    }
}

async fn stage(handles: &Handles, test_clock: bool) -> Stage {
    let mut files = business();
    files.push(role(&json!({"name": "auditor", "title": "Auditor", "metadata": ["audit"]})));
    Stage::new(handles, &files).await;
    let settings = Settings { test_clock, ..Settings::default() };
    let config = ServerConfig { store: handles.store.clone(), settings, now };
    Stage { router: router(config).expect("routes") }
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

async fn count(tenant: &Tenant) -> usize {
    let all = JobFilter { first: 100, ..JobFilter::default() };
    tenant.jobs(&all, now()).await.expect("jobs").len()
}

const JOBS: &str = "{ jobs(state: DEAD) { id kind subject object record state attempts error chain } }";

#[tokio::test]
async fn dead_jobs_are_seen_replayed_and_discarded_by_those_who_may() {
    each_database(async |handles| {
        let stage = stage(&handles, true).await;
        let tenant = &handles.tenant;
        tenant.jobs_insert(&[hopeless(1, now()), hopeless(2, now())]).await.expect("put in");
        let advance = "mutation($by: String!) { advanceClock(by: $by) { now done failed dead } }";
        let first = metadata(&stage, KEY, advance, json!({"by": "1m"})).await;
        let advanced = &first["data"]["advanceClock"];
        assert!(advanced["failed"].as_u64() > Some(2) && advanced["dead"] == 0, "{first:#}");
        let then = metadata(&stage, KEY, advance, json!({"by": "2d"})).await;
        assert_eq!((&then["data"]["advanceClock"]["done"], &then["data"]["advanceClock"]["dead"]), (&json!(0), &json!(2)), "{then:#}");
        let later = now() + TimeDelta::days(2) + TimeDelta::minutes(1);
        assert_eq!(then["data"]["advanceClock"]["now"], later.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        for wrong in ["-1d", "soon"] {
            let refused = metadata(&stage, KEY, advance, json!({"by": wrong})).await;
            assert_eq!(code(&refused), "VALIDATION", "{refused:#}");
        }

        let seen = metadata(&stage, KEY, JOBS, json!({})).await;
        let jobs = seen["data"]["jobs"].as_array().unwrap_or_else(|| panic!("{seen:#}"));
        assert_eq!(jobs.len(), 2);
        let one = &jobs[0];
        assert_eq!((&one["kind"], &one["subject"], &one["state"]), (&json!("function"), &json!("nothing::there"), &json!("DEAD")));
        assert_eq!((&one["attempts"], &one["chain"], &one["object"]), (&json!(8), &json!(["first"]), &json!("company")));
        let runs = "query($f: Int!) { automationRuns(object: \"company\", outcome: \"failed\", first: $f) { automation job outcome input error } }";
        let runs = metadata(&stage, KEY, runs, json!({"f": 100})).await;
        let runs = runs["data"]["automationRuns"].as_array().unwrap_or_else(|| panic!("{runs:#}"));
        assert_eq!((runs.len(), &runs[0]["input"]), (16, &json!({"why": "test"})));

        let key_of = async |email: &str, roles: &[&str]| {
            let ann = user(&stage, email, roles).await;
            let made = metadata(&stage, KEY, "mutation($u: ID!) { createKey(name: \"k\", user: $u) { apiKey } }", json!({"u": ann})).await;
            made["data"]["createKey"]["apiKey"].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned()
        };
        let (auditor, nobody) = (key_of("ann@acme.example", &["auditor"]).await, key_of("bob@acme.example", &[]).await);
        let replay = "mutation($id: ID!) { replayJob(id: $id) }";
        let discard = "mutation($id: ID!) { discardJob(id: $id) }";
        let id = |number: u128| json!({"id": Uuid::from_u128(number)});
        let runs = "{ automationRuns { id } }";
        for (query, may) in [(JOBS, true), (runs, true), (replay, false), (discard, false), (advance, false)] {
            let variables = json!({"id": Uuid::from_u128(1), "by": "1d"});
            let theirs = metadata(&stage, &auditor, query, variables.clone()).await;
            assert_eq!(theirs.get("errors").is_none(), may, "{query} {theirs:#}");
            let denied = metadata(&stage, &nobody, query, variables).await;
            assert_eq!(code(&denied), "FORBIDDEN", "{query} {denied:#}");
        }
        assert_eq!(metadata(&stage, KEY, replay, id(1)).await["data"]["replayJob"], true);
        assert_eq!(code(&metadata(&stage, KEY, replay, id(1)).await), "NOT_FOUND", "it is not dead any more");
        assert_eq!(metadata(&stage, KEY, discard, id(2)).await["data"]["discardJob"], true);
        assert_eq!(code(&metadata(&stage, KEY, discard, id(2)).await), "NOT_FOUND");
        let waiting = metadata(&stage, KEY, "{ jobs(state: WAITING) { id attempts } }", json!({})).await;
        assert_eq!(waiting["data"]["jobs"], json!([{"id": Uuid::from_u128(1), "attempts": 0}]));
        let log = metadata(&stage, KEY, "{ audit(first: 100) { nodes { act outcome detail } } }", json!({})).await;
        let entries = log["data"]["audit"]["nodes"].as_array().expect("entries");
        let acts: Vec<(&str, &str)> = entries
            .iter()
            .filter(|entry| entry["act"].as_str().is_some_and(|act| act.starts_with("job")))
            .map(|entry| (entry["act"].as_str().expect("an act"), entry["outcome"].as_str().expect("an outcome")))
            .collect();
        assert_eq!(acts[..2], [("jobDiscard", "done"), ("jobReplay", "done")]);
        assert_eq!(acts[2..].iter().filter(|(_, outcome)| *outcome == "denied").count(), 4, "{acts:?}");
    })
    .await;
}

#[tokio::test]
async fn a_schedule_of_a_package_runs_for_each_record_that_matches() {
    each_database(async |handles| {
        let mut files = business();
        let nightly = json!({
            "name": "nightly", "object": "company", "run": "job", "as": "system",
            "on": {"schedule": "0 8 * * *", "timeZone": "Asia/Shanghai", "each": {"code": {"startsWith": "a"}}},
            "set": {"name": "record.name + \"!\""},
        });
        files.push(metadata::SourceFile { path: "automations/nightly.json".into(), text: nightly.to_string() });
        Stage::new(&handles, &files).await;
        let settings = Settings { test_clock: true, ..Settings::default() };
        let config = ServerConfig { store: handles.store.clone(), settings, now };
        let stage = Stage { router: router(config).expect("routes") };
        let create = "mutation { createCompanies(data: [{name: \"One\", code: \"a1\"}, {name: \"Two\", code: \"b2\"}]) { errors { message } } }";
        assert_eq!(stage.data(create, json!({})).await["createCompanies"]["errors"], json!([]));
        let advance = "mutation { advanceClock(by: \"3d\") { done failed } }";
        let advanced = metadata(&stage, KEY, advance, json!({})).await;
        assert_eq!(advanced["data"]["advanceClock"], json!({"done": 3, "failed": 0}), "{advanced:#}");
        let names = stage.data("{ companies(orderBy: [{code: ASC}]) { nodes { name } } }", json!({})).await;
        assert_eq!(names["companies"]["nodes"], json!([{"name": "One!!!"}, {"name": "Two"}]));
        let runs = metadata(&stage, KEY, "{ automationRuns(automation: \"nightly\") { outcome effects } jobs(standing: true) { kind subject } }", json!({})).await;
        assert_eq!(runs["data"]["automationRuns"].as_array().map(Vec::len), Some(3), "{runs:#}");
        assert_eq!(runs["data"]["automationRuns"][0]["effects"][0]["field"], "name");
        assert_eq!(runs["data"]["jobs"], json!([{"kind": "schedule", "subject": "nightly"}]));
    })
    .await;
}

#[tokio::test]
async fn a_clock_is_moved_only_where_that_was_asked_for() {
    each_database(async |handles| {
        let stage = stage(&handles, false).await;
        let query = "mutation { advanceClock(by: \"1d\") { now } }";
        let answer = metadata(&stage, KEY, query, json!({})).await;
        assert_eq!(code(&answer), "VALIDATION", "{answer:#}");
        let known =
            metadata(&stage, KEY, "{ __schema { mutationType { fields { name } } } }", json!({})).await;
        assert!(!known.to_string().contains("advanceClock") && known.to_string().contains("replayJob"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_works_off_jobs_unless_it_is_told_not_to() {
    each_database(async |handles| {
        let stage = stage(&handles, false).await;
        for (workers, tried) in [(0, false), (2, true)] {
            let settings = Settings { workers, ..Settings::default() };
            let config = ServerConfig { store: handles.store.clone(), settings, now };
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let (stop, stopped) = oneshot::channel::<()>();
            let server = tokio::spawn(serve(config, listener, async {
                let _ = stopped.await;
            }));
            let before = runs(&handles.tenant).await;
            handles.tenant.jobs_insert(&[hopeless(u128::from(tried) + 10, now())]).await.expect("put in");
            let began = Instant::now();
            let patience = if tried { Duration::from_secs(20) } else { Duration::from_millis(400) };
            while runs(&handles.tenant).await == before && began.elapsed() < patience {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(runs(&handles.tenant).await > before, tried);
            stop.send(()).expect("the server runs");
            server.await.expect("no panic").expect("a good end");
        }
        assert_eq!(count(&handles.tenant).await, 2);
        let request = Request::get("/metrics").body(Body::empty()).expect("a request");
        let metrics = stage.send(request).await.body.to_string();
        assert!(metrics.contains("armature_jobs_total{outcome=\\\"failed\\\"}"), "{metrics}");
        assert!(metrics.contains("armature_job_wait_seconds"), "{metrics}");
    })
    .await;
}

async fn runs(tenant: &Tenant) -> usize {
    let all = store::RunFilter { first: 1_000, ..store::RunFilter::default() };
    tenant.automation_runs(&all).await.expect("runs").len()
}
