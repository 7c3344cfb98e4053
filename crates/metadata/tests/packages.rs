//! Packages beside each other: what was published before, extensions of other packages, many-to-many links, translations.

use metadata::catalog::{FieldType, Via};
use metadata::{Base, Catalog, SourceFile, resolve};

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

const CRM: &str = r#"{"name": "crm", "version": "1.0.0"}"#;
const LEAD: &str = r#"{"name": "lead", "plural": "leads", "title": "Lead", "type": "object", "required": ["name"],
    "properties": {"name": {"type": "string"}, "status": {"type": "string", "enum": ["new", "won"]}, "budget": {"x-type": "money"}}}"#;
const ACME: &str = r#"{"name": "acme", "version": "1.0.0", "depends": ["crm"], "settings": {"limit": {"type": "integer", "default": 7}}}"#;
const MORE: &str = r#"{"extends": "crm/lead", "required": ["region"], "x-search": ["region"],
    "properties": {"region": {"type": "string"}, "hot": {"x-type": "formula", "x-returns": "bool", "x-formula": "record.budget > settings.limit"}},
    "x-rules": [{"name": "early", "check": "record.status != \"won\" || record.budget != null", "message": "Say the budget"}]}"#;

fn ok(files: &[SourceFile], base: &Base) -> metadata::Resolved {
    resolve(files, base).unwrap_or_else(|diagnostics| unreachable!("{diagnostics:#?}"))
}

#[test]
fn a_package_extends_one_that_was_published_before() {
    let crm = ok(&[file("package.json", CRM), file("objects/lead.json", LEAD)], &Base::default());
    let published: Vec<SourceFile> = crm.documents.iter().map(metadata::CanonicalDocument::source).collect();
    let base = Base { files: published, layout: crm.catalog.layout.clone(), version: 1 };
    let both = ok(&[file("package.json", ACME), file("objects/lead.json", MORE)], &base);
    let lead = both.catalog.object("lead").expect("it is there");
    assert!(lead.field("region").is_some_and(|field| field.required && field.folded));
    assert_eq!(lead.rules.len(), 1);
    assert_eq!(both.catalog.version, 1);
    let paths: Vec<&str> = both.documents.iter().map(|document| document.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "crm/package.json",
            "crm/objects/lead.json",
            "acme/package.json",
            "acme/objects/lead.extension.json"
        ]
    );
    let (before, after) = (&crm.catalog.layout.tables["lead"], &both.catalog.layout.tables["lead"]);
    assert!(
        before.fields.iter().all(|(name, columns)| after.fields.get(name) == Some(columns)),
        "nothing moved"
    );

    // The first package changes; the other one's additions stay.
    let published: Vec<SourceFile> = both.documents.iter().map(metadata::CanonicalDocument::source).collect();
    let base = Base { files: published, layout: both.catalog.layout.clone(), version: 2 };
    let changed = LEAD.replace("\"new\"", "\"fresh\"");
    let again = ok(&[file("crm/package.json", CRM), file("crm/objects/lead.json", &changed)], &base);
    assert!(again.catalog.object("lead").is_some_and(|lead| lead.field("region").is_some()));

    // It takes away what the other one rests on: the fault is in the other one's file.
    let without = LEAD.replace(r#", "budget": {"x-type": "money"}"#, "");
    let diagnostics = resolve(&[file("package.json", CRM), file("objects/lead.json", &without)], &base)
        .expect_err("refused");
    assert!(
        diagnostics.iter().all(|d| d.file == "acme/objects/lead.extension.json" && d.code == "UNKNOWN_FIELD"),
        "{diagnostics:#?}"
    );
    assert_eq!(diagnostics.len(), 2);
}

#[test]
fn without_files_there_are_the_platforms_objects() {
    let empty = ok(&[], &Base::default());
    let names: Vec<&str> = empty.catalog.objects.keys().map(metadata::Name::as_str).collect();
    assert_eq!(names, ["team", "user"]);
    assert!(empty.documents.is_empty());
    assert!(empty.catalog.object("user").is_some_and(|user| user.identifies("email")));
}

fn links(catalog: &Catalog, object: &str, field: &str) -> (String, String, String, String) {
    match &catalog.object(object).and_then(|object| object.field(field)).expect("the field is there").ty {
        FieldType::Many(many) => match &many.via {
            Via::Link { object, near, far } => {
                (many.to.to_string(), object.to_string(), near.to_string(), far.to_string())
            }
            Via::Field(by) => (many.to.to_string(), by.to_string(), String::new(), String::new()),
        },
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn many_to_many_makes_a_link_or_uses_one() {
    let lead = LEAD.replace(
        r#""name": {"type": "string"},"#,
        r#""name": {"type": "string"},
           "friends": {"x-type": "manyToMany", "x-to": "lead", "x-inverse": "friendOf"},
           "watchers": {"x-type": "manyToMany", "x-to": "user", "x-inverse": "watches", "x-through": "watch"},"#,
    );
    let watch = r#"{"name": "watch", "plural": "watches", "title": "Watch", "type": "object", "properties": {
        "lead": {"x-type": "masterDetail", "x-to": "lead"}, "by": {"x-type": "lookup", "x-to": "user"}, "since": {"type": "string", "format": "date"}}}"#;
    let files =
        [file("package.json", CRM), file("objects/lead.json", &lead), file("objects/watch.json", watch)];
    let catalog = ok(&files, &Base::default()).catalog;
    let strings =
        |a: &str, b: &str, c: &str, d: &str| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned());
    assert_eq!(links(&catalog, "lead", "watchers"), strings("user", "watch", "lead", "by"));
    assert_eq!(links(&catalog, "user", "watches"), strings("lead", "watch", "by", "lead"));
    assert_eq!(links(&catalog, "lead", "friends"), strings("lead", "leadFriends", "lead", "relatedLead"));
    assert_eq!(links(&catalog, "lead", "friendOf"), strings("lead", "leadFriends", "relatedLead", "lead"));
    let made = catalog.object("leadFriends").expect("the link was made");
    assert!(made.link && made.field("lead").is_some_and(|end| end.required) && made.uniques.len() == 1);
}

#[test]
fn translations_reach_titles_and_labels_and_strangers_are_warnings() {
    let chinese = r#"{"objects": {"lead": {"title": "线索", "fields": {"name": "名称", "gone": "无"}, "choices": {"status": {"new": "新", "old": "旧"}}}}}"#;
    let files = [
        file("package.json", CRM),
        file("objects/lead.json", LEAD),
        file("translations/zh-CN.json", chinese),
    ];
    let resolved = ok(&files, &Base::default());
    let lead = resolved.catalog.object("lead").expect("it is there");
    assert_eq!(lead.titles.get("zh-CN").map(String::as_str), Some("线索"));
    let label = |value: &str| {
        let choices = lead.field("status").and_then(|field| field.ty.choices().cloned()).expect("choices");
        choices
            .choices
            .iter()
            .find(|choice| &*choice.value == value)
            .and_then(|choice| choice.labels.get("zh-CN").cloned())
    };
    assert_eq!((label("new").as_deref(), label("won")), (Some("新"), None));
    let codes: Vec<&str> = resolved.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["UNKNOWN_FIELD", "BAD_CHOICES"]);
}

#[test]
fn a_tenant_has_at_most_500_objects() {
    let objects = |count: usize| {
        let object = |n: usize| {
            format!(
                r#"{{"name": "o{n}", "plural": "p{n}", "title": "O", "type": "object", "properties": {{"name": {{"type": "string"}}}}}}"#
            )
        };
        let list: Vec<String> = (0..count).map(object).collect();
        [file("package.json", CRM), file("objects/all.json", &format!("[{}]", list.join(",")))]
    };
    // Beside the platform's own two.
    assert_eq!(ok(&objects(500), &Base::default()).catalog.objects.len(), 502);
    let diagnostics = resolve(&objects(501), &Base::default()).expect_err("one too many");
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["TOO_MANY"]);
}

#[test]
fn long_choice_lists_are_legal() {
    let values: Vec<String> = (0..600).map(|n| format!("\"v{n}\"")).collect();
    let list = format!(r#"{{"name": "code", "choices": [{}]}}"#, values.join(","));
    let lead = LEAD.replace(
        r#""name": {"type": "string"},"#,
        r#""name": {"type": "string"}, "code": {"x-choices": "code"},"#,
    );
    let files =
        [file("package.json", CRM), file("choices/code.json", &list), file("objects/lead.json", &lead)];
    let catalog = ok(&files, &Base::default()).catalog;
    assert_eq!(catalog.choices.get("code").map(|list| list.choices.len()), Some(600));
}

#[test]
fn an_object_has_at_most_400_columns_of_its_own() {
    let object = |ty: &str, count: usize| {
        let fields: Vec<String> = (1..count).map(|n| format!("\"f{n}\": {ty}")).collect();
        let text = format!(
            r#"{{"name": "car", "plural": "cars", "title": "Car", "type": "object", "properties": {{"name": {{"type": "string"}}, {}}}, "x-display": "name"}}"#,
            fields.join(",")
        );
        [file("package.json", CRM), file("objects/car.json", &text)]
    };
    let integer = r#"{"type": "integer"}"#;
    ok(&object(integer, 400), &Base::default());
    let messages = |files: &[SourceFile]| -> Vec<String> {
        resolve(files, &Base::default()).expect_err("too many").into_iter().map(|d| d.message).collect()
    };
    assert_eq!(
        messages(&object(integer, 401)),
        ["`car` needs 401 columns for its fields; an object has at most 400"]
    );
    // Addresses of mail have a side column each.
    let mail = messages(&object(r#"{"type": "string", "format": "email"}"#, 300));
    assert!(mail[0].contains("at most 440"), "{mail:?}");
}

#[test]
fn ranges_of_versions_are_kept() {
    let depends = |range: &str| {
        let acme = format!(r#"{{"name": "acme", "version": "1.0.0", "depends": {{"crm": "{range}"}}}}"#);
        let crm = CRM.replace(r#""version": "1.0.0""#, r#""version": "1.4.2""#);
        resolve(&[file("acme/package.json", &acme), file("crm/package.json", &crm)], &Base::default())
            .map_err(|diagnostics| diagnostics.into_iter().map(|d| (d.code, d.pointer)).collect::<Vec<_>>())
    };
    for good in ["^1.0", "1.4", "*", "1.x", ">=1.2 <2", ">= 1.2, < 2", "=1.4.2", "~1.4"] {
        assert!(depends(good).is_ok(), "{good}");
    }
    for bad in ["^2.0", "<1.4.2", "~1.3", "newest", ""] {
        assert_eq!(depends(bad).err(), Some(vec![("BAD_VERSION", "/depends/crm".to_owned())]), "{bad}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_pointed_at() {
    let text = String::from_utf8_lossy(b"{\n  \"name\": \"ca\xff\"}").into_owned();
    let diagnostics =
        resolve(&[file("package.json", CRM), file("objects/car.json", &text)], &Base::default())
            .expect_err("bytes");
    let seen: Vec<_> = diagnostics.iter().map(|d| (d.code, d.line, d.column)).collect();
    assert_eq!(seen, [("BAD_JSON", 2, 14)]);
}

#[test]
fn what_a_package_depends_on_may_lie_beside_it() {
    let acme = r#"{"name": "acme", "version": "1.0.0", "depends": ["crm"]}"#;
    let extension = r#"{"extends": "crm/lead", "properties": {"region": {"type": "string"}}}"#;
    let files = [
        file("package.json", acme),
        file("objects/lead.json", extension),
        file("crm/package.json", CRM),
        file("crm/objects/lead.json", LEAD),
    ];
    let catalog = ok(&files, &Base::default()).catalog;
    assert_eq!(catalog.packages.keys().collect::<Vec<_>>(), ["crm", "acme"]);
    assert!(catalog.object("lead").is_some_and(|lead| lead.field("region").is_some()));
}

#[test]
fn a_lookup_at_several_objects_is_polymorphic() {
    let about = r#"{"extends": "lead", "properties": {"about": {"x-type": "lookup", "x-to": ["lead", "user"]}, "one": {"x-type": "lookup", "x-to": ["user"]}}}"#;
    let files =
        [file("package.json", CRM), file("objects/lead.json", LEAD), file("objects/more.json", about)];
    let catalog = ok(&files, &Base::default()).catalog;
    let lead = catalog.object("lead").expect("lead");
    assert!(matches!(lead.field("about").map(|field| &field.ty), Some(FieldType::Polymorphic { .. })));
    assert!(matches!(lead.field("one").map(|field| &field.ty), Some(FieldType::Lookup { .. })));
}
