//! A tenant in every store of these proofs in which each value carries one mark. Nothing that anybody else is answered, and no line
//! of the log that is written meanwhile, may hold the mark.

use std::io;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use axum::http::HeaderMap;
use deploy::ApplyOptions;
use metadata::SourceFile;
use serde_json::{Value, json};
use store::TenantName;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use uuid::Uuid;

use crate::data::id;
use crate::stage::{Stage, import, now};

/// The mark, and the name of the tenant.
pub const MARK: &str = "qxcanary";
/// The key with every right.
pub const KEY: &str = "qxcanary-all";
/// The key of a user without roles.
pub const STRANGER: &str = "qxcanary-stranger";
/// A key that was revoked.
pub const REVOKED: &str = "qxcanary-revoked";

/// What others must never be told.
#[derive(Default)]
pub struct Canary {
    /// Ids of its records, users and keys.
    pub ids: Vec<String>,
    /// Positions in its lists: of which object, and the text.
    pub cursors: Vec<(String, String)>,
}

fn files() -> Vec<SourceFile> {
    let file = |path: &str, json: Value| SourceFile { path: path.to_owned(), text: json.to_string() };
    let account = json!({
        "name": "account", "plural": "accounts", "title": "qxcanary account", "type": "object", "x-owned": true,
        "description": "qxcanary description", "required": ["name"],
        "properties": {
            "name": {"type": "string", "title": "qxcanary title"},
            "tier": {"type": "string", "enum": ["qxcanaryTier"], "x-labels": {"qxcanaryTier": "qxcanary label"}},
            "email": {"type": "string", "format": "email"},
            "qxcanaryRevenue": {"x-type": "decimal"},
            "parent": {"x-type": "lookup", "x-to": "account", "x-inverse": "children"},
        },
        "x-display": "name", "x-search": ["name"], "x-unique": [["email"]], "x-history": true,
    });
    let deal = json!({
        "name": "deal", "plural": "deals", "title": "qxcanary deal", "type": "object",
        "properties": {
            "name": {"type": "string"},
            "account": {"x-type": "lookup", "x-to": "account", "x-inverse": "deals"},
        },
        "x-display": "name",
    });
    let thing = json!({
        "name": "qxcanaryThing", "plural": "qxcanaryThings", "title": "qxcanary thing", "type": "object",
        "properties": {"name": {"type": "string"}}, "x-display": "name",
    });
    let role = json!({"name": "qxcanarySeller", "title": "qxcanary seller", "objects": {
        "account": {"read": ["own", {"name": {"eq": "qxcanary scope"}}], "fields": {"read": ["name"]}}}});
    vec![
        file("package.json", json!({"name": "qxcanary", "version": "1.0.0", "title": "qxcanary package"})),
        file("objects/all.json", json!([account, deal, thing])),
        file("roles/all.json", json!([role])),
    ]
}

/// The user without roles, and the one of the role.
pub fn user(number: usize) -> Uuid {
    id(200, number)
}

/// Makes the tenant.
pub async fn settle(stage: &Stage) -> Canary {
    let _quiet = LOUD.write().await;
    let tenant = stage.store.tenant_create(&TenantName::new(MARK).expect("a name")).await.expect("a tenant");
    deploy::initialise(&tenant, now()).await.expect("the platform's objects");
    deploy::apply(&tenant, &files(), ApplyOptions::new(MARK, now())).await.expect("applied");
    let owner = stage.owner(&tenant).await;
    let mut ids = Vec::new();
    let users: Vec<String> = (0..2)
        .map(|number| format!("{},qxcanary user {number},qxcanary{number}@example.com", user(number)))
        .collect();
    import(&owner, "user", &format!("id,name,email\n{}\n", users.join("\n"))).await;
    ids.extend((0..2).map(|number| user(number).to_string()));
    for (kind, object, columns, rest) in [
        (
            211,
            "account",
            "name,tier,email,owner.id",
            format!("qxcanaryTier,qxcanary@example.com,{}", user(1)),
        ),
        (212, "deal", "name,account.id", id(211, 0).to_string()),
        (213, "qxcanaryThing", "name", String::new()),
    ] {
        let count = if object == "account" { 1 } else { 3 };
        let comma = if rest.is_empty() { "" } else { "," };
        let rows: Vec<String> = (0..count)
            .map(|number| format!("{},qxcanary {object} {number}{comma}{rest}", id(kind, number)))
            .collect();
        import(&owner, object, &format!("id,{columns}\n{}\n", rows.join("\n"))).await;
        ids.extend((0..count).map(|number| id(kind, number).to_string()));
    }
    tenant.grant_roles(user(1), &["qxcanarySeller".to_owned()]).await.expect("a role");
    stage.key(&tenant, KEY, None, None).await;
    stage.key(&tenant, STRANGER, None, Some(user(0))).await;
    stage.key(&tenant, REVOKED, None, None).await;
    for key in stage.store.keys(tenant.name()).await.expect("keys") {
        ids.push(key.id.to_string());
    }
    let revoked = stage.store.key_find(&server::key_hash(REVOKED)).await.expect("asked").expect("a key");
    stage.store.key_delete(tenant.name(), revoked.id).await.expect("gone");
    let cursors = ["account", "deal"].map(|object| {
        let at = json!({"o": object, "id": id(if object == "account" { 211 } else { 212 }, 0)});
        (object.to_owned(), position(&at))
    });
    heard().clear();
    Canary { ids, cursors: cursors.into() }
}

/// A position in a list, as it is handed out.
pub fn position(json: &Value) -> String {
    hex::encode(json.to_string())
}

/// Whoever speaks as the canary writes; all others read.
static LOUD: RwLock<()> = RwLock::const_new(());
static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static LISTEN: Once = Once::new();

fn heard() -> MutexGuard<'static, Vec<u8>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the log is written.
struct Notebook;

impl io::Write for Notebook {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        heard().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Listens to one request.
pub struct Ear {
    /// Held while the canary itself asks.
    own: Option<RwLockWriteGuard<'static, ()>>,
    _others: Option<RwLockReadGuard<'static, ()>>,
}

impl Ear {
    pub async fn open(headers: &HeaderMap) -> Self {
        LISTEN.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
                .with_ansi(false)
                .with_writer(|| Notebook)
                .init();
        });
        let key = headers.get("authorization").and_then(|value| value.to_str().ok());
        if key == Some(&format!("Bearer {KEY}")) {
            return Self { own: Some(LOUD.write().await), _others: None };
        }
        Self { own: None, _others: Some(LOUD.read().await) }
    }

    /// What was asked and answered, and what was logged since the last one.
    pub fn close(self, canary: &Canary, asked: &str, told: &str) {
        let logged = String::from_utf8_lossy(&std::mem::take(&mut *heard())).into_owned();
        if self.own.is_some() {
            return;
        }
        assert_eq!(leaked(canary, asked, told), None, "told to somebody else\n{asked}\n{told}");
        // Requests with a key of the tenant, good or not, are logged as the tenant's.
        if !asked.contains("Bearer qxcanary") {
            assert_eq!(leaked(canary, asked, &logged), None, "logged\n{asked}\n{logged}");
        }
    }
}

/// What a text holds of the canary that was not in the question.
fn leaked(canary: &Canary, asked: &str, told: &str) -> Option<String> {
    let (asked, mut told) = (asked.to_lowercase(), told.to_lowercase());
    let mut said: Vec<&str> =
        asked.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.contains(MARK)).collect();
    said.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in said.into_iter().filter(|word| *word != MARK) {
        told = told.replace(word, "");
    }
    if let Some(at) = told.find(MARK) {
        return Some(told[at..].chars().take(60).collect());
    }
    canary.ids.iter().find(|id| told.contains(id.as_str()) && !asked.contains(id.as_str())).cloned()
}
