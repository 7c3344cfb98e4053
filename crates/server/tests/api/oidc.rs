//! Logging in at an OpenID provider, against a small one on loopback: AU-07, on both databases.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreIdTokenFields, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreRsaPrivateSigningKey, CoreTokenResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, Audience, EmptyAdditionalClaims, EmptyExtraTokenFields, EndUserEmail, IssuerUrl,
    JsonWebKeyId, Nonce, PrivateSigningKey, StandardClaims, SubjectIdentifier,
};
use serde_json::{Value, json};
use testing::each_database;

use crate::login::{cookie, metadata, send, user};
use crate::stage::{Answered, KEY, Stage, business, now};

const ONE: &str = include_str!("keys/one.pem");
const TWO: &str = include_str!("keys/two.pem");

/// What the provider says of whoever comes next, and how it lies.
#[derive(Clone)]
struct Says {
    issuer: String,
    subject: String,
    email: String,
    verified: bool,
    nonce: Option<String>,
    /// The key that signs, and the one that is published.
    signs: &'static str,
    published: &'static str,
    issued: i64,
}

struct Provider {
    url: String,
    says: Arc<Mutex<Says>>,
    server: tokio::task::JoinHandle<()>,
}

impl Provider {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let says = Says {
            issuer: url.clone(),
            subject: "7".into(),
            email: "ann@acme.example".into(),
            verified: true,
            nonce: None,
            signs: ONE,
            published: ONE,
            issued: 0,
        };
        let says = Arc::new(Mutex::new(says));
        let base = url.clone();
        let discovery = move || {
            let base = base.clone();
            async move {
                Json(json!({
                    "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
                    "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
                    "response_types_supported": ["code"], "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }))
            }
        };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&says));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.expect("serves") });
        Self { url, says, server }
    }

    fn say(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().expect("no panic"));
    }
}

fn signing(pem: &str, id: &str) -> CoreRsaPrivateSigningKey {
    CoreRsaPrivateSigningKey::from_pem(pem, Some(JsonWebKeyId::new(id.into()))).expect("a key")
}

async fn keys(State(says): State<Arc<Mutex<Says>>>) -> impl IntoResponse {
    let published = says.lock().expect("no panic").published;
    Json(CoreJsonWebKeySet::new(vec![signing(published, "k").as_verification_key()]))
}

async fn token(State(says): State<Arc<Mutex<Says>>>, body: String) -> impl IntoResponse {
    let says = says.lock().expect("no panic").clone();
    if !body.contains("code_verifier=") || !body.contains("code=good") {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(says.issuer).expect("an address"),
        vec![Audience::new("armature".into())],
        now() + chrono::Duration::seconds(says.issued + 300),
        now() + chrono::Duration::seconds(says.issued),
        StandardClaims::new(SubjectIdentifier::new(says.subject))
            .set_email(Some(EndUserEmail::new(says.email)))
            .set_email_verified(Some(says.verified)),
        EmptyAdditionalClaims {},
    )
    .set_nonce(says.nonce.map(Nonce::new));
    let access = AccessToken::new("access".into());
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let id =
        CoreIdToken::new(claims, &signing(says.signs, "k"), algorithm, Some(&access), None).expect("signed");
    let fields = CoreIdTokenFields::new(Some(id), EmptyExtraTokenFields {});
    Json(CoreTokenResponse::new(access, CoreTokenType::Bearer, fields)).into_response()
}

/// A login that has begun: the state, and the browser's cookie.
struct Begun {
    state: String,
    cookie: String,
}

fn parameter(url: &str, name: &str) -> String {
    let pairs = url.split_once('?').expect("parameters").1.split('&');
    let found = pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.to_owned()
}

async fn begin(stage: &Stage, provider: &Provider, to: &str) -> Begun {
    let path = format!("/auth/oidc/acme/start?to={to}");
    let answer = send(stage, "GET", &path, &[("host", "crm.example")], json!({})).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{:#}", answer.body);
    let location = answer.headers["location"].to_str().expect("text");
    assert!(location.starts_with(&format!("{}/authorize?", provider.url)), "{location}");
    assert_eq!(parameter(location, "code_challenge_method"), "S256");
    let nonce = parameter(location, "nonce");
    provider.say(|says| says.nonce = Some(nonce));
    let set = answer.headers["set-cookie"].to_str().expect("text");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    Begun { state: parameter(location, "state"), cookie: set.split(';').next().expect("a cookie").to_owned() }
}

async fn come_back(stage: &Stage, begun: &Begun, code: &str) -> Answered {
    let path = format!("/auth/oidc/acme/callback?code={code}&state={}", begun.state);
    send(stage, "GET", &path, &[("host", "crm.example"), ("cookie", &begun.cookie)], json!({})).await
}

async fn whole(stage: &Stage, provider: &Provider) -> Answered {
    let begun = begin(stage, provider, "/").await;
    come_back(stage, &begun, "good").await
}

async fn configured(stage: &Stage, provider: &Provider, more: &str) {
    let query = format!(
        "mutation {{ setLoginProvider(provider: {{issuer: \"{}\", clientId: \"armature\", clientSecret: \"s\"{more}}}) }}",
        provider.url
    );
    let set = metadata(stage, KEY, &query, json!({})).await;
    assert_eq!(set["data"]["setLoginProvider"], true, "{set:#}");
    let shown = metadata(stage, KEY, "{ loginProvider { issuer clientId createUsers } }", json!({})).await;
    assert_eq!(shown["data"]["loginProvider"]["issuer"], provider.url);
}

async fn name(stage: &Stage, answer: &Answered) -> Value {
    let session = cookie(&answer.headers);
    let headers = [("cookie", session.as_str()), ("x-armature-csrf", "1")];
    let me = send(stage, "POST", "/graphql", &headers, json!({"query": "{ me { user } }"})).await;
    me.body["data"]["me"]["user"].clone()
}

#[tokio::test]
async fn a_verified_address_logs_in_and_is_known_from_then_on() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let provider = Provider::new().await;
        let ann = user(&stage, "ann@acme.example", &["admin"]).await;
        configured(&stage, &provider, "").await;
        // An address that is not verified takes over nobody.
        provider.say(|says| says.verified = false);
        assert_eq!(whole(&stage, &provider).await.status, StatusCode::FORBIDDEN);
        provider.say(|says| says.verified = true);
        let begun = begin(&stage, &provider, "/leads").await;
        let answer = come_back(&stage, &begun, "good").await;
        assert_eq!(
            (answer.status, &answer.headers["location"]),
            (StatusCode::SEE_OTHER, &HeaderValue::from_static("/leads"))
        );
        assert_eq!(name(&stage, &answer).await, json!(ann));
        // From now on the account is known by its subject, whatever its address.
        provider.say(|says| {
            says.email = "other@acme.example".into();
            says.verified = false;
        });
        assert_eq!(name(&stage, &whole(&stage, &provider).await).await, json!(ann));
        // Another account with an address that nobody has.
        provider.say(|says| {
            says.subject = "8".into();
            says.verified = true;
        });
        assert_eq!(whole(&stage, &provider).await.status, StatusCode::FORBIDDEN);
        configured(&stage, &provider, ", createUsers: true, roles: [\"admin\"], domains: [\"acme.example\"]")
            .await;
        let made = whole(&stage, &provider).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{:#}", made.body);
        assert_ne!(name(&stage, &made).await, json!(ann));
        provider.say(|says| {
            says.subject = "9".into();
            says.email = "x@evil.example".into();
        });
        assert_eq!(whole(&stage, &provider).await.status, StatusCode::FORBIDDEN, "another domain");
        provider.server.abort();
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_not_believed() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let provider = Provider::new().await;
        user(&stage, "ann@acme.example", &["admin"]).await;
        let none = send(&stage, "GET", "/auth/oidc/acme/start", &[("host", "crm.example")], json!({})).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        configured(&stage, &provider, "").await;
        let begun = begin(&stage, &provider, "//evil.example").await;
        // Without the state, with another, or from another browser.
        for (path, cookie) in [
            ("/auth/oidc/acme/callback?code=good".to_owned(), begun.cookie.clone()),
            (format!("/auth/oidc/acme/callback?code=good&state={}", "0".repeat(64)), begun.cookie.clone()),
            (
                format!("/auth/oidc/acme/callback?code=good&state={}", begun.state),
                "armature_login=other".to_owned(),
            ),
            (format!("/auth/oidc/canary/callback?code=good&state={}", begun.state), begun.cookie.clone()),
        ] {
            let answer =
                send(&stage, "GET", &path, &[("host", "crm.example"), ("cookie", &cookie)], json!({})).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}: {:#}", answer.body);
        }
        let first = come_back(&stage, &begun, "good").await;
        assert_eq!(
            (first.status, &first.headers["location"]),
            (StatusCode::SEE_OTHER, &HeaderValue::from_static("/")),
            "only here"
        );
        assert_eq!(
            come_back(&stage, &begun, "good").await.status,
            StatusCode::UNAUTHORIZED,
            "a state is good once"
        );
        let begun = begin(&stage, &provider, "/").await;
        assert_eq!(come_back(&stage, &begun, "bad").await.status, StatusCode::UNAUTHORIZED);
        let begun = begin(&stage, &provider, "/").await;
        provider.say(|says| says.nonce = Some("another".into()));
        assert_eq!(come_back(&stage, &begun, "good").await.status, StatusCode::UNAUTHORIZED, "another nonce");
        let own = provider.url.clone();
        provider.say(|says| says.issuer = "http://127.0.0.1:1".into());
        assert_eq!(whole(&stage, &provider).await.status, StatusCode::UNAUTHORIZED, "another issuer");
        provider.say(|says| says.issuer = own);
        provider.say(|says| says.issued = -600);
        assert_eq!(whole(&stage, &provider).await.status, StatusCode::UNAUTHORIZED, "it has ended");
        provider.say(|says| says.issued = 0);
        provider.say(|says| says.signs = TWO);
        assert_eq!(
            whole(&stage, &provider).await.status,
            StatusCode::UNAUTHORIZED,
            "a key that is not published"
        );
        provider.say(|says| says.published = TWO);
        assert_eq!(whole(&stage, &provider).await.status, StatusCode::SEE_OTHER, "keys change");
        provider.server.abort();
        let begun = send(&stage, "GET", "/auth/oidc/acme/start", &[("host", "crm.example")], json!({})).await;
        assert_eq!(begun.status, StatusCode::BAD_GATEWAY, "{:#}", begun.body);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_begins_no_more_logins_than_it_can_finish() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let mut waits = 0;
        for _ in 0..100 {
            let answer =
                send(&stage, "GET", "/auth/oidc/acme/start", &[("host", "crm.example")], json!({})).await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                assert!(answer.headers.contains_key("retry-after"));
                waits += 1;
            } else {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{:#}", answer.body);
            }
        }
        assert!(waits > 0);
    })
    .await;
}
