//! What is found in scripts before they run.

use std::sync::Arc;

use expr::{Member, Scope, Type};
use script::{Entry, Library, Severity};

use crate::support::{library, path, problems, source};

fn only(text: &str) -> (String, Option<u32>, String) {
    let found = problems(text);
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].message.clone(), found[0].place.line, found[0].hint.clone().unwrap_or_default())
}

#[test]
fn what_does_not_parse_is_told_with_its_place() {
    let (message, line, _) = only("fn g(record) {\n  record.score >= \n}");
    assert!(line == Some(3), "{message}");
    let (_, line, _) = only("fn g() {\n  unknown + 1\n}");
    assert_eq!(line, Some(2));
    let (message, ..) = only("fn g() { eval(\"1\") }");
    assert!(message.contains("eval"), "{message}");
}

#[test]
fn calls_of_what_is_not_there_are_found() {
    let (message, line, hint) = only("fn g() {\n  tody()\n}");
    assert_eq!(
        (message.as_str(), line, hint.as_str()),
        ("there is no function `tody`", Some(2), "did you mean `today`?")
    );
    let (message, ..) = only("fn g() { helper(1, 2) }\nfn helper(a) { a }");
    assert_eq!(message, "`helper` takes 1 arguments, not 2");
    let (message, ..) = only("fn g() { lib::x() }");
    assert_eq!(message, "there is no script or plugin `lib`");
    let sources = [source("lead", "fn g() { lib::y() }"), source("lib", "fn x() { 1 }")];
    let found = Library::compile(&sources).expect_err("a problem");
    assert_eq!(found[0].message, "there is no function `y`");
}

#[test]
fn nothing_runs_outside_of_functions() {
    let (message, line, _) = only("fn g() { true }\nloop {}");
    assert!(message.contains("outside of functions") && line == Some(2), "{message}");
    assert_eq!(
        only("let x = 1;").0,
        "outside of functions only `const` and `import \"module\" as name` may stand"
    );
}

#[test]
fn scripts_that_import_each_other_in_a_circle_are_refused() {
    let sources =
        [source("a", "import \"b\" as b; fn f() { 1 }"), source("b", "import \"a\" as a; fn f() { 1 }")];
    let found = Library::compile(&sources).expect_err("a problem");
    assert!(found.iter().any(|p| p.message.contains("circle")), "{found:?}");
}

struct Leads;

impl Scope for Leads {
    fn member(&self, object: &str, name: &str) -> Option<Member> {
        let value = |ty| Some(Member::Value { ty, choices: None });
        match (object, name) {
            ("lead", "score") => value(Type::Int),
            ("lead", "name") | ("account", "tier") => value(Type::Text),
            ("lead", "closeDate") => value(Type::Date),
            ("lead", "stage") => {
                Some(Member::Value { ty: Type::Text, choices: Some(Arc::from(["mql".into(), "sql".into()])) })
            }
            ("lead", "account") => Some(Member::One("account".into())),
            ("lead", "tasks") => Some(Member::Many("task".into())),
            _ => None,
        }
    }
    fn members(&self, object: &str) -> Vec<Arc<str>> {
        let names: &[&str] =
            if object == "lead" { &["score", "name", "stage", "account"] } else { &["tier"] };
        names.iter().map(|name| (*name).into()).collect()
    }
    fn setting(&self, _: &str) -> Option<Type> {
        None
    }
}

fn entry(text: &str, kind: Entry) -> Vec<(Severity, String)> {
    let found = library(text).check_entry(path("g"), kind, Some((&Leads, "lead"))).expect("a function");
    found.into_iter().map(|p| (p.severity, format!("{} {}", p.place.line.unwrap_or(0), p.message))).collect()
}

#[test]
fn entries_are_checked_against_what_names_them() {
    let text = "fn g(record) { true }\nfn ready(rec) { true }";
    let mistake = library(text).check_entry(path("redy"), Entry::Guard, None).expect_err("a mistake");
    assert_eq!(mistake.hint.as_deref(), Some("did you mean `ready`?"));
    let found = library(text).check_entry(path("ready"), Entry::Guard, None).expect("a function");
    assert!(found[0].message.starts_with("`rec` is no argument"), "{found:?}");
    let asks = "fn g(record) { helper() }\nfn helper() { count(\"task\") == 0 }";
    assert!(entry(asks, Entry::Guard)[0].1.contains("a guard only judges"));
    assert_eq!(entry(asks, Entry::Handler), []);
    let beside =
        "fn g(record) { record.score > 3 }\nfn other(record) { create(\"task\", #{}); record.nothing }";
    assert_eq!(entry(beside, Entry::Guard), [], "what another function does is not this one's");
}

#[test]
fn fields_and_comparisons_are_checked_where_types_are_known() {
    use Severity::{Error, Warning};
    let found = |body: &str| entry(&format!("fn g(record) {{\n{body}\n}}"), Entry::Guard);
    assert_eq!(found("record.scor > 3"), [(Error, "2 `lead` has no field `scor`".to_owned())]);
    assert_eq!(
        found("record.account.teir == \"A\""),
        [(Error, "2 `account` has no field `teir`".to_owned())]
    );
    assert_eq!(found("record.name > 1"), [(Warning, "2 a text is compared with a int".to_owned())]);
    assert_eq!(
        found("record.stage == \"mqll\""),
        [(Warning, "2 `mqll` is none of the field's values".to_owned())]
    );
    assert!(found("record.tasks.len() > 1")[0].1.contains("list of records"));
    assert_eq!(
        found("record.score > 3.5 && record.closeDate > \"2026-01-01\" && record.account.tier == \"A\""),
        []
    );
}
