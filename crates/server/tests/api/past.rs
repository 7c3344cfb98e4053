//! History, explanations and denied writes over GraphQL, as a role with less than all rights meets them.

use serde_json::{Value, json};
use server::key_hash;
use store::KeyRow;
use testing::{Handles, each_database};
use uuid::Uuid;

use crate::login::{metadata, user};
use crate::stage::{KEY, Stage, now, remembering_business};

const CLERK: &str = "arm_clerk";

/// The business with a role that sees the companies called Open, and the key of a clerk.
async fn stage(handles: &Handles) -> Stage {
    let role = json!({
        "name": "clerk", "title": "Clerk",
        "objects": {"company": {
            "read": [{"name": {"startsWith": "Open"}}],
            "update": [{"code": {"eq": "mine"}}],
            "fields": {"read": ["name", "code"], "write": ["name"]},
        }},
    });
    let mut files = remembering_business();
    files.push(crate::stage::role(&role));
    for (name, field) in [("namer", "name"), ("mailer", "email"), ("stranger", "active")] {
        let role = json!({
            "name": name, "title": name,
            "objects": {
                "company": {"read": ["all"], "fields": {"read": ["name"]}},
                "user": {"read": ["all"], "fields": {"read": [field]}},
            },
        });
        files.push(crate::stage::role(&role));
    }
    let stage = Stage::new(handles, &files).await;
    let row = KeyRow {
        id: Uuid::from_u128(99),
        tenant: handles.tenant.name().clone(),
        prefix: "arm_cl".into(),
        name: "clerk".into(),
        role: Some("clerk".into()),
        user: None,
        created: now(),
        expires: None,
        last_used: None,
    };
    handles.store.key_insert(&key_hash(CLERK), &row).await.expect("a key");
    stage
}

async fn company(stage: &Stage, name: &str, code: &str) -> String {
    let query =
        "mutation($d: CompanyCreateInput!) { createCompany(data: $d) { record { id } errors { message } } }";
    let made = stage.data(query, json!({"d": {"name": name, "code": code, "employees": 4}})).await;
    made["createCompany"]["record"]["id"].as_str().expect("an id").to_owned()
}

/// What the clerk is answered.
async fn clerk(stage: &Stage, query: &str, id: &str) -> Value {
    stage.post("/graphql", CLERK, query, json!({"id": id})).await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_is_told_what_a_clerk_may_see() {
    each_database(async |bed: Handles| {
        let stage = stage(&bed).await;
        let mine = company(&stage, "Open Mine", "mine").await;
        let open = company(&stage, "Open Other", "other").await;
        let shut = company(&stage, "Shut", "shut").await;
        let employed = "mutation($id: ID!) { updateCompany(id: $id, data: {employees: 5}) { errors { code } } }";
        stage.data(employed, json!({"id": mine})).await;

        let rename = "mutation($id: ID!) { updateCompany(id: $id, data: {name: \"Open New\"}) { record { name } errors { code message } } }";
        let done = clerk(&stage, rename, &mine).await;
        assert_eq!(done["data"]["updateCompany"]["record"]["name"], "Open New", "{done}");
        let denied = clerk(&stage, rename, &open).await;
        assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN", "{denied}");
        let nowhere = Uuid::from_u128(7).to_string();
        let unseen = clerk(&stage, rename, &shut).await;
        assert_eq!(unseen["data"]["updateCompany"]["errors"][0]["code"], "NOT_FOUND", "{unseen}");
        assert_eq!(unseen, clerk(&stage, rename, &nowhere).await);

        let history = "query($id: ID!) { companyHistory(id: $id, first: 10) { kind actor door version changes { field from to hidden } } }";
        let told = clerk(&stage, history, &mine).await;
        let changes = &told["data"]["companyHistory"];
        assert_eq!(changes.as_array().map(Vec::len), Some(2), "{told}");
        assert_eq!(
            changes[0],
            json!({
                "kind": "updated", "actor": "key:clerk", "door": "graphql", "version": 3,
                "changes": [{"field": "name", "from": "Open Mine", "to": "Open New", "hidden": false}],
            })
        );
        assert!(!told.to_string().contains("employees"), "{told}");
        assert_eq!(clerk(&stage, history, &shut).await, json!({"data": {"companyHistory": null}}));

        let explain = "query($id: ID!) { explain(object: \"company\", id: $id, action: UPDATE, field: \"name\") { allowed field rules { action role scope holds } } }";
        let told = clerk(&stage, explain, &open).await;
        let explained = &told["data"]["explain"];
        assert_eq!((&explained["allowed"], &explained["field"]), (&json!(false), &json!(true)), "{told}");
        let held: Vec<(&str, bool)> = explained["rules"]
            .as_array()
            .expect("rules")
            .iter()
            .map(|rule| (rule["action"].as_str().unwrap_or_default(), rule["holds"] == json!(true)))
            .collect();
        assert_eq!(held, vec![("read", true), ("update", false)], "{told}");
        assert_eq!(clerk(&stage, explain, &mine).await["data"]["explain"]["allowed"], true);
        assert_eq!(clerk(&stage, explain, &shut).await, json!({"data": {"explain": null}}));
        let hidden = "query($id: ID!) { explain(object: \"deal\", id: $id, action: READ) { allowed } }";
        assert_eq!(clerk(&stage, hidden, &mine).await["errors"][0]["extensions"]["code"], "VALIDATION");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_tells_addresses_to_those_only_who_see_them() {
    each_database(async |bed: Handles| {
        let stage = stage(&bed).await;
        let rob = user(&stage, "rob@a.example", &["admin"]).await;
        let key = async |variables: Value| {
            let query =
                "mutation($u: ID, $r: String) { createKey(name: \"k\", user: $u, role: $r) { apiKey } }";
            let made = metadata(&stage, KEY, query, variables).await;
            made["data"]["createKey"]["apiKey"].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned()
        };
        let robs = key(json!({"u": rob})).await;
        let made =
            "mutation { createCompany(data: {name: \"Open\", code: \"c\", employees: 4}) { record { id } } }";
        let made = stage.post("/graphql", &robs, made, json!({})).await.body;
        let id = made["data"]["createCompany"]["record"]["id"].as_str().unwrap_or_else(|| panic!("{made:#}"));
        let query = "query($id: ID!) { companyHistory(id: $id, first: 10) { actor } }";
        for (role, actor) in
            [("mailer", json!("user:rob@a.example")), ("namer", json!("user:rob")), ("stranger", Value::Null)]
        {
            let key = key(json!({"r": role})).await;
            let told = stage.post("/graphql", &key, query, json!({"id": id})).await.body;
            assert_eq!(told["data"]["companyHistory"], json!([{"actor": actor}]), "{role}: {told:#}");
        }
    })
    .await;
}
