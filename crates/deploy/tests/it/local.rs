//! Small changes on a live system.

use deploy::DeployError;
use serde_json::json;

use crate::bed::{applied, catalog, options, planned, shop};

#[tokio::test]
async fn objects_and_fields_made_on_the_live_system_live_in_the_package_local() {
    testing::each_database(|bed| async move {
        let files = shop(json!({ "name": { "type": "string" } }), json!({}));
        applied(&bed.tenant, &files).await;
        let visit = json!({
            "name": "visit", "plural": "visits", "title": "Visit", "type": "object",
            "properties": { "deal": { "x-type": "lookup", "x-to": "deal", "x-inverse": "visits" } }
        });
        deploy::create_object(&bed.tenant, visit.clone(), options()).await.expect("an object");
        let again = deploy::create_object(&bed.tenant, visit, options()).await;
        assert!(matches!(again, Err(DeployError::Document(_))), "{again:?}");
        for (object, field) in [("deal", "colour"), ("visit", "place"), ("deal", "size"), ("user", "desk")] {
            let schema = json!({ "type": "string" });
            deploy::add_field(&bed.tenant, object, field, schema, options()).await.expect("a field");
        }
        let now = catalog(&bed.tenant).await;
        let has = |object: &str, field: &str| {
            now.object(object).is_some_and(|object| object.field(field).is_some())
        };
        assert!(has("deal", "colour") && has("deal", "size") && has("visit", "place") && has("user", "desk"));

        assert!(planned(&bed.tenant, &files).await.is_empty(), "what is local stays beside the package");
        let pulled = deploy::pull(&bed.tenant).await.expect("pull");
        assert!(pulled.iter().any(|file| file.path.starts_with("local/")), "{pulled:?}");
        assert!(planned(&bed.tenant, &pulled).await.is_empty());
    })
    .await;
}
