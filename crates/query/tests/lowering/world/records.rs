//! Random records of the world: as rows for the databases and as records in memory.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use expr::sample::Record;
use expr::{Duration, Encoding, Value};
use metadata::catalog::Catalog;
use metadata::layout::Role;
use rust_decimal::Decimal;
use sql::{Ident, Insert, Param, Rows, Scalar, Source, Write};
use uuid::Uuid;

use testing::Chance;

/// A stored record: values by field, parts as `address.city`; `subject.object` names the object of a polymorphic relation.
pub type Stored = BTreeMap<String, Value>;

/// All records by object.
pub struct Records {
    pub of: BTreeMap<&'static str, Vec<Stored>>,
}

pub const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "b%",
    "a_b",
    "\\",
    "É",
    "é",
    "straße",
    "STRASSE",
    "İx",
    "日本",
    "x y",
    "Zürich 7",
    "a\\b",
    "😀",
    " a ",
];

fn text(chance: &mut Chance) -> Value {
    Value::Text((*chance.pick(TEXTS)).to_owned())
}

fn date(chance: &mut Chance) -> Value {
    let first = NaiveDate::from_ymd_opt(2023, 11, 15).expect("a day");
    Value::Date(first + chrono::Days::new(chance.below(500) as u64 / 7 * 7))
}

fn instant(chance: &mut Chance) -> Value {
    let seconds = 1_700_000_000 + i64::try_from(chance.below(40_000_000)).expect("small") / 3600 * 3600;
    Value::DateTime(
        DateTime::from_timestamp(seconds, *chance.pick(&[0, 1_000, 999_999_000])).expect("an instant"),
    )
}

fn decimal(chance: &mut Chance, scale: u32) -> Value {
    let digits = [0, 1, 5, -5, 10, 15, 25, 100, -333, 12_345, 500_000, 1_000_000, -2_500_000, 7_654_321];
    Value::Decimal(Decimal::new(*chance.pick(&digits), scale).normalize())
}

fn value(field: &str, chance: &mut Chance) -> Value {
    if chance.one_in(4) {
        return Value::Null;
    }
    match field {
        "count" | "rank" | "employees" | "points" => {
            Value::Int(i64::try_from(chance.below(9)).expect("small") - 3)
        }
        "amount" => decimal(chance, 6),
        "cost" | "price" => decimal(chance, 2),
        "fee" | "revenue" => decimal(chance, 4),
        "feeCurrency" => Value::Text((*chance.pick(&["EUR", "USD"])).to_owned()),
        "rate" | "weight" => Value::Float(*chance.pick(&[0.0, 0.5, -1.5, 2.25, 1e10, 0.1])),
        "won" | "hot" | "done" | "active" => Value::Bool(chance.one_in(2)),
        "closeDate" | "startDate" | "dueDate" => date(chance),
        "seenAt" | "dueAt" => instant(chance),
        "opensAt" => Value::Time(
            chrono::NaiveTime::from_hms_opt(8, u32::try_from(chance.below(3)).expect("small"), 0)
                .expect("a time"),
        ),
        "effort" => {
            Value::Duration(Duration::from_seconds(*chance.pick(&[0, 60, 3600, 86_400])).expect("short"))
        }
        "stage" => Value::Text((*chance.pick(&["new", "qualified", "won", "lost"])).to_owned()),
        "tier" => Value::Text((*chance.pick(&["A", "B"])).to_owned()),
        "tags" => list(&["a", "É", "x"], chance),
        "markets" => list(&["de", "cn", "us"], chance),
        "extra" => Value::Json(serde_json::json!({"a": [1, "b"]})),
        _ => text(chance),
    }
}

fn list(of: &[&str], chance: &mut Chance) -> Value {
    Value::List(of.iter().filter(|_| chance.one_in(2)).map(|text| Value::Text((*text).to_owned())).collect())
}

/// What each object's records hold beside ids and relations.
const FIELDS: &[(&str, usize, &[&str])] = &[
    ("user", 4, &["name", "country", "active"]),
    ("account", 7, &["name", "tier", "employees", "revenue"]),
    (
        "deal",
        40,
        &[
            "name",
            "note",
            "stage",
            "count",
            "rank",
            "amount",
            "cost",
            "rate",
            "weight",
            "won",
            "hot",
            "closeDate",
            "startDate",
            "opensAt",
            "seenAt",
            "dueAt",
            "effort",
            "tags",
            "markets",
            "extra",
            "address.street",
            "address.city",
            "fee",
            "feeCurrency",
        ],
    ),
    ("task", 60, &["name", "done", "points", "price", "dueDate"]),
    ("membership", 50, &[]),
];

/// To-one relations: object, field, target.
const RELATIONS: &[(&str, &str, &str)] = &[
    ("account", "parent", "account"),
    ("deal", "account", "account"),
    ("deal", "owner", "user"),
    ("task", "deal", "deal"),
    ("membership", "deal", "deal"),
    ("membership", "user", "user"),
];

impl Records {
    pub fn random(chance: &mut Chance) -> Self {
        let mut of: BTreeMap<&'static str, Vec<Stored>> = BTreeMap::new();
        for (kind, (object, count, fields)) in FIELDS.iter().enumerate() {
            let mut all = Vec::new();
            for number in 0..*count {
                let id =
                    Uuid::from_u128(((kind as u128 + 1) << 100) | (0x7 << 76) | (0x8 << 60) | number as u128);
                let mut stored: Stored =
                    fields.iter().map(|field| ((*field).to_owned(), value(field, chance))).collect();
                stored.insert("id".to_owned(), Value::Id(id));
                stored.insert("version".to_owned(), Value::Int(1));
                for at in ["createdAt", "updatedAt"] {
                    stored.insert(at.to_owned(), instant(chance));
                }
                let gone = chance.one_in(8);
                stored.insert("deletedAt".to_owned(), if gone { instant(chance) } else { Value::Null });
                all.push(stored);
            }
            of.insert(object, all);
        }
        let ids: BTreeMap<&str, Vec<Value>> = of
            .iter()
            .map(|(object, all)| (*object, all.iter().map(|one| one["id"].clone()).collect()))
            .collect();
        for (object, field, target) in RELATIONS {
            for stored in of.get_mut(object).expect("known") {
                let id = if chance.one_in(6) { Value::Null } else { chance.pick(&ids[target]).clone() };
                stored.insert((*field).to_owned(), id);
            }
        }
        for stored in of.get_mut("deal").expect("known") {
            let target = *chance.pick(&["account", "user"]);
            if !chance.one_in(4) {
                stored.insert("subject".to_owned(), chance.pick(&ids[target]).clone());
                stored.insert("subject.object".to_owned(), Value::Text(target.to_owned()));
            }
        }
        Self { of }
    }

    /// The statements that write all records.
    pub fn inserts(&self, catalog: &Catalog) -> Vec<Write> {
        self.of.iter().map(|(object, records)| insert(catalog, object, records)).collect()
    }

    /// The living records of an object.
    pub fn living(&self, object: &str) -> Vec<&Stored> {
        self.of[object].iter().filter(|stored| stored["deletedAt"].is_null()).collect()
    }

    fn by_id(&self, object: &str, id: Option<&Value>) -> Option<&Stored> {
        self.living(object).into_iter().find(|stored| Some(&stored["id"]) == id)
    }

    /// The record with what hangs on it, in memory.
    pub fn record(&self, object: &str, stored: &Stored, depth: u32) -> Record {
        let own = |name: &String| !RELATIONS.iter().any(|(of, field, _)| *of == object && field == name);
        let values = stored
            .iter()
            .filter(|(name, _)| own(name) && !name.starts_with("subject"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut record = Record { values, ..Record::default() };
        if depth == 0 {
            return record;
        }
        for (of, field, target) in RELATIONS {
            if *of == object
                && let Some(found) = self.by_id(target, stored.get(*field))
            {
                record.one.insert((*field).to_owned(), self.record(target, found, depth - 1));
            }
        }
        if object == "deal" {
            let tasks = self.living("task").into_iter().filter(|task| task["deal"] == stored["id"]);
            record
                .many
                .insert("tasks".to_owned(), tasks.map(|task| self.record("task", task, depth - 1)).collect());
        }
        record
    }
}

fn insert(catalog: &Catalog, object: &str, records: &[Stored]) -> Write {
    let table = &catalog.layout.tables[object];
    let columns: Vec<_> =
        table.fields.iter().flat_map(|(field, all)| all.iter().map(move |column| (field, column))).collect();
    let cell = |stored: &Stored, field: &str, role: &Role| match role {
        Role::Value => stored.get(field).cloned(),
        Role::Folded => stored.get(field).map(|value| match value {
            Value::Text(text) => Value::Text(expr::fold(text)),
            other => other.clone(),
        }),
        Role::Object => stored.get(&format!("{field}.object")).cloned(),
        Role::Part(part) => stored.get(&format!("{field}.{part}")).cloned(),
    };
    let row = |stored: &Stored| {
        columns
            .iter()
            .map(|(field, column)| match cell(stored, field, &column.role).unwrap_or(Value::Null) {
                Value::Null => Scalar::Null(column.encoding),
                value => param(value, column.encoding),
            })
            .collect()
    };
    Write::Insert(Insert {
        table: Ident::made(&table.name),
        columns: columns.iter().map(|(_, column)| Ident::made(&column.name)).collect(),
        rows: Rows::Values(records.iter().map(row).collect()),
        conflict: None,
        returning: Vec::new(),
    })
}

fn param(value: Value, encoding: Encoding) -> Scalar {
    Scalar::Param(Param { source: Source::Constant(value), encoding, list: false })
}
