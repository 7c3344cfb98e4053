//! Random values and records.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::decimal;
use crate::duration::Duration;
use crate::fold::nfc;
use crate::sample::Record;
use crate::scope::{Member, Scope};
use crate::types::Type;
use crate::value::Value;

/// Texts with something about them.
const TEXTS: [&str; 20] = [
    "",
    " ",
    "a",
    "A",
    "ab",
    " b ",
    "Äb",
    "straße",
    "STRASSE",
    "Éa",
    "éA",
    "中文",
    "文",
    "😀",
    "a😀b",
    "100%",
    "a_b",
    "a\\b",
    "it's \"q\"",
    "ΣΑΣ",
];

/// Values of a type, never null; of the choices, where they are a closed list. Decimals fit 12 digits before the point and 6 behind.
pub fn values(ty: &Type, choices: Option<&[Arc<str>]>) -> BoxedStrategy<Value> {
    if let Some(choices) = choices {
        let texts: Vec<String> = choices.iter().map(ToString::to_string).collect();
        let one = select(texts).prop_map(Value::Text);
        return match ty {
            Type::List(_) => {
                proptest::collection::vec(one, 0..4).prop_map(|list| Value::List(distinct(list))).boxed()
            }
            _ => one.boxed(),
        };
    }
    match ty {
        Type::Null => Just(Value::Null).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int => prop_oneof![
            6 => -5..=5i64,
            3 => -3_000_000..=3_000_000i64,
            1 => select(vec![i64::MAX, i64::MIN, i64::MAX - 1, 9_199_999_999_999, 9_200_000_000_000, -9_200_000_000_000]),
        ]
        .prop_map(Value::Int)
        .boxed(),
        Type::Decimal => millionths().prop_map(decimal_value).boxed(),
        Type::Float => prop_oneof![
            6 => (-20..=20i32).prop_map(|n| f64::from(n) / 4.0),
            2 => -1e6..1e6f64,
            1 => select(vec![0.1, 1e300, -1e300, 1e-300, 2.5, -2.5, 4.35, 9.2e18]),
        ]
        .prop_map(|v| Value::Float(v + 0.0))
        .boxed(),
        Type::Text => texts().prop_map(Value::Text).boxed(),
        Type::Date => dates().prop_map(Value::Date).boxed(),
        Type::Time => (0..86_400u32, 0..1_000_000u32)
            .prop_filter_map("a time", |(seconds, micros)| {
                NaiveTime::from_num_seconds_from_midnight_opt(seconds, micros * 1_000).map(Value::Time)
            })
            .boxed(),
        Type::DateTime => (dates(), 0..86_400_000_000i64)
            .prop_filter_map("an instant", |(date, micros)| {
                let start = date.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
                DateTime::from_timestamp_micros(start + micros).map(Value::DateTime)
            })
            .boxed(),
        Type::Duration => prop_oneof![-5..=5i64, -10_000_000..=10_000_000i64]
            .prop_filter_map("a duration", Duration::from_seconds)
            .prop_map(Value::Duration)
            .boxed(),
        Type::Id | Type::Record(_) => (1..=6u128).prop_map(|n| Value::Id(Uuid::from_u128(n))).boxed(),
        Type::Json => select(vec![serde_json::json!({"a": 1}), serde_json::json!([1, "b"]), serde_json::json!("x")])
            .prop_map(Value::Json)
            .boxed(),
        Type::List(of) => {
            proptest::collection::vec(values(of, None), 0..4).prop_map(|list| Value::List(distinct(list))).boxed()
        }
    }
}

fn decimal_value(millionths: i64) -> Value {
    decimal::from_millionths(i128::from(millionths)).map_or(Value::Null, Value::Decimal)
}

fn millionths() -> impl Strategy<Value = i64> {
    const MOST: i64 = 999_999_999_999_999_999;
    prop_oneof![
        4 => (-20..=20i64).prop_map(|n| n * 500_000),
        3 => -5_000_000..=5_000_000i64,
        2 => (-100_000..=100_000i64).prop_map(|n| n * 10_000),
        1 => select(vec![0, 1, -1, MOST, -MOST, 500_000, -500_000, 1_500_000, 2_500_000, -2_500_000]),
        1 => -MOST..=MOST,
    ]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => select(TEXTS.to_vec()).prop_map(str::to_owned),
        2 => "[ab ]{0,4}",
        1 => "[a-cA-Cäöß中国文é😀%_ ]{0,6}",
    ]
    .prop_map(|text| nfc(&text))
}

fn dates() -> impl Strategy<Value = NaiveDate> {
    let days = [
        "2024-02-29",
        "2026-01-31",
        "2026-02-28",
        "2026-12-31",
        "2027-01-01",
        "1999-12-31",
        "9999-12-31",
        "0001-01-01",
    ];
    let special: Vec<NaiveDate> = days.iter().filter_map(|day| day.parse().ok()).collect();
    prop_oneof![
        2 => select(special),
        6 => (2024..2028i32, 1..=12u32, 1..=31u32)
            .prop_filter_map("a day", |(year, month, day)| NaiveDate::from_ymd_opt(year, month, day)),
    ]
}

fn distinct(list: Vec<Value>) -> Vec<Value> {
    let mut out = Vec::with_capacity(list.len());
    for value in list {
        if !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

/// Records of an object, with the records of their own relations (which have none further).
pub fn records(scope: &dyn Scope, object: &str) -> BoxedStrategy<Record> {
    related(scope, object, 1)
}

fn related(scope: &dyn Scope, object: &str, depth: usize) -> BoxedStrategy<Record> {
    let mut record = Just(Record::default()).boxed();
    for name in scope.members(object) {
        let Some(member) = scope.member(object, &name) else { continue };
        record = with_member(scope, record, &name, member, depth);
    }
    record
}

fn with_member(
    scope: &dyn Scope,
    record: BoxedStrategy<Record>,
    name: &Arc<str>,
    member: Member,
    depth: usize,
) -> BoxedStrategy<Record> {
    let name = name.to_string();
    match member {
        Member::Value { ty: Type::Id, .. } if name == "id" => (record, any::<u128>())
            .prop_map(|(mut record, id)| {
                record.values.insert("id".to_owned(), Value::Id(Uuid::from_u128(id)));
                record
            })
            .boxed(),
        Member::Value { ty, choices } => with_value(record, name, values(&ty, choices.as_deref())),
        Member::Parts(parts) => parts.into_iter().fold(record, |record, (part, ty)| {
            with_value(record, format!("{name}.{part}"), values(&ty, None))
        }),
        Member::One(_) | Member::OneOf(_) | Member::Many(_) if depth == 0 => record,
        Member::One(to) => with_one(record, name, related(scope, &to, 0)),
        Member::OneOf(objects) => {
            let targets: Vec<BoxedStrategy<Record>> = objects
                .iter()
                .map(|to| {
                    let to = to.to_string();
                    related(scope, &to, 0)
                        .prop_map(move |target| {
                            let id = target.values.get("id").cloned().unwrap_or(Value::Null);
                            let mut pointer = Record::default();
                            pointer.values.insert("id".to_owned(), id);
                            pointer.one.insert(to.clone(), target);
                            pointer
                        })
                        .boxed()
                })
                .collect();
            with_one(record, name, proptest::strategy::Union::new(targets).boxed())
        }
        Member::Many(to) => (record, proptest::collection::vec(related(scope, &to, 0), 0..4))
            .prop_map(move |(mut record, many)| {
                record.many.insert(name.clone(), many);
                record
            })
            .boxed(),
    }
}

fn with_value(
    record: BoxedStrategy<Record>,
    name: String,
    value: BoxedStrategy<Value>,
) -> BoxedStrategy<Record> {
    (record, proptest::option::weighted(0.8, value))
        .prop_map(move |(mut record, value)| {
            if let Some(value) = value {
                record.values.insert(name.clone(), value);
            }
            record
        })
        .boxed()
}

fn with_one(
    record: BoxedStrategy<Record>,
    name: String,
    one: BoxedStrategy<Record>,
) -> BoxedStrategy<Record> {
    (record, proptest::option::weighted(0.7, one))
        .prop_map(move |(mut record, one)| {
            if let Some(one) = one {
                record.one.insert(name.clone(), one);
            }
            record
        })
        .boxed()
}
