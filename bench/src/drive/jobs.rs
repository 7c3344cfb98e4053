//! Jobs per second, beside a hand-written loop that takes a job with `SKIP LOCKED`, writes the same rows and strikes it out, in one transaction
//! each. Both run in this process, without HTTP, as workers do.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use engine::{Actor, Caller, Clock, Door, Engine, Kind, Queued, SystemClock, SystemIds};
use expr::{Type, Value};
use metadata::catalog::{ActsAs, Automation, RunAt, Trigger};
use metadata::{Catalog, Name, SourceFile};
use query::access::Access;
use query::request::{Batch, Input, Operation, RecordData, Write};
use sqlx::{AssertSqlSafe, PgPool};
use store::{Options, Store, Tenant, TenantName};
use uuid::Uuid;
use work::jobs::{Gate, Host, JobSettings, NoCaller, Report, Worker};

use crate::{Failure, Run, database};

use super::{report, say};

const DATABASE: &str = "armature_bench_jobs";
/// Jobs of one round.
const JOBS: usize = 4_000;
/// Turns at the same time, on both sides.
const WORKERS: usize = 4;

const OBJECT: &str = r#"{"name": "lead", "plural": "leads", "title": "Lead", "type": "object", "x-history": true,
 "properties": {"name": {"type": "string"}, "touched": {"type": "integer", "default": 0}}}"#;

/// A tenant with an automation that counts.
#[derive(Clone)]
struct World {
    store: Store,
    engine: Arc<Engine>,
    caller: Caller,
}

impl Host for World {
    fn store(&self) -> &Store {
        &self.store
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }

    async fn caller(&self, _: &TenantName) -> Result<Option<Caller>, NoCaller> {
        Ok(Some(self.caller.clone()))
    }

    fn now(&self) -> DateTime<Utc> {
        self.caller.clock.now()
    }

    fn report(&self, _: Report) {}
}

fn name(text: &str) -> Result<Name, Failure> {
    Name::new(text).map_err(|error| error.to_string().into())
}

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

async fn world(url: &str) -> Result<World, Failure> {
    let store = Store::open(url, Options::default()).await?;
    let tenant: Tenant = store.tenant_create(&TenantName::new("bench")?).await?;
    let files = [
        ("package.json", r#"{"name": "shop", "version": "1.0.0", "title": "Shop"}"#),
        ("objects/lead.json", OBJECT),
    ]
    .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
    deploy::initialise(&tenant, now()).await?;
    deploy::apply(&tenant, &files, deploy::ApplyOptions::new("bench", now())).await?;
    let catalog = deploy::Catalogs::new(now).get(&tenant).await?;
    let count = expr::parse("record.touched + 1", &catalog.scope(), "lead", Some(&Type::Int));
    let count = count.map_err(|problems| format!("{problems:?}"))?;
    let touch = Automation {
        name: name("touch")?,
        title: "Touch".to_owned(),
        titles: indexmap::IndexMap::new(),
        description: None,
        package: "shop".to_owned(),
        object: Some(name("lead")?),
        on: Trigger::Record { acts: vec![], fields: vec![] },
        run: RunAt::Job,
        when: None,
        set: vec![(name("touched")?, count)],
        then: None,
        principal: ActsAs::System,
        renamed_from: None,
    };
    let mut catalog = Catalog::clone(&catalog);
    catalog.hash.push_str("-with-jobs");
    catalog.automations.insert(name("touch")?, Arc::new(touch));
    let caller = Caller {
        tenant,
        catalog: Arc::new(catalog),
        actor: Actor { label: "platform".to_owned(), user: None },
        access: Access::Everything,
        facts: Arc::default(),
        cause: Arc::default(),
        door: Door::Automation,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
        zone: chrono_tz::UTC,
        trace: None,
    };
    Ok(World { store, engine: Arc::new(Engine::new()), caller })
}

impl World {
    /// Makes leads, and a job for each.
    async fn fill(&self) -> Result<(), Failure> {
        let field = name("name")?;
        for _ in 0..JOBS / 500 {
            let lead = |number: usize| RecordData {
                fields: vec![(field.clone(), Input::Value(Value::Text(format!("Lead {number}"))))],
                ..RecordData::default()
            };
            let records = (0..500).map(lead).collect();
            let operation = Operation::Create(records, Batch::AllOrNone);
            let write = Write { object: name("lead")?, operation, dry_run: false, idempotency_key: None };
            let outcome = self.engine.write(&self.caller, write, None).await?;
            let leads: Vec<Uuid> = outcome.ids.into_iter().flatten().collect();
            let rows = leads.iter().map(|lead| self.job(*lead)).collect::<Result<Vec<_>, _>>()?;
            self.caller.tenant.jobs_insert(&rows).await?;
        }
        Ok(())
    }

    fn job(&self, lead: Uuid) -> Result<store::NewJob, Failure> {
        let now = now();
        let queued = Queued {
            id: self.caller.ids.id(now),
            key: None,
            kind: Kind::Automation,
            subject: "touch".to_owned(),
            about: Some((name("lead")?, lead)),
            errand: engine::Errand::default(),
            due: now,
            chain: vec![],
        };
        Ok(queued.row(now)?)
    }

    /// Works the queue off; jobs per second.
    async fn drain(&self) -> Result<f64, Failure> {
        self.fill().await?;
        let settings = JobSettings { workers: WORKERS, per_tenant: WORKERS, ..JobSettings::default() };
        let began = Instant::now();
        let worker = Worker::start(self.clone(), settings, Gate::default());
        while self.caller.tenant.jobs_next().await?.is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = began.elapsed();
        worker.stop(Duration::from_secs(10)).await;
        Ok(rate(took))
    }
}

fn rate(took: Duration) -> f64 {
    f64::from(u32::try_from(JOBS).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

/// One job of the floor: taken, done, struck out.
const FLOOR: [&str; 6] = [
    "SELECT id, record FROM t_bench.job WHERE state = 'waiting' AND due <= now() ORDER BY due, id LIMIT 1 FOR UPDATE SKIP LOCKED",
    "UPDATE t_bench.lead SET touched = touched + 1, version = version + 1, updated_at = now() WHERE id = $1 RETURNING version",
    "INSERT INTO t_bench.history (id, object, record, version, at, actor, door, kind, changes) \
     VALUES (gen_random_uuid(), 'lead', $1, $2, now(), 'automation:touch', 'automation', 'updated', '{\"touched\":[0,1]}')",
    "INSERT INTO t_bench.outbox (id, at, object, record, version, kind, payload) \
     VALUES (gen_random_uuid(), now(), 'lead', $1, $2, 'updated', '{\"touched\":[0,1]}')",
    "INSERT INTO t_bench.automation_run (id, at, automation, object, record, job, outcome, operations, micros, input, effects) \
     VALUES (gen_random_uuid(), now(), 'touch', 'lead', $1, $2, 'done', 0, 100, '{}', '[{\"kind\":\"updated\"}]')",
    "DELETE FROM t_bench.job WHERE id = $1",
];

async fn floor_one(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let [take, touch, history, outbox, run, gone] = FLOOR;
    let mut transaction = pool.begin().await?;
    let taken: Option<(Uuid, Uuid)> = sqlx::query_as(take).fetch_optional(&mut *transaction).await?;
    let Some((job, lead)) = taken else { return Ok(false) };
    let version: i64 = sqlx::query_scalar(touch).bind(lead).fetch_one(&mut *transaction).await?;
    sqlx::query(history).bind(lead).bind(version).execute(&mut *transaction).await?;
    sqlx::query(outbox).bind(lead).bind(version).execute(&mut *transaction).await?;
    sqlx::query(run).bind(lead).bind(job).execute(&mut *transaction).await?;
    sqlx::query(gone).bind(job).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn floor(world: &World, pool: &PgPool) -> Result<f64, Failure> {
    world.fill().await?;
    let began = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let pool = pool.clone();
        workers.spawn(async move {
            while floor_one(&pool).await? {}
            Ok::<_, sqlx::Error>(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(rate(began.elapsed()))
}

/// Does everything, and writes its part of the results.
pub async fn run(run: Run) -> Result<(), Failure> {
    let cluster =
        run.cluster.clone().ok_or("name a PostgreSQL cluster with --cluster or ARMATURE_TEST_POSTGRES")?;
    let url = database::sibling(&cluster, DATABASE)?;
    database::create(&cluster, DATABASE).await?;
    let postgres = world(&url).await?;
    let pool = database::pool(&url, u32::try_from(WORKERS)?).await?;
    let (mut ours, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..run.rounds {
        sqlx::query(AssertSqlSafe("VACUUM (ANALYZE)".to_owned())).execute(&pool).await?;
        let floor = floor(&postgres, &pool).await?;
        let own = postgres.drain().await?;
        ratios.push(own / floor);
        floors.push(floor);
        ours.push(own);
    }
    let folder = tempfile::tempdir()?;
    let sqlite = world(&format!("sqlite:{}", folder.path().display())).await?;
    let mut embedded = Vec::new();
    for _ in 0..run.rounds {
        embedded.push(sqlite.drain().await?);
    }
    let median = |figures: Vec<f64>| report::median(figures.into_iter());
    let mut page = String::from("## Jobs\n\n");
    writeln!(
        page,
        "Written by `bench jobs` ({} rounds of {JOBS} jobs, {WORKERS} at a time, in one process). Each job counts a field of a lead up: record, history, outbox and run are written and the job is struck out in one \
         transaction. The floor does that by hand, a job taken with `SKIP LOCKED` in the same transaction, without lease, fence, permission or validation.\n",
        run.rounds
    )?;
    page.push_str("| database | floor /s | armature /s | ratio |\n|---|--:|--:|--:|\n");
    writeln!(
        page,
        "| PostgreSQL | {:.0} | {:.0} | **{:.2}** |",
        median(floors),
        median(ours),
        median(ratios)
    )?;
    writeln!(page, "| SQLite | | {:.0} | |", median(embedded))?;
    say(&page);
    report::write_part(&run.results, &page)?;
    postgres.store.close().await;
    sqlite.store.close().await;
    pool.close().await;
    database::drop_database(&cluster, DATABASE).await
}
