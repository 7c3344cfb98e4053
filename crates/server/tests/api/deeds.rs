//! What is done by administration, at logins and with files stands in the audit log, once, also where it was denied; erasing; explaining;
//! forgetting. On both databases.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::{DateTime, TimeZone, Utc};
use serde_json::{Value, json};
use server::{ServerConfig, Settings, serve};
use testing::{Handles, each_database};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::login::{cookie, metadata, send, user};
use crate::stage::{KEY, Stage, remembering_business};

/// The business, with a role that sees all companies and may change those with the code `mine`.
async fn stage(handles: &Handles) -> Stage {
    let role = json!({
        "name": "sales", "title": "Sales",
        "objects": {"company": {
            "read": ["all"], "update": [{"code": {"eq": "mine"}}],
            "fields": {"read": ["name", "code"], "write": ["name"]},
        }},
    });
    let mut files = remembering_business();
    files.push(crate::stage::role(&role));
    Stage::new(handles, &files).await
}

async fn company(stage: &Stage, name: &str, code: &str) -> String {
    let query = "mutation($n: String!, $c: String) { createCompany(data: {name: $n, code: $c}) { record { id } errors { message } } }";
    let made = stage.data(query, json!({"n": name, "c": code})).await;
    made["createCompany"]["record"]["id"].as_str().expect("an id").to_owned()
}

async fn key_of(stage: &Stage, user: &str) -> String {
    let query = "mutation($u: ID!) { createKey(name: \"k\", user: $u) { apiKey } }";
    let made = metadata(stage, KEY, query, json!({"u": user})).await;
    made["data"]["createKey"]["apiKey"].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned()
}

/// A mutation that goes well; what it answers.
async fn done(stage: &Stage, query: &str, variables: Value) -> Value {
    let answer = metadata(stage, KEY, query, variables).await;
    assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
    answer["data"].clone()
}

/// The entries of the log, the oldest first.
async fn log(stage: &Stage, arguments: &str) -> Vec<Value> {
    let query = format!(
        "{{ audit({arguments}) {{ nodes {{ id at actor user door act object record outcome detail trace }} }} }}"
    );
    let answer = metadata(stage, KEY, &query, json!({})).await;
    let mut nodes =
        answer["data"]["audit"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
    nodes.reverse();
    nodes
}

fn acts(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["act"].as_str().expect("an act")).collect()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

async fn file(stage: &Stage, key: &str, method: &str, path: &str, body: &'static str) -> StatusCode {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    stage.send(request.body(Body::from(body)).expect("a request")).await.status
}

#[tokio::test]
async fn every_act_leaves_one_entry() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let record = company(&stage, "One", "one").await;
        let ann = user(&stage, "ann@acme.example", &["sales"]).await;
        let of_ann = json!({"u": ann});
        for query in [
            "mutation($u: ID!) { updateUser(id: $u, fields: {name: \"Anna\"}) }",
            "mutation($u: ID!) { deactivateUser(id: $u) }",
            "mutation($u: ID!) { activateUser(id: $u) }",
            "mutation($u: ID!) { grantRole(user: $u, role: \"admin\") }",
            "mutation($u: ID!) { revokeRole(user: $u, role: \"admin\") }",
        ] {
            done(&stage, query, of_ann.clone()).await;
        }
        let key = done(&stage, "mutation($u: ID!) { createKey(name: \"bot\", user: $u) { key { id } } }", of_ann.clone()).await;
        done(&stage, "mutation($k: ID!) { revokeKey(id: $k) }", json!({"k": key["createKey"]["key"]["id"]})).await;
        let share = "mutation($r: ID!, $u: ID!) { share(object: \"company\", id: $r, with: {user: $u}) { id } }";
        let shared = done(&stage, share, json!({"r": record, "u": ann})).await;
        done(&stage, "mutation($s: ID!) { endShare(id: $s) }", json!({"s": shared["share"]["id"]})).await;
        done(&stage, "mutation { createTeam(fields: {name: \"North\"}) }", json!({})).await;

        let link = done(&stage, "mutation($u: ID!) { invite(user: $u) { token } }", of_ann.clone()).await;
        let accept = json!({"token": link["invite"]["token"], "password": "correct horse"});
        assert_eq!(send(&stage, "POST", "/auth/invite/accept", &[], accept).await.status, StatusCode::OK);
        let login = |password: &str| json!({"tenant": "acme", "email": "ann@acme.example", "password": password});
        let wrong = send(&stage, "POST", "/auth/login", &[], login("wrong horse")).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        let right = send(&stage, "POST", "/auth/login", &[], login("correct horse")).await;
        let session = cookie(&right.headers);
        let headers = [("cookie", session.as_str()), ("x-armature-csrf", "1")];
        assert_eq!(send(&stage, "POST", "/auth/logout", &headers, json!({})).await.status, StatusCode::OK);
        let link = done(&stage, "mutation($u: ID!) { resetPassword(user: $u) { token } }", of_ann.clone()).await;
        let accept = json!({"token": link["resetPassword"]["token"], "password": "battery staple"});
        assert_eq!(send(&stage, "POST", "/auth/reset/accept", &[], accept).await.status, StatusCode::OK);
        done(&stage, "mutation($u: ID!) { endSessions(user: $u) }", of_ann.clone()).await;

        let added = "mutation { addField(object: \"company\", name: \"more\", schema: {type: \"string\"}) { version diagnostics { message } } }";
        let version = done(&stage, added, json!({})).await["addField"]["version"].as_i64().expect("a version");
        done(&stage, "mutation($v: Int!) { revert(version: $v, allowDestructive: true) { version } }", json!({"v": version - 1})).await;
        done(&stage, "mutation { purge { version } }", json!({})).await;
        assert_eq!(file(&stage, KEY, "GET", "/export/company", "").await, StatusCode::OK);
        assert_eq!(file(&stage, KEY, "POST", "/import/company", "name\nTwo\n").await, StatusCode::OK);
        let all = log(&stage, "first: 100").await;
        let granted = &all[4];
        assert_eq!((&granted["object"], &granted["record"], &granted["detail"]), (&json!("user"), &json!(ann), &json!({"role": "admin"})));
        assert_eq!((&granted["actor"], &granted["door"]), (&json!("key:test"), &json!("metadata")));
        let text = json!(all).to_string();
        for secret in ["correct horse", "battery staple", "arm_acme"] {
            assert!(!text.contains(secret), "{secret}");
        }
        done(&stage, "mutation($u: ID!) { erase(object: \"user\", id: $u, reason: \"asked\") { records access } }", of_ann).await;

        let all = log(&stage, "first: 100").await;
        assert_eq!(
            acts(&all),
            vec![
                "userCreate", "userUpdate", "userDeactivate", "userUpdate", "roleGrant", "roleRevoke", "keyCreate", "keyRevoke",
                "shareCreate", "shareEnd", "userUpdate", "invite", "invite", "loginFailed", "login", "logout", "reset", "reset",
                "logout", "apply", "revert", "purge", "export", "import", "erase",
            ],
            "{all:#?}"
        );
        for entry in &all {
            assert!(entry["trace"].as_str().is_some_and(|trace| trace.len() == 32), "{entry:#}");
            assert_eq!(entry["outcome"], if entry["act"] == "loginFailed" { "denied" } else { "done" }, "{entry:#}");
        }
        assert_eq!((&all[9]["object"], &all[9]["record"]), (&json!("company"), &json!(record)), "a share's end names the record");
        pages(&stage, &all).await;
    })
    .await;
}

/// The log in pages is the same log, and its filters hold.
async fn pages(stage: &Stage, all: &[Value]) {
    let query =
        "query($a: ID) { audit(first: 7, after: $a) { nodes { id } pageInfo { hasNextPage endCursor } } }";
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = done(stage, query, json!({"a": after})).await["audit"].clone();
        ids.extend(page["nodes"].as_array().expect("nodes").iter().map(|node| node["id"].clone()));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let wanted: Vec<Value> = all.iter().rev().map(|entry| entry["id"].clone()).collect();
    assert_eq!(ids, wanted);
    assert_eq!(acts(&log(stage, "act: \"purge\"").await), vec!["purge"]);
    assert_eq!(acts(&log(stage, "object: \"company\", act: \"export\"").await), vec!["export"]);
    assert_eq!(acts(&log(stage, "outcome: \"denied\"").await), vec!["loginFailed"]);
    assert_eq!(log(stage, "to: \"2026-03-31T09:00:00Z\"").await, Vec::<Value>::new());
    assert_eq!(
        log(stage, "first: 100, from: \"2026-03-31T09:00:00Z\", actor: \"key:nobody\"").await,
        Vec::<Value>::new()
    );
    for bad in
        ["act: \"fly\"", "outcome: \"maybe\"", "from: \"soon\"", "first: 0", "first: 1001", "after: \"x\""]
    {
        let answer =
            metadata(stage, KEY, &format!("{{ audit({bad}) {{ nodes {{ id }} }} }}"), json!({})).await;
        assert_eq!(code(&answer), "VALIDATION", "{bad}\n{answer:#}");
    }
}

#[tokio::test]
async fn every_denied_act_leaves_one_entry() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let record = company(&stage, "One", "one").await;
        let boss = user(&stage, "boss@acme.example", &["admin"]).await;
        let plain = user(&stage, "plain@acme.example", &["sales"]).await;
        let key = key_of(&stage, &plain).await;
        let nowhere = Uuid::from_u128(7).to_string();
        let variables = json!({"u": boss, "r": record, "n": nowhere});
        let before = log(&stage, "first: 100").await.len();
        let tried = [
            ("createUser(email: \"x@acme.example\")", "userCreate"),
            ("updateUser(id: $u, fields: {name: \"X\"})", "userUpdate"),
            ("deactivateUser(id: $u)", "userDeactivate"),
            ("activateUser(id: $u)", "userUpdate"),
            ("grantRole(user: $u, role: \"sales\")", "roleGrant"),
            ("grantRole(user: $u, role: \"slaes\")", "roleGrant"),
            ("updateUser(id: $u, fields: {nmae: \"X\"})", "userUpdate"),
            ("apply(documents: [{path: \"x.json\"}]) { version }", "apply"),
            ("revokeRole(user: $u, role: \"admin\")", "roleRevoke"),
            ("createKey(name: \"k\") { apiKey }", "keyCreate"),
            ("revokeKey(id: $n)", "keyRevoke"),
            ("share(object: \"company\", id: $r, with: {user: $u}) { id }", "shareCreate"),
            ("share(object: \"company\", id: $n, with: {user: $u}) { id }", "shareCreate"),
            ("endShare(id: $n)", "shareEnd"),
            ("invite(user: $u) { token }", "invite"),
            ("resetPassword(user: $u) { token }", "reset"),
            ("endSessions(user: $u)", "logout"),
            ("createTeam(fields: {name: \"T\"})", "userUpdate"),
            ("setTeam(user: $u, team: null)", "userUpdate"),
            ("addField(object: \"company\", name: \"m\", schema: {type: \"string\"}) { version }", "apply"),
            ("applyDocuments(documents: []) { version }", "apply"),
            ("createObject(document: {}) { version }", "apply"),
            ("revert(version: 1) { version }", "revert"),
            ("purge { version }", "purge"),
            ("erase(object: \"company\", id: $r, reason: \"x\") { history }", "erase"),
            ("removeLoginProvider", "userUpdate"),
        ];
        for (field, act) in tried {
            let named: Vec<String> =
                ["u", "r", "n"].into_iter().filter(|name| field.contains(&format!("${name}"))).map(|name| format!("${name}: ID!")).collect();
            let head = if named.is_empty() { String::new() } else { format!("({})", named.join(", ")) };
            let answer = metadata(&stage, &key, &format!("mutation{head} {{ {field} }}"), variables.clone()).await;
            assert!(["FORBIDDEN", "NOT_FOUND"].contains(&code(&answer)), "{field}\n{answer:#}");
            let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(message.len() > 10, "{message}");
            let newest = log(&stage, "first: 1").await;
            assert_eq!((&newest[0]["act"], &newest[0]["outcome"], &newest[0]["actor"]), (&json!(act), &json!("denied"), &json!("user:plain@acme.example")), "{field}");
        }
        assert_eq!(file(&stage, &key, "GET", "/export/company", "").await, StatusCode::FORBIDDEN);
        assert_eq!(file(&stage, &key, "POST", "/import/company", "name\nTwo\n").await, StatusCode::FORBIDDEN);
        let all = log(&stage, "first: 100").await;
        assert_eq!(all.len(), before + tried.len() + 2, "each once");
        assert_eq!(acts(&all[all.len() - 2..]), vec!["export", "import"]);
        for entry in &all[before..] {
            assert!(entry["trace"].is_string() && entry["outcome"] == "denied" && entry["user"] == plain.as_str(), "{entry:#}");
        }
        let nobodys = "mutation($n: ID!) { createKey(name: \"k\", user: $n) { apiKey } }";
        assert_eq!(code(&metadata(&stage, KEY, nobodys, variables.clone()).await), "NOT_FOUND", "a key of nobody");
        // The log itself, and explanations of others, are for those who may.
        let unseen = metadata(&stage, &key, "{ audit { nodes { id } } }", json!({})).await;
        assert_eq!(code(&unseen), "FORBIDDEN", "{unseen:#}");
        let explain = "query($u: ID!, $r: ID!) { explain(user: $u, object: \"company\", id: $r, action: READ) { allowed } }";
        assert_eq!(code(&metadata(&stage, &key, explain, variables).await), "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn what_a_user_may_is_explained_to_administrators() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let (mine, other) = (company(&stage, "Mine", "mine").await, company(&stage, "Other", "other").await);
        let ann = user(&stage, "ann@acme.example", &["sales"]).await;
        let key = key_of(&stage, &ann).await;
        let explain = "query($u: ID!, $r: ID!, $f: String) { explain(user: $u, object: \"company\", id: $r, action: UPDATE, field: $f) { allowed field rules { action role scope holds } } }";
        let update = "mutation($r: ID!) { updateCompany(id: $r, data: {name: \"New\"}) { record { id } errors { code } } }";
        for (record, allowed) in [(&mine, true), (&other, false)] {
            let told = done(&stage, explain, json!({"u": ann, "r": record, "f": "name"})).await["explain"].clone();
            assert_eq!((&told["allowed"], &told["field"]), (&json!(allowed), &json!(true)), "{told:#}");
            let rule = told["rules"].as_array().expect("rules").iter().find(|rule| rule["action"] == "update").cloned();
            let rule = rule.expect("a rule for updates");
            assert_eq!((&rule["role"], &rule["holds"]), (&json!("sales"), &json!(allowed)));
            let verdict = stage.post("/graphql", &key, update, json!({"r": record})).await.body;
            assert_eq!(verdict.get("errors").is_none(), allowed, "the explanation is the verdict: {verdict:#}");
        }
        let code_field = done(&stage, explain, json!({"u": ann, "r": mine, "f": "code"})).await;
        assert_eq!(code_field["explain"]["field"], false, "seen, but not written");
        let nowhere = Uuid::from_u128(7).to_string();
        assert_eq!(done(&stage, explain, json!({"u": ann, "r": nowhere})).await["explain"], Value::Null);
        let nobody = metadata(&stage, KEY, explain, json!({"u": nowhere, "r": mine})).await;
        assert_eq!(code(&nobody), "NOT_FOUND", "{nobody:#}");
        done(&stage, "mutation($u: ID!) { deactivateUser(id: $u) }", json!({"u": ann})).await;
        let told = done(&stage, explain, json!({"u": ann, "r": mine, "f": "name"})).await;
        assert_eq!(told["explain"], json!({"allowed": false, "field": false, "rules": []}));
    })
    .await;
}

#[tokio::test]
async fn who_is_erased_is_out_at_once() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let ann = user(&stage, "ann@acme.example", &["admin"]).await;
        let key = key_of(&stage, &ann).await;
        let link = done(&stage, "mutation($u: ID!) { invite(user: $u) { token } }", json!({"u": ann})).await;
        let accept = json!({"token": link["invite"]["token"], "password": "correct horse"});
        let accepted = send(&stage, "POST", "/auth/invite/accept", &[], accept).await;
        let session = cookie(&accepted.headers);
        let headers = [("cookie", session.as_str()), ("x-armature-csrf", "1")];
        let me = json!({"query": "{ me { name } }"});
        assert_eq!(send(&stage, "POST", "/graphql", &headers, me.clone()).await.status, StatusCode::OK);
        assert_eq!(stage.post("/graphql", &key, "{ me { name } }", json!({})).await.status, StatusCode::OK);

        let erase = "mutation($o: String!, $i: ID!, $r: String!) { erase(object: $o, id: $i, reason: $r) { records history access audit } }";
        let why = metadata(&stage, KEY, erase, json!({"o": "user", "i": ann, "r": " "})).await;
        assert_eq!(code(&why), "VALIDATION", "{why:#}");
        let missing = metadata(&stage, KEY, erase, json!({"o": "user", "i": Uuid::from_u128(7), "r": "asked"})).await;
        assert_eq!(code(&missing), "NOT_FOUND", "{missing:#}");
        let erased = done(&stage, erase, json!({"o": "user", "i": ann, "r": "asked"})).await["erase"].clone();
        assert_eq!(erased["records"]["user"], 1, "{erased:#}");
        assert!(erased["access"].as_u64() > Some(0), "{erased:#}");
        assert_eq!(send(&stage, "POST", "/graphql", &headers, me).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(stage.post("/graphql", &key, "{ me { name } }", json!({})).await.status, StatusCode::UNAUTHORIZED);
        let all = log(&stage, "first: 100").await;
        assert!(!json!(all).to_string().contains("ann@acme.example"), "{all:#?}");
        assert_eq!(all.last().expect("an entry")["detail"]["reason"], "asked");
    })
    .await;
}

/// A season later.
fn later() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 7, 1, 9, 0, 0).single().expect("an instant")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_forgotten_while_the_server_runs() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let record = company(&stage, "One", "one").await;
        user(&stage, "ann@acme.example", &[]).await;
        let history = "query($r: ID!) { companyHistory(id: $r, first: 10) { kind } }";
        let kept = async || {
            let changes = stage.data(history, json!({"r": record})).await["companyHistory"]
                .as_array()
                .map_or(0, Vec::len);
            (log(&stage, "first: 10").await.len(), changes)
        };
        assert_eq!(kept().await, (1, 1));
        for (audit_days, history_days, left) in [(0, 0, (1, 1)), (30, 0, (0, 1)), (0, 30, (0, 0))] {
            let settings = Settings { audit_days, history_days, ..Settings::default() };
            let config = ServerConfig { store: handles.store.clone(), settings, now: later };
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let (stop, stopped) = oneshot::channel::<()>();
            let server = tokio::spawn(serve(config, listener, async {
                let _ = stopped.await;
            }));
            let begun = Instant::now();
            while kept().await != left {
                assert!(begun.elapsed() < Duration::from_secs(20), "{:?} is not {left:?}", kept().await);
                tokio::task::yield_now().await;
            }
            stop.send(()).expect("the server runs");
            server.await.expect("no panic").expect("a good end");
        }
    })
    .await;
}
