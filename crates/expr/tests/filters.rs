//! Filters, read over the sample scope: the tree they become, their values, and what is wrong with them.

use expr::filter::{Values, read};
use expr::sample::Sample;
use expr::{Moment, Value, code};
use serde_json::{Value as Json, json};

fn slots() -> Values {
    let moment =
        Moment { now: "2026-01-30T23:30:00Z".parse().expect("an instant"), zone: chrono_tz::Asia::Shanghai };
    Values::Slots { values: Vec::new(), moment }
}

/// Checks the tree in the form that stays in metadata.
fn check(filter: &Json, expected: &str) {
    let tree = read(filter, &Sample, "deal", &mut Values::Inline).expect("reads").expect("asks something");
    assert_eq!(tree.to_string(), expected);
}

/// Checks the tree with slots, and the slots.
fn check_slots(filter: &Json, expected: &str, expected_values: &[&str]) {
    let mut values = slots();
    let tree = read(filter, &Sample, "deal", &mut values).expect("reads").expect("asks something");
    assert_eq!(tree.to_string(), expected);
    let Values::Slots { values, .. } = values else { unreachable!("slots stay slots") };
    assert_eq!(values.iter().map(Value::to_text).collect::<Vec<_>>(), expected_values);
}

/// Checks code, path, and a part of message, expectation and hint of the only problem.
fn refuse(filter: &Json, code: &str, path: &str, says: &str) {
    let problems = read(filter, &Sample, "deal", &mut Values::Inline).expect_err("is refused");
    assert_eq!(problems.len(), 1, "{problems:?}");
    let problem = &problems[0];
    let all = format!(
        "{problem} {} {}",
        problem.expected.as_deref().unwrap_or_default(),
        problem.hint.as_deref().unwrap_or_default()
    );
    assert_eq!((problem.code, problem.path.join(".").as_str()), (code, path), "{all}");
    assert!(all.contains(says), "{all}");
}

#[test]
fn every_operator_becomes_its_node() {
    check(&json!({"count": {"eq": 3}}), "record.count == 3");
    check(&json!({"count": {"ne": "9223372036854775807"}}), "differs(record.count, 9223372036854775807)");
    check(&json!({"amount": {"gt": "1.50", "lte": 2}}), "record.amount > 1.5 && record.amount <= 2.0");
    check(&json!({"amount": {"between": [0.1, "0.30"]}}), "record.amount >= 0.1 && record.amount <= 0.3");
    check(&json!({"rate": {"lt": 1}}), "record.rate < 1e0");
    check(&json!({"won": {"eq": true}}), "record.won == true");
    check(&json!({"stage": {"in": ["won", "lost"]}}), "record.stage in [\"won\", \"lost\"]");
    check(&json!({"stage": {"notIn": ["won"]}}), "record.stage != null && !(record.stage in [\"won\"])");
    check(&json!({"count": {"in": []}}), "record.count in []");
    check(&json!({"name": {"isNull": true}}), "record.name == null");
    check(&json!({"name": {"isNull": false}}), "record.name != null");
    check(&json!({"name": {"like": "A\\%%"}}), "like(record.name, \"A\\\\%%\")");
    check(&json!({"name": {"ilike": "a%"}}), "ilike(record.name, \"a%\")");
    check(&json!({"name": {"contains": "e\u{301}"}}), "contains(record.name, \"é\")");
    check(
        &json!({"name": {"startsWith": "a", "endsWith": "b"}}),
        "startsWith(record.name, \"a\") && endsWith(record.name, \"b\")",
    );
    check(&json!({"tags": {"has": "x"}}), "has(record.tags, \"x\")");
    check(&json!({"markets": {"hasAny": ["de", "cn"]}}), "hasAny(record.markets, [\"de\", \"cn\"])");
    check(
        &json!({"tags": {"hasAll": [], "isEmpty": false}}),
        "hasAll(record.tags, []) && !isEmpty(record.tags)",
    );
    check(&json!({"closeDate": {"gte": "2026-01-31"}}), "record.closeDate >= date(\"2026-01-31\")");
    check(&json!({"opensAt": {"lt": "09:30"}}), "record.opensAt < time(\"09:30:00.000000\")");
    check(&json!({"effort": {"gt": "7d"}}), "record.effort > duration(\"1w\")");
    check(
        &json!({"dueAt": {"lt": "2026-01-31T08:00:00+08:00"}}),
        "record.dueAt < dateTime(\"2026-01-31T00:00:00.000000Z\")",
    );
    check(
        &json!({"closeDate": {"relative": "last month"}}),
        "record.closeDate >= dateFrom(\"last 1 months\") && record.closeDate < dateTo(\"last 1 months\")",
    );
    check(&json!({"extra": {"isNull": true}}), "record.extra == null");
}

#[test]
fn filters_are_joined() {
    check(&json!({"and": []}), "true");
    check(&json!({"or": []}), "false");
    check(
        &json!({"or": [{"count": {"eq": 1}}, {"won": {"eq": true}, "hot": {"eq": false}}]}),
        "record.count == 1 || record.won == true && record.hot == false",
    );
    check(&json!({"not": {"count": {"gt": 1}}}), "!(record.count > 1)");
    check(
        &json!({"and": [{"count": {"gt": 1}}, {"and": [{"rank": {"gt": 2}}]}], "won": {"eq": true}}),
        "record.count > 1 && record.rank > 2 && record.won == true",
    );
    assert_eq!(read(&Json::Null, &Sample, "deal", &mut Values::Inline), Ok(None));
    assert_eq!(read(&json!({}), &Sample, "deal", &mut Values::Inline), Ok(None));
}

#[test]
fn relations_are_followed() {
    check(
        &json!({"account": {"tier": {"eq": "A"}, "parent": {"isNull": true}}}),
        "record.account.tier == \"A\" && record.account.parent == null",
    );
    check(
        &json!({"account": {"id": {"eq": "00000000-0000-7000-8000-000000000001"}}}),
        "record.account.id == id(\"00000000-0000-7000-8000-000000000001\")",
    );
    // What is asked of a related record is false where there is none.
    check(
        &json!({"account": {"not": {"tier": {"eq": "A"}}}}),
        "record.account.id != null && !(record.account.tier == \"A\")",
    );
    check(
        &json!({"subject": {"account": {"not": {"tier": {"eq": "A"}}}}}),
        "record.subject.account.id != null && !(record.subject.account.tier == \"A\")",
    );
    check(
        &json!({"account": {"or": [{"isNull": true}, {"not": {"tier": {"eq": "A"}}}]}}),
        "record.account == null || !(record.account.tier == \"A\")",
    );
    check(
        &json!({"subject": {"account": {"name": {"contains": "x"}}}}),
        "contains(record.subject.account.name, \"x\")",
    );
    check(&json!({"subject": {"isNull": false}}), "record.subject != null");
    check(&json!({"subject": {"user": {"isNull": true}}}), "record.subject.user == null");
    check(&json!({"address": {"city": {"eq": "Kyoto"}}}), "record.address.city == \"Kyoto\"");
    check(
        &json!({"address": {"isNull": true}}),
        "record.address.street == null && record.address.city == null",
    );
    check(&json!({"tasks": {"some": {}}}), "some(record.tasks)");
    check(
        &json!({"tasks": {"every": {"done": {"eq": true}}, "none": {"points": {"gt": 8}}}}),
        "every(record.tasks, record.done == true) && none(record.tasks, record.points > 8)",
    );
    check(
        &json!({"tasks": {"count": {"gt": 2, "lt": 9, "filter": {"done": {"eq": false}}}}}),
        "count(record.tasks, record.done == false) > 2 && count(record.tasks, record.done == false) < 9",
    );
    check(
        &json!({"account": {"deals": {"some": {"tasks": {"none": {"deal": {"won": {"eq": true}}}}}}}}),
        "some(record.account.deals, none(record.tasks, record.deal.won == true))",
    );
}

#[test]
fn values_go_to_slots_and_shapes_do_not_depend_on_them() {
    check_slots(
        &json!({"count": {"in": [1, 2]}, "name": {"contains": "x"}}),
        "record.count in $0 && contains(record.name, $1)",
        &["[1,2]", "x"],
    );
    check_slots(
        &json!({"count": {"in": []}, "name": {"contains": "y"}}),
        "record.count in $0 && contains(record.name, $1)",
        &["[]", "y"],
    );
    check_slots(
        &json!({"amount": {"between": ["1.10", 2]}}),
        "record.amount >= $0 && record.amount <= $1",
        &["1.1", "2"],
    );
    check_slots(
        &json!({"closeDate": {"relative": "last 7 days"}}),
        "record.closeDate >= $0 && record.closeDate < $1",
        &["2026-01-24", "2026-02-01"],
    );
    check_slots(
        &json!({"dueAt": {"relative": "today"}}),
        "record.dueAt >= $0 && record.dueAt < $1",
        &["2026-01-30T16:00:00.000000Z", "2026-01-31T16:00:00.000000Z"],
    );
    check_slots(
        &json!({"tasks": {"count": {"gt": 2, "filter": {"name": {"eq": "a"}}}}}),
        "count(record.tasks, record.name == $0) > $1",
        &["a", "2"],
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    refuse(&json!({"nmae": {"eq": "x"}}), "UNKNOWN_NAME", "nmae", "did you mean `name`?");
    refuse(
        &json!({"or": [{}, {"account": {"teir": {"eq": "x"}}}]}),
        "UNKNOWN_NAME",
        "or.1.account.teir",
        "did you mean `tier`?",
    );
    refuse(&json!({"account": {"eq": "x"}}), "UNKNOWN_NAME", "account.eq", "compare its id");
    refuse(&json!({"count": {"contains": "x"}}), "UNKNOWN_OPERATOR", "count.contains", "`between`");
    refuse(
        &json!({"name": {"startswith": "x"}}),
        "UNKNOWN_OPERATOR",
        "name.startswith",
        "did you mean `startsWith`?",
    );
    refuse(&json!({"name": {"eq": null}}), "NULL_COMPARED", "name.eq", "isNull: true");
    refuse(&json!({"name": {"in": ["a", null]}}), "NULL_COMPARED", "name.in.1", "isNull: true");
    refuse(&json!({"name": null}), "NULL_COMPARED", "name", "isNull: true");
    refuse(&json!({"account": null}), "NULL_COMPARED", "account", "isNull: true");
    refuse(&json!({"and": null}), "NULL_COMPARED", "and", "list");
    refuse(&json!({"name": {}}), "BAD_VALUE", "name", "operator is missing");
    refuse(&json!({"name": {"isNull": null}}), "BAD_VALUE", "name.isNull", "`true` or `false`");
    refuse(&json!({"name": {"eq": 3}}), "BAD_VALUE", "name.eq", "text");
    refuse(&json!({"name": {"eq": "a\u{0}"}}), "BAD_VALUE", "name.eq", "NUL");
    refuse(&json!({"name": {"like": "a\\"}}), "BAD_VALUE", "name.like", "lone");
    refuse(&json!({"count": {"eq": 1.5}}), "BAD_VALUE", "count.eq", "whole number");
    refuse(&json!({"amount": {"gt": "1.2345678"}}), "BAD_VALUE", "amount.gt", "six fraction digits");
    refuse(&json!({"amount": {"between": [1]}}), "BAD_VALUE", "amount.between", "two values");
    refuse(&json!({"closeDate": {"gt": "31.01.2026"}}), "BAD_VALUE", "closeDate.gt", "2026-01-31");
    refuse(
        &json!({"closeDate": {"relative": "last fortnight"}}),
        "BAD_VALUE",
        "closeDate.relative",
        "last|next N days",
    );
    refuse(&json!({"effort": {"gt": "3mo"}}), "BAD_VALUE", "effort.gt", "no fixed length");
    refuse(&json!({"account": {"id": {"eq": "17"}}}), "BAD_VALUE", "account.id.eq", "UUID");
    refuse(&json!({"stage": {"eq": "Won"}}), "UNKNOWN_CHOICE", "stage.eq", "did you mean `won`?");
    refuse(&json!({"markets": {"hasAny": ["de", "uk"]}}), "UNKNOWN_CHOICE", "markets.hasAny.1", "`us`");
    refuse(&json!({"tasks": {"done": {"eq": true}}}), "UNKNOWN_OPERATOR", "tasks.done", "{some: {done: …}}");
    refuse(&json!({"tasks": {"count": {"filter": {}}}}), "BAD_VALUE", "tasks.count", "operator is missing");
    refuse(&json!({"address": {"town": {"eq": "x"}}}), "UNKNOWN_NAME", "address.town", "`city`");
    refuse(&json!({"subject": {"task": {}}}), "UNKNOWN_NAME", "subject.task", "`account`");
    refuse(&json!({"isNull": true}), "UNKNOWN_NAME", "isNull", "no field");
    refuse(&json!([]), "BAD_VALUE", "", "object");
}

#[test]
fn all_problems_are_collected() {
    let filter =
        json!({"nmae": {"eq": 1}, "count": {"eq": "x", "lik": 2}, "tasks": {"some": {"done": {"eq": 1}}}});
    let problems = read(&filter, &Sample, "deal", &mut slots()).expect_err("is refused");
    let places: Vec<String> = problems.iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(places, ["nmae", "count.eq", "count.lik", "tasks.some.done.eq"]);
}

#[test]
fn size_is_limited() {
    let mut deep = json!({"count": {"eq": 1}});
    for _ in 0..40 {
        deep = json!({"not": deep});
    }
    let problems = read(&deep, &Sample, "deal", &mut slots()).expect_err("is refused");
    assert_eq!(problems[0].code, "EXPRESSION_LIMIT");
    let wide = json!({"or": vec![json!({"count": {"eq": 1}}); 501]});
    let problems = read(&wide, &Sample, "deal", &mut slots()).expect_err("is refused");
    assert_eq!((problems.len(), problems[0].code), (1, "EXPRESSION_LIMIT"));
}

fn acting(filter: &Json) -> String {
    let tree = read(filter, &Sample, "deal", &mut Values::Acting).expect("reads").expect("asks something");
    tree.to_string()
}

#[test]
fn scopes_of_roles_compare_with_facts_of_the_request() {
    assert_eq!(acting(&json!({"owner": {"id": {"eq": "$user"}}})), "record.owner.id in [user.id]");
    assert_eq!(
        acting(&json!({"stage": {"in": ["$user.country", "won"]}})),
        "record.stage in [user.country, \"won\"]"
    );
    assert_eq!(acting(&json!({"name": {"eq": "$user.country"}})), "record.name in [user.country]");
    assert_eq!(acting(&json!({"closeDate": {"gte": "$today"}})), "record.closeDate >= today()");
    assert_eq!(acting(&json!({"closeDate": {"eq": "$today"}})), "record.closeDate == today()");
    assert_eq!(acting(&json!({"name": {"eq": "$100"}})), "record.name == \"$100\"");
}

#[test]
fn facts_are_checked() {
    let problem = |filter: Json| {
        let problems = read(&filter, &Sample, "deal", &mut Values::Acting).expect_err("is refused");
        let [problem] = problems.as_slice() else { unreachable!("{problems:?}") };
        (problem.code, problem.message.clone(), problem.hint.clone())
    };
    let said = |code, message: &str, hint: Option<&str>| (code, message.to_owned(), hint.map(str::to_owned));
    assert_eq!(
        problem(json!({"count": {"eq": "$user.country"}})),
        said(code::TYPE, "`$user.country` is of type text, not int", None)
    );
    assert_eq!(
        problem(json!({"name": {"eq": "$user.contry"}})),
        said(code::UNKNOWN_NAME, "`user` has no field `contry`", Some("did you mean `country`?"))
    );
    assert_eq!(
        problem(json!({"name": {"in": ["$uesr"]}})),
        said(code::VALUE, "`$uesr` is no fact of the request", Some("did you mean `$user`?"))
    );
    assert_eq!(
        problem(json!({"name": {"contains": "$user.country"}})),
        said(code::VALUE, "`contains` does not compare with `$user.country`", None)
    );
    assert_eq!(
        problem(json!({"name": {"notIn": ["$user.country"]}})).2.as_deref(),
        Some("`ne` is false where the fact is not known")
    );
    assert!(problem(json!({"seenAt": {"gt": "$today"}})).2.is_some());
}

#[test]
fn elsewhere_a_fact_is_a_text_like_any_other() {
    let filter = json!({"name": {"eq": "$user.country"}});
    check(&filter, "record.name == \"$user.country\"");
    check_slots(&filter, "record.name == $0", &["$user.country"]);
}
