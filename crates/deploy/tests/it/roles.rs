//! Roles are metadata like any other, without a step on any table.

use deploy::{DeployError, Plan};
use metadata::SourceFile;
use serde_json::json;

use crate::bed::{applied, catalog, file, is_whole, options, planned, shop};

fn with_roles(roles: serde_json::Value) -> Vec<SourceFile> {
    let mut files = shop(json!({ "name": { "type": "string" }, "fax": { "type": "string" } }), json!({}));
    files.push(file("roles/all.json", &roles));
    files
}

fn changes(plan: &Plan) -> Vec<(String, String)> {
    plan.changes.iter().map(|change| (change.kind.clone(), change.path.clone())).collect()
}

fn said(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    changes.iter().map(|(kind, path)| ((*kind).to_owned(), (*path).to_owned())).collect()
}

#[tokio::test]
async fn roles_are_planned_applied_pulled_and_brought_back() {
    testing::each_database(|bed| async move {
        let reader = json!({ "name": "reader", "title": "Reader",
            "objects": { "deal": { "read": ["all"], "fields": { "read": ["name"] } } } });
        let sales = json!({ "name": "sales", "title": "Sales", "inherits": ["reader"], "metadata": ["read"] });
        let first = applied(&bed.tenant, &with_roles(json!([reader, sales]))).await.version;
        assert_eq!(catalog(&bed.tenant).await.roles.keys().map(|name| &**name).collect::<Vec<_>>(), ["reader", "sales"]);
        assert!(planned(&bed.tenant, &with_roles(json!([reader, sales]))).await.is_empty());

        // Whoever inherits changes with what is inherited.
        let mut wider = reader.clone();
        wider["objects"]["deal"]["fields"]["read"] = json!(["*"]);
        let seller = json!({ "name": "seller", "title": "Sales", "renamedFrom": "sales", "inherits": ["reader"], "metadata": ["read"] });
        let files = with_roles(json!([wider, seller]));
        let plan = planned(&bed.tenant, &files).await;
        let expected = [("roleChanged", "roles.reader"), ("roleRenamed", "roles.seller"), ("roleChanged", "roles.seller")];
        assert_eq!(changes(&plan), said(&expected));
        assert!(plan.steps.is_empty() && plan.effects.is_empty());
        let hash = catalog(&bed.tenant).await.hash;
        applied(&bed.tenant, &files).await;
        assert_ne!(catalog(&bed.tenant).await.hash, hash, "the hash covers roles");
        assert!(is_whole(&bed.tenant).await, "pulled roles are the published ones");
        let pulled: Vec<String> = deploy::pull(&bed.tenant).await.expect("pull").into_iter().map(|file| file.path).collect();
        assert!(pulled.contains(&"shop/roles/seller.json".to_owned()), "{pulled:?}");

        assert_eq!(changes(&planned(&bed.tenant, &with_roles(json!([]))).await), said(&[("roleDropped", "roles.reader"), ("roleDropped", "roles.seller")]));
        deploy::revert(&bed.tenant, first, options()).await.expect("revert");
        assert!(catalog(&bed.tenant).await.roles.contains_key("sales"));
    })
    .await;
}

#[tokio::test]
async fn what_a_role_names_cannot_be_dropped_under_it() {
    testing::each_database(|bed| async move {
        let role = json!({ "name": "reader", "title": "Reader",
            "objects": { "deal": { "read": [{ "fax": { "eq": "$user.name" } }], "fields": { "read": ["name", "fax"] } } } });
        let guard = [
            file("package.json", &json!({ "name": "guard", "version": "1.0.0", "depends": ["shop"] })),
            file("roles/reader.json", &role),
        ];
        let shop = |properties| shop(properties, json!({}));
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" }, "fax": { "type": "string" } }))).await;
        applied(&bed.tenant, &guard).await;
        let refused = deploy::apply(&bed.tenant, &shop(json!({ "name": { "type": "string" } })), options()).await;
        let Err(DeployError::Documents(diagnostics)) = refused else { panic!("{refused:?}") };
        let found: Vec<(&str, &str, &str)> =
            diagnostics.iter().map(|d| (d.code, d.file.as_str(), d.pointer.as_str())).collect();
        assert_eq!(
            found,
            [
                ("UNKNOWN_FIELD", "guard/roles/reader.json", "/objects/deal/read/0/fax"),
                ("UNKNOWN_FIELD", "guard/roles/reader.json", "/objects/deal/fields/read/1"),
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_field_that_the_platform_has_now_may_stay_in_a_published_package() {
    testing::each_database(|bed| async move {
        let team = json!({ "extends": "user", "properties": {
            "team": { "title": "Office", "x-type": "lookup", "x-to": "team", "x-inverse": "members", "x-onDelete": "clear" } } });
        let mut files = shop(json!({ "name": { "type": "string" } }), json!({}));
        files.push(file("objects/user.json", &team));
        applied(&bed.tenant, &files).await;
        let catalog = catalog(&bed.tenant).await;
        let field = catalog.object("user").and_then(|user| user.field("team")).expect("it is there");
        assert_eq!(field.title, "Office");
        assert!(is_whole(&bed.tenant).await);
    })
    .await;
}
