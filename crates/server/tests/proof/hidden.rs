//! Hidden fields and objects asked for by name, in every place that takes a name; counts and pages; positions that were not handed out.
//! PM-01, PM-03, PM-09, PM-12, GQ-07, GQ-09.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testing::each_database;

use crate::canary::position;
use crate::data::{Data, user};
use crate::stage::Stage;
use testing::Chance;

/// A tenant in which user 1 is a seller, with the key `home-me`.
async fn seller(store: &store::Store, data: &Data) -> Stage {
    let stage = Stage::new(store).await;
    let tenant = stage.tenant("home", data).await;
    tenant.grant_roles(user(1), &["seller".to_owned()]).await.expect("a role");
    stage.key(&tenant, "home-me", None, Some(user(1))).await;
    stage
}

/// Places for the name of a field of a deal.
const PLACES: [&str; 17] = [
    "{ deals { nodes { FIELD } } }",
    "{ deals(filter: {FIELD: {eq: \"50\"}}) { totalCount } }",
    "{ deals(filter: {FIELD: {gt: \"50\"}}) { totalCount } }",
    "{ deals(filter: {FIELD: {isNull: true}}) { totalCount } }",
    "{ deals(filter: {not: {or: [{FIELD: {in: [\"50\"]}}]}}) { totalCount } }",
    "{ deals(orderBy: [{FIELD: ASC}]) { nodes { id } } }",
    "{ deals { aggregate { min { FIELD } } } }",
    "{ deals { aggregate { sum { FIELD } max { FIELD } } } }",
    "{ dealsGroupBy(groupBy: [{FIELD: true}]) { aggregate { count } } }",
    "{ dealsGroupBy(groupBy: [{stage: true}], having: {sum: {FIELD: {gt: \"1\"}}}) { aggregate { count } } }",
    "{ dealsGroupBy(groupBy: [{stage: true}], orderBy: [{max: {FIELD: DESC}}]) { aggregate { count } } }",
    "{ accounts(filter: {deals: {some: {FIELD: {gt: \"50\"}}}}) { totalCount } }",
    "{ accounts { nodes { deals(filter: {FIELD: {gt: \"50\"}}) { totalCount } } } }",
    "{ notes(filter: {deal: {FIELD: {gt: \"50\"}}}) { totalCount } }",
    "{ notes(orderBy: [{deal: {FIELD: ASC}}]) { nodes { id } } }",
    "mutation { createDeal(data: {name: \"x\", FIELD: \"1\"}, dryRun: true) { errors { code } } }",
    "mutation { updateDeals(filter: {FIELD: {eq: \"50\"}}, data: {name: \"x\"}, dryRun: true) { errors { code } } }",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hidden_name_is_refused_as_one_that_was_never_given() {
    each_database(|handles| async move {
        let stage = seller(&handles.store, &Data::new(5)).await;
        let faceless = |text: &str, name: &str| {
            let capital: String = name[..1].to_uppercase() + &name[1..];
            text.replace(name, "NAME").replace(&capital, "NAME")
        };
        for place in PLACES {
            let hidden = stage.text("/graphql", "home-me", &place.replace("FIELD", "cost")).await;
            let nothing = stage.text("/graphql", "home-me", &place.replace("FIELD", "qqqq")).await;
            assert!(hidden.contains("VALIDATION"), "{place}: {hidden}");
            assert_eq!(faceless(&hidden, "cost"), faceless(&nothing, "qqqq"), "{place}");
            // Somebody who nearly knows is not helped.
            let nearly = stage.text("/graphql", "home-me", &place.replace("FIELD", "costt")).await;
            assert!(!nearly.replace("costt", "").contains("cost"), "{place}: {nearly}");
            let all = stage.text("/graphql", "home-all", &place.replace("FIELD", "cost")).await;
            assert!(!all.contains("VALIDATION"), "the place is one: {place}: {all}");
        }
        for place in [
            "{ OBJs { totalCount } }",
            "{ OBJ(id: \"x\") { id } }",
            "{ OBJsGroupBy(groupBy: [{name: true}]) { aggregate { count } } }",
            "{ deals(filter: {OBJ: {name: {eq: \"alpha\"}}}) { totalCount } }",
            "{ deals { nodes { OBJ { name } } } }",
            "{ __type(name: \"OBJ\") { name } }",
            "{ notes { nodes { about { ... on OBJ { id } } } } }",
            "mutation { createOBJ(data: {name: \"x\"}) { errors { code } } }",
            "query($f: OBJFilter) { deals { totalCount } }",
        ] {
            for (one, other) in [("vault", "qqqqq"), ("Vault", "Qqqqq")] {
                let hidden = stage.text("/graphql", "home-me", &place.replace("OBJ", one)).await;
                let nothing = stage.text("/graphql", "home-me", &place.replace("OBJ", other)).await;
                assert_eq!(faceless(&hidden, one), faceless(&nothing, other), "{place}");
            }
        }
        let schema = stage
            .text("/metadata", "home-me", "{ schema catalog { objects { name fields { name } } } }")
            .await;
        for word in ["vault", "Vault", "revenue", "secret", "cost"] {
            assert!(!schema.contains(word), "`{word}` in {schema}");
        }
    })
    .await;
}

fn nodes(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().into_iter().flatten();
    nodes.filter_map(|node| node["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_of_what_can_be_paged_and_who_leaves_the_scope_leaves_the_pages() {
    each_database(|handles| async move {
        let stage = seller(&handles.store, &Data::new(5)).await;
        let whole = stage.ask("/graphql", "home-me", "{ deals(first: 1000, orderBy: [{amount: ASC}]) { totalCount nodes { id } } }").await;
        let all = nodes(&whole["data"]["deals"]);
        assert!(all.len() > 6 && whole["data"]["deals"]["totalCount"] == json!(all.len()), "{whole}");
        let (mut seen, mut after, mut left) = (Vec::new(), String::new(), None);
        for number in 0.. {
            let asked = format!("{{ deals(first: 3{after}, orderBy: [{{amount: ASC}}]) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}");
            let page = stage.ask("/graphql", "home-me", &asked).await["data"]["deals"].take();
            seen.extend(nodes(&page));
            assert_eq!(page["pageInfo"]["hasNextPage"], json!(!page_is_last(&all, &seen, left.as_ref())), "{page}");
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                break;
            }
            after = format!(", after: {}", page["pageInfo"]["endCursor"]);
            if number == 0 {
                // The last one goes to somebody who is not in the team.
                let last = all.last().cloned().unwrap_or_default();
                let given = format!("mutation {{ updateDeal(id: \"{last}\", data: {{owner: null}}) {{ errors {{ message }} }} }}");
                let answer = stage.ask("/graphql", "home-all", &given).await;
                assert_eq!(answer["data"]["updateDeal"]["errors"], json!([]), "{answer}");
                left = Some(last);
            }
        }
        let (expected, found): (BTreeSet<_>, BTreeSet<_>) =
            (all.iter().filter(|id| left.as_ref() != Some(id)).collect(), seen.iter().collect());
        assert_eq!((seen.len(), &found), (expected.len(), &expected));
    })
    .await;
}

fn page_is_last(all: &[String], seen: &[String], left: Option<&String>) -> bool {
    all.iter().all(|id| seen.contains(id) || left == Some(id))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_and_pages_that_cannot_be_are_refused() {
    each_database(|handles| async move {
        let data = Data::new(5);
        let stage = seller(&handles.store, &data).await;
        let id = data.objects["deal"].keys().next().map(ToString::to_string).unwrap_or_default();
        let positions = [
            json!({"o": "account", "id": id}),
            json!({"o": "vault", "id": id}),
            json!({"o": "deal", "id": "no id"}),
            json!({"o": "deal", "id": id, "k": ["50"]}),
            json!({"o": "deal", "id": id, "more": 1}),
            json!({"o": "deal"}),
            json!([]),
        ];
        let mut wrong: Vec<String> = positions.iter().map(position).collect();
        wrong.extend(["", "x", "7b", "' OR 1=1"].map(str::to_owned));
        let mut asked: Vec<String> =
            wrong.iter().map(|at| format!("first: 2, after: {}", json!(at))).collect();
        asked.extend(
            [
                "first: -1",
                "first: 2147483648",
                "last: -1",
                "first: 1, last: 1",
                "first: 100000",
                "offset: -1",
            ]
            .map(str::to_owned),
        );
        asked.push(format!(
            "first: 2, orderBy: [{{name: ASC}}], after: \"{}\"",
            position(&json!({"o": "deal", "id": id}))
        ));
        for page in asked {
            let answer =
                stage.ask("/graphql", "home-me", &format!("{{ deals({page}) {{ nodes {{ id }} }} }}")).await;
            let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
            assert!(matches!(code, "VALIDATION" | "COST_EXCEEDED"), "{page}: {answer}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_no_names_never_reach_the_database() {
    each_database(|handles| async move {
        let stage = seller(&handles.store, &Data::new(5)).await;
        let mut chance = Chance::new(9);
        let letters = ["a", "Z", "_", "1", "\\\"", "'", ";", "--", "%", "\\\\", "`", "$", "é", " ", "\\u0000", "/*", "pg_", "."];
        for round in 0..120 {
            let name: String = (0..=chance.below(6)).map(|_| *chance.pick(&letters)).collect();
            for place in [
                "query { deals(orderBy: [{NAME: ASC}]) { nodes { id } } }",
                "query { dealsGroupBy(groupBy: [{NAME: true}]) { aggregate { count } } }",
                "query { NAME: deals { NAME: totalCount } }",
                "query { deals(filter: {name: {like: \"NAME\"}}) { totalCount } }",
                "query { deals(filter: {name: {ilike: \"%NAME_\", startsWith: \"NAME\", contains: \"NAME\"}}) { totalCount } }",
                "query { deals(search: \"NAME\") { totalCount } }",
                "query { deals(filter: {tags: {hasAny: [\"NAME\"]}}) { totalCount } }",
                "mutation { upsertDeals(key: \"NAME\", data: [{name: \"NAME\"}], dryRun: true) { errors { code } } }",
            ] {
                let text = stage.text("/graphql", "home-me", &place.replace("NAME", &name)).await;
                assert!(!text.contains("\"INTERNAL\"") && !text.starts_with('5'), "{round} {place} `{name}`: {text}");
            }
        }
        // Signs of patterns are letters where a part of a text is looked for.
        for sign in ["%", "_"] {
            let asked = format!("{{ deals(filter: {{name: {{contains: \"{sign}\"}}}}) {{ totalCount }} }}");
            assert_eq!(stage.ask("/graphql", "home-all", &asked).await["data"]["deals"]["totalCount"], json!(0));
        }
    })
    .await;
}
