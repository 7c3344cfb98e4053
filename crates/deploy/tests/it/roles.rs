//! Roles are metadata like any other, without a step on any table.

use deploy::{DeployError, Plan};
use metadata::SourceFile;
use serde_json::json;
use uuid::Uuid;

use crate::bed::{applied, at, catalog, file, is_whole, options, planned, shop, told};

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

#[tokio::test]
async fn bearers_follow_a_rename_and_are_counted_when_their_role_goes() {
    testing::each_database(|bed| async move {
        let role = |name: &str, from: &str| {
            let mut role = json!({ "name": name, "title": "Sales", "metadata": ["read"] });
            if !from.is_empty() {
                role["renamedFrom"] = json!(from);
            }
            with_roles(json!([role]))
        };
        applied(&bed.tenant, &role("sales", "")).await;
        let (ann, bob, cleo) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let grant = |user: Uuid, roles: &[&str]| {
            let (tenant, roles) =
                (bed.tenant.clone(), roles.iter().map(|role| (*role).to_owned()).collect::<Vec<_>>());
            async move { tenant.grant_roles(user, &roles).await.expect("granted") }
        };
        grant(ann, &["sales", "seller"]).await;
        grant(bob, &["sales"]).await;
        // Of a role that was there long ago.
        grant(cleo, &["seller"]).await;
        let shared = store::ShareRow {
            id: Uuid::from_u128(9),
            object: "deal".to_owned(),
            record: Uuid::from_u128(8),
            grantee: store::Grantee::Role("sales".to_owned()),
            update: false,
            expires: None,
            created: at(),
            created_by: None,
        };
        bed.tenant.share_insert(&shared).await.expect("shared");

        applied(&bed.tenant, &role("seller", "sales")).await;
        for (user, roles) in [(ann, vec!["seller"]), (bob, vec!["seller"]), (cleo, vec![])] {
            assert_eq!(bed.tenant.roles_of(user).await.expect("roles"), roles);
        }
        let share = bed.tenant.share(shared.id).await.expect("read").expect("it is there");
        assert_eq!(share.grantee, store::Grantee::Role("seller".to_owned()));

        let plan = planned(&bed.tenant, &with_roles(json!([]))).await;
        assert_eq!(told(&plan.effects), [("role:seller".to_owned(), 2)]);
        assert_eq!(plan.effects[0].sample.len(), 2);
        assert!(!plan.effects[0].refuses);
    })
    .await;
}

fn role(name: &str, from: Option<&str>) -> serde_json::Value {
    let mut role = json!({ "name": name, "title": name, "metadata": ["read"] });
    if let Some(from) = from {
        role["renamedFrom"] = json!(from);
    }
    role
}

#[tokio::test]
async fn keys_and_login_providers_follow_a_rename_and_a_new_role_of_the_old_name_wins_none() {
    testing::each_database(|bed| async move {
        let key = |number: u8, tenant: &store::Tenant, role: &str| {
            let row = store::KeyRow {
                id: Uuid::from_u128(number.into()),
                tenant: tenant.name().clone(),
                prefix: "arm_".to_owned(),
                name: "bot".to_owned(),
                role: Some(role.to_owned()),
                user: None,
                created: at(),
                expires: None,
                last_used: None,
            };
            let store = bed.store.clone();
            async move { store.key_insert(&[number; 32], &row).await.expect("kept") }
        };
        let role_of = |number: u8| {
            let store = bed.store.clone();
            async move {
                store
                    .key_find(&[number; 32])
                    .await
                    .expect("read")
                    .and_then(|key| key.role)
                    .unwrap_or_default()
            }
        };
        applied(&bed.tenant, &with_roles(json!([role("sales", None), role("other", None)]))).await;
        key(1, &bed.tenant, "sales").await;
        key(2, &bed.tenant, "other").await;
        key(3, &bed.canary, "sales").await;
        let settings = json!({ "issuer": "https://x.example", "roles": ["other", "sales"] }).to_string();
        bed.tenant.set_login_provider("oidc", Some(&settings)).await.expect("kept");

        let renamed = with_roles(json!([role("seller", Some("sales")), role("other", None)]));
        applied(&bed.tenant, &renamed).await;
        assert_eq!([role_of(1).await, role_of(2).await, role_of(3).await], ["seller", "other", "sales"]);
        let settings = bed.tenant.login_provider("oidc").await.expect("read").expect("it is there");
        let settings: serde_json::Value = serde_json::from_str(&settings).expect("JSON");
        assert_eq!(settings, json!({ "issuer": "https://x.example", "roles": ["other", "seller"] }));

        // As if the process had died between the publish and the keys: the next apply makes up for it.
        key(4, &bed.tenant, "sales").await;
        applied(&bed.tenant, &renamed).await;
        assert_eq!(role_of(4).await, "seller");
        key(5, &bed.tenant, "sales").await;
        let both =
            with_roles(json!([role("seller", Some("sales")), role("sales", None), role("other", None)]));
        applied(&bed.tenant, &both).await;
        assert_eq!([role_of(1).await, role_of(4).await, role_of(5).await], ["seller", "seller", "seller"]);
        // Those of the new role stay with it.
        key(6, &bed.tenant, "sales").await;
        applied(&bed.tenant, &with_roles(json!([role("seller", Some("sales")), role("sales", None)]))).await;
        assert_eq!(role_of(6).await, "sales");
    })
    .await;
}
