//! What is refused, and what the error says: message, place, code, legal names.

use serde_json::{Value as Json, json};

use super::refused;

/// Holds an error to parts of its message, its place and its expectation.
fn check(text: &str, variables: &Json, message: &str, place: (u64, u64), expected: Option<&str>) {
    let error = refused(text, variables);
    let found = error["message"].as_str().unwrap_or_default();
    assert!(found.contains(message), "{found:?} does not contain {message:?}");
    assert_eq!(error["extensions"]["code"], "VALIDATION");
    assert_eq!(error["locations"][0], json!({"line": place.0, "column": place.1}), "{error}");
    if let Some(expected) = expected {
        let found = error["extensions"]["expected"].as_str().unwrap_or_default();
        assert!(found.contains(expected), "{found:?} does not contain {expected:?}");
    }
}

#[test]
fn unknown_names_come_with_the_legal_ones() {
    let none = json!({});
    check(
        "{ accounts { nodes { nmae } } }",
        &none,
        "\"nmae\" on type \"Account\"",
        (1, 22),
        Some("name, number"),
    );
    check(
        "{ accounts(frist: 1) { totalCount } }",
        &none,
        "\"frist\"",
        (1, 12),
        Some("filter, orderBy, search, first"),
    );
    check(
        "{ accounts(orderBy: {nmae: ASC}) { totalCount } }",
        &none,
        "\"nmae\"",
        (1, 12),
        Some("name, number"),
    );
    check(
        "{ accounts(filter: {industry: {eq: stell}}) { totalCount } }",
        &none,
        "\"stell\"",
        (1, 12),
        Some("software, steel"),
    );
    check("{ acounts { totalCount } }", &none, "did you mean `accounts`?", (1, 3), Some("accounts"));
}

#[test]
fn variables_are_strict_and_named() {
    let text =
        "query($n: Int, $o: [OpportunityOrderBy!]) { opportunities(first: $n, orderBy: $o) { totalCount } }";
    for (variables, message, place) in [
        (json!({"n": "5"}), "$n: not a value of Int", (1, 7)),
        (json!({"n": 2_147_483_648_i64}), "$n: not a value of Int", (1, 7)),
        (json!({"n": 1.5}), "$n: not a value of Int", (1, 7)),
        (json!({"o": [{"name": "UP"}]}), "$o[0].name: OrderDirection has no value UP", (1, 16)),
        (json!({"o": [{"nmae": "ASC"}]}), "$o[0].nmae: OpportunityOrderBy has no field nmae", (1, 16)),
    ] {
        check(text, &variables, message, place, None);
    }
    check("query($id: ID!) { account(id: $id) { id } }", &json!({}), "$id is missing", (1, 7), Some("ID!"));
    check(
        "query($id: ID!) { account(id: $id) { id } }",
        &json!({"id": null}),
        "null is not allowed",
        (1, 7),
        None,
    );
}

#[test]
fn pages_are_judged_before_any_statement() {
    for (arguments, message) in [
        ("first: -1", "first must be from 0 to 1000"),
        ("first: 1001", "first must be from 0 to 1000"),
        ("last: 1001", "last must be from 0 to 1000"),
        ("first: 1, last: 1", "cannot be combined"),
        ("offset: -1", "must not be negative"),
        ("offset: 1, after: \"x\"", "cannot be combined"),
        ("after: \"forged\"", "after is no cursor of this list"),
        ("first: 2147483648", "Int"),
    ] {
        let error = refused(&format!("{{ accounts({arguments}) {{ totalCount }} }}"), &json!({}));
        let found = error["message"].as_str().unwrap_or_default();
        assert!(found.contains(message), "{arguments}: {found:?}");
        assert_eq!(error["extensions"]["code"], "VALIDATION");
    }
}

#[test]
fn errors_have_the_path_of_their_field() {
    let error = refused(
        "{ all: accounts { edges { node { kids: children(first: -1) { totalCount } } } } }",
        &json!({}),
    );
    assert_eq!(error["path"], json!(["all", "edges", "node", "kids"]));
    assert_eq!(error["extensions"]["argument"], "first");
}

#[test]
fn groups_are_selected_and_ordered_by_their_keys_only() {
    let text = |inner: &str| format!("{{ opportunitiesGroupBy(groupBy: [{{stage: true}}]{inner} }} }}");
    let error = refused(&text(") { key { closeDate }"), &json!({}));
    assert!(
        error["message"].as_str().is_some_and(|text| text.contains("key.closeDate is selected")),
        "{error}"
    );
    assert_eq!(error["extensions"]["expected"], "stage");
    let error = refused(&text(", orderBy: {name: ASC}) { key { stage }"), &json!({}));
    assert!(error["message"].as_str().is_some_and(|text| text.contains("ordered by name")), "{error}");
    let error = refused("{ opportunitiesGroupBy(groupBy: []) { key { stage } } }", &json!({}));
    assert!(error["message"].as_str().is_some_and(|text| text.contains("groupBy must name")), "{error}");
}

#[test]
fn operations_are_chosen_by_name() {
    let two = "query A { me { tenant } } query B { me { tenant } }";
    let error = refused(two, &json!({}));
    assert_eq!(error["extensions"]["expected"], "A, B");
    check("subscription { me { tenant } }", &json!({}), "", (1, 1), None);
}

#[test]
fn conflicting_fields_are_not_merged() {
    refused("{ accounts { totalCount } accounts(first: 1) { totalCount } }", &json!({}));
    refused("{ accounts { nodes { a: id } nodes { a: name } } }", &json!({}));
    refused("{ account(id: \"x\") { id } }", &json!({}));
}

#[test]
fn numbers_that_a_float_has_bent_are_refused_as_decimals() {
    let text = "query($h: OpportunityHaving) { opportunitiesGroupBy(groupBy: {stage: true}, having: $h) { key { stage } } }";
    let having = |number: Json| json!({"h": {"sum": {"amount": {"gt": number}}}});
    let error = refused(text, &having(json!(1_234_567_890_123.456_7)));
    assert!(error["message"].as_str().is_some_and(|text| text.contains("not exact")), "{error}");
    super::run(text, &having(json!(1234.5678))).expect("exact");
    super::run(text, &having(json!("1234567890123.4567"))).expect("exact");
}
