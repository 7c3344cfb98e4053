//! Transactions: what is kept, what is undone, who waits, and what a vanished caller leaves behind.

use std::time::{Duration, Instant};

use expr::{Encoding, Value};
use sql::{
    Arithmetic, Cells, Ddl, Dialect, Fold, From, Query, Relation, Scalar, Statement, Update, Write,
    print_ddl, print_query, print_write,
};
use sqlx::{Connection as _, Executor as _};
use store::{StoreError, Tenant};
use testing::each_database;

use crate::tables::{all, compute, create, ident, insert, slot};

async fn counter(tenant: &Tenant) {
    create(tenant, "counter", &[("n", Encoding::Int)]).await;
    tenant
        .run_write(&insert(tenant, "counter", "n", Encoding::Int), &[Value::Int(1), Value::Int(0)])
        .await
        .expect("written");
}

/// `UPDATE counter SET n = n + 1`
fn increment(tenant: &Tenant) -> Statement {
    let column = Scalar::Column(ident("c"), ident("n"));
    let write = Write::Update(Update {
        table: ident("counter"),
        alias: ident("c"),
        set: vec![(
            ident("n"),
            Scalar::Arithmetic(
                Arithmetic::Add,
                Encoding::Int,
                Box::new(column.clone()),
                Box::new(Scalar::Int(1)),
            ),
        )],
        filter: Scalar::Bool(true),
        returning: vec![(column, ident("n"))],
    });
    print_write(&write, tenant.dialect()).remove(0)
}

async fn count(tenant: &Tenant) -> Value {
    let rows = tenant.fetch(&all(tenant, "counter", "n"), &[]).await.expect("rows");
    rows[0].value(1, Encoding::Int)
}

/// A query that runs for many seconds unless it is stopped: a product of rows with themselves.
async fn endless(tenant: &Tenant) -> Statement {
    create(tenant, "many", &[]).await;
    let keys = Value::List((0..3_000).map(Value::Int).collect());
    let write = Write::Insert(sql::Insert {
        table: ident("many"),
        columns: vec![ident("k")],
        rows: sql::Rows::Unnest(vec![crate::tables::slots(0, Encoding::Int)]),
        conflict: None,
        returning: vec![],
    });
    tenant.run_write(&print_write(&write, tenant.dialect()), &[keys]).await.expect("written");
    let from = |alias: &str| From { source: Relation::Table(ident("many")), alias: ident(alias) };
    let join = |alias: &str| sql::Join { kind: sql::JoinKind::Inner, from: from(alias), on: None };
    let sum = Scalar::Arithmetic(
        Arithmetic::Remainder,
        Encoding::Int,
        Box::new(Scalar::Column(ident("a"), ident("k"))),
        Box::new(Scalar::Column(ident("c"), ident("k"))),
    );
    let query = Query {
        columns: vec![(Scalar::Aggregate(Fold::Sum, Box::new(sum), Encoding::Int), ident("x"))],
        from: Some(from("a")),
        joins: vec![join("b"), join("c")],
        ..Query::default()
    };
    print_query(&query, tenant.dialect())
}

#[tokio::test]
async fn committed_work_stays_and_the_rest_goes() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        counter(tenant).await;
        let increment = increment(tenant);
        let mut kept = tenant.begin().await.expect("begins");
        let rows = kept.run(&increment, &[]).await.expect("runs");
        assert_eq!(rows[0].value(0, Encoding::Int), Value::Int(1));
        kept.commit().await.expect("commits");
        let mut undone = tenant.begin().await.expect("begins");
        undone.run(&increment, &[]).await.expect("runs");
        undone.rollback().await.expect("rolls back");
        let mut dropped = tenant.begin().await.expect("begins");
        dropped.run(&increment, &[]).await.expect("runs");
        drop(dropped);
        tenant.run_write(std::slice::from_ref(&increment), &[]).await.expect("the writer is free again");
        assert_eq!(count(tenant).await, Value::Int(2));
    })
    .await;
}

#[tokio::test]
async fn savepoints_undo_a_part_and_survive_errors() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        counter(tenant).await;
        let increment = increment(tenant);
        let again = insert(tenant, "counter", "n", Encoding::Int).remove(0);
        let (one, two) = (ident("one"), ident("two"));
        let mut transaction = tenant.begin().await.expect("begins");
        transaction.run(&increment, &[]).await.expect("runs");
        transaction.savepoint(&one).await.expect("set");
        transaction.run(&increment, &[]).await.expect("runs");
        let refused = transaction.run(&again, &[Value::Int(1), Value::Int(5)]).await.err();
        assert!(matches!(refused, Some(StoreError::UniqueViolation { .. })), "{refused:?}");
        transaction.rollback_to(&one).await.expect("undone");
        transaction.release(&one).await.expect("forgotten");
        transaction.savepoint(&two).await.expect("set");
        transaction.run(&increment, &[]).await.expect("runs");
        transaction.release(&two).await.expect("kept");
        transaction.commit().await.expect("commits");
        assert_eq!(count(tenant).await, Value::Int(2));
    })
    .await;
}

#[tokio::test]
async fn a_unique_violation_names_its_index() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        create(tenant, "account", &[("email", Encoding::Text)]).await;
        let index = Ddl::CreateIndex {
            name: ident("account_email_unique"),
            table: ident("account"),
            parts: vec![(Scalar::Bare(ident("email")), false)],
            unique: true,
            condition: None,
            concurrently: true,
        };
        tenant.execute_ddl(&print_ddl(&index, tenant.dialect())).await.expect("the index is built");
        let statements = insert(tenant, "account", "email", Encoding::Text);
        let row = |key| [Value::Int(key), Value::Text("a@b.c".to_owned())];
        tenant.run_write(&statements, &row(1)).await.expect("written");
        let refused = tenant.run_write(&statements, &row(2)).await.err();
        assert!(matches!(&refused, Some(StoreError::UniqueViolation { index }) if index == "account_email_unique"), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_a_changed_schema() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        create(tenant, "thing", &[("a", Encoding::Int), ("b", Encoding::Int)]).await;
        let statement = all(tenant, "thing", "a");
        tenant.fetch(&statement, &[]).await.expect("rows");
        for ddl in [
            Ddl::DropColumn { table: ident("thing"), column: ident("a") },
            Ddl::AddColumn {
                table: ident("thing"),
                column: sql::ColumnDef { name: ident("a"), encoding: Encoding::Text, not_null: false },
            },
        ] {
            tenant.execute_ddl(&print_ddl(&ddl, tenant.dialect())).await.expect("changed");
            for _ in 0..2 {
                match tenant.fetch(&statement, &[]).await {
                    Ok(_) | Err(StoreError::SchemaChanged) => {}
                    Err(other) => assert!(matches!(other, StoreError::SchemaChanged), "{other:?}"),
                }
            }
        }
        tenant.fetch(&statement, &[]).await.expect("the stale statement was forgotten");
        let missing = tenant.fetch(&all(tenant, "nothing", "a"), &[]).await.err();
        assert!(matches!(missing, Some(StoreError::SchemaChanged)), "{missing:?}");
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_met_a_stale_statement_leaves_none_behind() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        create(tenant, "thing", &[("a", Encoding::Int)]).await;
        let statement = all(tenant, "thing", "a");
        let used = |tenant: Tenant| {
            let statement = statement.clone();
            async move {
                let mut transaction = tenant.begin().await?;
                transaction.run(&statement, &[]).await.map(|_| ())
            }
        };
        used(tenant.clone()).await.expect("prepared");
        for ddl in [
            Ddl::DropColumn { table: ident("thing"), column: ident("a") },
            Ddl::AddColumn {
                table: ident("thing"),
                column: sql::ColumnDef { name: ident("a"), encoding: Encoding::Text, not_null: false },
            },
        ] {
            tenant.execute_ddl(&print_ddl(&ddl, tenant.dialect())).await.expect("changed");
        }
        // One connection has prepared it; which one comes next is the pool's choice. It may refuse once, and never again.
        let mut refused = 0;
        for _attempt in 0..20 {
            match used(tenant.clone()).await {
                Ok(()) => {}
                Err(StoreError::SchemaChanged) => refused += 1,
                Err(other) => assert!(matches!(other, StoreError::SchemaChanged), "{other:?}"),
            }
        }
        assert!(refused <= 1, "{refused} refusals by one connection");
    })
    .await;
}

#[tokio::test]
async fn a_failed_transaction_cannot_be_committed_unseen() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        counter(tenant).await;
        let again = insert(tenant, "counter", "n", Encoding::Int).remove(0);
        let mut transaction = tenant.begin().await.expect("begins");
        transaction.run(&increment(tenant), &[]).await.expect("runs");
        assert!(transaction.run(&again, &[Value::Int(1), Value::Int(5)]).await.is_err());
        let committed = transaction.commit().await.is_ok();
        assert_eq!(
            count(tenant).await,
            Value::Int(i64::from(committed)),
            "what commit says is what is there"
        );
    })
    .await;
}

#[tokio::test]
async fn fifty_writers_take_turns() {
    each_database(async |bed| {
        counter(&bed.tenant).await;
        let increment = increment(&bed.tenant);
        let writers = (0..50).map(|_| {
            let (tenant, increment) = (bed.tenant.clone(), increment.clone());
            tokio::spawn(async move {
                for _ in 0..4 {
                    let mut transaction = tenant.begin().await?;
                    transaction.run(&increment, &[]).await?;
                    transaction.commit().await?;
                }
                Ok::<(), StoreError>(())
            })
        });
        for outcome in futures::future::join_all(writers).await {
            outcome.expect("ran").expect("no database is locked");
        }
        assert_eq!(count(&bed.tenant).await, Value::Int(200));
    })
    .await;
}

#[tokio::test]
async fn writers_of_two_programs_take_turns() {
    each_database(async |bed| {
        counter(&bed.tenant).await;
        let other = store::Store::open(&bed.url, testing::options()).await.expect("a second program");
        let theirs = other.tenant(bed.tenant.name()).await.expect("the tenant");
        let increment = increment(&bed.tenant);
        let writers = [bed.tenant.clone(), theirs].map(|tenant| {
            let increment = increment.clone();
            tokio::spawn(async move {
                for _ in 0..40 {
                    tenant.run_write(std::slice::from_ref(&increment), &[]).await?;
                }
                Ok::<(), StoreError>(())
            })
        });
        for outcome in futures::future::join_all(writers).await {
            outcome.expect("ran").expect("no database is locked");
        }
        assert_eq!(count(&bed.tenant).await, Value::Int(80));
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_vanished_caller_stops_its_statement_and_frees_the_writer() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        counter(tenant).await;
        let (endless, increment) = (endless(tenant).await, increment(tenant));
        for _ in 0..3 {
            let running = async {
                let mut transaction = tenant.begin().await?;
                transaction.run(&increment, &[]).await?;
                transaction.run(&endless, &[]).await
            };
            assert!(
                tokio::time::timeout(Duration::from_millis(200), running).await.is_err(),
                "the statement is long"
            );
            let began = Instant::now();
            tenant.run_write(std::slice::from_ref(&increment), &[]).await.expect("the row is free");
            assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        }
        assert_eq!(count(tenant).await, Value::Int(3));
        // What computes is gone from the database within a second.
        let words = "\"many\"";
        for _ in 0..3 {
            let running = tenant.fetch(&endless, &[]);
            assert!(tokio::time::timeout(Duration::from_millis(300), running).await.is_err());
            let began = Instant::now();
            while testing::statements_at_work(&bed.url, words).await > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
            // SQLite does not tell what runs, but a reader that is not free again would keep these waiting.
            for _ in 0..8 {
                count(tenant).await;
            }
            assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
        }
        // Reading callers that vanish do not use up the readers.
        for _ in 0..20 {
            assert!(
                tokio::time::timeout(Duration::from_millis(20), tenant.fetch(&endless, &[])).await.is_err()
            );
        }
        let began = Instant::now();
        assert_eq!(count(tenant).await, Value::Int(3));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    })
    .await;
}

/// One tenant's requests are dropped at any moment; what another does on the same connections knows nothing of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_dropped_requests_survives_in_a_connection() {
    each_database(async |bed| {
        for tenant in [&bed.tenant, &bed.canary] {
            counter(tenant).await;
        }
        let (mine, theirs) = (increment(&bed.tenant), increment(&bed.canary));
        let mut done = 0;
        for round in 0..400_u64 {
            let dropped = async {
                let mut transaction = bed.tenant.begin().await?;
                transaction.run(&mine, &[]).await?;
                transaction.savepoint(&ident("s")).await?;
                transaction.run(&mine, &[]).await?;
                transaction.commit().await
            };
            let moment = Duration::from_micros(round * 7_919 % 3_000);
            // Whether a commit that was dropped half-way took place is the database's to say.
            tokio::time::timeout(moment, dropped).await.ok();
            if round % 4 == 0 {
                bed.canary.run_write(std::slice::from_ref(&theirs), &[]).await.expect("written");
                done += 1;
            }
        }
        assert_eq!(count(&bed.canary).await, Value::Int(done));
        let Value::Int(own) = count(&bed.tenant).await else { unreachable!("a number") };
        assert_eq!(own % 2, 0, "both increments of a transaction or none");
        bed.tenant.run_write(std::slice::from_ref(&mine), &[]).await.expect("no lock is left");
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_stopped() {
    each_database(async |bed| {
        let endless = endless(&bed.tenant).await;
        let options = store::Options { statement_timeout: Duration::from_millis(300), ..testing::options() };
        let hasty = store::Store::open(&bed.url, options).await.expect("opens");
        let tenant = hasty.tenant(bed.tenant.name()).await.expect("the tenant");
        let began = Instant::now();
        let stopped = tenant.fetch(&endless, &[]).await.err();
        assert!(matches!(stopped, Some(StoreError::StatementTimeout)), "{stopped:?}");
        assert!(began.elapsed() < Duration::from_secs(3));
        hasty.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_version_is_held_by_writers_and_published_alone() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        assert_eq!(tenant.published_version().await.expect("asked"), 0);
        let mut writer = tenant.begin().await.expect("begins");
        writer.check_version(0).await.expect("nothing is published");
        let publisher = {
            let tenant = tenant.clone();
            tokio::spawn(async move {
                let mut apply = tenant.begin().await?;
                let published = apply.lock_catalog().await?;
                apply.run(&publish(tenant.dialect()), &[Value::Int(published + 1)]).await?;
                apply.commit().await?;
                Ok::<i64, StoreError>(published)
            })
        };
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!publisher.is_finished(), "it waits for the writer");
        writer.commit().await.expect("commits");
        assert_eq!(publisher.await.expect("ran").expect("publishes"), 0);
        let mut late = tenant.begin().await.expect("begins");
        let stale = late.check_version(0).await.err();
        assert!(matches!(stale, Some(StoreError::Stale { published: 1 })), "{stale:?}");
        late.check_version(1).await.expect("that is the one");
        assert_eq!(tenant.published_version().await.expect("asked"), 1);
        assert_eq!(bed.canary.published_version().await.expect("asked"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_serializable_writer_that_waited_for_a_publication_sees_it() {
    each_database(async |bed| {
        let tenant = &bed.tenant;
        let mut apply = tenant.begin().await.expect("begins");
        assert_eq!(apply.lock_catalog().await.expect("locks"), 0);
        let waiting = {
            let tenant = tenant.clone();
            tokio::spawn(async move {
                let mut writer = tenant.begin_serializable().await?;
                writer.check_version(0).await
            })
        };
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!waiting.is_finished(), "it waits");
        assert_eq!(tenant.published_version().await.expect("readers do not wait"), 0);
        apply.run(&publish(tenant.dialect()), &[Value::Int(1)]).await.expect("publishes");
        apply.commit().await.expect("commits");
        let stale = waiting.await.expect("ran").err();
        assert!(matches!(stale, Some(StoreError::Stale { published: 1 })), "{stale:?}");
    })
    .await;
}

/// A program of another version opens the store for the first time; until then there is no trigger.
#[tokio::test]
async fn the_version_of_a_tenant_that_was_not_migrated_yet_is_its_own_tables() {
    each_database(async |bed| {
        if bed.tenant.dialect() == Dialect::Sqlite {
            return;
        }
        let tenant = &bed.tenant;
        let mut direct = sqlx::PgConnection::connect(&bed.url).await.expect("connects");
        direct
            .execute(
                "DROP TRIGGER note_published ON t_acme.metadata_version; DELETE FROM t_acme._migrations WHERE version = 5; \
                 DELETE FROM armature.published WHERE schema = 't_acme'",
            )
            .await
            .expect("as before the migration");
        for (version, migrated) in [(1, false), (2, true)] {
            let mut apply = tenant.begin().await.expect("begins");
            assert_eq!(apply.lock_catalog().await.expect("locks"), version - 1, "{migrated}");
            apply.run(&publish(tenant.dialect()), &[Value::Int(version)]).await.expect("publishes");
            apply.commit().await.expect("commits");
            let mut writer = tenant.begin().await.expect("begins");
            writer.check_version(version).await.expect("the version is known");
            let noted: Option<i64> =
                sqlx::query_scalar("SELECT version FROM armature.published WHERE schema = 't_acme'")
                    .fetch_optional(&mut direct)
                    .await
                    .expect("a row or none");
            assert_eq!(noted, migrated.then_some(version));
            writer.rollback().await.expect("ends");
            bed.store.tenant(tenant.name()).await.expect("is migrated");
        }
        bed.store.tenant_drop(tenant.name()).await.expect("goes");
        let again = bed.store.tenant_create(tenant.name()).await.expect("comes again");
        again.begin().await.expect("begins").check_version(0).await.expect("nothing is published");
    })
    .await;
}

fn publish(dialect: Dialect) -> Statement {
    let columns = ["version", "hash", "documents", "layout", "changes", "at"];
    let text = || Scalar::Text("{}".to_owned());
    let at = crate::tables::constant(Value::DateTime(chrono::DateTime::UNIX_EPOCH), Encoding::DateTime);
    let write = Write::Insert(sql::Insert {
        table: ident("metadata_version"),
        columns: columns.map(ident).to_vec(),
        rows: sql::Rows::Values(vec![vec![slot(0, Encoding::Int), text(), text(), text(), text(), at]]),
        conflict: None,
        returning: vec![],
    });
    print_write(&write, dialect).remove(0)
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_refused_before_anything_runs() {
    each_database(async |bed| {
        for (encoding, value) in [
            (Encoding::Int, Value::Text("1".to_owned())),
            (Encoding::Text, Value::Text("nul\0".to_owned())),
            (Encoding::Bool, Value::Int(1)),
            (Encoding::Float, Value::Float(f64::NAN)),
        ] {
            let refused = compute(&bed.tenant, &slot(0, encoding), std::slice::from_ref(&value)).await.err();
            assert!(
                matches!(refused, Some(StoreError::BadParameter { index: 1, .. })),
                "{encoding:?} {value:?} {refused:?}"
            );
        }
        let missing = compute(&bed.tenant, &slot(3, Encoding::Int), &[]).await.err();
        assert!(matches!(missing, Some(StoreError::BadParameter { .. })));
    })
    .await;
}
