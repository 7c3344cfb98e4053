//! What belongs to another tenant is what nobody has: its ids and positions put into every place that takes one, its numbers and unique
//! values, and fields that would say whose a record is. TI-01, TI-02, TI-06, TI-07.

use serde_json::{Value, json};
use testing::each_database;
use uuid::Uuid;

use crate::canary::{self, position};
use crate::data::{Data, id};
use crate::schema::{Field, INTROSPECTION, Maker, Pool, Schema};
use crate::stage::Stage;
use testing::Chance;

const ROUNDS: u64 = 4;

/// The canary's ids and positions, and as many that nobody has.
fn pools(stage: &Stage) -> [Pool; 2] {
    let theirs = &stage.canary;
    let nobody: Vec<String> = (0..theirs.ids.len()).map(|number| id(250, number).to_string()).collect();
    let cursors = theirs.cursors.iter().zip(&nobody).map(|((object, _), id)| {
        let at = json!({"o": object, "id": id});
        (object.clone(), position(&at))
    });
    let words = vec!["alpha".to_owned(), "zz".to_owned()];
    let cursors: Vec<(String, String)> = cursors.collect();
    [
        Pool { ids: theirs.ids.clone(), words: words.clone(), cursors: theirs.cursors.clone() },
        Pool { ids: nobody, words, cursors },
    ]
}

/// Whether it is a key or a link that was drawn for the answer: 64 random digits behind a prefix.
fn drawn(piece: &str) -> bool {
    let digits = piece.rsplit(['_', '.']).next().unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// An answer in which the pool's own words, and ids and secrets that were made for it, have no face.
fn faceless(answer: &str, pool: &Pool) -> String {
    let mut out = answer.to_owned();
    for (number, id) in pool.ids.iter().enumerate() {
        out = out.replace(id, &format!("id{number}"));
    }
    for (number, (_, cursor)) in pool.cursors.iter().enumerate() {
        out = out.replace(cursor, &format!("cursor{number}"));
    }
    let made = |piece: &str| piece.parse::<Uuid>().is_ok() || drawn(piece);
    let piece = |piece: &str| if made(piece) { "made".to_owned() } else { piece.to_owned() };
    out.split('"').map(piece).collect::<Vec<_>>().join("\"")
}

fn roots(schema: &Schema) -> Vec<(&'static str, Field)> {
    ["Query", "Mutation"]
        .into_iter()
        .flat_map(|kind| schema.roots(kind).iter().map(move |field| (kind, field.clone())))
        .collect()
}

async fn schema_of(stage: &Stage, path: &str, key: &str) -> Schema {
    let introspected = stage.ask(path, key, INTROSPECTION).await;
    Schema::read(&introspected["data"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_another_tenant_are_ids_of_nobody() {
    each_database(|handles| async move {
        let stage = Stage::new(&handles.store).await;
        stage.tenant("home", &Data::new(3)).await;
        let theirs = stage
            .ask("/graphql", canary::KEY, "{ accounts { nodes { id name } } deals { nodes { id } } }")
            .await;
        let pools = pools(&stage);
        let mut with_ids = 0;
        for path in ["/graphql", "/metadata"] {
            let schema = schema_of(&stage, path, "home-all").await;
            for (number, (kind, field)) in roots(&schema).into_iter().enumerate() {
                let named = field.args.iter().any(|(_, ty)| ty.name == "ID");
                if path == "/metadata" && !named {
                    continue;
                }
                for round in 0..ROUNDS {
                    // What is done for one must not be missing for the other.
                    let rehearse = &[("dryRun", "true")];
                    let ask = |pool: &Pool| {
                        let mut chance = Chance::new(number as u64 * 31 + round);
                        let mut maker = Maker { schema: &schema, pool, chance: &mut chance };
                        format!("{} {{ r0: {} }}", kind.to_lowercase(), maker.call(&field, 0, rehearse))
                    };
                    let asked = pools.each_ref().map(ask);
                    with_ids += usize::from(asked[0] != asked[1]);
                    let left = stage.text(path, "home-all", &asked[0]).await;
                    let right = stage.text(path, "home-all", &asked[1]).await;
                    assert_eq!(
                        faceless(&left, &pools[0]),
                        faceless(&right, &pools[1]),
                        "{path} {}",
                        asked[0]
                    );
                    assert!(!left.contains("\"INTERNAL\""), "{}\n{left}", asked[0]);
                }
            }
        }
        assert!(with_ids > 100, "only {with_ids} operations named an id");
        files_with_ids(&stage, &pools).await;
        let after = stage
            .ask("/graphql", canary::KEY, "{ accounts { nodes { id name } } deals { nodes { id } } }")
            .await;
        assert_eq!(after, theirs, "nothing of theirs was written");
    })
    .await;
}

/// The doors that are not GraphQL.
async fn files_with_ids(stage: &Stage, pools: &[Pool; 2]) {
    for (place, file) in [
        ("/import/deal?upsert=id&dryRun=true", "id,name\nID,x\n"),
        ("/import/deal?dryRun=true", "name,account.id\nx,ID\n"),
        ("/import/deal?dryRun=true", "name,owner.id\nx,ID\n"),
        ("/import/account?dryRun=true", "name,parent.id\nx,ID\n"),
    ] {
        for (theirs, nobodys) in pools[0].ids.iter().zip(&pools[1].ids) {
            let left = stage.post(place, "home-all", file.replace("ID", theirs)).await;
            let right = stage.post(place, "home-all", file.replace("ID", nobodys)).await;
            assert_eq!(faceless(&left.1, &pools[0]), faceless(&right.1, &pools[1]), "{place} {file}");
            assert_eq!(left.0, right.0);
        }
    }
}

fn codes(answer: &Value, root: &str) -> Vec<String> {
    let mut found: Vec<&Value> = Vec::new();
    found.extend(answer["errors"].as_array().into_iter().flatten().map(|error| &error["extensions"]["code"]));
    found.extend(answer["data"][root]["errors"].as_array().into_iter().flatten().map(|error| &error["code"]));
    found.iter().filter_map(|code| code.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_a_record_is_is_not_for_the_request_to_say() {
    each_database(|handles| async move {
        let stage = Stage::new(&handles.store).await;
        let data = Data::new(3);
        stage.tenant("home", &data).await;
        let account = data.objects["account"].keys().next().expect("an account").to_string();
        let told = format!("{{ account(id: \"{account}\") {{ id name version createdAt owner {{ id }} }} accounts {{ totalCount }} }}");
        let before = stage.ask("/graphql", "home-all", &told).await;
        for (field, value) in [
            ("tenantId", "\"qxcanary\""),
            ("tenant", "\"qxcanary\""),
            ("id", "\"0190f5fe-0000-7000-8000-000000000001\""),
            ("createdAt", "\"2020-01-01T00:00:00Z\""),
            ("updatedAt", "\"2020-01-01T00:00:00Z\""),
            ("version", "7"),
            ("isSystem", "true"),
            ("deletedAt", "null"),
        ] {
            for (root, call) in [
                ("createAccount", format!("createAccount(data: {{name: \"x\", {field}: {value}}})")),
                ("createAccounts", format!("createAccounts(data: [{{name: \"x\", {field}: {value}}}])")),
                ("updateAccount", format!("updateAccount(id: \"{account}\", data: {{{field}: {value}}})")),
                ("updateAccounts", format!("updateAccounts(filter: {{id: {{eq: \"{account}\"}}}}, data: {{{field}: {value}}})")),
                ("upsertAccounts", format!("upsertAccounts(key: \"id\", data: [{{name: \"x\", {field}: {value}}}])")),
            ] {
                let answer = stage.ask("/graphql", "home-all", &format!("mutation {{ {call} {{ errors {{ code message path }} }} }}")).await;
                let codes = codes(&answer, root);
                let known = codes.iter().all(|code| matches!(code.as_str(), "VALIDATION" | "NOT_FOUND"));
                assert!(!codes.is_empty() && known, "{call}: {answer}");
            }
            if field != "id" {
                let file = format!("name,{field}\nx,{}\n", value.trim_matches('"'));
                let (status, text) = stage.post("/import/account?dryRun=true", "home-all", file).await;
                // Columns that are not used are named in the report.
                let told = serde_json::from_str::<Value>(&text).is_ok_and(|told| told["unused"] == json!([field]));
                assert!(status == 400 || told, "import of {field}: {status} {text}");
            }
        }
        for owner in [canary::user(1), id(250, 0)] {
            let call = format!("mutation {{ updateAccount(id: \"{account}\", data: {{owner: {{id: \"{owner}\"}}}}) {{ errors {{ code }} }} }}");
            let answer = stage.ask("/graphql", "home-all", &call).await;
            assert!(!codes(&answer, "updateAccount").is_empty(), "{answer}");
        }
        assert_eq!(stage.ask("/graphql", "home-all", &told).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_database_stay_within() {
    each_database(|handles| async move {
        let stage = Stage::new(&handles.store).await;
        stage.tenant("home", &Data::new(3)).await;
        let (long, mut loud) = ("9".repeat(60), Vec::new());
        for query in [
            "{ accounts(filter: {revenue: {eq: \"LONG\"}}) { totalCount } }",
            "{ accounts(filter: {dealCount: {eq: 9007199254740993000}}) { totalCount } }",
            "{ accounts(filter: {id: {eq: \"no id\"}}) { totalCount } }",
            "{ account(id: \"' OR 1=1 --\") { id } }",
            "{ accounts(filter: {name: {eq: \"\\u0000\"}}) { totalCount } }",
            "{ accounts(search: \"\\\"'); DROP TABLE account; --\") { totalCount } }",
            "{ accounts(after: \"7b7d\") { totalCount } }",
            "{ deals(filter: {closeDate: {eq: \"2026-02-31\"}}) { totalCount } }",
            "{ deals(offset: 9223372036854775807) { totalCount } }",
            "mutation { createAccount(data: {name: \"\\u0000\"}) { errors { code message } } }",
            "mutation { createAccount(data: {name: \"x\", revenue: \"LONG\"}) { errors { code message } } }",
            "mutation { createDeals(data: [{name: \"x\", amount: \"90000000000000\"}, {name: \"y\", amount: \"90000000000000\"}]) { errors { code message } } }",
            "{ deals { aggregate { sum { amount margin } } } }",
            "{ deals(search: \"a\\u0000b\") { totalCount } }",
            "mutation { createAccount(data: {name: \"x\"}, idempotencyKey: \"\\u0000\") { errors { code message } } }",
            "mutation { createAccount(data: {name: \"x\", parent: {where: {name: \"\\u0000\"}}}) { errors { code message } } }",
        ] {
            let text = stage.text("/graphql", "home-all", &query.replace("LONG", &long)).await;
            loud.extend(silent(query, &text));
        }
        for query in [
            "mutation { createKey(name: \"\\u0000\") { apiKey } }",
            "mutation { createKey(name: \"x\", role: \"\\u0000\") { apiKey } }",
            "mutation { createUser(email: \"\\u0000@example.com\") }",
            "mutation { createUser(email: \"x@example.com\", name: \"\\u0000\") }",
            "mutation { createUser(email: \"y@example.com\", roles: [\"\\u0000\"]) }",
            "mutation { createTeam(fields: {name: \"\\u0000\"}) }",
            "mutation { setLoginProvider(provider: {issuer: \"http://127.0.0.1:1/\\u0000\", clientId: \"x\", clientSecret: \"x\"}) }",
            "mutation { revert(version: 9223372036854775807) { version } }",
            "{ shares(object: \"\\u0000\") { id } }",
            "{ catalog { object(name: \"\\u0000\") { name } } }",
        ] {
            loud.extend(silent(query, &stage.text("/metadata", "home-all", query).await));
        }
        for body in [
            json!({"tenant": "home", "email": "\u{0}", "password": "x"}),
            json!({"tenant": "\u{0}", "email": "x@example.com", "password": "x"}),
            json!({"tenant": "home", "email": "x@example.com", "password": "\u{0}"}),
        ] {
            let (status, text) = stage.post("/auth/login", "", body.to_string()).await;
            loud.extend(silent(&body.to_string(), &text));
            assert!((400..=500).contains(&status), "{body}: {status} {text}");
        }
        assert!(loud.is_empty(), "{}", loud.concat());
    })
    .await;
}

/// Nothing of the inside is in the answer.
fn silent(asked: &str, answer: &str) -> Option<String> {
    let words = [
        "select ",
        "insert ",
        "sqlite",
        "postgres",
        "sqlx",
        "syntax",
        "t_home",
        "constraint",
        "relation \\\"",
        "column \\\"",
    ];
    let told = answer.to_lowercase();
    let loud = answer.contains("\"INTERNAL\"") || words.iter().any(|word| told.contains(word));
    loud.then(|| format!("{asked}\n{answer}\n"))
}
