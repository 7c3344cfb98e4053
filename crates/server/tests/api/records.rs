//! Reading and writing records over `/graphql`.

use serde_json::{Value, json};
use testing::each_database;

use crate::stage::{Stage, business};

async fn planted(stage: &Stage) {
    let companies = json!([
        {"name": "Acme", "code": "AC", "employees": 500, "markets": ["asia", "europe"], "office": {"city": "Bonn"}},
        {"name": "Beta", "code": "BE", "employees": 20, "parent": {"code": "AC"}},
        {"name": "Gamma", "code": "GA"},
    ]);
    let made = stage
        .data(
            "mutation($d: [CompanyCreateInput!]!) { createCompanies(data: $d, allOrNone: false) {
                records { code } errors { code path message index } } }",
            json!({"d": companies}),
        )
        .await;
    // The parent is created in the same request, so it may or may not be there yet for a lookup: it is set again.
    let again = stage
        .data("mutation { upsertCompanies(key: \"code\", data: [{code: \"BE\", name: \"Beta\", employees: 20, parent: {code: \"AC\"}}]) { records { parent { name } } errors { message } } }", json!({}))
        .await;
    assert_eq!(again["upsertCompanies"]["records"][0]["parent"]["name"], "Acme", "{made:#} {again:#}");
    let deals = json!([
        {"name": "One", "company": {"code": "AC"}, "stage": "won", "amount": "10.50", "closeDate": "2026-01-15"},
        {"name": "Two", "company": {"code": "AC"}, "stage": "won", "amount": 4.25, "closeDate": "2026-02-15"},
        {"name": "Three", "company": {"code": "BE"}, "amount": "100", "closeDate": "2026-05-01"},
    ]);
    let made = stage
        .data(
            "mutation($d: [DealCreateInput!]!) { createDeals(data: $d) { records { name } errors { message } } }",
            json!({"d": deals}),
        )
        .await;
    assert_eq!(made["createDeals"]["errors"], json!([]), "{made:#}");
    let notes = stage
        .data("mutation { createNote(data: {text: \"hello\", about: {company: {code: \"AC\"}}}) { record { about { ... on Company { name } } } errors { message } } }", json!({}))
        .await;
    assert_eq!(notes["createNote"]["record"]["about"]["name"], "Acme", "{notes:#}");
}

#[tokio::test]
async fn reads() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        planted(&stage).await;
        for (query, expected) in read_cases() {
            let data = stage.data(query, json!({})).await;
            assert_eq!(data, expected, "{query}");
        }
        let page = stage.data("{ companies(first: 2, orderBy: {name: ASC}) { nodes { name } pageInfo { hasNextPage endCursor } } }", json!({})).await;
        assert_eq!(page["companies"]["pageInfo"]["hasNextPage"], true);
        let next = stage
            .data(
                "query($c: String) { companies(first: 2, after: $c, orderBy: {name: ASC}) { nodes { name } pageInfo { hasNextPage } } }",
                json!({"c": page["companies"]["pageInfo"]["endCursor"]}),
            )
            .await;
        assert_eq!(next["companies"], json!({"nodes": [{"name": "Gamma"}], "pageInfo": {"hasNextPage": false}}));
    })
    .await;
}

fn read_cases() -> Vec<(&'static str, Value)> {
    vec![
        (
            "{ companies(filter: {employees: {gte: 20}}, orderBy: {employees: DESC}) { totalCount nodes { n: name employees markets office { city } } } }",
            json!({"companies": {"totalCount": 2, "nodes": [
                {"n": "Acme", "employees": 500, "markets": ["asia", "europe"], "office": {"city": "Bonn"}},
                {"n": "Beta", "employees": 20, "markets": null, "office": null}]}}),
        ),
        (
            "{ companies(filter: {deals: {some: {amount: {gt: \"99\"}}}}) { nodes { name parent { name deals(orderBy: {name: ASC}) { nodes { name amount company { code } } } } } } }",
            json!({"companies": {"nodes": [{"name": "Beta", "parent": {"name": "Acme", "deals": {"nodes": [
                {"name": "One", "amount": "10.5", "company": {"code": "AC"}},
                {"name": "Two", "amount": "4.25", "company": {"code": "AC"}}]}}}]}}),
        ),
        (
            "{ deals(filter: {stage: {eq: won}}) { aggregate { count sum { amount } max { closeDate } } } }",
            json!({"deals": {"aggregate": {"count": 2, "sum": {"amount": "14.75"}, "max": {"closeDate": "2026-02-15"}}}}),
        ),
        (
            "{ dealsGroupBy(groupBy: [{closeDate: QUARTER}, {company: {name: true}}], orderBy: {closeDate: ASC}) { key { closeDate company { name } } aggregate { count } } }",
            json!({"dealsGroupBy": [
                {"key": {"closeDate": "2026-01-01", "company": {"name": "Acme"}}, "aggregate": {"count": 2}},
                {"key": {"closeDate": "2026-04-01", "company": {"name": "Beta"}}, "aggregate": {"count": 1}}]}),
        ),
        (
            "{ notes { nodes { about { __typename ... on Company { code } } } } __typename me { tenant kind name role } }",
            json!({"notes": {"nodes": [{"about": {"__typename": "Company", "code": "AC"}}]}, "__typename": "Query",
                "me": {"tenant": "acme", "kind": "KEY", "name": "test", "role": null}}),
        ),
        ("{ company(id: \"019a5f6e-0000-7000-8000-000000000001\") { name } }", json!({"company": null})),
    ]
}

#[tokio::test]
async fn writes() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        planted(&stage).await;
        let made = stage
            .data("mutation { createCompany(data: {name: \"Delta\", code: \"DE\"}) { __typename record { id version } errors { code } effects { kind object field to } } }", json!({}))
            .await;
        let record = &made["createCompany"]["record"];
        assert_eq!(made["createCompany"]["__typename"], "CompanyPayload");
        assert_eq!(record["version"], 1);
        assert_eq!(made["createCompany"]["effects"][0]["kind"], "created", "{made:#}");

        let update = "mutation($id: ID!, $v: Int, $n: Int) { updateCompany(id: $id, data: {employees: $n}, expectedVersion: $v) { record { employees version } errors { code path message } } }";
        let good = stage.data(update, json!({"id": record["id"], "v": 1, "n": 7})).await;
        assert_eq!(good["updateCompany"]["record"], json!({"employees": 7, "version": 2}), "{good:#}");
        let late = stage.data(update, json!({"id": record["id"], "v": 1, "n": 8})).await;
        assert_eq!(late["updateCompany"]["errors"][0]["code"], "CONFLICT", "{late:#}");
        let wrong = stage.data(update, json!({"id": record["id"], "n": -1})).await;
        assert_eq!(wrong["updateCompany"]["errors"][0]["path"], "employees", "{wrong:#}");
        assert_eq!(wrong["updateCompany"]["record"], Value::Null);

        let dry = stage.data("mutation { deleteCompanies(filter: {code: {eq: \"DE\"}}, dryRun: true) { errors { code } effects { kind } } }", json!({})).await;
        assert_eq!(dry["deleteCompanies"]["effects"], json!([{"kind": "deleted"}]), "{dry:#}");
        let id = record["id"].as_str().unwrap_or_default();
        for (verb, left) in [("delete", 3), ("restore", 4), ("destroy", 3)] {
            let text = format!("mutation($id: ID!) {{ {verb}Company(id: $id) {{ errors {{ code message }} }} }}");
            let done = stage.data(&text, json!({"id": id})).await;
            assert_eq!(done[format!("{verb}Company")]["errors"], json!([]), "{done:#}");
            let count = stage.data("{ companies { totalCount } }", json!({})).await;
            assert_eq!(count["companies"]["totalCount"], left, "after {verb}");
        }
        let bulk = stage
            .data("mutation { createCompanies(allOrNone: false, data: [{name: \"E\"}, {code: \"AC\", name: \"F\"}]) { records { name } errors { index code path } } }", json!({}))
            .await;
        assert_eq!(bulk["createCompanies"]["records"], json!([{"name": "E"}, null]), "{bulk:#}");
        assert_eq!(bulk["createCompanies"]["errors"][0]["index"], 1, "{bulk:#}");
    })
    .await;
}

#[tokio::test]
async fn refusals_come_before_any_statement_and_with_a_trace() {
    each_database(async |handles| {
        let stage = Stage::new(&handles, &business()).await;
        let costly = "{ companies(first: 1000) { nodes { deals(first: 1000) { nodes { notes(first: 1000) { nodes { text } } } } } } }";
        let error = stage.refused(costly, json!({})).await;
        assert_eq!(error["extensions"]["code"], "COST_EXCEEDED", "{error:#}");
        assert_eq!(error["extensions"]["limit"], 100_000);
        let error = stage.refused("{ companies { nodes { nmae } } }", json!({})).await;
        assert!(error["extensions"]["traceId"].as_str().is_some_and(|trace| trace.len() == 32), "{error:#}");
        assert_eq!(error["extensions"]["hint"], "did you mean `name`?");
        let error = stage.refused("query($f: CompanyFilter) { companies(filter: $f) { totalCount } }", json!({"f": {"name": {"eq": null}}})).await;
        assert_eq!(error["extensions"]["argument"], "filter.name.eq", "{error:#}");
    })
    .await;
}
