//! What scripts see and say.

use std::sync::Arc;

use expr::Value;
use script::{Data, ErrorKind, HostCall, Library, Path, Verdict, View, ViewError};

use crate::support::{Keeping, Quiet, ample, judge, library, path, run, scene, source, value};

fn refused(body: &str) -> (String, u32) {
    match judge(body) {
        Ok(Verdict::Refused { text, place }) => (text.unwrap_or_default(), place.line.unwrap_or_default()),
        other => (format!("not refused: {other:?}"), 0),
    }
}

#[test]
fn a_guard_holds_or_says_why_not_with_the_line() {
    assert_eq!(judge("record.score >= 40"), Ok(Verdict::Holds));
    assert_eq!(refused("record.score > 40").0, "");
    assert_eq!(
        refused("let x = 1;\nif record.phone == () { return \"ask for the phone\"; }\ntrue"),
        ("ask for the phone".to_owned(), 3)
    );
    let text =
        "record.score >= settings.threshold ||\n`the score is ${record.score}, not ${settings.threshold}`";
    assert_eq!(refused(&format!("if {text} == true {{ true }} else {{ \"no\" }}")).0, "no");
    assert_eq!(
        refused(
            "if record.score >= settings.threshold { true } else {\n `score ${record.score} of ${settings.threshold}` }"
        ),
        ("score 40 of 60".to_owned(), 3)
    );
    let error = judge("42").expect_err("no verdict");
    assert!(error.message.contains("gives `true` or the text of its refusal"), "{error}");
}

#[test]
fn arguments_come_by_name_in_any_order() {
    let library = library("fn g(settings, record) { settings.threshold == 60 && record.score == 40 }");
    assert_eq!(library.judge(path("g"), &scene(), &ample()), Ok(Verdict::Holds));
}

#[test]
fn fields_of_records_are_read_through_relations() {
    assert_eq!(value("record.account.tier"), "\"A\"");
    assert_eq!(value("record.account == \"0189f7a0-0000-7000-8000-00000000000a\""), "true");
    assert_eq!(value("record.phone ?? \"none\""), "\"none\"");
    assert_eq!(value("old"), "null");
    assert_eq!(value("user.id"), "\"u1\"");
    assert_eq!(value("event.kind"), "\"create\"");
    assert_eq!(value("\"phone\" in record"), "true");
    assert_eq!(value("type_of(record)"), "\"record\"");
    assert_eq!(value("`${record}`"), "\"lead 0189f7a0-0000-7000-8000-000000000001\"");
}

#[test]
fn an_unknown_field_is_an_error_with_its_place() {
    let error = judge("let x = 1;\n  record.scor > 4").expect_err("an error");
    assert_eq!((error.place.file.as_str(), error.place.line), ("scripts/lead.rhai", Some(3)));
    assert!(error.place.column.is_some());
    assert_eq!(error.message, "`lead` has no field `scor`; did you mean `score`?");
    let error = judge("settings.treshold > 4").expect_err("an error");
    assert_eq!(error.message, "there is no setting `treshold`; did you mean `threshold`?");
}

#[test]
fn the_place_is_the_innermost_one_also_in_another_script() {
    let sources = [
        source("lead", "fn g(record) { lib::deep(record) }"),
        source("lib", "fn deep(r) {\n\n  deeper(r)\n}\nfn deeper(r) {\n  r.nothing\n}"),
    ];
    let (library, _) = Library::compile(&sources).expect("compiles");
    let error = library.judge(path("g"), &scene(), &ample()).expect_err("an error");
    assert_eq!((error.place.file.as_str(), error.place.line), ("scripts/lib.rhai", Some(6)));
}

#[test]
fn values_are_exact_and_dates_compare_like_in_expressions() {
    assert_eq!(value("0.1 + 0.2 == 0.3"), "true");
    assert_eq!(value("record.amount + 1"), "\"1.1\"");
    assert_eq!(value("record.amount * 3"), "\"0.3\"");
    assert_eq!(value("record.closeDate > \"2026-01-31\""), "true");
    assert_eq!(value("today() + \"1mo\""), "\"2026-04-02\"");
    assert_eq!(value("record.closeDate - \"3d\""), "\"2026-03-28\"");
    assert_eq!(value("days(today(), record.closeDate)"), "29");
    assert_eq!(value("addMonths(date(\"2026-01-31\"), 1)"), "\"2026-02-28\"");
    assert_eq!(value("now() - \"1h\" < now()"), "true");
    assert_eq!(value("weekday(record.closeDate)"), "2");
    assert_eq!(value("record.phone > 5"), "false");
    assert_eq!(value("days((), today())"), "null");
    assert_eq!(value("max(1, 2, 3)"), "3");
    assert_eq!(value("max(1, 2.5)"), "\"2.5\"");
    assert_eq!(value("round(2.345, 2)"), "\"2.35\"");
    assert_eq!(value("upper(trim(\" ada \"))"), "\"ADA\"");
    assert_eq!(value("replace(\"a-b\", \"-\", \"+\")"), "\"a+b\"");
    assert_eq!(value("isBlank(record.phone)"), "true");
    assert_eq!(value("startsWith(\"Ärger\", \"är\")"), "true");
    assert_eq!(value("\"b\" in record.tags"), "true");
    assert_eq!(value("has(record.tags, \"c\")"), "false");
    assert_eq!(value("dateFrom(\"this month\")"), "\"2026-03-01\"");
}

#[test]
fn unlike_values_are_not_silently_false() {
    assert!(value("\"a\" > 1").contains("text and int are not compared"), "{}", value("\"a\" > 1"));
    assert!(value("record.name < 1.5").contains("text and decimal are not compared"));
    assert!(
        value("days(\"tomorrow\", 5)")
            .contains("takes (date, date) or (dateTime, dateTime), not (text, int)")
    );
    assert!(value("record.closeDate > \"soon\"").contains("is not a date"));
    assert!(value("record.closeDate - today()").contains("days(from, to)"));
}

#[test]
fn a_handler_assigns_fields_and_reads_what_it_assigned() {
    let ran = run(
        "fn h(record) { record.name = upper(record.name);\n record.score += 5; record.score += 1; }",
        &Quiet,
    )
    .expect("runs");
    let changed: Vec<_> =
        ran.changed.iter().map(|c| (c.field.as_str(), c.value.to_json().to_string(), c.place.line)).collect();
    assert_eq!(changed, [("name", "\"ADA\"".to_owned(), Some(1)), ("score", "46".to_owned(), Some(2))]);
    let error = run("fn h(record) { record.nme = 1; }", &Quiet).expect_err("an error");
    assert!(error.message.contains("did you mean `name`"), "{error}");
    let error = run("fn h(record) { record.account.tier = \"B\"; }", &Quiet).expect_err("an error");
    assert!(error.message.contains("cannot be assigned here"), "{error}");
}

#[test]
fn calling_a_method_on_a_field_assigns_nothing() {
    assert_eq!(value("settings.region.split(\"r\").len()"), "2");
    assert_eq!(value("record.name.to_upper()"), "\"ADA\"");
    let ran = run(
        "fn h(record) { let parts = record.name.split(\"d\"); for tag in record.tags { } record.tags.push(\"c\"); record.account.tier.len(); }",
        &Quiet,
    );
    let changed: Vec<_> =
        ran.expect("runs").changed.into_iter().map(|c| (c.field, c.value.to_json().to_string())).collect();
    assert_eq!(changed, [("tags".to_owned(), "[\"a\",\"b\",\"c\"]".to_owned())]);
}

#[test]
fn the_host_is_asked_with_place_and_arguments() {
    let host = Keeping::default();
    let text = "fn h(record, user) {\n  create(\"task\", #{title: `Call ${record.name}`, lead: record, dueDate: today()});\n  move(record, \"mql\", #{reason: \"warm\"});\n  find(\"tier\", #{first: 3});\n  log(\"done\");\n}";
    let ran = run(text, &host).expect("runs");
    assert_eq!(ran.log, ["done"]);
    let asked = host.asked.lock().expect("a list").clone();
    let lines: Vec<_> = asked.iter().map(|(_, place)| place.to_string()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("scripts/lead.rhai:2:"), "{lines:?}");
    let HostCall::Create { object, data } = &asked[0].0 else { panic!("{asked:?}") };
    assert_eq!((object.as_str(), data["title"].clone()), ("task", Data::text("Call Ada")));
    assert!(
        matches!(data["lead"], Data::Record(_)) && matches!(data["dueDate"], Data::Value(Value::Date(_)))
    );
    let HostCall::Move { object, id, to, reason, .. } = &asked[1].0 else { panic!("{asked:?}") };
    assert_eq!(
        (object.as_str(), id.as_str(), to.as_str(), reason.as_deref()),
        ("lead", "0189f7a0-0000-7000-8000-000000000001", "mql", Some("warm"))
    );
}

#[test]
fn a_refusal_of_the_host_can_be_caught_and_its_end_cannot() {
    let refusing = Keeping { refuses: true, ..Keeping::default() };
    let text = "fn h() {\n try { create(\"task\", #{}); } catch (why) { log(why); }\n}";
    assert_eq!(run(text, &refusing).expect("caught").log, ["`title` is missing"]);
    let error = run("fn h() {\n\n create(\"task\", #{});\n}", &refusing).expect_err("not caught");
    assert_eq!((error.message.as_str(), error.place.line), ("`title` is missing", Some(3)));
    let ending = Keeping { ends: true, ..Keeping::default() };
    let error = run(text, &ending).expect_err("ended");
    assert_eq!((error.kind, error.place.line), (ErrorKind::Ended, Some(2)));
}

#[test]
fn a_guard_cannot_ask() {
    let error = judge("count(\"task\") > 0").expect_err("an error");
    assert!(error.message.contains("which a guard cannot"), "{error}");
}

/// A record that has nothing at hand but what it was given.
struct Absent(Option<i64>);

impl View for Absent {
    #[expect(clippy::unnecessary_literal_bound, reason = "the trait's signature")]
    fn kind(&self) -> &str {
        "lead"
    }
    fn id(&self) -> Option<String> {
        None
    }
    fn get(&self, name: &str) -> Result<Data, ViewError> {
        self.0.map(|n| Data::Value(Value::Int(n))).ok_or_else(|| ViewError::Unavailable(name.to_owned()))
    }
    fn names(&self) -> Vec<String> {
        vec!["openTasks".to_owned()]
    }
}

#[test]
fn what_is_not_at_hand_is_told_and_cannot_be_caught() {
    let library = library("fn g(record) { try { record.openTasks == 0 } catch { true } }");
    let mut scene = scene();
    scene.record = Some(Arc::new(Absent(None)));
    let error = library.judge(path("g"), &scene, &ample()).expect_err("an error");
    assert_eq!(error.kind, ErrorKind::Unavailable("openTasks".to_owned()));
    scene.record = Some(Arc::new(Absent(Some(0))));
    assert_eq!(library.judge(path("g"), &scene, &ample()), Ok(Verdict::Holds));
}

#[test]
fn scripts_of_a_package_see_each_other_and_no_others() {
    let mut other = source("secret", "fn key() { 7 }");
    other.package = "else".to_owned();
    let lead = source(
        "lead",
        "import \"math\" as m;\nconst LIMIT = 3;\nfn g() { m::twice(2) == 4 && math::twice(1) == 2 && global::LIMIT == 3 }",
    );
    let maths = source("math", "const TWO = 2;\nfn twice(x) { x * global::TWO }");
    let (library, _) = Library::compile(&[lead, maths, other.clone()]).expect("compiles");
    assert_eq!(library.judge(path("g"), &scene(), &ample()), Ok(Verdict::Holds));
    let spy = source("lead", "fn g() { secret::key() == 7 }");
    let problems = Library::compile(&[spy, other]).expect_err("no library");
    assert_eq!(problems[0].message, "there is no script or plugin `secret`");
    let unknown = library.judge(Path { package: "else", module: "lead", function: "g" }, &scene(), &ample());
    assert!(unknown.expect_err("an error").message.contains("no function `lead::g`"));
}
