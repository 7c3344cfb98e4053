//! Node by node: what the two printers print computes the same on both databases, and the same as memory does.

use chrono::{DateTime, NaiveDate, Utc};
use expr::{Encoding, Function, Value};
use rust_decimal::{Decimal, RoundingStrategy};
use sql::{Arithmetic, Bucket, Cells, Fold, From, ListTest, Order, Query, Relation, Scalar, print_query};
use store::{StoreError, Tenant};
use testing::each_database;

use crate::tables::{compute, constant, create, ident, insert, slot, slots};

const MICRO: i128 = 1_000_000;
const BOUND: i128 = 9_200_000_000_000_000_000;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn day(text: &str) -> Value {
    Value::Date(text.parse::<NaiveDate>().expect("a day"))
}

fn instant(text: &str) -> Value {
    Value::DateTime(text.parse::<DateTime<Utc>>().expect("an instant"))
}

fn decimal(units: i128) -> Value {
    Value::Decimal(Decimal::from_i128_with_scale(units, 6).normalize())
}

async fn value(
    tenant: &Tenant,
    scalar: &Scalar,
    encoding: Encoding,
    values: &[Value],
) -> Result<Value, StoreError> {
    Ok(compute(tenant, scalar, values).await?.value(0, encoding))
}

async fn expect(tenant: &Tenant, scalar: &Scalar, encoding: Encoding, values: &[Value], wanted: &Value) {
    let found = value(tenant, scalar, encoding, values).await;
    let told = found
        .as_ref()
        .err()
        .map(|error| format!("{error} {:?}", std::error::Error::source(error).map(ToString::to_string)));
    assert_eq!(
        found.as_ref().ok(),
        Some(wanted),
        "{scalar:?} of {values:?} on {:?}: {told:?}",
        tenant.dialect()
    );
}

/// Half away from zero.
fn divided(a: i128, b: i128) -> i128 {
    let sign = if (a < 0) == (b < 0) { 1 } else { -1 };
    sign * ((a.abs() * 2 + b.abs()) / (b.abs() * 2))
}

#[tokio::test]
async fn decimal_arithmetic_is_exact_rounded_and_bounded() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let six = Encoding::Decimal(6);
        let edges: Vec<i128> = vec![
            0,
            1,
            -1,
            3,
            499_999,
            500_000,
            1_000_000,
            -1_000_001,
            2_000_003,
            7_000_000,
            333_333_333_333,
            -123_456_789_012_345,
            9_199_999_999_999,
            9_200_000_000_001,
            1_000_000_000_000_000_000,
            -4_600_000_000_000_000_000,
            9_199_999_999_999_999_999,
            -9_199_999_999_999_999_999,
        ];
        for op in [
            Arithmetic::Add,
            Arithmetic::Subtract,
            Arithmetic::Multiply,
            Arithmetic::Divide,
            Arithmetic::Remainder,
        ] {
            let scalar = Scalar::Arithmetic(op, six, Box::new(slot(0, six)), Box::new(slot(1, six)));
            for a in &edges {
                for b in &edges {
                    let exact = match op {
                        Arithmetic::Add => Some(a + b),
                        Arithmetic::Subtract => Some(a - b),
                        Arithmetic::Multiply => Some(divided(a * b, MICRO)),
                        Arithmetic::Divide => (*b != 0).then(|| divided(a * MICRO, *b)),
                        Arithmetic::Remainder => (*b != 0).then(|| a % b),
                    };
                    let values = [decimal(*a), decimal(*b)];
                    match exact {
                        Some(units) if units.abs() >= BOUND => {
                            let found = value(tenant, &scalar, six, &values).await;
                            assert!(
                                matches!(found, Err(StoreError::Overflow)),
                                "{op:?} {a} {b} on {:?}: {found:?}",
                                tenant.dialect()
                            );
                        }
                        Some(units) => expect(tenant, &scalar, six, &values, &decimal(units)).await,
                        None => expect(tenant, &scalar, six, &values, &Value::Null).await,
                    }
                }
            }
            expect(tenant, &scalar, six, &[Value::Null, decimal(1)], &Value::Null).await;
            expect(tenant, &scalar, six, &[decimal(1), Value::Null], &Value::Null).await;
        }
        // Nested, so that operands are computed themselves.
        let sum = Scalar::Arithmetic(Arithmetic::Add, six, Box::new(slot(0, six)), Box::new(slot(1, six)));
        let nested = (0..12).fold(sum.clone(), |inner, _| {
            Scalar::Arithmetic(
                Arithmetic::Divide,
                six,
                Box::new(Scalar::Arithmetic(
                    Arithmetic::Multiply,
                    six,
                    Box::new(inner),
                    Box::new(slot(1, six)),
                )),
                Box::new(slot(1, six)),
            )
        });
        expect(tenant, &nested, six, &[decimal(5_000_000), decimal(3_000_000)], &decimal(8_000_000)).await;
    })
    .await;
}

#[tokio::test]
async fn whole_numbers_overflow_as_errors() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let whole = |op| {
            Scalar::Arithmetic(
                op,
                Encoding::Int,
                Box::new(slot(0, Encoding::Int)),
                Box::new(slot(1, Encoding::Int)),
            )
        };
        for (op, a, b, wanted) in [
            (Arithmetic::Add, 1, 2, Some(3)),
            (Arithmetic::Add, i64::MAX, 1, None),
            (Arithmetic::Subtract, i64::MIN, 1, None),
            (Arithmetic::Multiply, 3_037_000_500, 3_037_000_500, None),
            (Arithmetic::Multiply, -3, 4, Some(-12)),
            (Arithmetic::Divide, 7, -2, Some(-3)),
            (Arithmetic::Divide, i64::MIN, -1, None),
            (Arithmetic::Remainder, -7, 2, Some(-1)),
        ] {
            let values = [Value::Int(a), Value::Int(b)];
            if let Some(number) = wanted {
                expect(tenant, &whole(op), Encoding::Int, &values, &Value::Int(number)).await;
            } else {
                let found = value(tenant, &whole(op), Encoding::Int, &values).await;
                assert!(
                    matches!(found, Err(StoreError::Overflow)),
                    "{op:?} {a} {b} on {:?}: {found:?}",
                    tenant.dialect()
                );
            }
        }
        let float = |op| {
            Scalar::Arithmetic(
                op,
                Encoding::Float,
                Box::new(slot(0, Encoding::Float)),
                Box::new(slot(1, Encoding::Float)),
            )
        };
        expect(
            tenant,
            &float(Arithmetic::Divide),
            Encoding::Float,
            &[Value::Float(1.0), Value::Float(0.0)],
            &Value::Null,
        )
        .await;
        expect(
            tenant,
            &float(Arithmetic::Remainder),
            Encoding::Float,
            &[Value::Float(-7.5), Value::Float(2.0)],
            &Value::Float(-1.5),
        )
        .await;
        let found = value(
            tenant,
            &float(Arithmetic::Multiply),
            Encoding::Float,
            &[Value::Float(1e200), Value::Float(1e200)],
        )
        .await;
        assert!(matches!(found, Err(StoreError::Overflow)), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn conversions_agree() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let (four, six) = (Encoding::Decimal(4), Encoding::Decimal(6));
        let decimal = |text: &str| Value::Decimal(text.parse::<Decimal>().expect("a decimal").normalize());
        for (from, to, before, after) in [
            (Encoding::Int, six, Value::Int(-7), decimal("-7")),
            (four, six, decimal("1.2345"), decimal("1.2345")),
            (six, four, decimal("1.00005"), decimal("1.0001")),
            (six, four, decimal("-1.00005"), decimal("-1.0001")),
            (six, Encoding::Int, decimal("2.5"), Value::Int(3)),
            (six, Encoding::Int, decimal("-2.5"), Value::Int(-3)),
            (Encoding::Float, six, Value::Float(-0.1), decimal("-0.1")),
            (Encoding::Float, six, Value::Float(9_007_199_254.123_457), decimal("9007199254.123458")),
            (six, Encoding::Float, decimal("0.3"), Value::Float(0.3)),
            (Encoding::Int, Encoding::Float, Value::Int(i64::MAX), Value::Float(9_223_372_036_854_775_807.0)),
            (six, Encoding::Text, decimal("-0.5"), text("-0.5")),
            (six, Encoding::Text, decimal("1000"), text("1000")),
            (Encoding::Bool, Encoding::Text, Value::Bool(true), text("true")),
            (Encoding::Date, Encoding::Text, day("0999-01-31"), text("0999-01-31")),
            (
                Encoding::DateTime,
                Encoding::Text,
                instant("2026-01-31T12:30:00.5Z"),
                text("2026-01-31T12:30:00.500000Z"),
            ),
            (Encoding::DateTime, Encoding::Date, instant("1969-12-31T23:59:59.999999Z"), day("1969-12-31")),
            (Encoding::Date, Encoding::DateTime, day("2026-01-31"), instant("2026-01-31T00:00:00Z")),
            (
                Encoding::Duration,
                Encoding::Text,
                Value::Duration(expr::Duration::from_seconds(129_600).expect("in range")),
                text("1d12h"),
            ),
        ] {
            let scalar = Scalar::Convert(Box::new(slot(0, from)), from, to);
            expect(tenant, &scalar, to, &[before], &after).await;
            expect(tenant, &scalar, to, &[Value::Null], &Value::Null).await;
        }
        for (from, before) in [(Encoding::Int, Value::Int(i64::MAX)), (Encoding::Float, Value::Float(1e13))] {
            let scalar = Scalar::Convert(Box::new(slot(0, from)), from, six);
            let found = value(tenant, &scalar, six, &[before]).await;
            assert!(
                matches!(found, Err(StoreError::Overflow)),
                "{from:?} on {:?}: {found:?}",
                tenant.dialect()
            );
        }
    })
    .await;
}

#[tokio::test]
async fn functions_agree() {
    use Function as F;
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let six = Encoding::Decimal(6);
        let dec = |text: &str| Value::Decimal(text.parse::<Decimal>().expect("a decimal").normalize());
        let (date, at, int, txt, flt) =
            (Encoding::Date, Encoding::DateTime, Encoding::Int, Encoding::Text, Encoding::Float);
        for (function, args, result, wanted) in [
            (F::Days, vec![(day("2026-02-28"), date), (day("2026-03-01"), date)], int, Value::Int(1)),
            (
                F::Days,
                vec![(instant("2026-03-02T00:00:00Z"), at), (instant("2026-03-01T00:00:00.000001Z"), at)],
                int,
                Value::Int(0),
            ),
            (
                F::Hours,
                vec![(instant("0001-01-01T00:00:00Z"), at), (instant("9999-12-31T23:59:59.999999Z"), at)],
                int,
                Value::Int(87_649_415),
            ),
            (F::Months, vec![(day("2026-01-31"), date), (day("2026-02-28"), date)], int, Value::Int(0)),
            (F::Months, vec![(day("2026-02-28"), date), (day("2026-01-31"), date)], int, Value::Int(0)),
            (F::Months, vec![(day("2026-03-15"), date), (day("2024-01-15"), date)], int, Value::Int(-26)),
            (F::Years, vec![(day("2000-02-29"), date), (day("2026-02-28"), date)], int, Value::Int(25)),
            (F::Year, vec![(day("0999-12-31"), date)], int, Value::Int(999)),
            (F::Month, vec![(day("0999-12-31"), date)], int, Value::Int(12)),
            (F::Day, vec![(day("0999-12-31"), date)], int, Value::Int(31)),
            (F::Weekday, vec![(day("2026-11-22"), date)], int, Value::Int(7)),
            (F::AddDays, vec![(day("2026-02-28"), date), (Value::Int(1), int)], date, day("2026-03-01")),
            (F::AddDays, vec![(day("9999-12-31"), date), (Value::Int(1), int)], date, Value::Null),
            (F::AddDays, vec![(day("0001-01-01"), date), (Value::Int(-1), int)], date, Value::Null),
            (F::AddDays, vec![(day("2026-01-01"), date), (Value::Int(i64::MAX), int)], date, Value::Null),
            (F::AddMonths, vec![(day("2026-01-31"), date), (Value::Int(1), int)], date, day("2026-02-28")),
            (F::AddMonths, vec![(day("2024-03-31"), date), (Value::Int(-1), int)], date, day("2024-02-29")),
            (F::AddMonths, vec![(day("2026-01-31"), date), (Value::Int(i64::MIN), int)], date, Value::Null),
            (F::StartOfWeek, vec![(day("2026-11-22"), date)], date, day("2026-11-16")),
            (F::StartOfMonth, vec![(day("2026-11-22"), date)], date, day("2026-11-01")),
            (F::StartOfQuarter, vec![(day("2026-11-22"), date)], date, day("2026-10-01")),
            (F::StartOfYear, vec![(day("2026-11-22"), date)], date, day("2026-01-01")),
            (F::Date, vec![(instant("2026-11-21T23:59:59.9Z"), at)], date, day("2026-11-21")),
            (F::Abs, vec![(dec("-1.5"), six)], six, dec("1.5")),
            (F::Round, vec![(dec("-2.5"), six)], six, dec("-3")),
            (F::Floor, vec![(dec("-1.000001"), six)], int, Value::Int(-2)),
            (F::Ceil, vec![(dec("-1.9"), six)], int, Value::Int(-1)),
            (F::Ceil, vec![(dec("1.000001"), six)], int, Value::Int(2)),
            (F::Min, vec![(Value::Int(3), int), (Value::Int(-2), int)], int, Value::Int(-2)),
            (F::Max, vec![(day("2026-01-01"), date), (day("2025-01-01"), date)], date, day("2026-01-01")),
            (F::Max, vec![(Value::Int(3), int), (Value::Null, int)], int, Value::Null),
            (F::Int, vec![(dec("-1.9"), six)], int, Value::Int(-1)),
            (F::Int, vec![(Value::Float(1e19), flt)], int, Value::Null),
            (F::Decimal, vec![(Value::Float(0.1), flt)], six, dec("0.1")),
            (F::Float, vec![(dec("0.1"), six)], flt, Value::Float(0.1)),
            (F::Text, vec![(dec("10.50"), six)], txt, text("10.5")),
            (F::Len, vec![(text("漢😀e\u{301}"), txt)], int, Value::Int(4)),
            (F::Lower, vec![(text("ÄBC"), txt)], txt, text("Äbc")),
            (F::Upper, vec![(text("äbc"), txt)], txt, text("äBC")),
            (F::Trim, vec![(text("  a\tb \t"), txt)], txt, text("a\tb \t")),
            (
                F::Substring,
                vec![(text("漢字😀x"), txt), (Value::Int(1), int), (Value::Int(2), int)],
                txt,
                text("字😀"),
            ),
            (
                F::Substring,
                vec![(text("abc"), txt), (Value::Int(-5), int), (Value::Int(i64::MAX), int)],
                txt,
                text("abc"),
            ),
            (
                F::Substring,
                vec![(text("abc"), txt), (Value::Null, int), (Value::Int(1), int)],
                txt,
                Value::Null,
            ),
            (F::Replace, vec![(text("aXbX"), txt), (text("X"), txt), (text(""), txt)], txt, text("ab")),
            (F::Replace, vec![(text("ab"), txt), (text(""), txt), (text("x"), txt)], txt, text("ab")),
            (F::IsBlank, vec![(Value::Null, txt)], Encoding::Bool, Value::Bool(true)),
            (F::IsBlank, vec![(text(" \t"), txt)], Encoding::Bool, Value::Bool(false)),
        ] {
            let first = args.first().map_or(Encoding::Int, |(_, encoding)| *encoding);
            let scalars = args
                .iter()
                .enumerate()
                .map(|(place, (_, encoding))| slot(u16::try_from(place).expect("few"), *encoding))
                .collect();
            let values: Vec<Value> = args.into_iter().map(|(value, _)| value).collect();
            expect(tenant, &Scalar::Call(function, first, scalars), result, &values, &wanted).await;
        }
        let rounded = Scalar::Call(F::Round, six, vec![slot(0, six), constant(Value::Int(2), Encoding::Int)]);
        expect(tenant, &rounded, six, &[dec("-1.005")], &dec("-1.01")).await;
    })
    .await;
}

#[tokio::test]
async fn instants_fall_into_the_days_of_their_zone() {
    // Berlin's changes of 2026, as `query` passes them to SQLite.
    let offsets =
        r#"[["2026-10-25T01:00:00.000000Z",3600],["2026-03-29T01:00:00.000000Z",7200],["0000",3600]]"#;
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let zone = match tenant.dialect() {
            sql::Dialect::Postgres => text("Europe/Berlin"),
            sql::Dialect::Sqlite => text(offsets),
        };
        for (at, bucket, wanted) in [
            ("2026-03-28T22:59:59.999999Z", Bucket::Day, "2026-03-28"),
            ("2026-03-28T23:00:00Z", Bucket::Day, "2026-03-29"),
            ("2026-03-29T21:59:59.999999Z", Bucket::Day, "2026-03-29"),
            ("2026-03-29T22:00:00Z", Bucket::Day, "2026-03-30"),
            ("2026-03-29T22:00:00Z", Bucket::Week, "2026-03-30"),
            ("2026-12-31T23:30:00Z", Bucket::Year, "2027-01-01"),
            ("2026-12-31T22:30:00Z", Bucket::Quarter, "2026-10-01"),
            ("2026-06-30T22:30:00Z", Bucket::Month, "2026-07-01"),
        ] {
            let scalar = Scalar::Bucket(
                bucket,
                Box::new(slot(0, Encoding::DateTime)),
                Encoding::DateTime,
                Some(Box::new(slot(1, Encoding::Text))),
            );
            expect(tenant, &scalar, Encoding::Date, &[instant(at), zone.clone()], &day(wanted)).await;
        }
        let utc =
            Scalar::Bucket(Bucket::Week, Box::new(slot(0, Encoding::DateTime)), Encoding::DateTime, None);
        expect(tenant, &utc, Encoding::Date, &[instant("2026-11-22T23:59:59.999999Z")], &day("2026-11-16"))
            .await;
        let moved = Scalar::Shift(
            Box::new(slot(0, Encoding::DateTime)),
            Encoding::DateTime,
            Box::new(slot(1, Encoding::Int)),
            Box::new(slot(2, Encoding::Int)),
        );
        let values = [instant("2026-01-31T00:00:00.000001Z"), Value::Int(1), Value::Int(-2)];
        expect(tenant, &moved, Encoding::DateTime, &values, &instant("2026-02-27T23:59:59.999999Z")).await;
        let values = [instant("9999-12-31T23:59:59.999999Z"), Value::Int(0), Value::Int(1)];
        expect(tenant, &moved, Encoding::DateTime, &values, &Value::Null).await;
    })
    .await;
}

#[tokio::test]
async fn texts_and_lists_are_matched_alike() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let like = Scalar::Like(Box::new(slot(0, Encoding::Text)), Box::new(slot(1, Encoding::Text)));
        for (subject, pattern, wanted) in [
            ("Abc", "A%", true),
            ("Abc", "a%", false),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("a_c", "a\\_c", true),
            ("漢字", "漢_", true),
            ("😀x", "_x", true),
            ("", "%", true),
            ("a\\b", "a\\\\b", true),
        ] {
            expect(tenant, &like, Encoding::Bool, &[text(subject), text(pattern)], &Value::Bool(wanted))
                .await;
        }
        let all = Scalar::LikeAll(Box::new(slot(0, Encoding::Text)), slots(1, Encoding::Text));
        let patterns =
            |patterns: &[&str]| Value::List(patterns.iter().map(|pattern| text(pattern)).collect());
        for (wanted, these) in
            [(true, patterns(&["%a%", "%c"])), (false, patterns(&["%a%", "%x%"])), (true, patterns(&[]))]
        {
            expect(tenant, &all, Encoding::Bool, &[text("abc"), these], &Value::Bool(wanted)).await;
        }
        let test = |test, operand: Option<Scalar>| {
            Scalar::ListTest(test, Box::new(slot(0, Encoding::TextList)), operand.map(Box::new))
        };
        let list = |items: &[&str]| patterns(items);
        let (one, many) = (slot(1, Encoding::Text), Scalar::Param(slots(1, Encoding::Text)));
        for (scalar, subject, operand, wanted) in [
            (test(ListTest::Has, Some(one.clone())), list(&["a", "b"]), text("b"), true),
            (test(ListTest::Has, Some(one)), list(&["a", "b"]), text("c"), false),
            (test(ListTest::HasAny, Some(many.clone())), list(&["a", "b"]), list(&["x", "a"]), true),
            (test(ListTest::HasAny, Some(many.clone())), list(&["a", "b"]), list(&[]), false),
            (test(ListTest::HasAll, Some(many.clone())), list(&["a", "b"]), list(&["b", "a"]), true),
            (test(ListTest::HasAll, Some(many.clone())), list(&["a", "b"]), list(&["a", "x"]), false),
            (test(ListTest::HasAll, Some(many)), list(&["a"]), list(&[]), true),
            (test(ListTest::IsEmpty, None), list(&[]), Value::Null, true),
            (test(ListTest::IsEmpty, None), Value::Null, Value::Null, true),
            (test(ListTest::IsEmpty, None), list(&["a"]), Value::Null, false),
        ] {
            expect(tenant, &scalar, Encoding::Bool, &[subject, operand], &Value::Bool(wanted)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn aggregates_are_exact_and_orders_put_nulls_where_asked() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let four = Encoding::Decimal(4);
        create(tenant, "amount", &[("d", four), ("n", Encoding::Int)]).await;
        let numbers = ["0.1", "0.2", "0.0001", "-5", "7.77"];
        for (place, number) in numbers.iter().enumerate() {
            let key = Value::Int(i64::try_from(place).expect("small"));
            let number = Value::Decimal(number.parse().expect("a decimal"));
            tenant.run_write(&insert(tenant, "amount", "d", four), &[key, number]).await.expect("written");
        }
        tenant
            .run_write(&insert(tenant, "amount", "n", Encoding::Int), &[Value::Int(9), Value::Int(-7)])
            .await
            .expect("written");
        let column = |name: &str| Box::new(Scalar::Column(ident("t"), ident(name)));
        let sum: Decimal = numbers.iter().map(|number| number.parse::<Decimal>().expect("a decimal")).sum();
        let mean = (sum / Decimal::from(5)).round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero);
        let query = Query {
            columns: vec![
                (Scalar::Aggregate(Fold::Sum, column("d"), four), ident("a")),
                (Scalar::Aggregate(Fold::Avg, column("d"), four), ident("b")),
                (Scalar::Aggregate(Fold::Avg, column("n"), Encoding::Int), ident("c")),
                (Scalar::Aggregate(Fold::Min, column("d"), four), ident("d")),
                (Scalar::CountAll, ident("e")),
                (
                    Scalar::JsonObject(vec![(
                        "sum".to_owned(),
                        Scalar::Aggregate(Fold::Sum, column("d"), four),
                        sql::CellType::Plain(four),
                    )]),
                    ident("f"),
                ),
            ],
            from: Some(From { source: Relation::Table(ident("amount")), alias: ident("t") }),
            ..Query::default()
        };
        let rows = tenant.fetch(&print_query(&query, tenant.dialect()), &[]).await.expect("rows");
        let row = &rows[0];
        assert_eq!(row.value(0, four), Value::Decimal(sum.normalize()));
        assert_eq!(row.value(1, Encoding::Decimal(6)), Value::Decimal(mean.normalize()));
        assert_eq!(row.value(2, Encoding::Decimal(6)), Value::Decimal(Decimal::from(-7)));
        assert_eq!(row.value(3, four), Value::Decimal(Decimal::from(-5)));
        assert_eq!(row.value(4, Encoding::Int), Value::Int(6));
        let mut out = Vec::new();
        row.write_json(5, sql::CellType::Raw, &mut out);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&out).expect("JSON"),
            serde_json::json!({"sum": sum.normalize().to_string()})
        );
        for (descending, nulls_first) in [(false, false), (false, true), (true, false), (true, true)] {
            let query = Query {
                columns: vec![(Scalar::Column(ident("t"), ident("k")), ident("k"))],
                from: Some(From { source: Relation::Table(ident("amount")), alias: ident("t") }),
                order: vec![Order { by: *column("d"), descending, nulls_first }],
                ..Query::default()
            };
            let rows = tenant.fetch(&print_query(&query, tenant.dialect()), &[]).await.expect("rows");
            let mut wanted = vec![3, 2, 0, 1, 4];
            if descending {
                wanted.reverse();
            }
            wanted.insert(if nulls_first { 0 } else { 5 }, 9);
            let found: Vec<_> = rows.iter().map(|row| row.value(0, Encoding::Int)).collect();
            assert_eq!(
                found,
                wanted.into_iter().map(Value::Int).collect::<Vec<_>>(),
                "{descending} {nulls_first} on {:?}",
                tenant.dialect()
            );
        }
    })
    .await;
}
