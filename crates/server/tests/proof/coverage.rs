//! Every route and every root field is tried as nobody, with a revoked key, with the key of another tenant, and as a user without roles.
//! Whoever adds one finds it here by itself, or is told to say who may come in.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use store::TenantName;
use testing::each_database;

use crate::canary::{self, KEY, REVOKED, STRANGER};
use crate::schema::{Field, INTROSPECTION, Maker, Pool, Schema};
use crate::stage::{Stage, now};
use testing::Chance;

/// The key of a tenant without records.
const OTHER: &str = "other-all";
/// Arguments are made anew so many times: some do not get past their types.
const ROUNDS: u64 = 6;

/// Who may come in by a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// Everybody: it tells nothing of any tenant.
    Everybody,
    /// Whoever has a key; what is told then depends on it.
    Key,
    /// Whoever has a session, or a key; it is about oneself.
    Session,
    /// Everybody who wants to get in: what they send decides, and here it is nothing.
    Visitor,
}

const PATHS: [(&str, Entry); 23] = [
    ("/", Entry::Everybody),
    ("/graphql", Entry::Key),
    ("/metadata", Entry::Key),
    ("/import/{object}", Entry::Key),
    ("/export/{object}", Entry::Key),
    ("/graphiql", Entry::Everybody),
    ("/graphiql/", Entry::Everybody),
    ("/graphiql/{*path}", Entry::Everybody),
    ("/healthz", Entry::Everybody),
    ("/readyz", Entry::Everybody),
    ("/metrics", Entry::Everybody),
    ("/auth/login", Entry::Visitor),
    ("/auth/logout", Entry::Session),
    ("/auth/me", Entry::Session),
    ("/auth/sessions", Entry::Session),
    ("/auth/sessions/{id}", Entry::Session),
    ("/auth/password", Entry::Session),
    ("/auth/invite/accept", Entry::Visitor),
    ("/auth/reset/request", Entry::Visitor),
    ("/auth/reset/accept", Entry::Visitor),
    ("/auth/setup", Entry::Visitor),
    ("/auth/oidc/{tenant}/start", Entry::Visitor),
    ("/auth/oidc/{tenant}/callback", Entry::Visitor),
];

/// Root fields that a user without roles may ask: they tell of oneself, or of what one sees, which is nothing.
const OPEN: [(&str, &str); 6] = [
    ("/graphql", "me"),
    ("/metadata", "catalog"),
    ("/metadata", "schema"),
    ("/metadata", "shares"),
    ("/metadata", "notifications"),
    ("/metadata", "readNotifications"),
];

/// Root fields for which no right is needed, only a record or share of one's own.
const OWN: [&str; 2] = ["share", "endShare"];

async fn stage(store: &store::Store) -> Stage {
    let stage = Stage::new(store).await;
    let other = store.tenant_create(&TenantName::new("other").expect("a name")).await.expect("a tenant");
    deploy::initialise(&other, now()).await.expect("the platform's objects");
    stage.key(&other, OTHER, None, None).await;
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_answers_without_a_key() {
    each_database(|handles| async move {
        let stage = stage(&handles.store).await;
        for path in server::paths() {
            let known = PATHS.iter().find(|(known, _)| *known == path);
            let (_, entry) = known.unwrap_or_else(|| panic!("{path} is new: say in PATHS who may come in"));
            for object in ["account", "qxcanaryThing", "user"] {
                let path = path
                    .replace("{object}", object)
                    .replace("{*path}", "index.html")
                    .replace("{tenant}", "acme")
                    .replace("{id}", "0");
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                    for key in ["", "nonsense", REVOKED, OTHER, STRANGER] {
                        if path == "/auth/me" && key == STRANGER {
                            continue;
                        }
                        let (status, text) = stage.send(request(method, &path, key)).await;
                        let denied = (400..500).contains(&status);
                        let refused = match (*entry, key) {
                            (Entry::Everybody, _) | (Entry::Session, OTHER | STRANGER) => status < 500,
                            (Entry::Session, _) => denied,
                            (Entry::Visitor, _) => {
                                denied || (path == "/auth/setup" && text == "{\"open\":false}")
                            }
                            (Entry::Key, OTHER | STRANGER) => {
                                (denied && status != 401) || told_nothing(&text)
                            }
                            (Entry::Key, _) => matches!(status, 401 | 405),
                        };
                        assert!(refused, "{method} {path} with `{key}`: {status} {text}");
                    }
                }
            }
        }
        let (status, file) = stage.send(request("GET", "/export/account", KEY)).await;
        assert!(status == 200 && file.contains(canary::MARK), "its own key is answered: {file}");
    })
    .await;
}

fn request(method: &str, path: &str, key: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request =
        if key.is_empty() { request } else { request.header("authorization", format!("Bearer {key}")) };
    request.body(Body::from("{\"query\": \"{ accounts { nodes { name } } }\"}")).expect("a request")
}

/// An export without records, or the refusal of a query.
fn told_nothing(text: &str) -> bool {
    text.lines().count() <= 1 && (text.contains("\"errors\"") || !text.contains("20"))
}

struct Visit<'a> {
    stage: &'a Stage,
    schema: &'a Schema,
    pool: &'a Pool,
    path: &'static str,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_field_answers_without_rights() {
    each_database(|handles| async move {
        let stage = stage(&handles.store).await;
        let pool = Pool {
            ids: stage.canary.ids.clone(),
            words: vec!["account".to_owned(), "x".to_owned()],
            cursors: stage.canary.cursors.clone(),
        };
        let mut tried = 0;
        for path in ["/graphql", "/metadata"] {
            let introspected = stage.ask(path, KEY, INTROSPECTION).await;
            let schema = Schema::read(&introspected["data"]);
            let visit = Visit { stage: &stage, schema: &schema, pool: &pool, path };
            for kind in ["Query", "Mutation"] {
                for field in schema.roots(kind) {
                    visit.field(kind, field).await;
                    tried += 1;
                }
            }
        }
        assert!(tried > 60, "only {tried} fields");
        stage.get("/metrics", OTHER).await;
    })
    .await;
}

impl Visit<'_> {
    async fn field(&self, kind: &str, field: &Field) {
        let open = OPEN.contains(&(self.path, field.name.as_str()));
        let mut forbidden = false;
        for round in 0..ROUNDS {
            let mut maker =
                Maker { schema: self.schema, pool: self.pool, chance: &mut Chance::new(round * 7 + 1) };
            let asked = format!("{} {{ r0: {} }}", kind.to_lowercase(), maker.call(field, 0, &[]));
            for key in ["", REVOKED] {
                let text = self.stage.text(self.path, key, &asked).await;
                assert!(text.starts_with("401") && text.contains("UNAUTHENTICATED"), "{asked}: {text}");
            }
            let text = self.stage.text(self.path, OTHER, &asked).await;
            assert!(!text.contains("\"INTERNAL\""), "{asked}: {text}");
            if (self.path, field.name.as_str()) == ("/graphql", "me") {
                continue;
            }
            let answer = self.stage.ask(self.path, STRANGER, &asked).await;
            let codes = codes(&answer);
            if open {
                continue;
            }
            assert!(
                !codes.is_empty(),
                "{}: {asked} is answered to somebody without roles: {answer}",
                self.path
            );
            let known = ["VALIDATION", "FORBIDDEN", "NOT_FOUND"];
            assert!(codes.iter().all(|code| known.contains(&code.as_str())), "{asked}: {answer}");
            // Of records nothing is there; metadata is there, and closed.
            forbidden |= self.path == "/graphql"
                || OWN.contains(&field.name.as_str())
                || codes.iter().any(|code| code == "FORBIDDEN");
        }
        assert!(open || forbidden, "{}: {} was never refused for want of a right", self.path, field.name);
    }
}

fn codes(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.filter_map(|error| error["extensions"]["code"].as_str().map(str::to_owned)).collect()
}
