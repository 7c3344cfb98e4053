//! Package tests: what passes, what is told of what does not, and that an apply looks at them.

use std::path::Path;

use deploy::{ApplyOptions, DeployError, Report};
use metadata::SourceFile;
use testing::each_database;

use crate::bed::options;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

/// A package with one object on one lifecycle, and these cases.
fn package(cases: &str) -> Vec<SourceFile> {
    let test = format!(
        r#"{{"name": "way", "at": "2026-03-02T09:00:00Z", "users": {{"ann": {{"roles": ["seller"]}}, "tom": {{"roles": []}}}},
            "given": {{"d": {{"object": "deal", "data": {{"name": "Acme", "owner": "ann"}}}}}}, "cases": [{cases}]}}"#
    );
    vec![
        file("package.json", r#"{"name": "deals", "version": "1.0.0"}"#),
        file(
            "objects/deal.json",
            r#"{"name": "deal", "plural": "deals", "title": "Deal", "type": "object", "required": ["name"], "x-owned": true,
                "properties": {"name": {"type": "string"}, "amount": {"x-type": "decimal"}, "due": {"type": "string", "format": "date"}}}"#,
        ),
        file(
            "lifecycles/deal.json",
            r#"{"name": "sale", "object": "deal",
                "stages": [{"name": "open"}, {"name": "offered"}, {"name": "won", "kind": "won"}, {"name": "lost", "kind": "lost"}],
                "transitions": [
                  {"from": "open", "to": "offered", "requires": ["amount"]},
                  {"from": "offered", "to": "won", "guard": "record.amount > 100", "message": "Too small"},
                  {"from": "*", "to": "lost", "reason": true},
                  {"name": "forget", "from": "open", "to": "lost", "auto": {"stageAge": "30d"}}]}"#,
        ),
        file(
            "roles/seller.json",
            r#"{"name": "seller", "title": "Seller", "objects": {"deal": {"create": ["own"], "read": ["own"], "update": ["own"],
                "fields": {"read": ["*"], "write": ["*"]}}}}"#,
        ),
        file("tests/way.json", &test),
    ]
}

async fn tried(cases: &str) -> Report {
    deploy::test(&package(cases), &[]).await.expect("the tests can be carried out")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_that_come_out_as_expected_pass_and_transitions_are_counted() {
    let report = tried(
        r#"{"name": "offered", "as": "ann", "when": [{"move": "d", "to": "offered", "data": {"amount": 50}}],
            "expect": {"records": {"d": {"stage": "offered", "pass": 1, "amount": 50, "owner": "ann"}}}},
           {"name": "too small", "as": "ann", "when": [{"move": "d", "to": "offered", "data": {"amount": 50}}, {"move": "d", "to": "won"}],
            "expect": {"refused": {"code": "REFUSED", "rule": "sale.offered.won", "message": "Too small"}}},
           {"name": "nothing is there for others", "as": "tom", "when": [{"get": "d"}], "expect": {"refused": {"code": "NOT_FOUND"}}},
           {"name": "found", "as": "ann", "when": [{"find": "deal", "filter": {"stage": {"eq": "open"}}}],
            "expect": {"count": 1, "result": [{"name": "Acme"}]}},
           {"name": "a month later it is forgotten", "when": [{"wait": "31d"}], "expect": {"records": {"d": {"stage": "lost"}}}}"#,
    )
    .await;
    assert!(report.ok(), "{report:#?}");
    assert_eq!((report.passed, report.failed), (5, 0));
    let seen = |name: &str| {
        let seen = report.transitions.iter().find(|seen| seen.name == name).expect("it is declared");
        (seen.allowed, seen.refused)
    };
    assert_eq!(seen("sale.open.offered"), (2, 0));
    assert_eq!(seen("sale.offered.won"), (0, 1));
    assert_eq!(seen("forget"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_out_otherwise_is_told_with_its_place() {
    let report = tried(
        r#"{"name": "wrong stage", "when": [{"update": "d", "data": {"amount": 7}}], "expect": {"records": {"d": {"stage": "won", "amount": "7.0"}}}},
           {"name": "not refused", "when": [{"move": "d", "to": "offered", "data": {"amount": 1}}], "expect": {"refused": {"code": "REFUSED"}}},
           {"name": "refused too early", "when": [{"move": "d", "to": "offered"}, {"wait": "1d"}], "expect": {}},
           {"name": "another reason", "when": [{"move": "d", "to": "offered"}], "expect": {"refused": {"path": "due"}}}"#,
    )
    .await;
    assert_eq!((report.passed, report.failed), (0, 4), "{report:#?}");
    let places: Vec<(&str, &str)> = report
        .cases
        .iter()
        .map(|case| (case.name.as_str(), case.problems.first().map_or("", |problem| problem.place.as_str())))
        .collect();
    let expected = [
        ("wrong stage", "expect/records/d/stage"),
        ("not refused", "expect/refused"),
        ("refused too early", "when/0"),
        ("another reason", "expect/refused"),
    ];
    assert_eq!(places, expected);
    assert_eq!(
        report.cases[0].problems.len(),
        1,
        "an equal number is equal, however it is written: {report:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apply_is_refused_whose_tests_fail_unless_told_otherwise() {
    each_database(|handles| async move {
        let files = package(
            r#"{"name": "wrong", "when": [{"wait": "1h"}], "expect": {"records": {"d": {"stage": "won"}}}}"#,
        );
        let options = options();
        let before = handles.tenant.published_version().await.expect("a version");
        match deploy::apply(&handles.tenant, &files, options.clone()).await {
            Err(error @ DeployError::Tests(_)) => {
                assert!(error.to_string().contains("way / wrong"), "{error}");
            }
            other => panic!("the tests were to fail: {other:?}"),
        }
        assert_eq!(handles.tenant.published_version().await.expect("a version"), before);
        let options = ApplyOptions { skip_tests: true, ..options };
        deploy::apply(&handles.tenant, &files, options).await.expect("applied nevertheless");
        assert_eq!(handles.tenant.published_version().await.expect("a version"), before + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_that_is_there_is_tested_as_it_will_be() {
    each_database(|handles| async move {
        let case = r#"{"name": "begins", "when": [{"get": "d"}], "expect": {"result": {"stage": "open"}}}"#;
        deploy::apply(&handles.tenant, &package(case), options()).await.expect("applied");
        let mut files = package(case);
        let lifecycle =
            files.iter_mut().find(|file| file.path.starts_with("lifecycles")).expect("a lifecycle");
        lifecycle.text = lifecycle.text.replace("Too small", "Far too small");
        deploy::apply(&handles.tenant, &files, options()).await.expect("applied once more, with its tests");
        let wrong = r#"{"name": "begins", "when": [{"get": "d"}], "expect": {"result": {"stage": "won"}}}"#;
        let again = deploy::apply(&handles.tenant, &package(wrong), options()).await;
        assert!(matches!(again, Err(DeployError::Tests(_))), "{again:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_run_as_jobs_and_ask_for_more_of_them() {
    let mut files = package(
        r#"{"name": "at once and later", "as": "ann",
            "when": [{"create": "deal", "name": "n", "data": {"name": "New"}}, {"wait": "1d"}],
            "expect": {"records": {"n": {"amount": 7, "name": "New, marked", "due": null}}}},
           {"name": "after its time", "as": "ann",
            "when": [{"create": "deal", "name": "n", "data": {"name": "New"}}, {"wait": "3d"}],
            "expect": {"records": {"n": {"due": "2026-03-04"}}}}"#,
    );
    files.push(file(
        "automations/deal.json",
        r#"{"name": "follow", "object": "deal", "on": {"record": ["create"]}, "run": "job", "then": "deal::follow"}"#,
    ));
    files.push(file(
        "scripts/deal.rhai",
        r#"fn follow(record, event) {
               if event.id == () { throw "a job has an id"; }
               update(record, #{amount: 7});
               enqueue("deal::mark", #{deal: record.id});
               schedule("2d", "deal::late", #{deal: record.id});
           }
           fn mark(event) { let deal = get("deal", event.deal); update(deal, #{name: deal.name + ", marked"}); }
           fn late(event) { update("deal", event.deal, #{due: today()}); }"#,
    ));
    let report = deploy::test(&files, &[]).await.expect("the tests can be carried out");
    assert!(report.ok(), "{report:#?}");
    let ran = |name: &str| report.cost.iter().find(|cost| cost.script == name).map_or(0, |cost| cost.runs);
    // The given deal has its own jobs before the cases begin, or in each of them.
    assert!(ran("follow") >= 2 && ran("deal::mark") >= 2 && ran("deal::late") >= 1, "{report:#?}");
}

/// The JSON documents and scripts below a folder, with paths that begin with `prefix`.
fn folder(path: &Path, prefix: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(folder(&entry.path(), &format!("{name}/")));
        } else if SourceFile::wanted(&name) {
            let text = std::fs::read_to_string(entry.path()).expect("a text");
            files.push(SourceFile { path: name, text });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tests_of_the_shipped_packages_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let core = folder(&root.join("metadata/core"), "core/");
    let package = folder(&root.join("metadata/b2b-mtl"), "b2b-mtl/");
    let report = deploy::test(&package, &core).await.expect("the tests can be carried out");
    assert!(report.ok(), "{report:#?}");
    assert!(report.cases.len() >= 15, "{report:#?}");
}

/// The files that a page shows: fenced blocks whose info string names a path behind the language.
fn shown(page: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let path = line.strip_prefix("```json ").or_else(|| line.strip_prefix("```rhai "));
        let Some(path) = path else { continue };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        files.push(file(path, &text.join("\n")));
    }
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guide_for_consultants_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/guides/consultants.md")).expect("the guide");
    let files = shown(&page);
    assert!(files.len() >= 7, "the guide shows its files");
    let core = folder(&root.join("metadata/core"), "core/");
    let report = deploy::test(&files, &core).await.expect("the guide's tests can be carried out");
    assert!(report.ok(), "{report:#?}");
    assert!(report.cases.len() >= 9);
}
