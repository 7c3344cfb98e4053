//! Revert and purge.

use expr::Value;
use serde_json::json;

use crate::bed::{applied, at, catalog, insert, is_whole, options, planned, shop, texts, values};

fn free() -> deploy::ApplyOptions {
    let mut options = options();
    options.allow_destructive = true;
    options
}

#[tokio::test]
async fn a_revert_brings_dropped_fields_and_objects_back_with_their_values() {
    testing::each_database(|bed| async move {
        let with = shop(json!({ "name": { "type": "string" }, "fax": { "type": "string" } }), json!({}));
        let version = applied(&bed.tenant, &with).await.version;
        insert(&bed.tenant, &["fax"], &texts(&["123"])).await;
        let without = shop(json!({ "label": { "type": "string", "x-renamedFrom": "name" } }), json!({}));
        deploy::apply(&bed.tenant, &without, free()).await.expect("drop");
        let reverted = deploy::revert(&bed.tenant, version, free()).await.expect("revert");
        assert_eq!(reverted.version, version + 2);
        assert_eq!(values(&bed.tenant, "fax").await, [Value::Text("123".to_owned())]);
        assert!(planned(&bed.tenant, &with).await.is_empty());

        let empty = vec![crate::bed::file("package.json", &json!({ "name": "shop", "version": "1.0.0" }))];
        deploy::apply(&bed.tenant, &empty, free()).await.expect("drop the object");
        assert!(catalog(&bed.tenant).await.object("deal").is_none());
        deploy::revert(&bed.tenant, version, options()).await.expect("revert");
        assert_eq!(values(&bed.tenant, "fax").await, [Value::Text("123".to_owned())]);
        assert!(is_whole(&bed.tenant).await);
    })
    .await;
}

#[tokio::test]
async fn a_purge_destroys_what_was_dropped_and_nothing_else() {
    testing::each_database(|bed| async move {
        let with = shop(json!({ "name": { "type": "string" }, "fax": { "type": "string" } }), json!({}));
        let version = applied(&bed.tenant, &with).await.version;
        insert(
            &bed.tenant,
            &["name", "fax"],
            &[vec![Value::Text("n".to_owned()), Value::Text("1".to_owned())]],
        )
        .await;
        let without = shop(json!({ "name": { "type": "string" } }), json!({}));
        deploy::apply(&bed.tenant, &without, free()).await.expect("drop");
        let purged = deploy::purge(&bed.tenant, options()).await.expect("purge");
        assert_eq!(purged.columns, ["deal.fax"]);
        assert_eq!(deploy::purge(&bed.tenant, options()).await.expect("purge").columns, Vec::<String>::new());
        deploy::revert(&bed.tenant, version, free()).await.expect("revert");
        assert_eq!(values(&bed.tenant, "fax").await, [Value::Null]);
        assert_eq!(values(&bed.tenant, "name").await, [Value::Text("n".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_version_cannot_be_brought_back() {
    testing::each_database(|bed| async move {
        deploy::initialise(&bed.tenant, at()).await.expect("initialise");
        let refused = deploy::revert(&bed.tenant, 7, options()).await;
        assert!(matches!(refused, Err(deploy::DeployError::UnknownVersion(7))), "{refused:?}");
    })
    .await;
}
