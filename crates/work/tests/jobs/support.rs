//! What the tests of jobs share: a business whose automations are made by hand, a clock that stands, and short ways to write and to look.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use deploy::{ApplyOptions, Catalogs};
use engine::{Actor, Caller, Clock, Door, Engine, Errand, Kind, Principal, Queued, SystemIds};
use expr::{Expr, Type, Value};
use metadata::catalog::{ActsAs, Automation, RunAt, Trigger};
use metadata::{Catalog, Name, SourceFile};
use query::access::Access;
use query::request::{
    Batch, Deleted, Input, Keyed, ListArgs, ListPart, ListRead, Operation, Page, Read, RecordData,
    RecordItem, Write,
};
use serde_json::Value as Json;
use store::{JobFilter, JobRow, NewJob, RunFilter, RunRow, Tenant};
use uuid::Uuid;
use work::jobs::{Drained, run_due};

const PACKAGE: &str = r#"{"name": "shop", "version": "1.0.0", "title": "Shop"}"#;

const OBJECTS: &str = r#"[
{"name": "lead", "plural": "leads", "title": "Lead", "type": "object", "x-owned": true, "x-history": true,
 "properties": {
  "name": {"type": "string", "x-unique": true},
  "score": {"type": "integer", "default": 0},
  "rate": {"x-type": "decimal"},
  "closeDate": {"type": "string", "format": "date"},
  "touched": {"type": "integer", "default": 0}
 },
 "x-rules": [{"name": "notHuge", "check": "record.score < 1000", "message": "Too large", "path": "score"}]}
]"#;

/// A clock that is set by hand.
pub struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).expect("an instant")
    }
}

/// A business on one database.
#[derive(Clone)]
pub struct World {
    pub engine: Arc<Engine>,
    pub caller: Caller,
    pub clock: Arc<Hand>,
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub fn begin() -> DateTime<Utc> {
    at("2026-03-02T09:00:00Z")
}

/// A tenant with the business, without automations.
pub async fn world(tenant: &Tenant) -> World {
    world_with(tenant, &[]).await
}

/// A tenant with the business and these files.
pub async fn world_with(tenant: &Tenant, more: &[(&str, &str)]) -> World {
    let own = [("package.json", PACKAGE), ("objects/all.json", OBJECTS)];
    let file =
        |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() };
    let files: Vec<SourceFile> = own.iter().chain(more).map(file).collect();
    let catalogs = Catalogs::new(begin);
    catalogs.get(tenant).await.expect("the platform's objects");
    deploy::apply(tenant, &files, ApplyOptions::new("test", begin())).await.expect("the package applies");
    open(tenant).await
}

/// A tenant that has the business already.
pub async fn open(tenant: &Tenant) -> World {
    let catalogs = Catalogs::new(begin);
    let clock = Arc::new(Hand(AtomicI64::new(begin().timestamp_micros())));
    let caller = Caller {
        tenant: tenant.clone(),
        catalog: catalogs.reload(tenant).await.expect("a catalog"),
        actor: Actor { label: "platform".to_owned(), user: None },
        access: Access::Everything,
        facts: Arc::default(),
        cause: Arc::default(),
        door: Door::Automation,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ids: Arc::new(SystemIds::default()),
        zone: chrono_tz::UTC,
        trace: None,
    };
    World { engine: Arc::new(Engine::new()), caller, clock }
}

/// An automation that sets fields of a lead, run by a worker with all rights.
pub fn automation(subject: &str, on: Trigger, set: Vec<(Name, Expr)>) -> Automation {
    Automation {
        name: name(subject),
        title: subject.to_owned(),
        titles: indexmap::IndexMap::new(),
        description: None,
        package: "shop".to_owned(),
        object: Some(name("lead")),
        on,
        run: RunAt::Job,
        when: None,
        set,
        then: None,
        principal: ActsAs::System,
        renamed_from: None,
    }
}

/// Set off by nothing that these tests do: its jobs are put in by hand.
pub fn by_hand() -> Trigger {
    Trigger::Record { acts: vec![], fields: vec![] }
}

impl World {
    /// An expression over a lead.
    pub fn expr(&self, text: &str, ty: &Type) -> Expr {
        expr::parse(text, &self.caller.catalog.scope(), "lead", Some(ty)).expect("an expression")
    }

    pub fn truth(&self, text: &str) -> Expr {
        self.expr(text, &Type::Bool)
    }

    pub fn set(&self, field: &str, text: &str) -> Vec<(Name, Expr)> {
        vec![(name(field), self.expr(text, &Type::Int))]
    }

    /// The same business with other automations, which a worker is told of.
    pub async fn with(&self, automations: Vec<Automation>) -> World {
        let world = self.knowing(automations);
        let id = world.caller.ids.id(world.now());
        let announced = Queued {
            key: Some(format!("catalog:{id}")),
            due: world.now(),
            ..world.queued(Kind::Catalog, "0", None)
        };
        world.put(announced).await;
        world
    }

    /// The same business with other automations.
    pub fn knowing(&self, automations: Vec<Automation>) -> World {
        let mut catalog = Catalog::clone(&self.caller.catalog);
        // What is made by hand is not to be taken for what was published.
        catalog.hash = String::new();
        catalog.automations = automations.into_iter().map(|one| (one.name.clone(), Arc::new(one))).collect();
        World { caller: Caller { catalog: Arc::new(catalog), ..self.caller.clone() }, ..self.clone() }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Lets time pass with nobody at work.
    pub fn pass(&self, by: TimeDelta) {
        self.clock.0.fetch_add(by.num_microseconds().expect("a short time"), Ordering::SeqCst);
    }

    /// Does all that becomes due, and lets the time pass.
    pub async fn drain(&self, by: TimeDelta) -> Drained {
        let until = self.now() + by;
        let drained = run_due(&self.engine, &self.caller, until).await.expect("drained");
        self.pass(by);
        drained
    }

    pub fn queued(&self, kind: Kind, subject: &str, record: Option<Uuid>) -> Queued {
        Queued {
            id: self.caller.ids.id(self.now()),
            key: None,
            kind,
            subject: subject.to_owned(),
            about: record.map(|record| (name("lead"), record)),
            errand: Errand {
                event: serde_json::json!({"act": "create"}),
                by: Some(Principal::of(&self.caller)),
            },
            due: self.now(),
            chain: vec![],
        }
    }

    pub fn row(&self, queued: &Queued) -> NewJob {
        queued.row(self.now()).expect("a row")
    }

    pub async fn put(&self, queued: Queued) -> Uuid {
        self.caller.tenant.jobs_insert(&[self.row(&queued)]).await.expect("put in");
        queued.id
    }

    /// Puts a run of an automation into the queue.
    pub async fn work(&self, subject: &str, record: Uuid) -> Uuid {
        self.put(self.queued(Kind::Automation, subject, Some(record))).await
    }

    pub async fn write(&self, operation: Operation) -> Vec<Option<Uuid>> {
        let write = Write { object: name("lead"), operation, dry_run: false, idempotency_key: None };
        let outcome = self.engine.write(&self.caller, write, None).await.expect("written");
        assert_eq!(outcome.errors, vec![]);
        outcome.ids
    }

    pub async fn leads(&self, many: Vec<Vec<(&str, Value)>>) -> Vec<Uuid> {
        let mut ids = Vec::new();
        for some in many.chunks(500) {
            let records = some.iter().map(|fields| data(fields)).collect();
            ids.extend(self.write(Operation::Create(records, Batch::AllOrNone)).await);
        }
        ids.into_iter().map(|id| id.expect("an id")).collect()
    }

    pub async fn lead(&self, fields: &[(&str, Value)]) -> Uuid {
        self.leads(vec![fields.to_vec()]).await[0]
    }

    pub async fn update(&self, id: Uuid, fields: &[(&str, Value)]) {
        self.write(Operation::Update { id, data: data(fields), expected_version: None }).await;
    }

    /// One field of all leads, by name.
    pub async fn all(&self, field: &str) -> Vec<Json> {
        let item = |field: &str| Keyed { key: field.into(), item: RecordItem::Value(name(field)) };
        let read = Read::List(ListRead {
            object: name("lead"),
            args: ListArgs {
                filter: None,
                search: None,
                order: vec![],
                page: Page { size: 0, backward: false, after: None, before: None, offset: None },
                as_of: None,
                deleted: Deleted::Without,
            },
            parts: vec![Keyed { key: "nodes".into(), item: ListPart::Nodes(vec![item("id"), item(field)]) }],
        });
        let bytes = self.engine.read(&self.caller, read, &[Value::Int(1000)]).await.expect("a page");
        let json: Json = serde_json::from_slice(&bytes).expect("JSON");
        json["nodes"].as_array().expect("records").clone()
    }

    pub async fn one(&self, id: Uuid, field: &str) -> Json {
        let all = self.all(field).await;
        let id = id.to_string();
        all.into_iter().find(|lead| lead["id"] == *id).map_or(Json::Null, |mut lead| lead[field].take())
    }

    /// Jobs that do something; those that stand are left out.
    pub async fn jobs(&self) -> Vec<JobRow> {
        let kinds = [Kind::Automation, Kind::Function, Kind::Transition].map(|kind| kind.as_str().to_owned());
        let wanted = JobFilter { kinds: kinds.to_vec(), first: 2_000, ..JobFilter::default() };
        self.caller.tenant.jobs(&wanted, self.now()).await.expect("jobs")
    }

    /// Runs, the oldest first.
    pub async fn runs(&self) -> Vec<RunRow> {
        let wanted = RunFilter { first: 5_000, ..RunFilter::default() };
        let mut runs = self.caller.tenant.automation_runs(&wanted).await.expect("runs");
        runs.reverse();
        runs
    }
}

pub fn data(fields: &[(&str, Value)]) -> RecordData {
    RecordData {
        fields: fields.iter().map(|(field, value)| (name(field), Input::Value(value.clone()))).collect(),
        ..RecordData::default()
    }
}

pub fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub fn day(text: &str) -> Value {
    Value::Date(text.parse().expect("a day"))
}
