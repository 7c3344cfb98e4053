//! From rows to bytes, and cursors there and back, over rows made up in memory.

use crate::world;
use crate::world::shape::*;
use expr::{Encoding, Slot, Value};
use metadata::catalog::Aggregate;
use query::access::{Access, permit};
use query::cursor;
use query::lower::{Lowered, lower};
use query::request::{ListPart, OrderKey, Page, Read};
use query::response::{ResponseError, write};
use sql::{CellType, Cells, Dialect};

struct Row(Vec<Value>);

impl Cells for Row {
    fn is_null(&self, column: usize) -> bool {
        self.0[column].is_null()
    }

    fn write_json(&self, column: usize, cell: CellType, out: &mut Vec<u8>) {
        let text = match (&self.0[column], cell) {
            (Value::Null, _) => "null".to_owned(),
            (Value::Int(n), CellType::BigInt) => format!("\"{n}\""),
            (Value::Text(json), CellType::Raw) => json.clone(),
            (value, _) => value.to_json().to_string(),
        };
        out.extend_from_slice(text.as_bytes());
    }

    fn value(&self, column: usize, _encoding: Encoding) -> Value {
        self.0[column].clone()
    }
}

fn lowered(read: Read) -> Lowered {
    let catalog = world::catalog();
    let read = permit(&catalog, &Access::Everything, read).expect("permitted");
    lower(&read, &catalog, Dialect::Postgres).expect("lowered")
}

fn written(lowered: &Lowered, rows: &[Row], values: &[Value]) -> String {
    let mut out = Vec::new();
    write(&lowered.response, rows, values, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

fn id(n: u128) -> Value {
    Value::Id(uuid::Uuid::from_u128(n))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn a_page_is_written_along_the_shape() {
    let mut selection = values(&["name"]);
    selection.push(one("account", values(&["name"])));
    let lowered = lowered(read(list("deal", args(None, vec![], page(0)), vec![nodes(selection)])));
    // id, name, account.id, account.name
    let rows = [
        Row(vec![id(1), text("a\"b"), id(9), text("Acme")]),
        Row(vec![id(2), text("c"), Value::Null, Value::Null]),
    ];
    let expected = r#"{"nodes":[{"name":"a\"b","account":{"name":"Acme"}},{"name":"c","account":null}]}"#;
    assert_eq!(written(&lowered, &rows, &[Value::Int(2)]), expected);
    assert_eq!(written(&lowered, &[], &[Value::Int(2)]), r#"{"nodes":[]}"#);
}

fn paged(page: Page) -> Lowered {
    let order = vec![order("count", true, true)];
    lowered(read(list("deal", args(None, order, page), vec![edges(values(&["count"])), page_info()])))
}

#[test]
fn one_record_more_tells_that_more_follows() {
    let forward = paged(page(0));
    let rows =
        [Row(vec![id(1), Value::Int(3)]), Row(vec![id(2), Value::Int(2)]), Row(vec![id(3), Value::Null])];
    let json: serde_json::Value =
        serde_json::from_str(&written(&forward, &rows, &[Value::Int(2)])).expect("JSON");
    assert_eq!(json["edges"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["pageInfo"]["hasNextPage"], true);
    assert_eq!(json["pageInfo"]["hasPreviousPage"], false);
    assert_eq!(json["pageInfo"]["startCursor"], json["edges"][0]["cursor"]);
    assert_eq!(json["pageInfo"]["endCursor"], json["edges"][1]["cursor"]);

    let backward = paged(Page { backward: true, ..page(0) });
    let json: serde_json::Value =
        serde_json::from_str(&written(&backward, &rows, &[Value::Int(2)])).expect("JSON");
    assert_eq!(json["edges"][0]["node"]["count"], "2", "shown in order though fetched from the end");
    assert_eq!(json["edges"][1]["node"]["count"], "3");
    assert_eq!(json["pageInfo"]["hasNextPage"], false);
    assert_eq!(json["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(written(&backward, &[], &[Value::Int(2)]), written(&forward, &[], &[Value::Int(2)]));
}

#[test]
fn cursors_come_back_and_belong_to_one_order() {
    let catalog = world::catalog();
    let keys = vec![order("count", true, true)];
    let rows = [Row(vec![id(1), Value::Int(3)]), Row(vec![id(2), Value::Null])];
    let json = written(&paged(page(0)), &rows, &[Value::Int(5)]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let at = |n: usize| json["edges"][n]["cursor"].as_str().expect("a cursor").to_owned();
    assert_eq!(cursor::decode(&at(0), &catalog, "deal", &keys), Ok(vec![Value::Int(3), id(1)]));
    assert_eq!(cursor::decode(&at(1), &catalog, "deal", &keys), Ok(vec![Value::Null, id(2)]));

    let refused =
        |text: &str, object: &str, keys: &[OrderKey]| cursor::decode(text, &catalog, object, keys).is_err();
    assert!(refused(&at(0), "task", &keys), "another object");
    assert!(refused(&at(0), "deal", &[order("rank", true, true)]), "another key");
    assert!(refused(&at(0), "deal", &[order("count", false, false)]), "another direction");
    assert!(refused(&at(0), "deal", &[]), "no order");
    for forged in ["", "0", "zz", "7b7d", &at(0)[2..], &format!("{}00", at(0)), &"0".repeat(40_000)] {
        assert!(refused(forged, "deal", &keys), "{forged}");
    }
    let mut json = Vec::new();
    cursor::encode(
        br#"{"o":"deal -count nulls first","k0":"3","id":"00000000-0000-0000-0000-000000000001"}"#,
        &mut json,
    );
    assert!(refused(&String::from_utf8(json).expect("hex"), "deal", &keys), "a text where a number belongs");
}

#[test]
fn totals_are_told_when_the_page_is_empty() {
    let lowered =
        lowered(read(list("deal", args(None, vec![], page(0)), vec![total(), nodes(values(&["id"]))])));
    let rows = [Row(vec![Value::Int(7), Value::Null])];
    assert_eq!(written(&lowered, &rows, &[Value::Int(0)]), r#"{"totalCount":7,"nodes":[]}"#);
}

#[test]
fn sums_over_several_currencies_are_refused() {
    let sums = ListPart::Aggregate(vec![fold(Aggregate::Sum, "sum", &["fee"])]);
    let lowered = lowered(read(list("deal", args(None, vec![], page(0)), vec![keyed("aggregate", sums)])));
    let row = |currencies| [Row(vec![Value::Int(currencies), Value::Decimal(rust_decimal::Decimal::ONE)])];
    assert_eq!(written(&lowered, &row(1), &[Value::Null]), r#"{"aggregate":{"sum":{"fee":"1"}}}"#);
    let refused = write(&lowered.response, &row(2), &[Value::Null], &mut Vec::new());
    assert_eq!(refused, Err(ResponseError::MixedCurrencies { field: "fee".to_owned() }));
}

#[test]
fn values_are_derived_before_they_are_bound() {
    let lowered = paged(page(0));
    let moment = expr::Moment { now: chrono::DateTime::UNIX_EPOCH, zone: chrono_tz::UTC };
    let bound = |values: &[Value]| {
        lowered.slots.bind(values, &moment, &query::access::Facts::default()).expect("bound")
    };
    assert_eq!(bound(&[Value::Int(10)]), vec![Value::Int(10), Value::Int(11)]);
    assert_eq!(bound(&[Value::Null]), vec![Value::Null, Value::Int(51)]);
    assert!(lowered.slots.bind(&[], &moment, &query::access::Facts::default()).is_err());
    let second: Slot = 1;
    let limit = lowered.statement.holes.iter().find(|hole| **hole != sql::Hole::Schema);
    assert_eq!(limit, Some(&sql::Hole::Number(second)));
}
