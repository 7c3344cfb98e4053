//! What documents become.

use expr::Value;
use query::request::{
    Batch, Deleted, GroupOrderBy, GroupPart, Input, KeyItem, ListPart, Operation, Read, RecordItem, RecordRef,
};
use serde_json::json;

use super::run;
use crate::lower::{PayloadPart, RootItem};

/// The one read of a document, with its values.
fn read(text: &str, variables: &serde_json::Value) -> (Read, Vec<Value>) {
    let mut lowered = run(text, variables).expect("a lowered document");
    assert_eq!(lowered.roots.len(), 1);
    match lowered.roots.remove(0).item {
        RootItem::Read(read, values) => (read, values),
        other => unreachable!("a read, not {other:?}"),
    }
}

/// Holds two documents to the same request.
fn check_same(one: &str, other: &str, variables: &serde_json::Value) {
    assert_eq!(read(one, variables), read(other, variables), "{one}\n{other}");
}

#[test]
fn fragments_aliases_and_directives_leave_no_trace() {
    let plain = "{ accounts(first: 5) { nodes { id title: name office { city } } totalCount } }";
    check_same(
        plain,
        "query A($n: Int = 5) { accounts(first: $n) { ...page totalCount } }
         fragment page on AccountConnection { nodes { ...a } nodes { ... on Account { title: name } office { city } } }
         fragment a on Account { id }",
        &json!({}),
    );
    check_same(
        plain,
        "query($yes: Boolean!, $n: Int) { accounts(first: $n) {
            nodes { id title: name name @skip(if: $yes) office @include(if: $yes) { city } ...none @include(if: false) }
            totalCount } }
         fragment none on Account { number }",
        &json!({"yes": true, "n": 5}),
    );
}

#[test]
fn equal_shapes_are_equal_whatever_the_values() {
    let text = "query($n: Int, $after: Int) { opportunities(first: $n, offset: $after, search: \"x\") { nodes { id } } }";
    let (one, values) = read(text, &json!({"n": 5, "after": 10}));
    let (other, others) = read(text, &json!({"n": 7, "after": 20}));
    assert_eq!(one, other);
    assert_ne!(values, others);
}

#[test]
fn order_keeps_its_sequence_and_reaches_through_relations() {
    let (read, _) = read(
        "{ opportunities(orderBy: {closeDate: DESC, account: {office: {city: ASC_NULLS_FIRST}}, name: ASC}) { totalCount } }",
        &json!({}),
    );
    let Read::List(list) = read else { unreachable!("a list") };
    let keys: Vec<_> =
        list.args.order.iter().map(|key| (key.path.join("."), key.descending, key.nulls_first)).collect();
    assert_eq!(
        keys,
        [
            ("closeDate".to_owned(), true, true),
            ("account.office.city".to_owned(), false, true),
            ("name".to_owned(), false, false),
        ]
    );
}

#[test]
fn nested_lists_unions_and_pages() {
    let (read, values) = read(
        "{ accounts(deleted: ONLY, last: 3) { edges { cursor node { tasks(first: 2) { nodes {
             about { __typename ... on Account { name } ... on Opportunity { stage } } } } } } pageInfo { hasNextPage } } }",
        &json!({}),
    );
    let Read::List(list) = read else { unreachable!("a list") };
    assert_eq!(list.args.deleted, Deleted::Only);
    assert!(list.args.page.backward);
    assert_eq!(values, [Value::Int(3), Value::Int(2)]);
    let text = format!("{:?}", list.parts);
    assert!(text.contains("OneOf"), "{text}");
    let ListPart::Edges(edges) = &list.parts[0].item else { unreachable!("edges") };
    let query::request::EdgeItem::Node(node) = &edges[1].item else { unreachable!("a node") };
    let RecordItem::Many(_, tasks) = &node[0].item else { unreachable!("tasks") };
    let ListPart::Nodes(task) = &tasks.parts[0].item else { unreachable!("nodes") };
    let RecordItem::OneOf(_, members) = &task[0].item else { unreachable!("a union") };
    let keys: Vec<Vec<&str>> =
        members.iter().map(|(_, of)| of.iter().map(|item| &*item.key).collect()).collect();
    assert_eq!(keys, [vec!["__typename", "name"], vec!["__typename", "stage"]]);
}

#[test]
fn groups_answer_in_the_shape_of_their_keys() {
    let (read, values) = read(
        "{ opportunitiesGroupBy(groupBy: [{stage: true}, {closeDate: QUARTER}, {account: {name: true}}],
             having: {count: {gte: 2}, sum: {amount: {gt: \"10.50\"}}},
             orderBy: [{sum: {amount: DESC}}, {stage: ASC}], first: 20) {
             key { account { n: name } stage closeDate } aggregate { count sum { amount } avg { seats } } } }",
        &json!({}),
    );
    let Read::Groups(groups) = read else { unreachable!("groups") };
    let GroupPart::Key(key) = &groups.parts[0].item else { unreachable!("a key") };
    let KeyItem::Nested(account) = &key[0].item else { unreachable!("a nested key") };
    assert_eq!((&*account[0].key, &account[0].item), ("n", &KeyItem::Key(2)));
    assert_eq!((&key[1].item, &key[2].item), (&KeyItem::Key(0), &KeyItem::Key(1)));
    assert_eq!(groups.order[1].by, GroupOrderBy::Key(0));
    assert_eq!(values[0], Value::Int(2));
    assert_eq!(values[1], Value::Decimal("10.5".parse().expect("a decimal")));
    assert_eq!(values[3], Value::Text("UTC".into()));
}

#[test]
fn several_roots_and_type_names() {
    let lowered = run(
        "{ a: accounts { totalCount } __typename b: accounts { totalCount } me { tenant role } }",
        &json!({}),
    )
    .expect("lowered");
    let keys: Vec<&str> = lowered.roots.iter().map(|root| &*root.key).collect();
    assert_eq!(keys, ["a", "__typename", "b", "me"]);
    assert!(matches!(lowered.roots[1].item, RootItem::TypeName("Query")));
}

#[test]
fn writes_hold_relations_by_id_by_key_and_null() {
    let text =
        "mutation($data: [OpportunityCreateInput!]!) { createOpportunities(data: $data, allOrNone: false) {
        errors { index message } records { id account { name } } effects { kind } } }";
    let id = "019a5f6e-0000-7000-8000-000000000001";
    let data = json!({"data": [{"account": {"number": "A-1"}, "owner": {"id": id}}, {"account": null}]});
    let mut lowered = run(text, &data).expect("a write");
    let RootItem::Write(write, payload) = lowered.roots.remove(0).item else { unreachable!("a write") };
    let Operation::Create(records, batch) = &write.operation else { unreachable!("a create") };
    assert_eq!(*batch, Batch::Each);
    assert!(matches!(&records[0].fields[0].1, Input::One(RecordRef::By(key, _)) if key.as_str() == "number"));
    assert!(matches!(&records[0].fields[1].1, Input::One(RecordRef::Id(found)) if found.to_string() == id));
    assert_eq!(records[1].fields[0].1, Input::Value(Value::Null));
    assert!(payload.bulk);
    assert!(matches!(payload.parts[1].item, PayloadPart::Record(_)));
}

#[test]
fn data_is_read_by_type_and_what_cannot_be_read_keeps_its_place() {
    let text = "mutation($d: [AccountCreateInput!]!) { createAccounts(data: $d) { records { id } } }";
    let data = json!({"d": [{"name": "A", "industry": "steel", "office": {"city": "Bonn"}, "tags": ["x", "y"]}, {"office": null}]});
    let mut lowered = run(text, &data).expect("a write");
    let RootItem::Write(write, _) = lowered.roots.remove(0).item else { unreachable!("a write") };
    let Operation::Create(records, Batch::AllOrNone) = &write.operation else { unreachable!("a create") };
    let texts =
        |items: &[&str]| Value::List(items.iter().map(|item| Value::Text((*item).to_owned())).collect());
    let given: Vec<&Input> = records[0].fields.iter().map(|(_, input)| input).collect();
    assert_eq!(
        given,
        [
            &Input::Value(Value::Text("A".into())),
            &Input::Value(Value::Text("steel".into())),
            &Input::Parts(vec![("city".into(), Value::Text("Bonn".into()))]),
            &Input::Value(texts(&["x", "y"])),
        ]
    );
    assert_eq!(records[1].fields[0].1, Input::Value(Value::Null));

    let text =
        "mutation($d: [OpportunityCreateInput!]!) { createOpportunities(data: $d) { records { id } } }";
    let data = json!({"d": [{"amount": "12.3400", "closeDate": "2026-02-28"}, {"closeDate": "2026-02-30"}, {"account": {}}]});
    let mut lowered = run(text, &data).expect("a write of what can be written");
    let RootItem::Write(write, _) = lowered.roots.remove(0).item else { unreachable!("a write") };
    let Operation::Create(records, _) = &write.operation else { unreachable!("a create") };
    let unreadable: Vec<Option<&str>> = records
        .iter()
        .map(|record| {
            record.fields.iter().find_map(|(_, input)| match input {
                Input::Unreadable { path, .. } => Some(path.as_str()),
                _ => None,
            })
        })
        .collect();
    assert_eq!(unreadable, [None, Some("closeDate"), Some("account")], "each refuses its own record");
}

#[test]
fn filters_become_conditions_with_slots() {
    let text = "query($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }";
    let filter = |stage: &str, least: &str| json!({"f": {"stage": {"in": [stage]}, "amount": {"gte": least}, "account": {"name": {"contains": "a"}}}});
    let (one, values) = read(text, &filter("won", "10"));
    let (other, _) = read(text, &filter("open", "20.5"));
    assert_eq!(one, other, "the shape does not depend on the values");
    assert!(values.contains(&Value::Text("a".into())), "{values:?}");
}

#[test]
fn lost_variables_never_widen_a_filter() {
    let lost = "query($x: String) { accounts(filter: {name: {eq: $x}}) { totalCount } }";
    let errors = run(lost, &json!({})).expect_err("a refusal");
    assert_eq!(errors[0].extensions[0].0, "argument");
    assert!(errors[0].message.starts_with("filter.name.eq"), "{errors:?}");
    let lost = "mutation($f: AccountFilter) { deleteAccounts(filter: $f) { errors { code } } }";
    run(lost, &json!({})).expect_err("a nullable variable where a filter is needed");
}
