//! Lifecycles over GraphQL, from a package to funnels: moving, where a record stands, its past, and what roles let be seen of it.

use metadata::SourceFile;
use serde_json::{Value, json};
use server::key_hash;
use store::KeyRow;
use testing::{Handles, each_database};
use uuid::Uuid;

use crate::stage::{Stage, now, package, role};

const REP: &str = "arm_rep";
const BLIND: &str = "arm_blind";

/// Leads that ripen; reps see those called Open, and of users their names only; the blind do not see stages.
fn files() -> Vec<SourceFile> {
    let mut files = package(&[(
        "lead",
        json!({
            "name": "lead", "plural": "leads", "title": "Lead", "type": "object", "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "phone": {"type": "string"},
                "points": {"type": "integer"},
                "fit": {"x-type": "score", "x-points": [
                    {"title": "Reachable", "when": "record.phone != null", "points": 20},
                    {"when": "record.points > 10", "points": "record.points"},
                ]},
            },
            "x-display": "name",
        }),
    )]);
    let lifecycle = json!({
        "name": "leadMtl", "object": "lead", "title": "Marketing to lead",
        "stages": [
            {"name": "engaged", "journey": "curious"},
            {"name": "mql", "journey": "understand", "expected": "7d", "probability": 20},
            {"name": "sql"},
            {"name": "converted", "kind": "won"},
            {"name": "disqualified", "kind": "lost"},
        ],
        "transitions": [
            {"from": "engaged", "to": "mql"},
            {"from": "mql", "to": "sql", "requires": ["phone"], "guard": "record.fit >= 20"},
            {"from": "sql", "to": "converted"},
            {"from": ["mql", "sql"], "to": "engaged", "reason": true},
            {"from": "*", "to": "disqualified"},
        ],
    });
    files.push(SourceFile { path: "lifecycles/lead.json".into(), text: lifecycle.to_string() });
    let grant = |fields: Value| {
        json!({
            "lead": {"read": [{"name": {"startsWith": "Open"}}], "update": [{"name": {"startsWith": "Open"}}],
                     "fields": {"read": fields, "write": ["name"]}},
            "user": {"read": ["all"], "fields": {"read": ["name"]}},
        })
    };
    files.push(role(&json!({"name": "rep", "title": "Rep", "objects": grant(json!(["*"]))})));
    files.push(role(
        &json!({"name": "blind", "title": "Blind", "objects": grant(json!(["name", "phone", "points"]))}),
    ));
    files
}

async fn stage(handles: &Handles) -> Stage {
    let stage = Stage::new(handles, &files()).await;
    for (number, key, role) in [(90, REP, "rep"), (91, BLIND, "blind")] {
        let row = KeyRow {
            id: Uuid::from_u128(number),
            tenant: handles.tenant.name().clone(),
            prefix: "arm_xx".into(),
            name: role.into(),
            role: Some(role.into()),
            user: None,
            created: now(),
            expires: None,
            last_used: None,
        };
        handles.store.key_insert(&key_hash(key), &row).await.expect("a key");
    }
    stage
}

async fn lead(stage: &Stage, data: Value) -> String {
    let query =
        "mutation($d: LeadCreateInput!) { createLead(data: $d) { record { id } errors { message } } }";
    let made = stage.data(query, json!({"d": data})).await;
    made["createLead"]["record"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

async fn moved(stage: &Stage, id: &str, rest: &str) -> Value {
    let query = format!(
        "mutation {{ moveLead(id: \"{id}\", {rest}) {{ record {{ stage lifecycle {{ stage pass history {{ from to pass reason }} }} }} \
         errors {{ code rule path message scriptLine }} effects {{ kind field from to }} }} }}"
    );
    stage.data(&query, json!({})).await["moveLead"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_are_moved_and_their_past_is_told() {
    each_database(|handles| async move {
        let stage = stage(&handles).await;
        let id = lead(&stage, json!({"name": "Open one"})).await;
        let told = moved(&stage, &id, "to: mql").await;
        assert!(told["errors"] == json!([]) && told["record"]["stage"] == "mql", "{told}");
        let refused = moved(&stage, &id, "to: sql").await;
        assert_eq!(refused["errors"][0]["code"], "REFUSED", "{refused}");
        assert!(refused["errors"].as_array().is_some_and(|all| all.iter().all(|one| one["rule"] == "leadMtl.mql.sql")), "{refused}");
        assert!(refused["errors"].as_array().is_some_and(|all| all.iter().any(|one| one["path"] == "phone")), "{refused}");
        let told = stage.data("{ leads { nodes { name lifecycle { ways: moves { to allowed missing { code rule path } } } } edges { node { lifecycle { moves { to } } } } } }", json!({})).await;
        let ways = &told["leads"]["nodes"][0]["lifecycle"]["ways"];
        let ways: Vec<(&str, bool)> = ways.as_array().into_iter().flatten().filter_map(|one| Some((one["to"].as_str()?, one["allowed"].as_bool()?))).collect();
        assert_eq!(ways, [("sql", false), ("engaged", false), ("disqualified", true)], "{told}");
        let missing = &told["leads"]["nodes"][0]["lifecycle"]["ways"][0]["missing"];
        assert!(missing.as_array().is_some_and(|all| all.iter().any(|one| one["path"] == "phone" && one["rule"] == "leadMtl.mql.sql")), "{told}");
        assert_eq!(told["leads"]["edges"][0]["node"]["lifecycle"]["moves"][2], json!({"to": "disqualified"}), "{told}");
        let written = stage.data(&format!("mutation {{ updateLead(id: \"{id}\", data: {{points: 3}}) {{ record {{ lifecycle {{ moves {{ to }} }} }} errors {{ message }} }} }}"), json!({})).await;
        assert_eq!(written["updateLead"]["record"]["lifecycle"]["moves"].as_array().map(Vec::len), Some(3), "{written}");
        let rehearsal = format!("mutation {{ updateLead(id: \"{id}\", data: {{points: 4}}, dryRun: true) {{ record {{ lifecycle {{ moves {{ to }} }} }} }} }}");
        assert_eq!(stage.refused(&rehearsal, json!({})).await["extensions"]["code"], "VALIDATION");
        let back = moved(&stage, &id, "to: engaged, reason: \"Too early\"").await;
        assert!(back["errors"] == json!([]), "{back}");
        moved(&stage, &id, "to: mql").await;
        let rehearsed = moved(&stage, &id, "to: sql, data: {phone: \"1\"}, dryRun: true").await;
        assert!(rehearsed["errors"] == json!([]) && rehearsed["record"]["stage"] == "sql", "{rehearsed}");
        let done = moved(&stage, &id, "to: sql, data: {phone: \"1\"}").await;
        let walk = json!([
            {"from": null, "to": "engaged", "pass": 1, "reason": null},
            {"from": "engaged", "to": "mql", "pass": 1, "reason": null},
            {"from": "mql", "to": "engaged", "pass": 2, "reason": "Too early"},
            {"from": "engaged", "to": "mql", "pass": 2, "reason": null},
            {"from": "mql", "to": "sql", "pass": 1, "reason": null},
        ]);
        assert_eq!(done["record"]["lifecycle"], json!({"stage": "sql", "pass": 1, "history": walk}), "{done}");
        let asked = "{ leads(filter: {reached: {stage: mql, times: {gte: 2}}}) { nodes { name fit fitParts { title when points holds } } } }";
        let found = stage.data(asked, json!({})).await;
        let parts = json!([
            {"title": "Reachable", "when": "record.phone != null", "points": "20", "holds": true},
            {"title": null, "when": "record.points > 10", "points": "3", "holds": false},
        ]);
        assert_eq!(found["leads"]["nodes"], json!([{"name": "Open one", "fit": 20, "fitParts": parts}]), "{found}");
        let asked = "{ leadVelocity { from to count meanDays } leadFunnel { stage entered stays present } leadAging { stage count } }";
        let told = stage.data(asked, json!({})).await;
        assert_eq!(told["leadVelocity"][0], json!({"from": "engaged", "to": "mql", "count": 2, "meanDays": "0"}), "{told}");
        assert_eq!(told["leadFunnel"][1], json!({"stage": "mql", "entered": 1, "stays": 2, "present": 0}), "{told}");
        assert_eq!(told["leadAging"][2], json!({"stage": "sql", "count": 1}), "{told}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_role_does_not_see_is_neither_told_nor_counted() {
    each_database(|handles| async move {
        let stage = stage(&handles).await;
        let open = lead(&stage, json!({"name": "Open one", "phone": "1"})).await;
        let hidden = lead(&stage, json!({"name": "Hidden", "phone": "1"})).await;
        for id in [&open, &hidden] {
            moved(&stage, id, "to: mql").await;
        }
        let ask = |key: &'static str, query: String| {
            let stage = &stage;
            async move { stage.post("/graphql", key, &query, json!({})).await.body }
        };
        let told = ask(REP, "{ leadFunnel { stage entered stays present } leadVelocity { from count } leadAging { stage count } \
            leads(filter: {reached: {stage: mql}}) { totalCount nodes { name lifecycle { history { to actor user } } } } }".to_owned()).await;
        assert_eq!(told["data"]["leadFunnel"][1], json!({"stage": "mql", "entered": 1, "stays": 1, "present": 1}), "{told}");
        assert_eq!(told["data"]["leadVelocity"], json!([{"from": "engaged", "count": 1}]), "{told}");
        assert_eq!(told["data"]["leadAging"][1], json!({"stage": "mql", "count": 1}), "{told}");
        assert_eq!(told["data"]["leads"]["totalCount"], 1, "{told}");
        let past = ask(REP, format!("{{ lead(id: \"{hidden}\") {{ lifecycle {{ history {{ to }} }} }} }}")).await;
        assert_eq!(past["data"], json!({"lead": null}), "{past}");
        let denied = ask(REP, format!("mutation {{ moveLead(id: \"{hidden}\", to: sql) {{ errors {{ code }} }} }}")).await;
        assert_eq!(denied["data"]["moveLead"]["errors"][0]["code"], "NOT_FOUND", "{denied}");
        // Who may update a record may move it, whatever fields the role may write.
        let own = ask(REP, format!("mutation {{ moveLead(id: \"{open}\", to: sql) {{ record {{ stage }} errors {{ code message }} }} }}")).await;
        assert_eq!(own["data"]["moveLead"]["record"], json!({"stage": "sql"}), "{own}");
        for query in [
            "{ leads { nodes { stage } } }",
            "{ leads { nodes { lifecycle { stage } } } }",
            "{ leads(filter: {stage: {eq: mql}}) { totalCount } }",
            "{ leads(filter: {reached: {stage: mql}}) { totalCount } }",
            "{ leads(filter: {enteredStage: {stage: mql}}) { totalCount } }",
            "{ leads(filter: {stageAge: {gt: \"1d\"}}) { totalCount } }",
            "{ leads(asOf: \"2026-01-01T00:00:00Z\") { totalCount } }",
            "{ leadsGroupBy(groupBy: [{stage: true}]) { aggregate { count } } }",
            "{ leadFunnel { stage } }",
            "{ leadVelocity { from } }",
            "{ leadAging { stage } }",
        ] {
            let answer = ask(BLIND, query.to_owned()).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "VALIDATION", "{query}: {answer}");
            assert!(ask(REP, query.to_owned()).await["errors"].is_null(), "{query}");
        }
        let mutation = format!("mutation {{ moveLead(id: \"{open}\", to: converted) {{ errors {{ code }} }} }}");
        assert_eq!(ask(BLIND, mutation).await["errors"][0]["extensions"]["code"], "VALIDATION");
    })
    .await;
}
