//! Several at once: applies among themselves, and writers while an apply goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deploy::{Catalogs, DeployError, Observer, Progress, Stage};
use expr::{Encoding, Value};
use serde_json::json;
use sql::{Ident, Param, Scalar, Source, Update, Write};
use store::{StoreError, Tenant};

use crate::bed::{applied, at, catalog, insert, options, planned, shop, texts, value_column, values};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_applies_at_once_those_that_lose_get_a_conflict_and_nothing_is_mixed() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" } }), json!({}))).await;
        let mut running = Vec::new();
        for number in 0..6 {
            let tenant = bed.tenant.clone();
            running.push(tokio::spawn(async move {
                let mut properties = json!({ "name": { "type": "string" } });
                properties[format!("extra{number}")] = json!({ "type": "string" });
                let mut options = options();
                options.allow_destructive = true;
                (number, deploy::apply(&tenant, &shop(properties, json!({})), options).await)
            }));
        }
        let mut won = Vec::new();
        for task in running {
            match task.await.expect("no panic") {
                (number, Ok(done)) => won.push((done.version, number)),
                (_, Err(DeployError::Conflict { published })) => assert!(published >= 2),
                (_, Err(other)) => panic!("{}", crate::bed::full(&other)),
            }
        }
        won.sort_unstable();
        let (version, last) = *won.last().expect("one wins");
        let versions: Vec<i64> = won.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, (2..=version).collect::<Vec<i64>>(), "every version is one apply's");
        let catalog = catalog(&bed.tenant).await;
        assert_eq!(catalog.version, version);
        let extras: Vec<String> = catalog.objects["deal"]
            .fields
            .keys()
            .filter(|f| f.starts_with("extra"))
            .map(ToString::to_string)
            .collect();
        assert_eq!(extras, [format!("extra{last}")]);
    })
    .await;
}

/// Sets the amount of all deals from `old` to `new` as a writer of the published version would.
async fn write(tenant: &Tenant, catalogs: &Catalogs, old: i64, new: i64) {
    loop {
        let catalog = catalogs.reload(tenant).await.expect("catalog");
        let column = value_column(&catalog, "amount");
        let value = |number: i64| match column.encoding {
            Encoding::Text => Value::Text(number.to_string()),
            _ => Value::Decimal(number.into()),
        };
        let bound = |number: i64| {
            Scalar::Param(Param {
                source: Source::Constant(value(number)),
                encoding: column.encoding,
                list: false,
            })
        };
        let alias = Ident::made("d");
        let cell = |name: &str| Scalar::Column(alias.clone(), Ident::made(name));
        let next = Scalar::Arithmetic(
            sql::Arithmetic::Add,
            Encoding::Int,
            Box::new(cell("version")),
            Box::new(Scalar::Int(1)),
        );
        let update = Write::Update(Update {
            table: Ident::made(&catalog.layout.tables["deal"].name),
            alias: alias.clone(),
            set: vec![(Ident::made(&column.name), bound(new)), (Ident::made("version"), next)],
            filter: Scalar::Compare(sql::Compare::Equal, Box::new(cell(&column.name)), Box::new(bound(old))),
            returning: Vec::new(),
        });
        match attempt(tenant, &update, catalog.version).await {
            Ok(()) => return,
            Err(
                StoreError::Stale { .. }
                | StoreError::Retryable
                | StoreError::LockTimeout
                | StoreError::SchemaChanged,
            ) => {}
            Err(other) => panic!("a writer failed: {other:?}"),
        }
    }
}

async fn attempt(tenant: &Tenant, write: &Write, version: i64) -> Result<(), StoreError> {
    let mut transaction = tenant.begin().await?;
    transaction.check_version(version).await?;
    for statement in sql::print_write(write, tenant.dialect()) {
        transaction.run(&statement, &[]).await?;
    }
    transaction.commit().await
}

/// Lets the writer work between two batches: after the first one, until it has written as often as this.
struct LetsWrite {
    written: Mutex<Receiver<()>>,
    times: u32,
}

impl Observer for LetsWrite {
    fn step(&self, progress: Progress<'_>) -> Result<(), String> {
        if progress.stage == Stage::Backfill && progress.done == 1_000 {
            let written = self.written.lock().expect("one waits");
            while written.try_recv().is_ok() {}
            for _ in 0..self.times {
                written.recv_timeout(Duration::from_secs(20)).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_writers_change_during_a_backfill_is_not_lost() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "amount": { "type": "string" } }), json!({}))).await;
        let count = 4_000_i64;
        let rows: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        insert(&bed.tenant, &["amount"], &texts(&rows.iter().map(String::as_str).collect::<Vec<_>>())).await;

        let ended = Arc::new(AtomicBool::new(false));
        let (tell, written) = channel();
        let writer = {
            let (tenant, ended) = (bed.tenant.clone(), Arc::clone(&ended));
            tokio::spawn(async move {
                let catalogs = Catalogs::new(at);
                let mut written = 0;
                while !ended.load(Ordering::SeqCst) && written < count {
                    // From both ends, so that some rows change before and some after they are filled.
                    let row = if written % 2 == 0 { written / 2 } else { count - 1 - written / 2 };
                    write(&tenant, &catalogs, row, row + 1_000_000).await;
                    written += 1;
                    tell.send(()).ok();
                }
                written
            })
        };
        let mut batches = options();
        batches.large = 100;
        batches.observer = Arc::new(LetsWrite { written: Mutex::new(written), times: 40 });
        let files = shop(json!({ "amount": { "x-type": "decimal" } }), json!({}));
        deploy::apply(&bed.tenant, &files, batches).await.expect("a retype under load");
        ended.store(true, Ordering::SeqCst);
        let written = writer.await.expect("no panic");

        let changed =
            |row: i64| if row < count / 2 { row * 2 < written } else { (count - 1 - row) * 2 + 1 < written };
        let expected: Vec<Value> = (0..count)
            .map(|row| Value::Decimal((if changed(row) { row + 1_000_000 } else { row }).into()))
            .collect();
        assert_eq!(values(&bed.tenant, "amount").await, expected);
        assert!(planned(&bed.tenant, &files).await.is_empty());
    })
    .await;
}

/// Reads the names of all deals through the published catalog, as often as it can; how often, and the longest wait.
async fn read_until(tenant: Tenant, ended: Arc<AtomicBool>) -> (u32, Duration) {
    let catalogs = Catalogs::new(at);
    let (mut reads, mut longest) = (0, Duration::ZERO);
    while !ended.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let catalog = catalogs.get(&tenant).await.expect("catalog");
        let column = value_column(&catalog, "name");
        assert!(!crate::bed::cells(&tenant, &catalog, &column).await.is_empty());
        longest = longest.max(begun.elapsed());
        reads += 1;
    }
    (reads, longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fields_are_added_and_renamed_under_readers_and_writers_without_a_failed_request() {
    testing::each_database(|bed| async move {
        applied(
            &bed.tenant,
            &shop(json!({ "name": { "type": "string" }, "amount": { "type": "string" } }), json!({})),
        )
        .await;
        let rows: Vec<Vec<Value>> = (0..3_000_i64).map(|n| vec![Value::Text(n.to_string()); 2]).collect();
        insert(&bed.tenant, &["name", "amount"], &rows).await;
        let ended = Arc::new(AtomicBool::new(false));
        let reader = tokio::spawn(read_until(bed.tenant.clone(), Arc::clone(&ended)));
        let writer = {
            let (tenant, ended) = (bed.tenant.clone(), Arc::clone(&ended));
            tokio::spawn(async move {
                let catalogs = Catalogs::new(at);
                let mut written = 0;
                while !ended.load(Ordering::SeqCst) {
                    write(&tenant, &catalogs, written, written + 1).await;
                    written += 1;
                }
                written
            })
        };
        let mut properties = json!({ "name": { "type": "string" }, "amount": { "type": "string" } });
        for number in 0..5 {
            properties[format!("extra{number}")] = json!({ "type": "string" });
            applied(&bed.tenant, &shop(properties.clone(), json!({}))).await;
        }
        properties["extra9"] = json!({ "type": "string", "x-renamedFrom": "extra0" });
        properties.as_object_mut().expect("properties").remove("extra0");
        applied(&bed.tenant, &shop(properties, json!({}))).await;
        ended.store(true, Ordering::SeqCst);
        let (reads, longest) = reader.await.expect("no reader failed");
        assert!(reads > 0 && longest < Duration::from_secs(2), "{reads} reads, the longest {longest:?}");
        assert!(writer.await.expect("no writer failed") > 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_do_not_queue_behind_a_definition_that_waits_for_a_long_report() {
    testing::each_database(|bed| async move {
        applied(&bed.tenant, &shop(json!({ "name": { "type": "string" } }), json!({}))).await;
        insert(&bed.tenant, &["name"], &texts(&["a"])).await;
        let mut report = bed.tenant.begin().await.expect("a transaction");
        let everything = sql::Query {
            columns: vec![(Scalar::CountAll, Ident::made("c"))],
            from: Some(sql::From {
                source: sql::Relation::Table(Ident::made("deal")),
                alias: Ident::made("d"),
            }),
            ..sql::Query::default()
        };
        report.run(&sql::print_query(&everything, bed.tenant.dialect()), &[]).await.expect("the report");
        let change = {
            let tenant = bed.tenant.clone();
            let files =
                shop(json!({ "name": { "type": "string" }, "more": { "type": "string" } }), json!({}));
            tokio::spawn(async move { deploy::apply(&tenant, &files, options()).await })
        };
        let ended = Arc::new(AtomicBool::new(false));
        let reader = tokio::spawn(read_until(bed.tenant.clone(), Arc::clone(&ended)));
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert!(!change.is_finished(), "the report holds the table");
        report.rollback().await.expect("the report ends");
        let done = change.await.expect("no panic").expect("the change goes through");
        ended.store(true, Ordering::SeqCst);
        assert_eq!(done.version, 2);
        let (_, longest) = reader.await.expect("no reader failed");
        assert!(longest < Duration::from_secs(1), "a reader waited for {longest:?}");
    })
    .await;
}
