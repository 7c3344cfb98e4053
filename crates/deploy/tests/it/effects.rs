//! What a plan says about records that exist, and what an apply refuses because of them.

use deploy::{DeployError, Mapping};
use expr::Value;
use serde_json::json;

use crate::bed::{applied, insert, options, planned, shop, texts, told, values};

fn mapping(field: &str, pairs: &[(&str, Option<&str>)]) -> Mapping {
    let values = pairs.iter().map(|(old, new)| ((*old).to_owned(), new.map(str::to_owned))).collect();
    Mapping([(field.to_owned(), values)].into_iter().collect())
}

#[tokio::test]
async fn three_bad_rows_refuse_a_retype_until_they_are_mapped() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "amount": { "type": "string" } }), json!({}))).await;
        let rows = ["10", "20.5", "free", "free", "n/a", "-3"];
        insert(&bed.tenant, &["amount"], &texts(&rows)).await;
        let files = shop(json!({ "amount": { "x-type": "decimal" } }), json!({}));
        let plan = planned(&bed.tenant, &files).await;
        assert_eq!(told(&plan.effects), [("type:amount".to_owned(), 3)]);
        assert_eq!(plan.effects.first().map(|effect| effect.sample.len()), Some(3));
        let refused = deploy::apply(&bed.tenant, &files, options()).await;
        assert!(matches!(refused, Err(DeployError::Refused(_))), "{refused:?}");
        assert_eq!(values(&bed.tenant, "amount").await.len(), 6);

        let mut mapped = options();
        mapped.mapping = mapping("deal.amount", &[("free", Some("0")), ("n/a", None)]);
        deploy::apply(&bed.tenant, &files, mapped).await.expect("a mapped retype");
        let shown: Vec<String> = values(&bed.tenant, "amount").await.iter().map(show).collect();
        assert_eq!(shown, ["10", "20.5", "0", "0", "null", "-3"]);
    })
    .await;
}

fn show(value: &Value) -> String {
    match value {
        Value::Decimal(number) => number.normalize().to_string(),
        Value::Null => "null".to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_requirement_is_told_and_allowed() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" } }), json!({}))).await;
        insert(&bed.tenant, &["name"], &[vec![Value::Null], vec![Value::Text("a".to_owned())]]).await;
        let files = shop(
            json!({ "name": { "type": "string", "maxLength": 10 }, "phone": { "type": "string" } }),
            json!({ "required": ["name", "phone"] }),
        );
        let effects = planned(&bed.tenant, &files).await.effects;
        assert_eq!(told(&effects), [("required:name".to_owned(), 1), ("required:phone".to_owned(), 2)]);
        applied(&bed.tenant, &files).await;
    })
    .await;
}

#[tokio::test]
async fn tighter_limits_and_new_rules_are_counted() {
    testing::each_database(|bed| async move {
        let properties = json!({ "name": { "type": "string" }, "price": { "type": "integer" } });
        applied(&bed.tenant, &shop(properties, json!({}))).await;
        let row = |name: &str, price: i64| vec![Value::Text(name.to_owned()), Value::Int(price)];
        insert(&bed.tenant, &["name", "price"], &[row("short", 1), row("much too long", 5), row("x", -2)])
            .await;
        let files = shop(
            json!({ "name": { "type": "string", "maxLength": 6 }, "price": { "type": "integer" } }),
            json!({ "x-rules": [{ "name": "positive", "check": "record.price > 0", "message": "No" }] }),
        );
        let plan = planned(&bed.tenant, &files).await;
        assert_eq!(told(&plan.effects), [("limit:name".to_owned(), 1), ("rule:positive".to_owned(), 1)]);
        assert!(!plan.is_refused());
        applied(&bed.tenant, &files).await;
    })
    .await;
}

#[tokio::test]
async fn duplicates_refuse_a_unique_rule_and_the_index_refuses_them_afterwards() {
    testing::each_database(|bed| async move {
        let properties =
            json!({ "code": { "type": "string" }, "kind": { "type": "string", "enum": ["a", "b"] } });
        applied(&bed.tenant, &shop(properties.clone(), json!({}))).await;
        let row = |code: &str, kind: &str| vec![Value::Text(code.to_owned()), Value::Text(kind.to_owned())];
        insert(&bed.tenant, &["code", "kind"], &[row("1", "a"), row("1", "b"), row("2", "a"), row("1", "a")])
            .await;
        let all = shop(properties.clone(), json!({ "x-unique": [["code"]] }));
        let plan = planned(&bed.tenant, &all).await;
        assert_eq!(plan.effects.iter().map(|e| (e.count, e.sample.len())).collect::<Vec<_>>(), [(3, 3)]);
        let refused = deploy::apply(&bed.tenant, &all, options()).await;
        assert!(matches!(refused, Err(DeployError::Refused(_))), "{refused:?}");

        let some = shop(
            properties,
            json!({ "x-unique": [{ "fields": ["code"], "where": { "kind": { "eq": "b" } } }] }),
        );
        applied(&bed.tenant, &some).await;
        let catalog = crate::bed::catalog(&bed.tenant).await;
        let try_write = |kind: &str| crate::bed::inserting(&catalog, &["code", "kind"], &[row("1", kind)]);
        let statements = |write| sql::print_write(&write, bed.tenant.dialect());
        bed.tenant.run_write(&statements(try_write("a")), &[]).await.expect("the rule does not apply");
        let broken = bed.tenant.run_write(&statements(try_write("b")), &[]).await;
        let index = catalog.layout.tables["deal"]
            .unique_index(&catalog.objects["deal"], &catalog.objects["deal"].uniques[0]);
        match broken {
            Err(store::StoreError::UniqueViolation { index: named }) => assert_eq!(named, index),
            other => panic!("{:?}", other.map(|_| ())),
        }
    })
    .await;
}

#[tokio::test]
async fn choices_in_use_are_renamed_or_mapped_or_refuse() {
    testing::each_database(|bed| async move {
        let before = json!({ "source": { "type": "string", "enum": ["web", "fax", "event"] } });
        applied(&bed.tenant, &shop(before, json!({}))).await;
        insert(&bed.tenant, &["source"], &texts(&["web", "fax", "event", "fax"])).await;
        let fewer = shop(json!({ "source": { "type": "string", "enum": ["web", "event"] } }), json!({}));
        let plan = planned(&bed.tenant, &fewer).await;
        assert_eq!(told(&plan.effects), [("choices:source".to_owned(), 2)]);
        let refused = deploy::apply(&bed.tenant, &fewer, options()).await;
        assert!(matches!(refused, Err(DeployError::Refused(_))), "{refused:?}");

        let mut mapped = options();
        mapped.mapping = mapping("deal.source", &[("fax", Some("web"))]);
        deploy::apply(&bed.tenant, &fewer, mapped).await.expect("a mapped removal");
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            values(&bed.tenant, "source").await,
            [text("web"), text("web"), text("event"), text("web")]
        );
        assert!(planned(&bed.tenant, &fewer).await.is_empty());
    })
    .await;
}
