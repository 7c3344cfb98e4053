//! Applying: what is published, what the tables hold, what a plan says.

use expr::Value;
use serde_json::json;

use crate::bed::{applied, catalog, insert, is_whole, options, planned, shop, texts, value_column, values};

#[tokio::test]
async fn a_fresh_tenant_gets_the_platform_and_then_a_package() {
    testing::each_database(|bed| async move {
        let first = deploy::initialise(&bed.tenant, crate::bed::at()).await.expect("initialise");
        assert_eq!(first, 1);
        assert!(catalog(&bed.tenant).await.object("user").is_some());

        let files = shop(json!({ "name": { "type": "string" } }), json!({ "x-display": "name" }));
        let plan = planned(&bed.tenant, &files).await;
        assert_eq!(
            plan.steps.iter().map(|step| step.what.as_str()).collect::<Vec<_>>(),
            ["create table deal"]
        );
        let done = applied(&bed.tenant, &files).await;
        assert_eq!((done.version, &done.plan.hash), (2, &plan.hash));
        insert(&bed.tenant, &["name"], &texts(&["first"])).await;

        let again = planned(&bed.tenant, &files).await;
        assert!(again.is_empty(), "{again:?}");
        assert_eq!(applied(&bed.tenant, &files).await.version, 2);
        assert_eq!(bed.canary.published_version().await.expect("version"), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_pulled_plans_to_nothing_and_is_the_same_each_time() {
    testing::each_database(|bed| async move {
        let files = shop(
            json!({ "name": { "type": "string" }, "seen": { "type": "boolean" } }),
            json!({ "x-rules": [{ "name": "named", "check": "record.name != null", "message": "Name it" }] }),
        );
        applied(&bed.tenant, &files).await;
        let pulled = deploy::pull(&bed.tenant).await.expect("pull");
        assert!(planned(&bed.tenant, &pulled).await.is_empty());
        assert_eq!(pulled, deploy::pull(&bed.tenant).await.expect("pull"));

        applied(&bed.canary, &pulled).await;
        assert_eq!(pulled, deploy::pull(&bed.canary).await.expect("pull"));
        assert!(is_whole(&bed.tenant).await);
    })
    .await;
}

#[tokio::test]
async fn a_renamed_field_keeps_its_column_and_values() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string", "title": "Name" } }), json!({})))
            .await;
        insert(&bed.tenant, &["name"], &texts(&["kept"])).await;
        let label = json!({ "type": "string", "title": "Name", "x-renamedFrom": "name" });
        let renamed = shop(json!({ "label": label }), json!({}));
        let plan = planned(&bed.tenant, &renamed).await;
        assert_eq!(plan.steps, []);
        assert_eq!(
            plan.changes.iter().map(|c| (c.kind.as_str(), c.path.as_str())).collect::<Vec<_>>(),
            [("fieldRenamed", "deal.label")]
        );
        applied(&bed.tenant, &renamed).await;
        assert_eq!(values(&bed.tenant, "label").await, [Value::Text("kept".to_owned())]);
        assert!(planned(&bed.tenant, &renamed).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_dropped_field_needs_permission_and_never_shows_old_values_when_added_again() {
    testing::each_database(|bed| async move {
        let with = shop(json!({ "name": { "type": "string" }, "fax": { "type": "string" } }), json!({}));
        let without = shop(json!({ "name": { "type": "string" } }), json!({}));
        applied(&bed.tenant, &with).await;
        insert(&bed.tenant, &["fax"], &texts(&["123"])).await;
        let plan = planned(&bed.tenant, &without).await;
        assert_eq!(crate::bed::told(&plan.effects), [("drop:fax".to_owned(), 1)]);
        let refused = deploy::apply(&bed.tenant, &without, options()).await;
        assert!(matches!(refused, Err(deploy::DeployError::Destructive(_))), "{refused:?}");

        let mut allowed = options();
        allowed.allow_destructive = true;
        deploy::apply(&bed.tenant, &without, allowed).await.expect("drop");
        applied(&bed.tenant, &with).await;
        assert_eq!(values(&bed.tenant, "fax").await, [Value::Null]);
        assert_ne!(value_column(&catalog(&bed.tenant).await, "fax").name, "fax");
    })
    .await;
}

#[tokio::test]
async fn another_hash_is_refused() {
    testing::each_database(|bed| async move {
        let files = shop(json!({ "name": { "type": "string" } }), json!({}));
        let mut other = options();
        other.plan = Some("0000".to_owned());
        let refused = deploy::apply(&bed.tenant, &files, other).await;
        assert!(matches!(refused, Err(deploy::DeployError::OtherPlan { .. })), "{refused:?}");
        let mut same = options();
        same.plan = Some(planned(&bed.tenant, &files).await.hash);
        deploy::apply(&bed.tenant, &files, same).await.expect("the plan that was seen");
    })
    .await;
}

#[tokio::test]
async fn side_columns_and_kept_formulas_are_filled() {
    testing::each_database(|bed| async move {
        let price = json!({ "type": "integer" });
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" }, "city": { "type": "string" }, "price": price }), json!({}))).await;
        let rows = vec![vec![Value::Text("STRASSE".to_owned()), Value::Int(3)], vec![Value::Null, Value::Int(4)]];
        insert(&bed.tenant, &["city", "price"], &rows).await;
        let twice = json!({ "x-type": "formula", "x-returns": "int", "x-formula": "record.price * 2", "x-stored": true });
        let files = shop(
            json!({ "name": { "type": "string" }, "city": { "type": "string" }, "price": price, "twice": twice }),
            json!({ "x-display": "name", "x-search": ["city"] }),
        );
        let plan = planned(&bed.tenant, &files).await;
        assert!(plan.steps.iter().any(|step| step.class == deploy::Class::Backfill), "{:?}", plan.steps);
        applied(&bed.tenant, &files).await;
        assert_eq!(values(&bed.tenant, "twice").await, [Value::Int(6), Value::Int(8)]);
        let now = catalog(&bed.tenant).await;
        let folded = now.layout.tables["deal"].column("city", &metadata::layout::Role::Folded).expect("side column");
        let cells = crate::bed::cells(&bed.tenant, &now, folded).await;
        assert_eq!(cells, [Value::Text("strasse".to_owned()), Value::Null]);
    })
    .await;
}

#[tokio::test]
async fn a_version_has_a_history() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" } }), json!({}))).await;
        applied(
            &bed.tenant,
            &shop(json!({ "name": { "type": "string" }, "fax": { "type": "string" } }), json!({})),
        )
        .await;
        let history = deploy::history(&bed.tenant).await.expect("history");
        let latest = history.first().expect("a version");
        assert_eq!((latest.version, latest.actor.as_str()), (2, "tester"));
        assert_eq!(
            latest.changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(),
            ["deal.fax"]
        );
        assert_eq!(latest.at, "2026-05-28T20:26:40.000000Z");
    })
    .await;
}
