//! Non-interference: two databases that differ only in what somebody may not see answer that person alike, byte for byte, whatever is
//! asked. One property for filters, orders, searches, aggregates, cursors, counts, relations, errors and writes.

use std::collections::BTreeSet;

use serde_json::Value;
use testing::each_database;

use crate::data::{Data, WORDS, id, user};
use crate::schema::{INTROSPECTION, Maker, Pool, Schema};
use crate::stage::Stage;
use testing::Chance;

/// Who looks: the role, and the user who bears it.
const LOOKERS: [(&str, u8); 6] =
    [("seller", 1), ("seller", 2), ("seller", 5), ("manager", 0), ("analyst", 3), ("guest", 4)];

/// Operations for each looker on each database; `make soak` asks for more.
fn rounds() -> usize {
    asked("ARMATURE_PROOF_ROUNDS").unwrap_or(150)
}

/// Another seed is another business with other questions.
fn seed() -> u64 {
    asked("ARMATURE_PROOF_SEED").unwrap_or(20_261_122)
}

#[expect(clippy::disallowed_methods, reason = "a test is told by the environment how long it may take")]
fn asked<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_cannot_be_told_apart() {
    each_database(|handles| async move {
        let stage = Stage::new(&handles.store).await;
        let data = Data::new(seed());
        for (number, (role, me)) in LOOKERS.into_iter().enumerate() {
            let twin = data.twin(role, me, seed() + 1 + number as u64);
            assert!(role == "analyst" || twin.objects != data.objects);
            let names = [format!("left{number}"), format!("right{number}")];
            for (name, data) in names.iter().zip([&data, &twin]) {
                let tenant = stage.tenant(name, data).await;
                tenant.grant_roles(user(me), &[role.to_owned()]).await.expect("a role");
                stage.key(&tenant, &format!("{name}-me"), None, Some(user(me))).await;
            }
            compare(&stage, &names, (role, me), &data).await;
        }
    })
    .await;
}

async fn compare(stage: &Stage, names: &[String; 2], (role, me): (&str, u8), data: &Data) {
    let keys = names.each_ref().map(|name| format!("{name}-me"));
    let mut shown = Vec::new();
    for key in &keys {
        shown.push(stage.text("/graphql", key, INTROSPECTION).await);
    }
    assert_eq!(shown[0], shown[1], "{role}: the schema");
    let introspected = stage.ask("/graphql", &keys[0], INTROSPECTION).await;
    let schema = Schema::read(&introspected["data"]);
    assert!(!schema.types.contains_key("Vault") && schema.types.contains_key("Deal"), "{role}");
    let mut pool = pool(data);
    let mut chance = Chance::new(seed() ^ u64::from(me));
    let (mut answered, mut told) = (0, BTreeSet::new());
    for round in 0..rounds() {
        let mut maker = Maker { schema: &schema, pool: &pool, chance: &mut chance };
        let operation = if round % 4 == 3 { maker.mutation() } else { maker.query() };
        let left = stage.text("/graphql", &keys[0], &operation).await;
        let right = stage.text("/graphql", &keys[1], &operation).await;
        assert_eq!(
            settled(&left, &pool.ids),
            settled(&right, &pool.ids),
            "{role} {me}, round {round}, seed {}: {operation}",
            seed()
        );
        assert!(!left.contains("\"INTERNAL\""), "{operation}\n{left}");
        if left.starts_with("200") && !left.contains("\"errors\":[{") {
            answered += 1;
        }
        told.insert(left.clone());
        remember(&mut pool, &left);
    }
    // A proof about refusals alone would prove little.
    assert!(answered * 3 > rounds(), "{role}: only {answered} of {} were answered", rounds());
    assert!(told.len() * 4 > rounds(), "{role}: only {} different answers", told.len());
}

/// Ids that were made for a rehearsal differ by chance.
fn settled(answer: &str, known: &[String]) -> String {
    let piece = |piece: &str| {
        let made = piece.parse::<uuid::Uuid>().is_ok() && !known.iter().any(|id| id == piece);
        if made { "made".to_owned() } else { piece.to_owned() }
    };
    answer.split('"').map(piece).collect::<Vec<_>>().join("\"")
}

fn pool(data: &Data) -> Pool {
    let mut ids: Vec<String> =
        data.objects.values().flat_map(|records| records.keys().map(ToString::to_string)).collect();
    ids.extend((0..8).map(|number| user(number).to_string()));
    // Some that only one of the twins has, and one that nobody has.
    ids.extend((0..3).map(|number| id(12, 900 + number).to_string()));
    ids.push(id(99, 1).to_string());
    let mut words: Vec<String> = WORDS.map(str::to_owned).to_vec();
    words.extend(["de", "cn", "atlantis", "a", "alpha%", "p1@example.com"].map(str::to_owned));
    Pool { ids, words, cursors: Vec::new() }
}

/// Keeps the positions of an answer that are of lists in the order of ids.
fn remember(pool: &mut Pool, answer: &str) {
    // Positions are hex of JSON that begins with `{"o":"object","id":…`.
    for piece in answer.split('"').filter(|piece| piece.starts_with("7b226f223a22")) {
        let bytes =
            (0..piece.len() / 2).filter_map(|at| u8::from_str_radix(piece.get(2 * at..2 * at + 2)?, 16).ok());
        let json: Option<Value> = serde_json::from_slice(&bytes.collect::<Vec<u8>>()).ok();
        let members = json.as_ref().and_then(Value::as_object);
        if let Some(members) = members.filter(|members| members.len() == 2) {
            let object = members.get("o").and_then(Value::as_str).unwrap_or_default();
            pool.cursors.push((object.to_owned(), piece.to_owned()));
        }
    }
}
