//! Changes by kind of field: choices, lists, relations, composites, money, object names.

use deploy::DeployError;
use expr::Value;
use metadata::SourceFile;
use serde_json::json;

use crate::bed::{applied, catalog, file, full, insert, options, planned, shop, texts, told, values};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[tokio::test]
async fn renamed_choices_take_their_records_along_and_back_again() {
    testing::each_database(|bed| async move {
        let choices = |list: serde_json::Value| json!([{ "name": "sources", "choices": list }]);
        let with = |list: serde_json::Value| {
            let mut files = shop(
                json!({
                    "source": { "x-choices": "sources" },
                    "all": { "type": "array", "items": { "x-choices": "sources" } }
                }),
                json!({}),
            );
            files.push(file("choices/sources.json", &choices(list)));
            files
        };
        let first = applied(&bed.tenant, &with(json!(["web", "fax", "event"]))).await.version;
        let list = |items: &[&str]| Value::List(items.iter().map(|item| text(item)).collect());
        let rows = vec![vec![text("fax"), list(&["web", "fax"])], vec![text("web"), Value::Null]];
        insert(&bed.tenant, &["source", "all"], &rows).await;
        let renamed = with(json!(["web", { "value": "letter", "renamedFrom": "fax" }, "event"]));
        let plan = planned(&bed.tenant, &renamed).await;
        assert!(!plan.is_refused(), "{:?}", plan.effects);
        applied(&bed.tenant, &renamed).await;
        assert_eq!(values(&bed.tenant, "source").await, [text("letter"), text("web")]);
        assert_eq!(values(&bed.tenant, "all").await, [list(&["web", "letter"]), Value::Null]);
        assert!(planned(&bed.tenant, &renamed).await.is_empty());

        deploy::revert(&bed.tenant, first, options())
            .await
            .unwrap_or_else(|error| panic!("{}", full(&error)));
        assert_eq!(values(&bed.tenant, "source").await, [text("fax"), text("web")]);
        assert_eq!(values(&bed.tenant, "all").await, [list(&["web", "fax"]), Value::Null]);
    })
    .await;
}

#[tokio::test]
async fn numbers_that_become_money_get_its_currency() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "amount": { "type": "string" } }), json!({}))).await;
        insert(&bed.tenant, &["amount"], &[vec![text("12.50")], vec![Value::Null]]).await;
        let files = shop(json!({ "amount": { "x-type": "money", "x-currency": "EUR" } }), json!({}));
        applied(&bed.tenant, &files).await;
        assert_eq!(
            values(&bed.tenant, "amount").await,
            [Value::Decimal("12.5".parse().expect("a number")), Value::Null]
        );
        assert_eq!(values(&bed.tenant, "amountCurrency").await, [text("EUR"), Value::Null]);
        assert!(planned(&bed.tenant, &files).await.is_empty());
    })
    .await;
}

fn related(to: &str) -> Vec<SourceFile> {
    let plain = |name: &str| {
        json!({
            "name": name, "plural": format!("{name}s"), "title": name, "type": "object",
            "properties": { "name": { "type": "string" } }
        })
    };
    let mut files = shop(
        json!({
            "name": { "type": "string" }, "party": { "x-type": "lookup", "x-to": to },
            "tags": { "x-type": "manyToMany", "x-to": "tag", "x-inverse": "deals" }
        }),
        json!({}),
    );
    files
        .extend(["tag", "person", "company"].map(|name| file(&format!("objects/{name}.json"), &plain(name))));
    files
}

#[tokio::test]
async fn a_relation_with_values_cannot_point_elsewhere_and_a_link_joins_two_records_once() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &related("person")).await;
        let party = Value::Id(uuid::Uuid::from_u128(7));
        insert(&bed.tenant, &["party"], &[vec![party], vec![Value::Null]]).await;
        let plan = planned(&bed.tenant, &related("company")).await;
        assert_eq!(told(&plan.effects), [("type:party".to_owned(), 1)]);
        let refused = deploy::apply(&bed.tenant, &related("company"), options()).await;
        assert!(matches!(refused, Err(DeployError::Refused(_))), "{refused:?}");
        let now = catalog(&bed.tenant).await;
        let link = now.objects.values().find(|object| object.link).expect("a link object");
        assert_eq!(link.uniques.first().map(|unique| unique.fields.len()), Some(2));
    })
    .await;
}

#[tokio::test]
async fn an_object_gets_another_name_and_keeps_its_records() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" } }), json!({}))).await;
        insert(&bed.tenant, &["name"], &texts(&["kept"])).await;
        let mut files = shop(json!({ "name": { "type": "string" } }), json!({}));
        let order = json!({
            "name": "order", "plural": "orders", "title": "Order", "type": "object", "renamedFrom": "deal",
            "properties": { "name": { "type": "string" } }
        });
        files.truncate(1);
        files.push(file("objects/order.json", &order));
        let plan = planned(&bed.tenant, &files).await;
        assert!(plan.destructive().next().is_none(), "{:?}", plan.steps);
        let before = catalog(&bed.tenant).await.layout.tables["deal"].name.clone();
        applied(&bed.tenant, &files).await;
        let now = catalog(&bed.tenant).await;
        assert_eq!(now.layout.tables["order"].name, before);
        assert!(planned(&bed.tenant, &files).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn every_type_of_field_gets_its_columns_and_a_large_table_its_indexes() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" } }), json!({}))).await;
        let rows: Vec<Vec<Value>> = (0..300).map(|n| vec![text(&format!("n{n}"))]).collect();
        insert(&bed.tenant, &["name"], &rows).await;
        let mut files = shop(
            json!({
                "name": { "type": "string" }, "amount": { "x-type": "money", "x-currency": "EUR" },
                "home": { "x-type": "address" }, "who": { "x-type": "personName" }, "place": { "x-type": "geoPoint" },
                "mail": { "type": "string", "format": "email" }, "day": { "type": "string", "format": "date" },
                "parent": { "x-type": "lookup", "x-to": "deal" }, "boss": { "x-type": "lookup", "x-to": "user" },
                "tags": { "type": "array", "items": { "type": "string" } }, "more": { "type": "object" },
                "long": { "x-type": "duration" }, "number": { "x-type": "autoNumber", "x-pattern": "D-{0000}" }
            }),
            json!({ "x-indexes": [["day"]], "x-unique": [["mail"]] }),
        );
        files.push(file("objects/note.json", &json!({
            "name": "note", "plural": "notes", "title": "Note", "type": "object",
            "properties": { "text": { "x-type": "longText" } }
        })));
        let mut batches = options();
        batches.large = 100;
        deploy::apply(&bed.tenant, &files, batches).await.unwrap_or_else(|error| panic!("{}", full(&error)));
        assert!(planned(&bed.tenant, &files).await.is_empty());
        assert_eq!(values(&bed.tenant, "name").await.len(), 300);
        assert_eq!(values(&bed.tenant, "mail").await.iter().filter(|value| value.is_null()).count(), 300);
    })
    .await;
}

#[tokio::test]
async fn the_shipped_core_package_applies_and_comes_back_as_it_is() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../metadata/core");
    let mut files = Vec::new();
    collect(std::path::Path::new(folder), "", &mut files);
    let files = &files;
    testing::each_database(|bed| async move {
        applied(&bed.tenant, files).await;
        assert!(planned(&bed.tenant, files).await.is_empty());
        let pulled = deploy::pull(&bed.tenant).await.expect("pull");
        assert!(planned(&bed.tenant, &pulled).await.is_empty());
        applied(&bed.canary, &pulled).await;
        assert_eq!(deploy::pull(&bed.canary).await.expect("pull"), pulled);
        let mut without = options();
        without.allow_destructive = true;
        let only = vec![file("core/package.json", &json!({ "name": "core", "version": "2.0.0" }))];
        let dropped = deploy::apply(&bed.canary, &only, without).await;
        assert!(dropped.is_ok(), "{dropped:?}");
        deploy::revert(&bed.canary, 1, options()).await.unwrap_or_else(|error| panic!("{}", full(&error)));
        assert!(planned(&bed.canary, files).await.is_empty());
    })
    .await;
}

fn collect(folder: &std::path::Path, prefix: &str, files: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).expect("the folder of the core package") {
        let entry = entry.expect("an entry");
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if SourceFile::wanted(&path) {
            files.push(SourceFile { text: std::fs::read_to_string(entry.path()).expect("a document"), path });
        }
    }
}
