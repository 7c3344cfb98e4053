//! Pages, nested lists, totals and groups: every record once, both ways, and the same answer from both databases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use expr::{BinaryOp, Value};
use metadata::catalog::{Aggregate, Catalog};
use query::cursor;
use query::request::{
    AggregateItem, CursorKey, Deleted, GroupKey, GroupOrder, GroupOrderBy, GroupPart, GroupRead, Having,
    KeyItem, ListPart, Measure, OrderKey, Page, Read,
};
use sql::Bucket;
use testing::{Handles, each_database};

use crate::differential::{answer, filled, ids, json, setting};
use crate::world;
use crate::world::records::Records;
use crate::world::shape::*;
use testing::Chance;

/// Answers by what was asked: the second database must give the first one's.
#[derive(Default)]
struct Answers(Mutex<BTreeMap<String, serde_json::Value>>);

impl Answers {
    fn agree(&self, asked: String, answer: serde_json::Value) {
        let mut known = self.0.lock().expect("not poisoned");
        match known.get(&asked) {
            Some(first) => assert_eq!(difference(first, &answer), None, "{asked}"),
            None => {
                known.insert(asked, answer);
            }
        }
    }
}

/// Where two answers differ first; `2` and `2.0` are one number.
fn difference(a: &serde_json::Value, b: &serde_json::Value) -> Option<String> {
    use serde_json::Value::{Array, Number, Object};
    let told = || Some(format!(": {a} and {b}"));
    match (a, b) {
        (Number(x), Number(y)) if x.as_f64() == y.as_f64() => None,
        (Array(x), Array(y)) if x.len() == y.len() => x
            .iter()
            .zip(y)
            .enumerate()
            .find_map(|(at, (x, y))| difference(x, y).map(|told| format!("/{at}{told}"))),
        (Object(x), Object(y)) if x.keys().eq(y.keys()) => x
            .iter()
            .zip(y.values())
            .find_map(|((key, x), y)| difference(x, y).map(|told| format!("/{key}{told}"))),
        (a, b) if a == b => None,
        _ => told(),
    }
}

const KEYS: &[&str] = &[
    "count",
    "rank",
    "stage",
    "amount",
    "cost",
    "rate",
    "won",
    "closeDate",
    "seenAt",
    "opensAt",
    "effort",
    "name",
    "createdAt",
    "account.name",
    "account.employees",
    "account.parent.name",
    "address.city",
    "doubled",
    "openTasks",
    "subject.account.name",
];

fn random_order(chance: &mut Chance) -> Vec<OrderKey> {
    (0..chance.below(4))
        .map(|_| order(chance.pick::<&str>(KEYS), chance.one_in(2), chance.one_in(2)))
        .collect()
}

/// Walks all pages from one end; the ids as they came, in the order of the list.
async fn walk(bed: &Handles, catalog: &Catalog, keys: &[OrderKey], size: i64, backward: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut position: Option<Vec<Value>> = None;
    loop {
        let mut slots = vec![Value::Int(size)];
        let cursor = position.as_ref().map(|values| {
            let mut key = |value: &Value| match value {
                Value::Null => CursorKey::Null,
                value => {
                    slots.push(value.clone());
                    CursorKey::Slot(u16::try_from(slots.len() - 1).expect("few"))
                }
            };
            values.iter().map(&mut key).collect::<Vec<_>>()
        });
        let page = if backward {
            Page { backward, before: cursor, ..page(0) }
        } else {
            Page { after: cursor, ..page(0) }
        };
        let list = list("deal", args(None, keys.to_vec(), page), vec![nodes(values(&["id"])), page_info()]);
        let json = json(bed, catalog, Read::List(list), &slots).await;
        let mut more = ids(&json);
        assert!(i64::try_from(more.len()).expect("few") <= size);
        let (end, flag) =
            if backward { ("startCursor", "hasPreviousPage") } else { ("endCursor", "hasNextPage") };
        if backward {
            more.extend(found);
            found = more;
        } else {
            found.extend(more);
        }
        if json["pageInfo"][flag] != true {
            return found;
        }
        let text = json["pageInfo"][end].as_str().expect("a cursor");
        position = Some(cursor::decode(text, catalog, "deal", keys).expect("its own cursor"));
    }
}

#[tokio::test]
async fn pages_show_each_record_once_in_both_directions() {
    let cases = setting("ARMATURE_DIFFERENTIAL_CASES", 300) / 10;
    let first = setting("ARMATURE_DIFFERENTIAL_SEED", 1);
    let catalog = world::catalog();
    let records = Records::random(&mut Chance::new(first));
    let answers = Answers::default();
    each_database(|bed| {
        let (catalog, records, answers) = (&catalog, &records, &answers);
        async move {
            filled(&bed, catalog, records).await;
            for seed in first..first + cases {
                let chance = &mut Chance::new(seed);
                let keys = random_order(chance);
                let size = 1 + i64::try_from(chance.below(9)).expect("small");
                let all = list("deal", args(None, keys.clone(), page(0)), vec![nodes(values(&["id"]))]);
                let all = ids(&json(&bed, catalog, Read::List(all), &[Value::Int(1000)]).await);
                assert_eq!(all.len(), records.living("deal").len(), "seed {seed}");
                assert_eq!(
                    walk(&bed, catalog, &keys, size, false).await,
                    all,
                    "seed {seed}: forward by {size} along {keys:?}"
                );
                assert_eq!(
                    walk(&bed, catalog, &keys, size, true).await,
                    all,
                    "seed {seed}: backward by {size} along {keys:?}"
                );
                let skipping = Page { offset: Some(1), ..page(0) };
                let skipped =
                    list("deal", args(None, keys.clone(), skipping), vec![nodes(values(&["id"])), total()]);
                let json = json(&bed, catalog, Read::List(skipped), &[Value::Int(5), Value::Int(7)]).await;
                assert_eq!(ids(&json), all[7..12], "seed {seed}: an offset along {keys:?}");
                assert_eq!(json["totalCount"], all.len());
                for (skipped, before) in [(0, false), (3, true)] {
                    let skipping = Page { offset: Some(1), ..page(0) };
                    let list = list("deal", args(None, keys.clone(), skipping), vec![page_info()]);
                    let slots = [Value::Int(5), Value::Int(skipped)];
                    let json = self::json(&bed, catalog, Read::List(list), &slots).await;
                    assert_eq!(json["pageInfo"]["hasPreviousPage"], before, "{skipped} skipped");
                }
                answers.agree(format!("seed {seed}: {keys:?}"), all.into());
            }
        }
    })
    .await;
}

fn nested() -> Read {
    let all = [
        "id",
        "name",
        "note",
        "stage",
        "count",
        "amount",
        "cost",
        "rate",
        "won",
        "closeDate",
        "opensAt",
        "seenAt",
        "effort",
        "tags",
        "markets",
        "extra",
        "fee",
        "feeCurrency",
        "doubled",
        "headline",
        "overdue",
        "openTasks",
        "points",
        "spent",
    ];
    let mut below_task = values(&["id", "name", "points", "price", "dueDate", "done"]);
    below_task.push(one("deal", {
        let mut deal = values(&all);
        deal.push(one("account", values(&["name", "spent"])));
        deal.push(parts("address", &["street", "city"]));
        deal.push(one_of("subject", vec![("account", values(&["id"])), ("user", values(&["name"]))]));
        deal
    }));
    let keys = || vec![order("dueDate", true, true), order("deal.name", false, false)];
    let sums = ListPart::Aggregate(vec![
        keyed("count", AggregateItem::Count),
        fold(Aggregate::Sum, "sum", &["points", "price"]),
        fold(Aggregate::Avg, "avg", &["points", "price"]),
        fold(Aggregate::Min, "min", &["dueDate"]),
        fold(Aggregate::Max, "max", &["name"]),
    ]);
    let tasks = list(
        "task",
        args(None, keys(), page(1)),
        vec![edges(below_task), page_info(), total(), keyed("sums", sums)],
    );
    let last = Page { backward: true, ..page(1) };
    let members = list(
        "user",
        args(None, vec![order("country", false, true)], last.clone()),
        vec![nodes(values(&["name"]))],
    );
    let links = list("user", args(None, vec![], last), vec![nodes(values(&["id"])), page_info()]);
    let mut deal = values(&all);
    deal.push(below("tasks", tasks));
    deal.push(below("members", members));
    deal.push(below("links", links));
    if let Some(query::request::Keyed { item: query::request::RecordItem::Many(name, _), .. }) =
        deal.last_mut()
    {
        *name = world::name("members");
    }
    deal.push(one("account", values(&["name", "spent", "revenue"])));
    deal.push(parts("address", &["street", "city"]));
    deal.push(one_of("subject", vec![("account", values(&["id"])), ("user", values(&["name"]))]));
    let totals = ListPart::Aggregate(vec![
        fold(Aggregate::Sum, "sum", &["count", "amount", "cost", "rate", "effort", "doubled"]),
        fold(Aggregate::Avg, "avg", &["count", "amount", "cost", "rate"]),
        fold(Aggregate::Min, "min", &["closeDate", "seenAt", "name", "won"]),
        fold(Aggregate::Max, "max", &["closeDate", "opensAt", "effort", "points"]),
    ]);
    let mut args = args(None, vec![order("account.name", false, false)], page(0));
    args.deleted = Deleted::With;
    read(list("deal", args, vec![edges(deal), total(), keyed("totals", totals)]))
}

#[tokio::test]
async fn nested_answers_are_the_same_on_both_databases() {
    let catalog = world::catalog();
    let records = Records::random(&mut Chance::new(7));
    let answers = Answers::default();
    each_database(|bed| {
        let (catalog, records, answers) = (&catalog, &records, &answers);
        async move {
            filled(&bed, catalog, records).await;
            let found = json(&bed, catalog, nested(), &[Value::Int(100), Value::Int(2)]).await;
            let deals = found["edges"].as_array().expect("edges");
            assert_eq!(deals.len(), records.of["deal"].len());
            let keys = [order("dueDate", true, true), order("deal.name", false, false)];
            let mut seen = BTreeSet::new();
            for deal in deals {
                let tasks = &deal["node"]["tasks"];
                let shown = tasks["edges"].as_array().expect("edges").len();
                let all = usize::try_from(tasks["totalCount"].as_u64().expect("a count")).expect("few");
                assert_eq!(shown, all.min(2));
                assert_eq!(tasks["pageInfo"]["hasNextPage"], all > 2);
                assert_eq!(tasks["sums"]["count"], all);
                for task in tasks["edges"].as_array().expect("edges") {
                    let text = task["cursor"].as_str().expect("a cursor");
                    let values =
                        cursor::decode(text, catalog, "task", &keys).expect("a cursor made by the database");
                    assert_eq!(values.last().map(Value::to_text).as_deref(), task["node"]["id"].as_str());
                    assert!(seen.insert(task["node"]["id"].to_string()), "a task below one deal only");
                }
            }
            answers.agree("nested".to_owned(), found);
        }
    })
    .await;
}

fn groups(keys: Vec<GroupKey>, having: Option<Having>) -> Read {
    let shown = (0..keys.len()).map(|number| keyed(&format!("k{number}"), KeyItem::Key(number))).collect();
    let by_sum = Measure { aggregate: Aggregate::Sum, field: Some(world::name("amount")) };
    Read::Groups(GroupRead {
        object: world::name("deal"),
        filter: None,
        deleted: Deleted::Without,
        as_of: None,
        keys,
        having,
        order: vec![GroupOrder { by: GroupOrderBy::Measure(by_sum), descending: true, nulls_first: true }],
        size: 0,
        zone: 1,
        parts: vec![
            keyed("key", GroupPart::Key(shown)),
            keyed(
                "aggregate",
                GroupPart::Aggregate(vec![
                    keyed("count", AggregateItem::Count),
                    fold(Aggregate::Sum, "sum", &["amount", "count"]),
                    fold(Aggregate::Avg, "avg", &["cost"]),
                    fold(Aggregate::Max, "max", &["openTasks", "name"]),
                ]),
            ),
        ],
    })
}

fn key(path: &str, bucket: Option<Bucket>) -> GroupKey {
    GroupKey { path: path.split('.').map(std::sync::Arc::from).collect(), bucket }
}

#[tokio::test]
async fn groups_are_the_same_on_both_databases() {
    let catalog = world::catalog();
    let records = Records::random(&mut Chance::new(11));
    let answers = Answers::default();
    let buckets = [Bucket::Day, Bucket::Week, Bucket::Month, Bucket::Quarter, Bucket::Year];
    each_database(|bed| {
        let (catalog, records, answers) = (&catalog, &records, &answers);
        async move {
            filled(&bed, catalog, records).await;
            let living = records.living("deal").len();
            for bucket in buckets {
                for zone in ["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu"] {
                    let keys = vec![key("seenAt", Some(bucket)), key("closeDate", Some(Bucket::Year))];
                    let slots = [Value::Null, Value::Text(zone.to_owned())];
                    let found = json(&bed, catalog, groups(keys, None), &slots).await;
                    let count =
                        |group: &serde_json::Value| group["aggregate"]["count"].as_u64().expect("a count");
                    let all: u64 = found.as_array().expect("groups").iter().map(count).sum();
                    assert_eq!(all, living as u64, "null is a group");
                    answers.agree(format!("{bucket:?} in {zone}"), found);
                }
            }
            for path in
                ["stage", "account.name", "won", "address.city", "openTasks", "feeCurrency", "account"]
            {
                let slots = [Value::Int(100), Value::Null, Value::Int(1)];
                let asked = Measure { aggregate: Aggregate::Count, field: None };
                let having = Having::Not(Box::new(Having::Compare(asked, BinaryOp::LessOrEqual, 2)));
                let found = json(&bed, catalog, groups(vec![key(path, None)], Some(having)), &slots).await;
                for group in found.as_array().expect("groups") {
                    assert!(group["aggregate"]["count"].as_u64() > Some(1), "{path}: {group}");
                }
                answers.agree(path.to_owned(), found);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn searches_find_words_wherever_they_stand() {
    let catalog = world::catalog();
    let records = Records::random(&mut Chance::new(5));
    let answers = Answers::default();
    each_database(|bed| {
        let (catalog, records, answers) = (&catalog, &records, &answers);
        async move {
            filled(&bed, catalog, records).await;
            for words in [
                "",
                "a",
                "A É",
                "%",
                "_",
                "\\",
                "strasse",
                "STRASSE",
                "x y",
                "日",
                "ZÜRICH 7",
                "nothing like it",
            ] {
                let mut args = args(None, vec![], page(0));
                args.search = Some(1);
                let slots = [Value::Int(1000), Value::Text(words.to_owned())];
                let read = read(list("deal", args, vec![nodes(values(&["id"])), total()]));
                let found = json(&bed, catalog, read, &slots).await;
                let expected = records.living("deal").into_iter().filter(|deal| {
                    let text =
                        |field: &str| if let Value::Text(text) = &deal[field] { text.as_str() } else { "" };
                    // `note` has no folded column: ASCII folding there.
                    let all = [expr::fold(text("name")), expr::fold_ascii(text("note"))];
                    expr::fold(words)
                        .split_whitespace()
                        .all(|word| all.iter().any(|text| text.contains(word)))
                });
                let expected: Vec<String> = expected.map(|deal| deal["id"].to_text()).collect();
                assert_eq!(ids(&found), expected, "{words}");
                answers.agree(words.to_owned(), found);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn money_in_several_currencies_is_not_added_up() {
    let catalog = world::catalog();
    let records = Records::random(&mut Chance::new(3));
    each_database(|bed| {
        let (catalog, records) = (&catalog, &records);
        async move {
            filled(&bed, catalog, records).await;
            let sums = || keyed("sums", ListPart::Aggregate(vec![fold(Aggregate::Sum, "sum", &["fee"])]));
            let all = read(list("deal", args(None, vec![], page(0)), vec![sums()]));
            let refused = answer(&bed, catalog, all, &[Value::Null]).await.expect_err("two currencies");
            assert!(refused.contains("`fee`"), "{refused}");
            let deals = list("deal", args(None, vec![], page(0)), vec![sums()]);
            let below =
                read(list("account", args(None, vec![], page(0)), vec![nodes(vec![below("deals", deals)])]));
            let refused = answer(&bed, catalog, below, &[Value::Null])
                .await
                .expect_err("two currencies below an account");
            assert!(refused.contains("`fee`"), "{refused}");
            let euros = world::parse(catalog, "deal", "record.feeCurrency == \"EUR\"");
            let one = read(list("deal", args(Some(euros), vec![], page(0)), vec![sums()]));
            json(&bed, catalog, one, &[Value::Null]).await;
        }
    })
    .await;
}
