//! The administration of users, keys and shares, and what nobody may hand on: PM-14, AU-09, AU-10, AU-12, on both databases.

use deploy::ApplyOptions;
use metadata::SourceFile;
use serde_json::{Value, json};
use testing::{Handles, each_database};

use crate::login::{metadata, user};
use crate::stage::{KEY, Stage, now, package};

/// Leads with owners, and three roles: one that sees its own, one that administers users, one that only shares.
fn files() -> Vec<SourceFile> {
    let mut files = package(&[(
        "lead",
        json!({
            "name": "lead", "plural": "leads", "title": "Lead", "type": "object", "x-owned": true,
            "properties": {"name": {"type": "string"}, "secret": {"type": "string"}}, "x-display": "name",
        }),
    )]);
    let own = json!({"lead": {"create": ["own"], "read": ["own"], "update": ["own"],
        "fields": {"read": ["name", "owner"], "write": ["name", "owner"]}}});
    for role in [
        json!({"name": "sales", "title": "Sales", "objects": own}),
        json!({"name": "helper", "title": "Helper", "metadata": ["users", "keys"], "objects": own}),
    ] {
        files.push(crate::stage::role(&role));
    }
    files
}

async fn stage(handles: &Handles) -> Stage {
    let stage = Stage::new(handles, &[]).await;
    deploy::apply(&handles.tenant, &files(), ApplyOptions::new("test", now())).await.expect("applied");
    stage
}

async fn key_of(stage: &Stage, user: &str) -> String {
    let query = "mutation($u: ID!) { createKey(name: \"k\", user: $u) { apiKey key { id prefix } } }";
    let made = metadata(stage, KEY, query, json!({"u": user})).await;
    made["data"]["createKey"]["apiKey"].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

async fn lead(stage: &Stage, owner: &str) -> String {
    let query = "mutation($o: ID!) { createLead(data: {name: \"L\", owner: {id: $o}}) { record { id } errors { message } } }";
    let made = stage.data(query, json!({"o": owner})).await;
    made["createLead"]["record"]["id"].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned()
}

async fn seen(stage: &Stage, key: &str) -> Value {
    let answer = stage.post("/graphql", key, "{ leads { nodes { name } totalCount } }", json!({})).await;
    answer.body["data"]["leads"]["totalCount"].clone()
}

#[tokio::test]
async fn a_share_opens_a_record_until_it_ends() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let (ann, bob) = (user(&stage, "ann@a.example", &["sales"]).await, user(&stage, "bob@a.example", &["sales"]).await);
        let (anns, bobs) = (key_of(&stage, &ann).await, key_of(&stage, &bob).await);
        let lead = lead(&stage, &ann).await;
        assert_eq!((seen(&stage, &anns).await, seen(&stage, &bobs).await), (json!(1), json!(0)));
        let share = "mutation($l: ID!, $b: ID!, $v: Level!, $e: String) { share(object: \"lead\", id: $l, with: {user: $b}, level: $v, expires: $e) { id level } }";
        let update = "mutation($l: ID!) { updateLead(id: $l, data: {name: \"M\"}) { record { id } errors { code } } }";
        // Bob cannot share what he does not see, nor Ann what she has not got.
        let nothing = metadata(&stage, &bobs, share, json!({"l": lead, "b": bob, "v": "READ"})).await;
        assert_eq!(code(&nothing), "NOT_FOUND", "{nothing:#}");
        let shared = metadata(&stage, &anns, share, json!({"l": lead, "b": bob, "v": "READ"})).await;
        let id = shared["data"]["share"]["id"].clone();
        assert!(id.is_string(), "{shared:#}");
        assert_eq!(seen(&stage, &bobs).await, 1);
        let changed = stage.post("/graphql", &bobs, update, json!({"l": lead})).await.body;
        assert_eq!(code(&changed), "FORBIDDEN", "{changed:#}");
        // Bob sees it, but it is not his to share.
        let on = metadata(&stage, &bobs, share, json!({"l": lead, "b": bob, "v": "UPDATE"})).await;
        assert_eq!(code(&on), "FORBIDDEN", "{on:#}");
        assert_eq!(code(&metadata(&stage, &bobs, "mutation($s: ID!) { endShare(id: $s) }", json!({"s": id})).await), "NOT_FOUND");
        let more = metadata(&stage, &anns, share, json!({"l": lead, "b": bob, "v": "UPDATE"})).await;
        assert_eq!(more["data"]["share"]["level"], "UPDATE", "{more:#}");
        let changed = stage.post("/graphql", &bobs, update, json!({"l": lead})).await.body;
        assert_eq!(changed["data"]["updateLead"]["errors"], json!([]), "{changed:#}");
        let listed = metadata(&stage, &anns, "{ shares(object: \"lead\") { id with grantee } }", json!({})).await;
        assert_eq!(listed["data"]["shares"].as_array().map(Vec::len), Some(1), "{listed:#}");
        let ended = metadata(&stage, &anns, "mutation($s: ID!) { endShare(id: $s) }", json!({"s": more["data"]["share"]["id"]})).await;
        assert_eq!(ended["data"]["endShare"], true, "{ended:#}");
        assert_eq!(seen(&stage, &bobs).await, 0);
        let late = metadata(&stage, &anns, share, json!({"l": lead, "b": bob, "v": "READ", "e": "2026-03-31T09:00:00Z"})).await;
        assert_eq!(code(&late), "VALIDATION", "{late:#}");
    })
    .await;
}

#[tokio::test]
async fn nobody_hands_on_more_than_they_have() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let boss = user(&stage, "boss@a.example", &["admin"]).await;
        let helper = user(&stage, "helper@a.example", &["helper"]).await;
        let plain = user(&stage, "plain@a.example", &["sales"]).await;
        let (key, plains) = (key_of(&stage, &helper).await, key_of(&stage, &plain).await);
        let own = metadata(&stage, &key, "mutation($u: ID!) { grantRole(user: $u, role: \"sales\") }", json!({"u": helper})).await;
        assert_eq!(own["data"]["grantRole"], true, "{own:#}");
        for (query, variables) in [
            ("mutation($u: ID!) { grantRole(user: $u, role: \"admin\") }", json!({"u": helper})),
            ("mutation($u: ID!) { resetPassword(user: $u) { token } }", json!({"u": boss})),
            ("mutation($u: ID!) { deactivateUser(id: $u) }", json!({"u": boss})),
            ("mutation($u: ID!) { updateUser(id: $u, fields: {email: \"mine@a.example\"}) }", json!({"u": boss})),
            ("mutation($u: ID!) { createKey(name: \"k\", user: $u) { apiKey } }", json!({"u": boss})),
            ("mutation { createKey(name: \"k\") { apiKey } }", json!({})),
            ("mutation { createKey(name: \"k\", role: \"admin\") { apiKey } }", json!({})),
            ("mutation { createUser(email: \"x@a.example\", roles: [\"admin\"]) }", json!({})),
            ("mutation { setLoginProvider(provider: {issuer: \"https://evil.example\", clientId: \"x\", clientSecret: \"x\"}) }", json!({})),
            ("mutation { addField(object: \"lead\", name: \"more\", schema: {type: \"string\"}) { version } }", json!({})),
        ] {
            let answer = metadata(&stage, &key, query, variables).await;
            assert_eq!(code(&answer), "FORBIDDEN", "{query}\n{answer:#}");
        }
        for query in [
            "{ users { id } }",
            "{ keys { id } }",
            "{ pull { path } }",
            "{ history { version } }",
            "{ roles { name } }",
            "mutation { createUser(email: \"y@a.example\") }",
            "mutation { createTeam(fields: {name: \"T\"}) }",
        ] {
            let answer = metadata(&stage, &plains, query, json!({})).await;
            assert_eq!(code(&answer), "FORBIDDEN", "{query}\n{answer:#}");
        }
        let catalog = metadata(&stage, &plains, "{ catalog { objects { name fields { name } } } }", json!({})).await;
        let shown = catalog["data"]["catalog"].to_string();
        assert!(shown.contains("\"lead\"") && !shown.contains("secret") && !shown.contains("\"team\""), "{shown}");
        let unknown = metadata(&stage, KEY, "mutation($u: ID!) { grantRole(user: $u, role: \"slaes\") }", json!({"u": plain})).await;
        assert_eq!(code(&unknown), "VALIDATION");
        assert!(unknown["errors"][0]["extensions"]["hint"].as_str().is_some_and(|hint| hint.contains("sales")), "{unknown:#}");
    })
    .await;
}

#[tokio::test]
async fn nobody_widens_their_own_view() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let boss = user(&stage, "boss@a.example", &["admin"]).await;
        let helper = user(&stage, "helper@a.example", &["helper"]).await;
        let (below, plain) =
            (user(&stage, "below@a.example", &[]).await, user(&stage, "plain@a.example", &[]).await);
        let team =
            metadata(&stage, KEY, "mutation { createTeam(fields: {name: \"East\"}) }", json!({})).await;
        let team = team["data"]["createTeam"].clone();
        let put = "mutation($u: ID!, $t: ID) { setTeam(user: $u, team: $t) }";
        let change = "mutation($u: ID!, $f: JSON!) { updateUser(id: $u, fields: $f) }";
        metadata(&stage, KEY, put, json!({"u": helper, "t": team})).await;
        let set = metadata(&stage, KEY, change, json!({"u": below, "f": {"manager": helper}})).await;
        assert_eq!(set["data"]["updateUser"], true, "{set:#}");
        let (key, all) = (key_of(&stage, &helper).await, key_of(&stage, &boss).await);
        for (query, variables) in [
            (change, json!({"u": helper, "f": {"name": "Other"}})),
            (change, json!({"u": helper, "f": {"manager": plain}})),
            (change, json!({"u": plain, "f": {"manager": helper}})),
            (change, json!({"u": plain, "f": {"manager": "helper@a.example"}})),
            (change, json!({"u": plain, "f": {"manager": below}})),
            (change, json!({"u": plain, "f": {"team": team}})),
            (put, json!({"u": helper, "t": null})),
            (put, json!({"u": plain, "t": team})),
            (
                "mutation($u: ID!) { createUser(email: \"new@a.example\", fields: {manager: $u}) }",
                json!({"u": helper}),
            ),
        ] {
            let answer = metadata(&stage, &key, query, variables.clone()).await;
            assert_eq!(code(&answer), "FORBIDDEN", "{query} {variables}\n{answer:#}");
            assert!(answer["errors"][0]["extensions"]["hint"].is_string(), "{answer:#}");
        }
        for (key, user, fields) in [
            (&key, &plain, json!({"name": "Other", "manager": boss})),
            (&all, &boss, json!({"name": "Other", "team": team})),
            (&all, &plain, json!({"manager": boss})),
        ] {
            let done = metadata(&stage, key, change, json!({"u": user, "f": fields})).await;
            assert_eq!(done["data"]["updateUser"], true, "{fields}\n{done:#}");
        }
    })
    .await;
}

#[tokio::test]
async fn users_and_teams_are_not_written_as_records() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let ann = user(&stage, "ann@a.example", &["sales"]).await;
        for (query, variables) in [
            ("mutation { createUser(data: {name: \"X\"}) { record { id } } }", json!({})),
            ("mutation($u: ID!) { updateUser(id: $u, data: {email: \"other@a.example\"}) { record { id } } }", json!({"u": ann})),
            ("mutation($u: ID!) { deleteUser(id: $u) { record { id } } }", json!({"u": ann})),
            ("mutation { createTeam(data: {name: \"T\"}) { record { id } } }", json!({})),
        ] {
            let refused = stage.refused(query, variables).await;
            assert_eq!(refused["extensions"]["code"], "FORBIDDEN", "{query}\n{refused:#}");
            assert!(refused["message"].as_str().is_some_and(|text| text.contains("/metadata")), "{refused:#}");
        }
        let made = metadata(&stage, KEY, "mutation { createTeam(fields: {name: \"East\"}) }", json!({})).await;
        let team = made["data"]["createTeam"].clone();
        assert!(team.is_string(), "{made:#}");
        let put = metadata(&stage, KEY, "mutation($u: ID!, $t: ID) { setTeam(user: $u, team: $t) }", json!({"u": ann, "t": team})).await;
        assert_eq!(put["data"]["setTeam"], true, "{put:#}");
        let found = stage.data("{ users(filter: {team: {name: {eq: \"East\"}}}) { nodes { id } } }", json!({})).await;
        assert_eq!(found["users"]["nodes"], json!([{"id": ann}]));
    })
    .await;
}

#[tokio::test]
async fn keys_are_listed_without_their_secret_and_end() {
    each_database(async |handles| {
        let stage = stage(&handles).await;
        let query = "mutation { createKey(name: \"bot\", role: \"sales\", expires: \"2027-01-01T00:00:00Z\") { apiKey key { id prefix role expires } } }";
        let made = metadata(&stage, KEY, query, json!({})).await;
        let (text, key) = (made["data"]["createKey"]["apiKey"].as_str().expect("a key").to_owned(), &made["data"]["createKey"]["key"]);
        assert_eq!(seen(&stage, &text).await, 0);
        let listed = metadata(&stage, KEY, "{ keys { id name prefix role } }", json!({})).await;
        assert!(listed.to_string().contains(key["prefix"].as_str().expect("a prefix")) && !listed.to_string().contains(&text));
        let revoked = metadata(&stage, KEY, "mutation($k: ID!) { revokeKey(id: $k) }", json!({"k": key["id"]})).await;
        assert_eq!(revoked["data"]["revokeKey"], true, "{revoked:#}");
        let after = stage.post("/graphql", &text, "{ me { name } }", json!({})).await;
        assert_eq!(after.status.as_u16(), 401);
        let past = metadata(&stage, KEY, "mutation { createKey(name: \"bot\", expires: \"2020-01-01T00:00:00Z\") { apiKey } }", json!({})).await;
        assert_eq!(code(&past), "VALIDATION");
    })
    .await;
}
