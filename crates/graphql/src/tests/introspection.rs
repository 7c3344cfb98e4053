//! Introspection, alone and beside reads.

use serde_json::{Value as Json, json};

use super::run;
use crate::lower::RootItem;

/// The query that GraphiQL sends.
const STANDARD: &str = include_str!("introspection.graphql");

fn answer(text: &str, variables: &Json) -> Vec<Json> {
    let lowered = run(text, variables).expect("lowered");
    lowered
        .roots
        .into_iter()
        .filter_map(|root| match root.item {
            RootItem::Introspection(json) => Some(serde_json::from_slice(&json).expect("JSON")),
            _ => None,
        })
        .collect()
}

#[test]
fn the_standard_query_passes() {
    let schema = answer(STANDARD, &json!({})).remove(0);
    let types = schema["types"].as_array().expect("types");
    let account = types.iter().find(|ty| ty["name"] == "Account").expect("the account");
    let fields: Vec<&str> =
        account["fields"].as_array().expect("fields").iter().filter_map(|f| f["name"].as_str()).collect();
    assert!(fields.contains(&"opportunities"), "{fields:?}");
    assert_eq!(schema["queryType"]["name"], "Query");
    assert_eq!(schema["mutationType"]["name"], "Mutation");
}

#[test]
fn mixed_with_reads_with_variables_fragments_and_aliases() {
    let text =
        "query($name: String!, $no: Boolean!) { accounts { totalCount } t: __type(name: $name) { ...t } }
        fragment t on __Type { n: name fields @skip(if: $no) { name } kind }";
    let found = answer(text, &json!({"name": "AccountEdge", "no": true}));
    assert_eq!(found, [json!({"n": "AccountEdge", "kind": "OBJECT"})]);
    let found = answer(text, &json!({"name": "AccountEdge", "no": false}));
    assert_eq!(found[0]["fields"], json!([{"name": "node"}, {"name": "cursor"}]));
}
