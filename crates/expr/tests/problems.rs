//! What is wrong with expressions: code, place and hint of every problem.

use expr::sample::Sample;
use expr::{Type, parse};

/// Checks code, the text under the span, and a part of message, expectation and hint of the only problem.
fn refuse(source: &str, code: &str, place: &str, says: &str) {
    let problems = parse(source, &Sample, "deal", None).expect_err(source);
    assert_eq!(problems.len(), 1, "{source}: {problems:?}");
    let problem = &problems[0];
    let all = format!("{problem} {}", problem.expected.as_deref().unwrap_or_default());
    let start = usize::try_from(problem.span.start).expect("small");
    let end = usize::try_from(problem.span.end).expect("small");
    assert_eq!((problem.code, &source[start..end]), (code, place), "{source}: {all}");
    assert!(all.contains(says), "{source}: {all}");
}

#[test]
fn names_that_are_not_there() {
    refuse("record.amonut > 1", "UNKNOWN_NAME", "amonut", "did you mean `amount`?");
    refuse(
        "record.account.teir == \"A\"",
        "UNKNOWN_NAME",
        "teir",
        "`account` has no field `teir` (did you mean `tier`?)",
    );
    refuse("amount > 1", "UNKNOWN_NAME", "amount", "write `record.amount`");
    refuse("recrod.amount > 1", "UNKNOWN_NAME", "recrod", "did you mean `record`?");
    refuse("record.stage == won", "UNKNOWN_NAME", "won", "write `record.won`");
    refuse("record.stage == lost", "UNKNOWN_NAME", "lost", "\"lost\"");
    refuse("settings.treshold", "UNKNOWN_NAME", "treshold", "no setting");
    refuse("record.address.town", "UNKNOWN_NAME", "town", "`street`, `city`");
    refuse("record.subject.name", "UNKNOWN_NAME", "name", "`account`, `user`");
    refuse("record.amount.x", "UNKNOWN_NAME", "x", "is of type decimal");
    refuse("record.tasks.done", "UNKNOWN_NAME", "done", "some(tasks");
    refuse("some(record.tasks, old.won)", "UNKNOWN_NAME", "old", "related records");
    refuse("rond(1.5)", "UNKNOWN_FUNCTION", "rond", "did you mean `round`?");
}

#[test]
fn types_that_do_not_go_together() {
    refuse("record.amount > \"a lot\"", "EXPRESSION_TYPE", "record.amount > \"a lot\"", "decimal and text");
    refuse("record.name + 1", "EXPRESSION_TYPE", "1", "use `text(x)`");
    refuse(
        "record.rate * record.amount",
        "EXPRESSION_TYPE",
        "record.rate * record.amount",
        "`decimal(x)` or `float(x)`",
    );
    refuse(
        "record.dueAt > record.closeDate",
        "EXPRESSION_TYPE",
        "record.dueAt > record.closeDate",
        "use `date(x)`",
    );
    refuse(
        "record.closeDate - record.startDate",
        "EXPRESSION_TYPE",
        "record.closeDate - record.startDate",
        "days(from, to)",
    );
    refuse("record.closeDate + record.effort", "EXPRESSION_TYPE", "record.effort", "addDays");
    refuse("record.closeDate + \"3h\"", "EXPRESSION_TYPE", "\"3h\"", "whole days");
    refuse("now() - \"3mo\"", "EXPRESSION_TYPE", "\"3mo\"", "no fixed length");
    refuse("record.amount && true", "EXPRESSION_TYPE", "record.amount", "compare it");
    refuse("if record.count { 1 } else { 2 }", "EXPRESSION_TYPE", "record.count", "compare it");
    refuse("if true { 1 } else { \"a\" }", "EXPRESSION_TYPE", "if true { 1 } else { \"a\" }", "int and text");
    refuse("-record.name", "EXPRESSION_TYPE", "-record.name", "a number");
    refuse("record.rate % 2", "EXPRESSION_TYPE", "record.rate % 2", "decimal(x)");
    refuse("record.extra == record.name", "EXPRESSION_TYPE", "record.extra == record.name", "json and text");
    refuse("record.tags == record.tags", "EXPRESSION_TYPE", "record.tags == record.tags", "hasAny");
    refuse("record.won < true", "EXPRESSION_TYPE", "record.won < true", "no order");
    refuse(
        "record.owner == record.account",
        "EXPRESSION_TYPE",
        "record.owner == record.account",
        "user record and account record",
    );
    refuse("record.address == \"x\"", "EXPRESSION_TYPE", "record.address", "`street`, `city`");
    refuse("record.count in 3", "EXPRESSION_TYPE", "3", "a list");
    refuse("record.count in [1, null]", "EXPRESSION_TYPE", "null", "== null ||");
    refuse("[1, 2]", "EXPRESSION_TYPE", "[1, 2]", "behind `in`");
    refuse("record.tasks", "EXPRESSION_TYPE", "record.tasks", "count(tasks)");
    refuse("count(record.account)", "EXPRESSION_TYPE", "record.account", "to-many");
    refuse("len(3)", "EXPRESSION_TYPE", "len(3)", "`len(text)`");
    refuse("round(1.5, record.count)", "BAD_VALUE", "round(1.5, record.count)", "0 to 6");
    refuse("dateFrom(\"soon\")", "BAD_VALUE", "\"soon\"", "last|next N days");
    refuse("like(record.name, record.note)", "EXPRESSION_TYPE", "record.note", "written out");
    refuse("date(record.name)", "EXPRESSION_TYPE", "date(record.name)", "`date(dateTime)`");
    refuse("time(record.name)", "EXPRESSION_TYPE", "time", "written out");
}

#[test]
fn literals_that_do_not_read() {
    refuse("record.stage == \"Won\"", "UNKNOWN_CHOICE", "\"Won\"", "did you mean `won`?");
    refuse("record.stage in [\"won\", \"loost\"]", "UNKNOWN_CHOICE", "\"loost\"", "did you mean `lost`?");
    refuse("\"uk\" in record.markets", "UNKNOWN_CHOICE", "\"uk\"", "`de`, `cn`, `us`");
    refuse("record.closeDate > \"31.01.2026\"", "BAD_VALUE", "\"31.01.2026\"", "2026-01-31");
    refuse("date(\"2026-02-30\")", "BAD_VALUE", "\"2026-02-30\"", "a date such as");
    refuse("1.2345678", "BAD_VALUE", "1.2345678", "six fraction digits");
    refuse("9223372036854775808", "BAD_VALUE", "9223372036854775808", "64 bits");
}

#[test]
fn text_that_does_not_parse() {
    refuse("", "EXPRESSION_SYNTAX", "", "a value");
    refuse("1 +", "EXPRESSION_SYNTAX", "", "found the end");
    refuse("record.won = true", "EXPRESSION_SYNTAX", "=", "write `==`");
    refuse("record.won and true", "EXPRESSION_SYNTAX", "and", "write `&&`");
    refuse("not record.won", "EXPRESSION_SYNTAX", "not", "write `!`");
    refuse("record.won ? 1 : 2", "EXPRESSION_SYNTAX", "?", "if a { b } else { c }");
    refuse("if record.won { 1 }", "EXPRESSION_SYNTAX", "", "`else`");
    refuse("record.name.len()", "EXPRESSION_SYNTAX", "len", "len(…)");
    refuse("(1", "EXPRESSION_SYNTAX", "", "`)`");
    refuse("'abc", "EXPRESSION_SYNTAX", "'abc", "not closed");
    refuse("\"\\q\"", "EXPRESSION_SYNTAX", "\\q", "unknown escape");
    refuse("\"\\u{D800}\"", "EXPRESSION_SYNTAX", "\\u", "names no character");
    refuse("7d", "EXPRESSION_SYNTAX", "7d", "durations are text");
    refuse("return 1", "EXPRESSION_SYNTAX", "return", "no variables");
    refuse("1;", "EXPRESSION_SYNTAX", ";", "without `;`");
    refuse("record.été", "EXPRESSION_SYNTAX", "é", "does not belong here");
}

#[test]
fn all_problems_are_collected() {
    let source = "record.amonut > 1 && record.stage == \"Won\" || rond(record.nmae) == 2 && record.name > 3";
    let problems = parse(source, &Sample, "deal", Some(&Type::Bool)).expect_err("is refused");
    let found: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(
        found,
        ["UNKNOWN_NAME", "UNKNOWN_CHOICE", "UNKNOWN_FUNCTION", "UNKNOWN_NAME", "EXPRESSION_TYPE"],
        "{problems:?}"
    );
}

#[test]
fn the_type_that_is_expected_is_given_or_refused() {
    let give = |source: &str, ty: Type, expected: &str| {
        let printed = parse(source, &Sample, "deal", Some(&ty)).map(|expr| expr.to_string());
        assert_eq!(printed.as_deref(), Ok(expected), "{source}");
    };
    give("1", Type::Decimal, "1.0");
    give("record.count + 1", Type::Decimal, "decimal(record.count + 1)");
    give("if record.won { 1 } else { 0 }", Type::Decimal, "if record.won { 1.0 } else { 0.0 }");
    give("\"2026-01-31\"", Type::Date, "date(\"2026-01-31\")");
    give("null", Type::Text, "null");
    give("user", Type::Record("user".into()), "user");
    let refuse = |source: &str, ty: Type, says: &str| {
        let problems = parse(source, &Sample, "deal", Some(&ty)).expect_err(source);
        assert!(problems[0].to_string().contains(says), "{problems:?}");
    };
    refuse("record.amount", Type::Int, "expected int, found decimal (use `round(x)`");
    refuse("record.count", Type::Text, "use `text(x)`");
    refuse("record.dueAt", Type::Date, "use `date(x)`");
    refuse("record.account", Type::Record("user".into()), "expected user record, found account record");
    refuse("duration(\"3mo\")", Type::Duration, "no fixed length");
}

#[test]
fn hostile_sources_end_in_a_message() {
    let limited = |source: String| {
        let problems = parse(&source, &Sample, "deal", None).expect_err("is refused");
        assert_eq!(problems[0].code, "EXPRESSION_LIMIT", "{:?}", problems[0]);
    };
    limited("(".repeat(10_000));
    limited("!".repeat(10_000) + "true");
    limited("-".repeat(10_000) + "record.count");
    limited("[".repeat(10_000));
    limited("abs(".repeat(3_000));
    limited("if true { ".repeat(1_000));
    limited("if true { 1 } else ".repeat(500) + "{ 2 }");
    limited("1 + ".repeat(4_000) + "1");
    limited("1 ?? ".repeat(3_000) + "1");
    limited(format!("\"{}\"", "a".repeat(20_000)));
    let long = "record.won && ".repeat(1_000) + "true";
    assert!(parse(&long, &Sample, "deal", Some(&Type::Bool)).is_ok());
}
