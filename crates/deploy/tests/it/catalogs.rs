//! What is served: fresh within a second in every process, and one tenant's trouble is its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deploy::{Catalogs, DeployError};
use expr::{Encoding, Value};
use serde_json::json;
use sql::{Ident, Param, Scalar, Source, Update, Write};
use store::{Options, Store};

use crate::bed::{applied, at, shop};

#[tokio::test]
async fn another_process_sees_a_publication_within_a_second() {
    testing::each_database(|bed| async move {
        let other = Store::open(&bed.url, Options::default()).await.expect("a second process");
        let tenant = other.tenant(bed.tenant.name()).await.expect("the tenant");
        let catalogs = Catalogs::new(at);
        assert!(catalogs.get(&tenant).await.expect("catalog").object("deal").is_none());
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" } }), json!({}))).await;
        let published = Instant::now();
        while catalogs.get(&tenant).await.expect("catalog").object("deal").is_none() {
            assert!(published.elapsed() < Duration::from_secs(1), "a stale catalog is served");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn equal_catalogs_are_one_and_a_broken_one_hurts_nobody_else() {
    testing::each_database(|bed| async move {
        let files = shop(json!({ "name": { "type": "string" } }), json!({}));
        applied(&bed.tenant, &files).await;
        applied(&bed.canary, &files).await;
        let catalogs = Catalogs::new(at);
        let one = catalogs.get(&bed.tenant).await.expect("catalog");
        let two = catalogs.get(&bed.canary).await.expect("catalog");
        assert!(Arc::ptr_eq(&one, &two));

        let text = |text: &str| {
            let source = Source::Constant(Value::Text(text.to_owned()));
            Scalar::Param(Param { source, encoding: Encoding::Text, list: false })
        };
        let spoil = Write::Update(Update {
            table: Ident::made("metadata_version"),
            alias: Ident::made("v"),
            set: vec![(Ident::made("documents"), text("[{\"path\": \"x/package.json\", \"text\": \"{\"}]"))],
            filter: Scalar::Bool(true),
            returning: Vec::new(),
        });
        bed.tenant.run_write(&sql::print_write(&spoil, bed.tenant.dialect()), &[]).await.expect("spoilt");
        let fresh = Catalogs::new(at);
        let broken = fresh.get(&bed.tenant).await;
        assert!(matches!(broken, Err(DeployError::Stored { .. })), "{:?}", broken.map(|_| ()));
        assert!(fresh.get(&bed.canary).await.expect("catalog").object("deal").is_some());
    })
    .await;
}
