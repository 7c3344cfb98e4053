//! What is wrong with scripts is told with the documents.

use metadata::diagnostic::Severity;
use metadata::{Base, SourceFile};

const PACKAGE: &str = r#"{"name": "shop", "version": "1.0.0", "title": "Shop"}"#;
const LEAD: &str = r#"{"name": "lead", "plural": "leads", "title": "Lead", "type": "object", "required": ["name"],
 "properties": {"name": {"type": "string"}, "score": {"type": "integer"}}}"#;
const LIFECYCLE: &str = r#"{"name": "leadFlow", "object": "lead", "title": "Lead",
 "stages": [{"name": "fresh"}, {"name": "ready", "kind": "won"}],
 "transitions": [{"from": "fresh", "to": "ready", "guard": "lead::ready", "then": "lead::told"}]}"#;

/// Findings as `severity file:line message`.
fn findings(script: &str) -> Vec<String> {
    let files = [
        ("package.json", PACKAGE),
        ("objects/lead.json", LEAD),
        ("lifecycles/lead.json", LIFECYCLE),
        ("scripts/lead.rhai", script),
    ]
    .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
    let found = match deploy::resolve(&files, &Base::default()) {
        Ok(resolved) => resolved.warnings,
        Err(found) => found,
    };
    let told = |found: &metadata::Diagnostic| {
        let severity = if found.severity == Severity::Error { "error" } else { "warning" };
        format!("{severity} {}:{} {}", found.file, found.line, found.message)
    };
    found.iter().map(told).collect()
}

#[test]
fn a_package_whose_scripts_do_what_they_are_named_for_is_clean() {
    let script =
        "fn ready(record) { record.score > 3 }\nfn told(record) { create(\"lead\", #{name: record.name}); }";
    assert_eq!(findings(script), Vec::<String>::new());
}

#[test]
fn findings_have_their_file_and_line() {
    assert_eq!(findings("fn ready(record) {\n  record.score > \n}\nfn told() { }").len(), 1);
    let found = findings("fn ready(record) {\n  record.scor > 3\n}\nfn told(record) { tody(); }");
    assert_eq!(found, ["error scripts/lead.rhai:4 there is no function `tody`"]);
    let found = findings("fn ready(record) {\n  record.scor > 3\n}\nfn told(rec) { }");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], "error scripts/lead.rhai:2 `lead` has no field `scor`");
    let found = findings("fn ready(record) { count(\"lead\") > 1 }\nfn told() { }");
    assert!(found[0].contains("a guard only judges"), "{found:?}");
    let found = findings("fn ready(record) {\n  record.name > 3\n}\nfn told() { }");
    assert_eq!(found, ["warning scripts/lead.rhai:2 a text is compared with a int"]);
    let found = findings("fn redy(record) { true }\nfn told() { }");
    assert!(
        found[0].starts_with("error lifecycles/lead.json:3 ") && found[0].contains("leadFlow"),
        "{found:?}"
    );
}
