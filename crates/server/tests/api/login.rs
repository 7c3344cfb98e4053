//! Logging in, links, sessions, set-up: AU-02, AU-04, AU-06, AU-08, AU-10, AU-11, on both databases.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use server::{ServerConfig, Settings, router};
use testing::{Handles, each_database};

use crate::stage::{Answered, KEY, Stage, business, now};

/// Sends JSON, with these headers beside.
pub async fn send(
    stage: &Stage,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Answered {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    stage.send(request.body(Body::from(body.to_string())).expect("a request")).await
}

/// The cookie that an answer sets, as a browser sends it back.
pub fn cookie(headers: &HeaderMap) -> String {
    let all = headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let session = all.into_iter().find(|text| text.starts_with("armature_session=")).expect("a session");
    session.split(';').next().unwrap_or_default().to_owned()
}

pub async fn metadata(stage: &Stage, key: &str, query: &str, variables: Value) -> Value {
    stage.post("/metadata", key, query, variables).await.body
}

/// Makes a user through the metadata API; the id.
pub async fn user(stage: &Stage, email: &str, roles: &[&str]) -> String {
    let query = "mutation($e: String!, $r: [String!]!) { createUser(email: $e, roles: $r) }";
    let made = metadata(stage, KEY, query, json!({"e": email, "r": roles})).await;
    made["data"]["createUser"].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned()
}

/// Invites a user and accepts with this password; the session's cookie.
async fn accepted(stage: &Stage, user: &str, password: &str) -> String {
    let made =
        metadata(stage, KEY, "mutation($u: ID!) { invite(user: $u) { token } }", json!({"u": user})).await;
    let token = &made["data"]["invite"]["token"];
    let answer =
        send(stage, "POST", "/auth/invite/accept", &[], json!({"token": token, "password": password})).await;
    assert_eq!(answer.status, StatusCode::OK, "{:#}", answer.body);
    let again =
        send(stage, "POST", "/auth/invite/accept", &[], json!({"token": token, "password": password})).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED, "a link is good for one time");
    cookie(&answer.headers)
}

async fn login(stage: &Stage, email: &str, password: &str) -> Answered {
    send(stage, "POST", "/auth/login", &[], json!({"tenant": "acme", "email": email, "password": password}))
        .await
}

async fn me(stage: &Stage, cookie: &str) -> Answered {
    let headers = [("cookie", cookie), ("x-armature-csrf", "1")];
    send(stage, "POST", "/graphql", &headers, json!({"query": "{ me { name kind roles } }"})).await
}

#[tokio::test]
async fn a_password_opens_a_session_until_it_ends() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let ann = user(&stage, "ann@acme.example", &["admin"]).await;
        let first = accepted(&stage, &ann, "correct horse").await;
        assert_eq!(
            me(&stage, &first).await.body["data"]["me"],
            json!({"name": "ann", "kind": "SESSION", "roles": ["admin"]})
        );

        let answer = login(&stage, "ANN@acme.example ", "correct horse").await;
        assert_eq!(answer.status, StatusCode::OK, "{:#}", answer.body);
        let set = answer.headers["set-cookie"].to_str().expect("text");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
            assert!(set.contains(part), "{set}");
        }
        let second = cookie(&answer.headers);
        assert_ne!(first, second);
        assert_eq!(me(&stage, &second).await.status, StatusCode::OK);

        // Logging out ends it at the server.
        let headers = [("cookie", second.as_str()), ("x-armature-csrf", "1")];
        assert_eq!(send(&stage, "POST", "/auth/logout", &headers, json!({})).await.status, StatusCode::OK);
        assert_eq!(me(&stage, &second).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&stage, &first).await.status, StatusCode::OK, "another session is another");

        // A new password ends all others and begins one.
        let headers = [("cookie", first.as_str()), ("x-armature-csrf", "1")];
        let body = json!({"current": "correct horse", "new": "battery staple"});
        let changed = send(&stage, "POST", "/auth/password", &headers, body).await;
        assert_eq!(changed.status, StatusCode::OK, "{:#}", changed.body);
        assert_eq!(me(&stage, &first).await.status, StatusCode::UNAUTHORIZED);
        let third = cookie(&changed.headers);
        assert_eq!(me(&stage, &third).await.status, StatusCode::OK);
        assert_eq!(login(&stage, "ann@acme.example", "correct horse").await.status, StatusCode::UNAUTHORIZED);

        // Who is kept out is out.
        let out =
            metadata(&stage, KEY, "mutation($u: ID!) { deactivateUser(id: $u) }", json!({"u": ann})).await;
        assert_eq!(out["data"]["deactivateUser"], true, "{out:#}");
        assert_eq!(me(&stage, &third).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            login(&stage, "ann@acme.example", "battery staple").await.status,
            StatusCode::UNAUTHORIZED
        );
    })
    .await;
}

#[tokio::test]
async fn a_failed_login_tells_nothing_and_waits() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let ann = user(&stage, "ann@acme.example", &[]).await;
        accepted(&stage, &ann, "correct horse").await;
        let wrong = login(&stage, "ann@acme.example", "wrong horse").await;
        let unknown = login(&stage, "nobody@acme.example", "wrong horse").await;
        let message = |answer: &Answered| answer.body["errors"][0]["message"].clone();
        assert_eq!((wrong.status, message(&wrong)), (unknown.status, message(&unknown)));
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        let elsewhere =
            json!({"tenant": "no-such", "email": "ann@acme.example", "password": "correct horse"});
        let elsewhere = send(&stage, "POST", "/auth/login", &[], elsewhere).await;
        assert_eq!(message(&elsewhere), message(&wrong));
        let huge = login(&stage, "ann@acme.example", &"x".repeat(1 << 20)).await;
        assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
        for _ in 0..4 {
            assert_eq!(
                login(&stage, "ann@acme.example", "wrong horse").await.status,
                StatusCode::UNAUTHORIZED
            );
        }
        // The clock stands still: neither headers nor other fields make it another peer.
        let body =
            json!({"tenant": "acme", "email": " Ann@ACME.example", "password": "correct horse", "x": 7});
        let held = send(&stage, "POST", "/auth/login", &[("x-forwarded-for", "10.9.8.7")], body).await;
        assert_eq!(held.status, StatusCode::TOO_MANY_REQUESTS, "{:#}", held.body);
        assert!(held.headers.contains_key("retry-after"));
    })
    .await;
}

#[tokio::test]
async fn a_cookie_alone_does_nothing() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let ann = user(&stage, "ann@acme.example", &["admin"]).await;
        let session = accepted(&stage, &ann, "correct horse").await;
        let body = json!({"query": "{ me { name } }"});
        let bare = send(&stage, "POST", "/graphql", &[("cookie", &session)], body.clone()).await;
        assert_eq!(
            (bare.status, &bare.body["errors"][0]["extensions"]["code"]),
            (StatusCode::FORBIDDEN, &json!("FORBIDDEN"))
        );
        for (origin, status) in [
            ("https://evil.example", StatusCode::FORBIDDEN),
            ("http://sub.crm.example", StatusCode::FORBIDDEN),
            ("null", StatusCode::FORBIDDEN),
            ("http://crm.example", StatusCode::OK),
        ] {
            let headers = [
                ("cookie", session.as_str()),
                ("x-armature-csrf", "1"),
                ("host", "crm.example"),
                ("origin", origin),
            ];
            assert_eq!(
                send(&stage, "POST", "/graphql", &headers, body.clone()).await.status,
                status,
                "{origin}"
            );
        }
        let foreign = [("host", "crm.example"), ("origin", "https://evil.example")];
        let body = json!({"tenant": "acme", "email": "ann@acme.example", "password": "correct horse"});
        assert_eq!(send(&stage, "POST", "/auth/login", &foreign, body).await.status, StatusCode::FORBIDDEN);
        let exported = send(&stage, "GET", "/export/company", &[("cookie", &session)], json!({})).await;
        assert_eq!(exported.status, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test]
async fn a_reset_ends_what_was_before_it() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let ann = user(&stage, "ann@acme.example", &[]).await;
        let session = accepted(&stage, &ann, "correct horse").await;
        for email in ["ann@acme.example", "nobody@acme.example"] {
            let asked =
                send(&stage, "POST", "/auth/reset/request", &[], json!({"tenant": "acme", "email": email}))
                    .await;
            assert_eq!((asked.status, asked.body), (StatusCode::OK, json!({"ok": true})));
        }
        let query = "mutation($u: ID!) { resetPassword(user: $u) { token expires } }";
        let made = metadata(&stage, KEY, query, json!({"u": ann})).await;
        let token = made["data"]["resetPassword"]["token"].clone();
        let short = json!({"token": token, "password": "short"});
        let short = send(&stage, "POST", "/auth/reset/accept", &[], short).await;
        assert_eq!(short.status, StatusCode::BAD_REQUEST, "and the link is still good: {:#}", short.body);
        let body = json!({"token": token, "password": "battery staple"});
        let wrong = send(&stage, "POST", "/auth/invite/accept", &[], body.clone()).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "a link of another kind");
        let done = send(&stage, "POST", "/auth/reset/accept", &[], body).await;
        assert_eq!(done.status, StatusCode::OK, "{:#}", done.body);
        assert_eq!(me(&stage, &session).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(login(&stage, "ann@acme.example", "battery staple").await.status, StatusCode::OK);
    })
    .await;
}

/// A server on an installation without any tenant.
async fn empty(handles: &Handles) -> Stage {
    for tenant in [&handles.tenant, &handles.canary] {
        match handles.store.tenant_drop(tenant.name()).await {
            Ok(()) | Err(store::StoreError::NoTenant(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let config = ServerConfig { store: handles.store.clone(), settings: Settings::default(), now };
    Stage { router: router(config).expect("routes") }
}

#[tokio::test]
async fn the_first_comer_sets_up_and_nobody_after() {
    each_database(async |handles| {
        let stage = empty(&handles).await;
        assert_eq!(send(&stage, "GET", "/auth/setup", &[], json!({})).await.body["open"], true);
        for tenant in ["../b", "b;ATTACH", "%2e%2e", "B", "", &"x".repeat(300)] {
            let body = json!({"tenant": tenant, "email": "a@b.example", "password": "correct horse"});
            let refused = send(&stage, "POST", "/auth/setup", &[], body).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{tenant}: {:#}", refused.body);
        }
        let attempt = |number: usize| {
            let body = json!({"tenant": "first", "email": format!("admin{number}@b.example"), "password": "correct horse"});
            send(&stage, "POST", "/auth/setup", &[], body)
        };
        let answers = futures::future::join_all((0..5).map(attempt)).await;
        let won: Vec<&Answered> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| &answer.body).collect::<Vec<_>>());
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK || answer.status == StatusCode::FORBIDDEN));
        assert_eq!(me(&stage, &cookie(&won[0].headers)).await.body["data"]["me"]["roles"], json!(["admin"]));
        let session = cookie(&won[0].headers);
        let headers = [("cookie", session.as_str()), ("x-armature-csrf", "1")];
        let log = json!({"query": "{ audit { nodes { act door trace } } }"});
        let log = send(&stage, "POST", "/metadata", &headers, log).await.body;
        let acts: Vec<&Value> = log["data"]["audit"]["nodes"].as_array().expect("entries").iter().map(|entry| &entry["act"]).collect();
        assert_eq!(acts, vec!["setup", "userCreate"], "{log:#}");
        assert_eq!(attempt(9).await.status, StatusCode::FORBIDDEN);
        assert_eq!(send(&stage, "GET", "/auth/setup", &[], json!({})).await.body["open"], false);
        let first = store::TenantName::new("first").expect("legal");
        handles.store.tenant_drop(&first).await.expect("dropped");
        assert_eq!(attempt(9).await.status, StatusCode::FORBIDDEN, "closed for good");
    })
    .await;
}

/// A browser that goes away in the midst of the set-up neither stops it nor closes it for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_goes_on_without_its_connection() {
    each_database(async |handles| {
        for patience in [1, 20, 60] {
            let stage = empty(&handles).await;
            handles.store.release_setup().await.expect("open again");
            let body = json!({"tenant": "first", "email": "ann@b.example", "password": "correct horse"});
            let asked = send(&stage, "POST", "/auth/setup", &[], body);
            let patience = std::time::Duration::from_millis(patience);
            // Whether it is answered meanwhile depends on the machine; most often it is not.
            drop(tokio::time::timeout(patience, asked).await);
            let body = json!({"tenant": "first", "email": "ann@b.example", "password": "correct horse"});
            let mut status = StatusCode::UNAUTHORIZED;
            for wait in 0..40 {
                tokio::time::sleep(std::time::Duration::from_millis(50 * wait)).await;
                // Another server: one that refused too many guesses would have to wait.
                let config =
                    ServerConfig { store: handles.store.clone(), settings: Settings::default(), now };
                let other = Stage { router: router(config).expect("routes") };
                status = send(&other, "POST", "/auth/login", &[], body.clone()).await.status;
                if status == StatusCode::OK {
                    break;
                }
            }
            assert_eq!(status, StatusCode::OK, "{patience:?}");
            let first = store::TenantName::new("first").expect("legal");
            handles.store.tenant_drop(&first).await.expect("dropped");
        }
    })
    .await;
}

/// AU-06: whoever logs in waits for others who do, and nobody else does.
#[tokio::test(flavor = "multi_thread")]
async fn many_logins_do_not_stop_reads() {
    each_database(async |handles| {
        let stage = std::sync::Arc::new(Stage::new(&handles, &business()).await);
        let logins = (0..200).map(|number| {
            let stage = std::sync::Arc::clone(&stage);
            tokio::spawn(async move {
                login(&stage, &format!("nobody{number}@acme.example"), "wrong horse").await.status
            })
        });
        let logins: Vec<_> = logins.collect();
        let mut slowest = std::time::Duration::ZERO;
        for _ in 0..20 {
            let begun = std::time::Instant::now();
            stage.data("{ companies { totalCount } }", json!({})).await;
            slowest = slowest.max(begun.elapsed());
        }
        assert!(slowest < std::time::Duration::from_secs(1), "a read took {slowest:?}");
        for login in logins {
            let status = login.await.expect("answered");
            assert!([401, 429, 503].contains(&status.as_u16()), "{status}");
        }
    })
    .await;
}
