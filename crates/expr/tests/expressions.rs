//! Expression text, checked and evaluated over the sample world.

use std::collections::BTreeMap;

use expr::sample::{Record, Sample, World};
use expr::{EvalError, Moment, Type, Value, evaluate, parse};

fn record(values: &[(&str, Type, &str)]) -> Record {
    let values = values
        .iter()
        .map(|(name, ty, text)| ((*name).to_owned(), Value::parse(ty, text).expect("a value")))
        .collect();
    Record { values, ..Record::default() }
}

fn world() -> World {
    let mut deal = record(&[
        ("id", Type::Id, "00000000-0000-7000-8000-000000000001"),
        ("name", Type::Text, "Größe 10"),
        ("stage", Type::Text, "won"),
        ("count", Type::Int, "7"),
        ("amount", Type::Decimal, "1200.5"),
        ("cost", Type::Decimal, "-0.04"),
        ("rate", Type::Float, "0.25"),
        ("won", Type::Bool, "true"),
        ("closeDate", Type::Date, "2026-01-31"),
        ("startDate", Type::Date, "2025-12-31"),
        ("dueAt", Type::DateTime, "2026-01-30T20:00:00Z"),
        ("effort", Type::Duration, "1d12h"),
        ("address.city", Type::Text, "Kyoto"),
    ]);
    deal.values.insert(
        "tags".to_owned(),
        Value::List(vec![Value::Text("hot".to_owned()), Value::Text("中国".to_owned())]),
    );
    deal.one.insert(
        "account".to_owned(),
        record(&[
            ("id", Type::Id, "00000000-0000-7000-8000-000000000002"),
            ("tier", Type::Text, "A"),
            ("employees", Type::Int, "600"),
        ]),
    );
    deal.one.insert("owner".to_owned(), record(&[("id", Type::Id, "00000000-0000-7000-8000-000000000003")]));
    let task = |name: &str, done: &str, points: &str| {
        record(&[("name", Type::Text, name), ("done", Type::Bool, done), ("points", Type::Int, points)])
    };
    deal.many.insert(
        "tasks".to_owned(),
        vec![task("call", "true", "3"), task("write", "false", "5"), Record::default()],
    );
    World {
        record: deal,
        old: record(&[("stage", Type::Text, "new")]),
        user: record(&[
            ("id", Type::Id, "00000000-0000-7000-8000-000000000003"),
            ("country", Type::Text, "DE"),
        ]),
        settings: BTreeMap::from([("threshold".to_owned(), Value::Int(5))]),
        slots: Vec::new(),
        moment: Moment {
            now: "2026-01-30T23:30:00Z".parse().expect("an instant"),
            zone: chrono_tz::Asia::Shanghai,
        },
        folded: vec!["name".to_owned()],
    }
}

/// Checks type, value and canonical text's stability of an expression.
fn check(source: &str, expected: &str) {
    let expr = parse(source, &Sample, "deal", None).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        unreachable!("{source}: {problems:?}")
    });
    let value = evaluate(&expr, &world()).expect("evaluates");
    let text = if value.is_null() { "null".to_owned() } else { value.to_text() };
    assert_eq!(text, expected, "{source}");
    let printed = expr.to_string();
    let again = parse(&printed, &Sample, "deal", None).expect("the canonical text parses");
    assert_eq!(again.to_string(), printed, "{source}");
    assert_eq!(evaluate(&again, &world()), Ok(value), "{printed}");
}

#[test]
fn arithmetic_is_exact_and_null_is_null() {
    check("1 + 2 * 3", "7");
    check("(1 + 2) * 3", "9");
    check("10 - 4 - 3", "3");
    check("7 / 2", "3.5");
    check("2 / 3", "0.666667");
    check("-2 / 3", "-0.666667");
    check("-7 % 3", "-1");
    check("1 / 0", "null");
    check("record.count % 0", "null");
    check("0.1 + 0.2", "0.3");
    check("record.amount * 1.1", "1320.55");
    check("record.rank + 1", "null");
    check("record.rate * 2", "0.5");
    check("record.rate + 0.5", "0.75");
    check("1e3", "1000.0");
    check("-record.cost", "0.04");
    check("- -3", "3");
    check("-9223372036854775808", "-9223372036854775808");
    check("record.amount + record.count", "1207.5");
    check("record.name + \"!\"", "Größe 10!");
    check("record.note + \"!\"", "null");
}

#[test]
fn conditions_are_two_valued() {
    check("record.rank > 1", "false");
    check("!(record.rank > 1)", "true");
    check("record.rank == null", "true");
    check("record.rank != null", "false");
    check("record.rank == record.rank", "true");
    check("record.rank != 3", "true");
    check("differs(record.rank, 3)", "false");
    check("record.hot && true", "false");
    check("!record.hot", "true");
    check("record.hot || record.won", "true");
    check("record.won == true && record.count > 5", "true");
    check("record.count in [1, 7]", "true");
    check("record.count in [7.0]", "true");
    check("record.rank in [1]", "false");
    check("record.count in []", "false");
    check("\"hot\" in record.tags", "true");
    check("record.amount >= 1200.50", "true");
    check("record.count < 7.5", "true");
    check("record.stage == 'won' && old.stage == 'new'", "true");
    check("record.owner == user", "true");
    check("record.owner == user.id", "true");
    check("record.account == user.id", "false");
    check("record.account != null", "true");
    check("record.account.parent == null", "true");
    check("record.account.parent.tier == \"A\"", "false");
    check("record.subject == null", "true");
    check("record.subject.account.tier == null", "true");
    check("record.address == null", "false");
    check("record.address.city == \"Kyoto\"", "true");
    check("record.extra == null", "true");
    check("settings.threshold < record.count", "true");
    check("settings.target ?? 1.5", "1.5");
    check("record.rank ?? 0 > -1", "true");
    check("if record.count > 10 { \"big\" } else if record.count > 5 { \"middle\" } else { null }", "middle");
    check("if record.hot { 1 } else { 2.5 }", "2.5");
}

#[test]
fn dates_move_and_are_measured() {
    check("today()", "2026-01-31");
    check("now()", "2026-01-30T23:30:00.000000Z");
    check("record.closeDate == today()", "true");
    check("record.closeDate > \"2026-01-30\"", "true");
    check("record.closeDate + \"1mo\"", "2026-02-28");
    check("record.closeDate - \"2mo1d\"", "2025-11-29");
    check("record.closeDate + duration(\"1w\")", "2026-02-07");
    check("addDays(record.closeDate, record.count)", "2026-02-07");
    check("addMonths(record.closeDate, -11)", "2025-02-28");
    check("addDays(record.closeDate, 9223372036854775807)", "null");
    check("days(record.startDate, record.closeDate)", "31");
    check("days(today(), record.startDate)", "-31");
    check("months(record.startDate, record.closeDate)", "1");
    check("years(\"2020-02-29\", \"2026-02-28\")", "5");
    check("days(record.dueAt, now())", "0");
    check("hours(record.dueAt, now())", "3");
    check("record.dueAt < now() - \"3h\"", "true");
    check("record.dueAt + record.effort", "2026-02-01T08:00:00.000000Z");
    check("record.effort >= duration(\"36h\")", "true");
    check("date(now())", "2026-01-30");
    check("year(today()) * 10000 + month(today()) * 100 + day(today())", "20260131");
    check("weekday(today())", "6");
    check("startOfWeek(today())", "2026-01-26");
    check("startOfQuarter(date(\"2026-12-31\"))", "2026-10-01");
    check("dateFrom(\"last month\")", "2025-12-01");
    check("instantFrom(\"today\")", "2026-01-30T16:00:00.000000Z");
    check("instantTo(\"today\")", "2026-01-31T16:00:00.000000Z");
}

#[test]
fn functions_do_as_their_docs_say() {
    check("abs(-3)", "3");
    check("abs(record.cost)", "0.04");
    check("round(record.cost, 1)", "0");
    check("round(-2.5)", "-3");
    check("floor(-2.5)", "-3");
    check("ceil(-2.5)", "-2");
    check("int(-2.5)", "-2");
    check("int(record.rate * 10)", "2");
    check("decimal(record.rate) * record.amount", "300.125");
    check("decimal(5e-7)", "0.000001");
    check("float(record.amount)", "1200.5");
    check("min(3, 1.5, 2)", "1.5");
    check("max(record.count, record.rank)", "null");
    check("max(record.closeDate, \"2026-02-01\")", "2026-02-01");
    check("text(1.50) + text(7) + text(true)", "1.57true");
    check("text(record.closeDate)", "2026-01-31");
    check("len(record.name)", "8");
    check("len(\"😀é\")", "2");
    check("lower(\"ABÜ\")", "abÜ");
    check("upper(\"abß\")", "ABß");
    check("trim(\"  a b \")", "a b");
    check("substring(record.name, 2, 3)", "öße");
    check("substring(record.name, -2, 3)", "Grö");
    check("substring(record.name, 6, 100)", "10");
    check("substring(record.name, 0, -1)", "");
    check("replace(\"aaa\", \"aa\", \"b\")", "ba");
    check("replace(\"aaa\", \"\", \"b\")", "aaa");
    check("isBlank(\"  \")", "true");
    check("isBlank(record.note)", "true");
    check("isBlank(record.tags)", "false");
    check("contains(record.name, \"GRÖSSE\")", "true");
    check("contains(record.address.city, \"KYO\")", "true");
    check("startsWith(record.note, \"\")", "false");
    check("like(record.name, \"Gr%10\")", "true");
    check("ilike(record.name, \"größe__\")", "false");
    check("has(record.tags, \"中国\") && hasAny(record.tags, [\"x\", \"hot\"])", "true");
    check("hasAll(record.tags, [\"x\", \"hot\"])", "false");
    check("hasAll(record.markets, [])", "true");
    check("isEmpty(record.markets)", "true");
}

#[test]
fn related_records_are_asked() {
    check("count(record.tasks)", "3");
    check("count(record.tasks, record.done)", "1");
    check("some(record.tasks, record.points > settings.threshold - 1)", "true");
    check("every(record.tasks, record.points > 2)", "false");
    check("every(record.tasks, record.points > 2 || record.points == null)", "true");
    check("none(record.tasks, record.name == \"call\" && !record.done)", "true");
    check("every(record.account.deals, false)", "true");
    check("some(record.account.deals)", "false");
    check("count(record.tasks, record.done) * 2 == 2", "true");
}

#[test]
fn results_out_of_range_are_errors() {
    for source in [
        "9223372036854775807 + record.count",
        "record.count * 9223372036854775807",
        "9199999999999.999999 + record.amount",
        "9000000000000.0 * record.amount",
        "1e308 * 10 * record.rate",
        "1e-300 * 1e-300",
        "decimal(record.count * 9000000000000)",
        "abs(-9223372036854775807 - 1)",
    ] {
        let expr = parse(source, &Sample, "deal", None).expect("checks");
        assert_eq!(evaluate(&expr, &world()), Err(EvalError::Overflow), "{source}");
    }
}
