//! Every route and every root field is tried as nobody, with a revoked key, with the key of another tenant, and as a user without roles.
//! Whoever adds one finds it here by itself, or is told to say who may come in.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use store::TenantName;
use testing::each_database;

use crate::canary::{self, KEY, REVOKED, STRANGER};
use crate::chance::Chance;
use crate::schema::{Field, INTROSPECTION, Maker, Pool, Schema};
use crate::stage::{Stage, now};

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
}

const PATHS: [(&str, Entry); 11] = [
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
];

/// Root fields that a user without roles may ask: they tell of oneself, or of what one sees, which is nothing.
const OPEN: [(&str, &str); 3] = [("/graphql", "me"), ("/metadata", "catalog"), ("/metadata", "schema")];

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
                let path = path.replace("{object}", object).replace("{*path}", "index.html");
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                    for key in ["", "nonsense", REVOKED, OTHER, STRANGER] {
                        let (status, text) = stage.send(request(method, &path, key)).await;
                        if *entry == Entry::Everybody {
                            assert!(status < 500, "{method} {path}: {status} {text}");
                            continue;
                        }
                        let refused = match key {
                            OTHER | STRANGER => (400..500).contains(&status) && status != 401 || told_nothing(&text),
                            _ => matches!(status, 401 | 405),
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
    let request = if key.is_empty() { request } else { request.header("authorization", format!("Bearer {key}")) };
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
            let mut maker = Maker { schema: self.schema, pool: self.pool, chance: &mut Chance::new(round * 7 + 1) };
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
            assert!(!codes.is_empty(), "{}: {asked} is answered to somebody without roles: {answer}", self.path);
            let known = ["VALIDATION", "FORBIDDEN", "NOT_FOUND"];
            assert!(codes.iter().all(|code| known.contains(&code.as_str())), "{asked}: {answer}");
            // Of records nothing is there; metadata is there, and closed.
            forbidden |= self.path == "/graphql" || codes.iter().any(|code| code == "FORBIDDEN");
        }
        assert!(open || forbidden, "{}: {} was never refused for want of a right", self.path, field.name);
    }
}

fn codes(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.filter_map(|error| error["extensions"]["code"].as_str().map(str::to_owned)).collect()
}
