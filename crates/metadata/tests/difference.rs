//! Changes between catalogs, and where they leave columns.

use metadata::difference::{Change, Detail};
use metadata::layout::Role;
use metadata::{Base, Catalog, Layout, SourceFile, difference, resolve};

fn package(objects: &[&str]) -> Vec<SourceFile> {
    let package = r#"{"name": "p", "version": "1.0.0"}"#.to_owned();
    let mut files = vec![SourceFile { path: "package.json".to_owned(), text: package }];
    for (index, text) in objects.iter().enumerate() {
        files.push(SourceFile { path: format!("objects/o{index}.json"), text: (*text).to_owned() });
    }
    files
}

fn catalog(objects: &[&str], layout: &Layout) -> Catalog {
    let base = Base { layout: layout.clone(), ..Base::default() };
    match resolve(&package(objects), &base) {
        Ok(resolved) => resolved.catalog,
        Err(diagnostics) => unreachable!("{diagnostics:#?}"),
    }
}

fn object(name: &str, plural: &str, properties: &str, more: &str) -> String {
    format!(
        r#"{{"name": "{name}", "plural": "{plural}", "title": "T", "type": "object", "properties": {{{properties}}}{more}}}"#
    )
}

fn kinds(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{} {:?}", change.path, change.detail)).collect()
}

const DEAL: &str = r#""name": {"type": "string"}, "stage": {"type": "string", "enum": ["open", "won"]}, "amount": {"x-type": "money"}"#;

#[test]
fn a_catalog_does_not_differ_from_itself() {
    let one = catalog(&[&object("deal", "deals", DEAL, "")], &Layout::default());
    assert_eq!(difference(&one, &one), []);
    let again = catalog(&[&object("deal", "deals", DEAL, "")], &one.layout);
    assert_eq!(one.hash, again.hash);
}

#[test]
fn renames_keep_columns_and_are_honoured_once() {
    let old = catalog(&[&object("deal", "deals", DEAL, "")], &Layout::default());
    let renamed = r#""title": {"type": "string", "x-renamedFrom": "name"}, "stage": {"type": "string", "enum": ["open", "closed"], "x-renamedValues": {"closed": "won"}}, "amount": {"x-type": "money"}"#;
    let text = object("bargain", "bargains", renamed, r#", "renamedFrom": "deal""#);
    let new = catalog(&[&text], &old.layout);
    let changes = kinds(&difference(&old, &new));
    assert_eq!(
        changes,
        [
            "bargain ObjectRenamed { object: \"bargain\", from: \"deal\" }",
            "bargain.title FieldRenamed { object: \"bargain\", field: \"title\", from: \"name\" }",
            "bargain.title Other { what: [\"title\"] }",
            "bargain.stage ChoicesRenamed { object: \"bargain\", field: \"stage\", renamed: [(\"won\", \"closed\")] }",
            "bargain.stage Other { what: [\"title\"] }",
            "bargain Other { what: [\"plural\"] }",
        ]
    );
    let (before, after) = (&old.layout.tables["deal"], &new.layout.tables["bargain"]);
    assert_eq!(before.name, after.name);
    assert_eq!(before.fields["name"], after.fields["title"]);
    assert!(after.dropped.is_empty());
    let later = catalog(&[&text], &new.layout);
    assert_eq!(difference(&new, &later), []);
    assert_eq!(new.layout, later.layout);
}

#[test]
fn a_dropped_field_that_returns_gets_another_column() {
    let with = object("deal", "deals", DEAL, "");
    let without = object("deal", "deals", r#""name": {"type": "string"}"#, "");
    let first = catalog(&[&with], &Layout::default());
    let second = catalog(&[&without], &first.layout);
    let third = catalog(&[&with], &second.layout);
    let column = |catalog: &Catalog| {
        catalog.layout.tables["deal"].column("stage", &Role::Value).map(|c| c.name.clone())
    };
    assert_eq!(column(&first).as_deref(), Some("stage"));
    assert_eq!(column(&second), None);
    assert_eq!(column(&third).as_deref(), Some("stage_2"));
    assert!(
        difference(&first, &second)
            .iter()
            .any(|c| matches!(&c.detail, Detail::FieldDropped { field, .. } if &**field == "amountCurrency"))
    );
    let purged = catalog(&[&with], &second.layout.purged());
    assert_eq!(column(&purged).as_deref(), Some("stage_2"), "a purged name is not used again");
    let mut revived = second.layout.clone();
    revived.revive(&first.layout);
    assert_eq!(column(&catalog(&[&with], &revived)).as_deref(), Some("stage"), "revert finds the old values");
}

#[test]
fn a_retype_is_a_new_column_and_limits_are_not() {
    let old = catalog(&[&object("deal", "deals", DEAL, "")], &Layout::default());
    let retyped = r#""name": {"type": "string", "maxLength": 10}, "stage": {"type": "string", "enum": ["open"]}, "amount": {"type": "number"}"#;
    let new = catalog(&[&object("deal", "deals", retyped, r#", "required": ["name"]"#)], &old.layout);
    let changes = difference(&old, &new);
    let has = |wanted: &Detail| changes.iter().any(|change| &change.detail == wanted);
    let (deal, name) =
        (metadata::Name::new("deal").expect("a name"), metadata::Name::new("name").expect("a name"));
    assert!(
        has(&Detail::FieldChanged {
            object: deal.clone(),
            field: name.clone(),
            what: vec!["limits"],
            tightened: true
        }),
        "{changes:#?}"
    );
    assert!(has(&Detail::RequiredAdded { object: deal.clone(), field: name }));
    let amount = metadata::Name::new("amount").expect("a name");
    assert!(has(&Detail::FieldRetyped {
        object: deal.clone(),
        field: amount,
        from: "money".to_owned(),
        to: "float".to_owned()
    }));
    let stage = metadata::Name::new("stage").expect("a name");
    assert!(has(&Detail::ChoicesRemoved { object: deal, field: stage, removed: vec!["won".to_owned()] }));
    let table = &new.layout.tables["deal"];
    assert_eq!(table.fields["amount"][0].name, "amount_2");
    assert!(table.dropped.iter().any(|column| column.name == "amount"));
    assert_eq!(table.fields["name"], old.layout.tables["deal"].fields["name"]);
}

#[test]
fn long_and_awkward_names_become_legal_columns() {
    let long = "a".repeat(60);
    let other = format!("{}b", "a".repeat(59));
    let properties = format!(
        r#""{long}": {{"type": "string", "x-unique": true}}, "{other}": {{"type": "string", "x-unique": true}}, "ctid": {{"type": "string"}}, "order": {{"type": "integer"}}"#
    );
    let made = catalog(&[&object("sqliteThing", "sqliteThings", &properties, "")], &Layout::default());
    let table = &made.layout.tables["sqliteThing"];
    let mut names: Vec<&str> = table.fields.values().flatten().map(|column| column.name.as_str()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "columns have names of their own");
    assert!(names.iter().all(|name| name.len() <= 50));
    assert!(!names.contains(&"ctid"));
    assert!(!table.name.starts_with("sqlite"));
}
