//! Tenants, keys, versions of the platform's tables.

use std::time::Duration;

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use sql::Cells;
use store::{KeyRow, Store, StoreError, TenantName};
use testing::{each_database, options};
use uuid::Uuid;

use crate::tables::{all, create, insert};

fn name(text: &str) -> TenantName {
    TenantName::new(text).expect("a legal name")
}

fn key(tenant: &str, id: u128) -> KeyRow {
    let created: DateTime<Utc> = "2026-01-02T03:04:05.000006Z".parse().expect("an instant");
    KeyRow {
        id: Uuid::from_u128(id),
        tenant: name(tenant),
        prefix: "ak_1234".to_owned(),
        name: "My key".to_owned(),
        role: Some("sales".to_owned()),
        user: Some(Uuid::from_u128(9)),
        created,
        expires: None,
        last_used: None,
    }
}

#[tokio::test]
async fn tenants_are_made_once_and_listed() {
    each_database(async |bed| {
        let again = bed.store.tenant_create(&name("acme")).await;
        assert!(matches!(again, Err(StoreError::TenantExists(name)) if name == "acme"));
        bed.store.tenant_create(&name("a-b")).await.expect("made");
        assert!(matches!(bed.store.tenant_create(&name("a_b")).await, Err(StoreError::TenantExists(_))));
        assert_eq!(bed.store.tenants().await.expect("names"), ["a-b", "acme", "canary"].map(name));
        assert!(matches!(bed.store.tenant(&name("nobody")).await, Err(StoreError::NoTenant(_))));
        bed.store.tenant_drop(&name("a-b")).await.expect("dropped");
        assert!(matches!(bed.store.tenant_drop(&name("a-b")).await, Err(StoreError::NoTenant(_))));
        bed.store.tenant_create(&name("a_b")).await.expect("the name is free again");
    })
    .await;
}

#[tokio::test]
async fn of_many_makers_of_one_tenant_one_wins() {
    each_database(async |bed| {
        let attempts = (0..6).map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.tenant_create(&name("race")).await.is_ok() })
        });
        let won = futures::future::join_all(attempts)
            .await
            .into_iter()
            .filter(|won| *won.as_ref().expect("ran"))
            .count();
        assert_eq!(won, 1);
    })
    .await;
}

#[tokio::test]
async fn tenants_with_tables_of_one_name_do_not_meet() {
    each_database(async |bed| {
        for (tenant, value) in [(&bed.tenant, "ours"), (&bed.canary, "canary")] {
            create(tenant, "lead", &[("title", Encoding::Text)]).await;
            tenant
                .run_write(
                    &insert(tenant, "lead", "title", Encoding::Text),
                    &[Value::Int(1), Value::Text(value.to_owned())],
                )
                .await
                .expect("written");
        }
        // The very same statement serves both.
        let statement = all(&bed.tenant, "lead", "title");
        for (tenant, value) in [(&bed.tenant, "ours"), (&bed.canary, "canary"), (&bed.tenant, "ours")] {
            let rows = tenant.fetch(&statement, &[]).await.expect("rows");
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].value(1, Encoding::Text), Value::Text(value.to_owned()));
        }
    })
    .await;
}

#[tokio::test]
async fn keys_are_found_by_hash_and_change_tells() {
    each_database(async |bed| {
        let other = Store::open(&bed.url, options()).await.expect("a second program");
        let mut changes = other.changes();
        // The listener begins in its own time; what it missed before is none of its matter.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (hash, key) = ([7; 32], key("acme", 1));
        bed.store.key_insert(&hash, &key).await.expect("kept");
        tokio::time::timeout(Duration::from_secs(2), changes.next())
            .await
            .expect("the other program is told");
        assert_eq!(other.key_find(&hash).await.expect("asked"), Some(key.clone()));
        assert_eq!(other.key_find(&[8; 32]).await.expect("asked"), None);
        assert_eq!(other.keys(&name("acme")).await.expect("asked"), std::slice::from_ref(&key));
        assert_eq!(other.keys(&name("canary")).await.expect("asked"), []);
        let at = key.created + chrono::Duration::hours(1);
        other.key_used(key.id, at).await.expect("noted");
        other.key_used(key.id, at + chrono::Duration::seconds(30)).await.expect("too early, so left");
        assert_eq!(bed.store.key_find(&hash).await.expect("asked").and_then(|key| key.last_used), Some(at));
        assert!(!other.key_delete(&name("canary"), key.id).await.expect("another's key"));
        assert!(other.key_delete(&name("acme"), key.id).await.expect("gone"));
        assert_eq!(bed.store.key_find(&hash).await.expect("asked"), None);
        let unknown = bed.store.key_insert(&[9; 32], &super::directory::key("nobody", 2)).await;
        assert!(matches!(unknown, Err(StoreError::ForeignKeyViolation)));
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn addresses_that_are_none_are_refused() {
    for url in ["", "mysql://x", "sqlite:", "nonsense"] {
        assert!(matches!(Store::open(url, options()).await, Err(StoreError::BadUrl(_))), "{url}");
    }
}

/// An older program must not write into tables that a newer one made.
#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    use sqlx::{Connection, Executor};
    each_database(async |bed| {
        let newer =
            "(version, description, success, checksum, execution_time) VALUES (9999, 'later', true, ''";
        if let Some(folder) = bed.url.strip_prefix("sqlite:") {
            let file = format!("sqlite:{folder}/control.db");
            let mut connection = sqlx::SqliteConnection::connect(&file).await.expect("opens");
            let text = format!("INSERT INTO _migrations {newer}, 0)");
            connection.execute(sqlx::AssertSqlSafe(text)).await.expect("written");
            connection.close().await.expect("closes");
        } else {
            let mut connection = sqlx::PgConnection::connect(&bed.url).await.expect("opens");
            let text = format!("INSERT INTO armature._migrations {newer}, 0)");
            connection.execute(sqlx::AssertSqlSafe(text)).await.expect("written");
            connection.close().await.expect("closes");
        }
        let refused = Store::open(&bed.url, options()).await.err();
        assert!(matches!(refused, Some(StoreError::TooNew { migration: 9999 })), "{refused:?}");
    })
    .await;
}
