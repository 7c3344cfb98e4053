//! Every encoding with its edge values: what is written is read back, as a value and as JSON, by cell and by the database's own JSON,
//! the same on both databases.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use expr::{Encoding, Value};
use futures::StreamExt;
use rust_decimal::Decimal;
use sql::{
    CellType, Cells, From, Insert, Order, Query, Relation, Rows, Scalar, Write, print_query, print_write,
};
use testing::each_database;

use crate::tables::{all, compute, constant, create, ident, insert, slot, slots};

fn decimals(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::Decimal(text.parse::<Decimal>().expect("a decimal").normalize())).collect()
}

fn texts(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Value::Text((*text).to_owned())).collect())
}

fn json(text: &str) -> Value {
    Value::Json(serde_json::from_str(text).expect("JSON"))
}

/// Each encoding with its edge values.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn matrix() -> Vec<(&'static str, Encoding, Vec<Value>)> {
    let day = |text: &str| Value::Date(text.parse::<NaiveDate>().expect("a day"));
    let time = |text: &str| Value::Time(text.parse::<NaiveTime>().expect("a time"));
    let instant = |text: &str| Value::DateTime(text.parse::<DateTime<Utc>>().expect("an instant"));
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        (
            "text",
            Encoding::Text,
            [
                "",
                " ",
                "plain",
                "O'Neil \"x\" \\ %_",
                "é",
                "e\u{301}",
                "漢字 😀 👩‍👩‍👧",
                "tab\tline\nret\r",
                "\u{1}\u{7f}\u{85}\u{2028}",
                "$1 ?1 {}",
            ]
            .map(text)
            .to_vec(),
        ),
        ("bool", Encoding::Bool, vec![Value::Bool(true), Value::Bool(false)]),
        (
            "int",
            Encoding::Int,
            [i64::MIN, i64::MIN + 1, -1, 0, 1, 9_007_199_254_740_993, i64::MAX].map(Value::Int).to_vec(),
        ),
        (
            "decimal0",
            Encoding::Decimal(0),
            decimals(&["0", "1", "-1", "10", "10000", "999999999999999999", "-999999999999999999"]),
        ),
        (
            "decimal4",
            Encoding::Decimal(4),
            decimals(&[
                "0",
                "0.0001",
                "-0.0001",
                "0.5",
                "1",
                "10000",
                "123456789.4321",
                "99999999999999.9999",
                "-99999999999999.9999",
            ]),
        ),
        (
            "decimal6",
            Encoding::Decimal(6),
            decimals(&[
                "0",
                "0.000001",
                "-0.5",
                "0.1",
                "1.05",
                "100000000.000001",
                "999999999999.999999",
                "9199999999999.999999",
            ]),
        ),
        (
            "decimal18",
            Encoding::Decimal(18),
            decimals(&["0.000000000000000001", "-0.999999999999999999", "0.1"]),
        ),
        (
            "float",
            Encoding::Float,
            [
                0.0,
                0.1,
                -0.1,
                1.0,
                1e-300,
                1.797_693_134_862_315_7e308,
                5e-324,
                123_456_789.123_456_79,
                1e21,
                -2.5,
            ]
            .map(Value::Float)
            .to_vec(),
        ),
        (
            "date",
            Encoding::Date,
            [
                "0001-01-01",
                "1582-10-10",
                "1969-12-31",
                "1970-01-01",
                "2000-02-29",
                "2026-11-21",
                "9999-12-31",
            ]
            .map(day)
            .to_vec(),
        ),
        (
            "time",
            Encoding::Time,
            ["00:00:00", "00:00:00.000001", "12:30:00", "23:59:59.999999"].map(time).to_vec(),
        ),
        (
            "instant",
            Encoding::DateTime,
            [
                "0001-01-01T00:00:00Z",
                "1969-12-31T23:59:59.999999Z",
                "1970-01-01T00:00:00Z",
                "2000-01-01T00:00:00.000001Z",
                "2026-11-21T23:59:59.123456Z",
                "9999-12-31T23:59:59.999999Z",
            ]
            .map(instant)
            .to_vec(),
        ),
        (
            "duration",
            Encoding::Duration,
            [0, 1, -1, 59, 60, 3_600, 86_400, 90_061, 604_800, 864_000, 1_209_600, -129_600]
                .map(|seconds| Value::Duration(expr::Duration::from_seconds(seconds).expect("in range")))
                .to_vec(),
        ),
        (
            "id",
            Encoding::Id,
            vec![
                Value::Id(uuid::Uuid::nil()),
                Value::Id(uuid::Uuid::max()),
                Value::Id("01938c5e-7c4a-7def-8123-456789abcdef".parse().expect("an id")),
            ],
        ),
        (
            "json",
            Encoding::Json,
            [
                "{}",
                "[]",
                "null",
                "\"text\"",
                "1",
                "{\"a\":1,\"bb\":[true,null,\"é\\\"\"],\"ccc\":{\"x\":1.5}}",
            ]
            .map(json)
            .to_vec(),
        ),
        (
            "texts",
            Encoding::TextList,
            vec![
                texts(&[]),
                texts(&[""]),
                texts(&["a"]),
                texts(&["a,b", "\"q\"", "{x}", "NULL", "back\\slash", "漢 😀"]),
            ],
        ),
    ]
}

fn cell(row: &impl Cells, column: usize, kind: CellType) -> serde_json::Value {
    let mut out = Vec::new();
    row.write_json(column, kind, &mut out);
    serde_json::from_slice(&out).unwrap_or_else(|error| panic_with(&out, &error))
}

#[expect(clippy::panic, reason = "names the bytes that are no JSON")]
fn panic_with(bytes: &[u8], error: &serde_json::Error) -> ! {
    panic!("{error}: {}", String::from_utf8_lossy(bytes))
}

/// Numbers as floats: PostgreSQL writes the float 1.0 as `1`.
fn as_floats(json: &serde_json::Value) -> serde_json::Value {
    match json {
        serde_json::Value::Number(number) => serde_json::Value::from(number.as_f64()),
        serde_json::Value::Array(items) => items.iter().map(as_floats).collect(),
        serde_json::Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), as_floats(value))).collect()
        }
        other => other.clone(),
    }
}

/// The same JSON, read by the reader that reads the databases' JSON: it is not exact in a float's last digit.
fn same_reader(json: &serde_json::Value) -> serde_json::Value {
    serde_json::from_str(&json.to_string()).expect("JSON")
}

#[tokio::test]
async fn every_value_comes_back_as_it_was_written() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let matrix = matrix();
        let columns: Vec<_> = matrix.iter().map(|(name, encoding, _)| (*name, *encoding)).collect();
        create(tenant, "everything", &columns).await;
        for (name, encoding, values) in &matrix {
            let statements = insert(tenant, "everything", name, *encoding);
            let base =
                i64::try_from(columns.iter().position(|(column, _)| column == name).expect("a column"))
                    .expect("small")
                    * 1000;
            for (place, value) in values.iter().chain([&Value::Null]).enumerate() {
                let key = Value::Int(base + i64::try_from(place).expect("small"));
                tenant
                    .run_write(&statements, &[key, value.clone()])
                    .await
                    .unwrap_or_else(|error| panic_on(name, value, &error));
            }
            let rows = tenant.fetch(&all(tenant, "everything", name), &[]).await.expect("rows");
            let rows: Vec<_> = rows
                .iter()
                .filter(
                    |row| matches!(row.value(0, Encoding::Int), Value::Int(key) if key / 1000 == base / 1000),
                )
                .collect();
            assert_eq!(rows.len(), values.len() + 1);
            for (row, value) in rows.iter().zip(values) {
                assert!(!row.is_null(1));
                assert_eq!(&row.value(1, *encoding), value, "{name} on {:?}", tenant.dialect());
                let written = cell(*row, 1, CellType::Plain(*encoding));
                assert_eq!(written, same_reader(&value.to_json()), "{name} on {:?}", tenant.dialect());
            }
            let last = rows.last().expect("the null");
            assert!(last.is_null(1));
            assert_eq!(last.value(1, *encoding), Value::Null);
            assert_eq!(cell(*last, 1, CellType::Plain(*encoding)), serde_json::Value::Null);
        }
    })
    .await;
}

#[expect(clippy::panic, reason = "names the value that failed")]
fn panic_on<T>(name: &str, value: &Value, error: &store::StoreError) -> T {
    panic!("{name} {value:?}: {error} {:?}", std::error::Error::source(error).map(ToString::to_string))
}

/// The database's own JSON is the same as that of the cells: as an object, in an array, with long keys and with short ones.
#[tokio::test]
async fn the_databases_write_the_same_json_as_the_cells() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let long = "k".repeat(80);
        for (name, encoding, values) in matrix() {
            for value in values.iter().chain([&Value::Null]) {
                // SQLite writes floats of extreme size to the last digit but one.
                if matches!(value, Value::Float(v) if *v != 0.0 && !(1e-100..1e100).contains(&v.abs())) {
                    continue;
                }
                for key in ["key", long.as_str()] {
                    let kinds = if encoding == Encoding::Int {
                        vec![CellType::Plain(encoding), CellType::BigInt]
                    } else {
                        vec![CellType::Plain(encoding)]
                    };
                    for kind in kinds {
                        let pair = |scalar| vec![(key.to_owned(), scalar, kind)];
                        let inner = Scalar::JsonObject(pair(slot(0, encoding)));
                        let nested = Query { columns: vec![(inner.clone(), ident("o"))], ..Query::default() };
                        let both = Scalar::JsonObject(vec![
                            ("one".to_owned(), inner, CellType::Raw),
                            ("many".to_owned(), Scalar::JsonArray(Box::new(nested)), CellType::Raw),
                        ]);
                        let row = compute(tenant, &both, std::slice::from_ref(value))
                            .await
                            .unwrap_or_else(|error| panic_on(name, value, &error));
                        let plain = compute(tenant, &slot(0, encoding), std::slice::from_ref(value))
                            .await
                            .expect("a row");
                        let wanted = cell(&plain, 0, kind);
                        let wanted =
                            serde_json::json!({"one": {key: wanted.clone()}, "many": [{key: wanted}]});
                        let found = cell(&row, 0, CellType::Raw);
                        let (found, wanted) = if encoding == Encoding::Float {
                            (as_floats(&found), as_floats(&wanted))
                        } else {
                            (found, wanted)
                        };
                        assert_eq!(found, wanted, "{name} {value:?} on {:?}", tenant.dialect());
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn lists_are_inserted_in_one_statement_and_matched() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let matrix = matrix();
        let columns: Vec<_> = matrix.iter().map(|(name, encoding, _)| (*name, *encoding)).collect();
        create(tenant, "bulk", &columns).await;
        let height = matrix.iter().map(|(_, _, values)| values.len()).max().expect("some") + 1;
        let mut lists = vec![Value::List((0..height).map(|key| Value::Int(i64::try_from(key).expect("small"))).collect())];
        let mut params = vec![slots(0, Encoding::Int)];
        let mut names = vec![ident("k")];
        for (place, (name, encoding, values)) in matrix.iter().enumerate() {
            params.push(slots(u16::try_from(place + 1).expect("few"), *encoding));
            names.push(ident(name));
            lists.push(Value::List((0..height).map(|row| values.get(row).cloned().unwrap_or(Value::Null)).collect()));
        }
        let write = Write::Insert(Insert { table: ident("bulk"), columns: names, rows: Rows::Unnest(params), conflict: None, returning: vec![] });
        tenant.run_write(&print_write(&write, tenant.dialect()), &lists).await.unwrap_or_else(|error| panic_on("bulk", &Value::Null, &error));
        for (name, encoding, values) in &matrix {
            let rows = tenant.fetch(&all(tenant, "bulk", name), &[]).await.expect("rows");
            let found: Vec<_> = rows.iter().map(|row| row.value(1, *encoding)).take(values.len()).collect();
            if *encoding == Encoding::Float {
                // SQLite reads JSON numbers of extreme size to the last digit but one.
                for (found, value) in found.iter().zip(values) {
                    assert!(matches!((found, value), (Value::Float(a), Value::Float(b)) if (a - b).abs() <= b.abs() * 1e-15), "{found:?} {value:?}");
                }
                continue;
            }
            assert_eq!(&found, values, "{name} on {:?}", tenant.dialect());
            if matches!(encoding, Encoding::Json | Encoding::TextList) {
                continue;
            }
            // Each value finds itself in a list parameter, and only in that.
            let alias = ident("t");
            let query = Query {
                columns: vec![(Scalar::Column(alias.clone(), ident("k")), ident("k"))],
                from: Some(From { source: Relation::Table(ident("bulk")), alias: alias.clone() }),
                filter: Some(Scalar::InParam(Box::new(Scalar::Column(alias.clone(), ident(name))), slots(0, *encoding))),
                order: vec![Order { by: Scalar::Column(alias, ident("k")), descending: false, nulls_first: false }],
                ..Query::default()
            };
            let statement = print_query(&query, tenant.dialect());
            for (place, value) in values.iter().enumerate() {
                let rows = tenant.fetch(&statement, &[Value::List(vec![value.clone()])]).await.expect("rows");
                let keys: Vec<_> = rows.iter().map(|row| row.value(0, Encoding::Int)).collect();
                assert_eq!(keys, [Value::Int(i64::try_from(place).expect("small"))], "{name} {value:?} on {:?}", tenant.dialect());
            }
            let none = tenant.fetch(&statement, &[Value::List(vec![])]).await.expect("rows");
            assert!(none.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn literals_of_definitions_mean_the_same_as_parameters() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let matrix = matrix();
        let columns: Vec<_> = matrix.iter().map(|(name, encoding, _)| (*name, *encoding)).collect();
        create(tenant, "indexed", &columns).await;
        let mut count = 0;
        for (name, encoding, values) in &matrix {
            for value in values {
                count += 1;
                let list = sql::Param {
                    source: sql::Source::Constant(Value::List(vec![value.clone()])),
                    encoding: *encoding,
                    list: true,
                };
                let condition = Scalar::Or(vec![
                    Scalar::Compare(
                        sql::Compare::Equal,
                        Box::new(Scalar::Bare(ident(name))),
                        Box::new(constant(value.clone(), *encoding)),
                    ),
                    Scalar::InParam(Box::new(Scalar::Bare(ident(name))), list),
                ]);
                let index = sql::Ddl::CreateIndex {
                    name: ident(&format!("i{count}")),
                    table: ident("indexed"),
                    parts: vec![(Scalar::Bare(ident("k")), true)],
                    unique: false,
                    condition: Some(condition),
                    concurrently: count % 10 == 0,
                };
                tenant
                    .execute_ddl(&sql::print_ddl(&index, tenant.dialect()))
                    .await
                    .unwrap_or_else(|error| panic_on(name, value, &error));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rows_stream_in_order_and_a_dropped_stream_frees_its_connection() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        create(tenant, "long", &[("n", Encoding::Int)]).await;
        let keys = Value::List((0..20_000).map(Value::Int).collect());
        let write = Write::Insert(Insert {
            table: ident("long"),
            columns: vec![ident("k")],
            rows: Rows::Unnest(vec![slots(0, Encoding::Int)]),
            conflict: None,
            returning: vec![],
        });
        tenant.run_write(&print_write(&write, tenant.dialect()), &[keys]).await.expect("rows");
        let statement = all(tenant, "long", "n");
        let mut stream = tenant.stream(&statement, &[]);
        let mut next = 0;
        while let Some(row) = stream.next().await {
            assert_eq!(row.expect("a row").value(0, Encoding::Int), Value::Int(next));
            next += 1;
        }
        assert_eq!(next, 20_000);
        for _ in 0..40 {
            let mut stream = tenant.stream(&statement, &[]);
            assert!(stream.next().await.is_some());
        }
        // More streams than connections were dropped: all of them came back.
        assert_eq!(tenant.fetch(&statement, &[]).await.expect("rows").len(), 20_000);
    })
    .await;
}
