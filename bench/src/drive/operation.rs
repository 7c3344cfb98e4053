//! The operations: what each server is asked for the same answer.

use serde_json::{Value, json};

use crate::seed;

use super::numbers::Numbers;
use super::world::World;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The hand-written one.
    Floor,
    /// The platform.
    Armature,
}

/// One kind of request.
pub struct Operation {
    /// As it stands in the results.
    pub name: &'static str,
    /// Share of the floor's throughput that Armature aims at.
    pub target: f64,
    /// Whether it changes records.
    pub writes: bool,
    /// The request to the floor, and the document and variables for Armature, from the same numbers.
    pub ask: fn(&mut Numbers, &World) -> (Vec<u8>, &'static str, Value),
}

impl Operation {
    /// The next request as bytes.
    pub fn request(&self, side: Side, numbers: &mut Numbers, world: &World) -> Vec<u8> {
        let (floor, query, variables) = (self.ask)(numbers, world);
        match side {
            Side::Floor => floor,
            Side::Armature => armature_request(&world.key, query, &variables),
        }
    }
}

/// All of them, in the order of the results.
pub const OPERATIONS: &[Operation] = &[
    Operation { name: "list 50x10, filtered, sorted", target: 0.8, writes: false, ask: list },
    Operation { name: "get by id", target: 0.7, writes: false, ask: one },
    Operation { name: "nested 20x5x1", target: 0.9, writes: false, ask: nested },
    Operation { name: "group by over 100k", target: 0.95, writes: false, ask: groups },
    Operation { name: "create", target: 0.7, writes: true, ask: create },
    Operation { name: "update", target: 0.7, writes: true, ask: update },
    Operation { name: "page at offset 100,000", target: 0.8, writes: false, ask: offset },
    Operation { name: "page by cursor", target: 0.8, writes: false, ask: cursor },
];

/// A GraphQL request.
pub fn armature_request(key: &str, query: &str, variables: &Value) -> Vec<u8> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         accept: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn floor_get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// A request to the floor that writes.
pub fn floor_post(path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

const LIST: &str = "query($stage: OpportunityStage!, $least: Decimal!) { opportunities(filter: { stage: { eq: $stage }, amount: { gte: $least } }, \
     orderBy: [{ closeDate: ASC }], first: 50) { nodes { id name stage type amount probability engagedOn closeDate nextStep createdAt } } }";

fn list(numbers: &mut Numbers, _: &World) -> (Vec<u8>, &'static str, Value) {
    const STAGES: [&str; 6] = ["prospecting", "qualification", "proposal", "negotiation", "won", "lost"];
    let stage = *numbers.pick(&STAGES).unwrap_or(&"won");
    let least = (numbers.up_to(500) * 10).to_string();
    (
        floor_get(&format!("/list?stage={stage}&least={least}")),
        LIST,
        json!({ "stage": stage, "least": least }),
    )
}

const ONE: &str = "query($id: ID!) { account(id: $id) { id name type tier industry website phone employees annualRevenue foundedYear } }";

fn one(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    let id = seed::id_of(2, numbers.up_to(world.accounts));
    (floor_get(&format!("/get?id={id}")), ONE, json!({ "id": id }))
}

const NESTED: &str = "query($from: String!) { accounts(filter: { tier: { eq: A }, name: { gte: $from } }, orderBy: [{ name: ASC }], first: 20) \
     { nodes { id name opportunities(orderBy: [{ closeDate: DESC }], first: 5) { nodes { id name amount closeDate product { id name } } } } } }";

fn nested(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    // Not from the last names, so that twenty always follow.
    let from = format!("{:06}", numbers.up_to(world.accounts - world.accounts / 5));
    (
        floor_get(&format!("/nested?from=Account%20{from}")),
        NESTED,
        json!({ "from": format!("Account {from}") }),
    )
}

const GROUPS: &str = "{ opportunitiesGroupBy(groupBy: [{ stage: true }, { closeDate: QUARTER }]) \
     { key { stage closeDate } aggregate { count sum { amount } } } }";

fn groups(_: &mut Numbers, _: &World) -> (Vec<u8>, &'static str, Value) {
    (floor_get("/groups"), GROUPS, json!({}))
}

const CREATE: &str = "mutation($data: ContactCreateInput!) { createContact(data: $data) { record { name email } errors { code } } }";

fn create(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    let number = numbers.up_to(1_000_000_000);
    let account = seed::id_of(2, numbers.up_to(world.accounts));
    let mut data = json!({
        "firstName": "Nora",
        "lastName": format!("New{number}"),
        "email": format!("new{number}@bench.example"),
        "jobTitle": "Accountant",
        "phone": "+1 557 0000000",
    });
    let mut floor = data.clone();
    floor["account"] = json!(account);
    data["account"] = json!({ "id": account });
    (floor_post("/create", &floor), CREATE, json!({ "data": data }))
}

const UPDATE: &str = "mutation($id: ID!, $data: OpportunityUpdateInput!) { updateOpportunity(id: $id, data: $data) \
     { record { id name nextStep amount } errors { code } } }";

fn update(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    let id = seed::id_of(5, numbers.up_to(world.opportunities));
    let step = format!("Step {}", numbers.up_to(1_000_000_000));
    let amount = numbers.up_to(1_000_000).to_string();
    let floor = json!({ "id": id, "nextStep": step, "amount": amount });
    (
        floor_post("/update", &floor),
        UPDATE,
        json!({ "id": id, "data": { "nextStep": step, "amount": amount } }),
    )
}

const OFFSET: &str = "query($offset: Int!) { activities(orderBy: [{ happenedAt: DESC }], first: 50, offset: $offset) \
     { nodes { id subject type direction aim happenedAt outcome location notes createdAt } } }";

fn offset(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    let offset = world.offset + numbers.up_to(1000) - 1;
    (floor_get(&format!("/offset?offset={offset}")), OFFSET, json!({ "offset": offset }))
}

const CURSOR: &str = "query($after: String!) { activities(orderBy: [{ happenedAt: DESC }], first: 50, after: $after) \
     { nodes { id subject type direction aim happenedAt outcome location notes createdAt } } }";

fn cursor(numbers: &mut Numbers, world: &World) -> (Vec<u8>, &'static str, Value) {
    let (at, id, cursor) = numbers
        .pick(&world.positions)
        .map_or(("", "", ""), |position| (&*position.at, &*position.id, &*position.cursor));
    (floor_get(&format!("/cursor?at={at}&id={id}")), CURSOR, json!({ "after": cursor }))
}
