//! Tenants with the business, its users and its records, behind one server.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use chrono::{DateTime, TimeZone, Utc};
use deploy::ApplyOptions;
use engine::{Actor, Caller, Door, Engine, SystemIds};
use metadata::Name;
use query::access::Access;
use serde_json::{Value, json};
use server::{ServerConfig, Settings, key_hash, router};
use store::{KeyRow, Store, Tenant, TenantName};
use tower::ServiceExt;
use uuid::Uuid;

use crate::canary::{self, Canary};
use crate::data::{Data, OBJECTS, USERS, User, team, user};
use crate::package;

/// The clock stands still: what is stamped is equal in twins.
pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 31, 9, 0, 0).single().expect("an instant")
}

struct Still;

impl engine::Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

pub struct Stage {
    pub store: Store,
    pub canary: Canary,
    router: Router,
}

impl Stage {
    /// A server whose store has the canary already.
    pub async fn new(store: &Store) -> Self {
        let config = ServerConfig { store: store.clone(), settings: Settings::default(), now };
        let router = router(config).expect("routes");
        let mut stage = Self { store: store.clone(), canary: Canary::default(), router };
        stage.canary = canary::settle(&stage).await;
        stage
    }

    /// Somebody with every right in that tenant.
    pub async fn owner(&self, tenant: &Tenant) -> Caller {
        Caller {
            tenant: tenant.clone(),
            catalog: deploy::Catalogs::new(now).reload(tenant).await.expect("a catalog"),
            actor: Actor { label: "test".to_owned(), user: None },
            access: Access::Everything,
            facts: Arc::default(),
            cause: Arc::default(),
            door: Door::Import,
            clock: Arc::new(Still),
            ids: Arc::new(SystemIds::default()),
            zone: chrono_tz::UTC,
            trace: None,
        }
    }

    /// A tenant with the business and these records; each user has each role behind a key of its own, `TENANT-ROLE-USER`.
    pub async fn tenant(&self, name: &str, data: &Data) -> Tenant {
        let tenant =
            self.store.tenant_create(&TenantName::new(name).expect("a name")).await.expect("a tenant");
        deploy::initialise(&tenant, now()).await.expect("the platform's objects");
        deploy::apply(&tenant, &package::files(), ApplyOptions::new("test", now())).await.expect("applied");
        let caller = self.owner(&tenant).await;
        let teams: Vec<String> = (0..3).map(|number| format!("{},Team {number}", team(number))).collect();
        import(&caller, "team", &format!("id,name\n{}\n", teams.join("\n"))).await;
        let line = |(number, country, of, manager): &User| {
            let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
            let (of, manager) = (id(of.map(team)), id(manager.map(user)));
            format!("{},User {number},{},{of},{manager}", user(*number), country.unwrap_or_default())
        };
        let users: Vec<String> = USERS.iter().map(line).collect();
        import(&caller, "user", &format!("id,name,country,team.id,manager.id\n{}\n", users.join("\n"))).await;
        for object in OBJECTS {
            import(&caller, object, &data.csv(object)).await;
        }
        self.key(&tenant, &format!("{name}-all"), None, None).await;
        for (contact, deal) in &data.links {
            let query = format!(
                "mutation {{ updateContact(id: \"{contact}\", data: {{deals: {{connect: [{{id: \"{deal}\"}}]}}}}) {{ errors {{ message }} }} }}"
            );
            let answer = self.ask("/graphql", &format!("{name}-all"), &query).await;
            assert!(
                answer["errors"].is_null() && answer["data"]["updateContact"]["errors"] == json!([]),
                "{answer}"
            );
        }
        tenant
    }

    /// A key: of a user, or of a role without user, or with all rights.
    pub async fn key(&self, tenant: &Tenant, key: &str, role: Option<&str>, user: Option<Uuid>) {
        let row = KeyRow {
            id: Uuid::from_u128(
                key.bytes().fold(7, |hash: u128, byte| hash.wrapping_mul(131) + u128::from(byte)),
            ),
            tenant: tenant.name().clone(),
            prefix: key.chars().take(6).collect(),
            name: "test".into(),
            role: role.map(str::to_owned),
            user,
            created: now(),
            expires: None,
            last_used: None,
        };
        self.store.key_insert(&key_hash(key), &row).await.expect("a key");
    }

    /// The text of an answer, without its trace id.
    pub async fn text(&self, path: &str, key: &str, query: &str) -> String {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {key}"))
            .header("x-trace-id", "same")
            .body(Body::from(json!({"query": query}).to_string()))
            .expect("a request");
        let (status, text) = self.send(request).await;
        format!("{status} {}", without_trace(&text))
    }

    /// Status and body of a page.
    pub async fn get(&self, path: &str, key: &str) -> (u16, String) {
        let request = Request::get(path).header("authorization", format!("Bearer {key}"));
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Status and body of the answer to a file.
    pub async fn post(&self, path: &str, key: &str, file: String) -> (u16, String) {
        let request = Request::post(path).header("authorization", format!("Bearer {key}"));
        self.send(request.body(Body::from(file)).expect("a request")).await
    }

    /// Sends a request; whatever comes back, and whatever is logged, holds nothing of the canary's unless its own key asked.
    pub async fn send(&self, request: Request<Body>) -> (u16, String) {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.expect("a body");
        let asked = format!("{} {:?} {}", parts.uri, parts.headers, String::from_utf8_lossy(&bytes));
        let ear = canary::Ear::open(&parts.headers).await;
        let response = self.router.clone().oneshot(Request::from_parts(parts, Body::from(bytes))).await;
        let (parts, body) = response.expect("an answer").into_parts();
        let bytes = to_bytes(body, 64 << 20).await.expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        ear.close(&self.canary, &asked, &format!("{:?} {text}", parts.headers));
        (parts.status.as_u16(), text)
    }

    pub async fn ask(&self, path: &str, key: &str, query: &str) -> Value {
        let text = self.text(path, key, query).await;
        let (_, body) = text.split_once('{').expect("an object");
        serde_json::from_str(&format!("{{{body}")).expect("JSON")
    }
}

fn without_trace(text: &str) -> String {
    let mut out = text.to_owned();
    while let Some(at) = out.find("\"traceId\":\"") {
        let from = at + "\"traceId\":\"".len();
        let to = out[from..].find('"').map_or(out.len(), |length| from + length);
        out.replace_range(at..=to, "\"trace\":0");
    }
    out
}

pub async fn import(caller: &Caller, object: &str, csv: &str) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(csv.as_bytes()).expect("written");
    let id = Name::new("id").expect("a name");
    let options = work::ImportOptions { upsert: Some(id), ..work::ImportOptions::default() };
    let object = Name::new(object).expect("a name");
    let report = work::import(&Engine::new(), caller, &object, file.path(), &options, &|_| ())
        .await
        .expect("imported");
    assert_eq!(report.rejected, 0, "{object}: {:?}", report.rejects);
}
