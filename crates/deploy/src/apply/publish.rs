//! The transaction that publishes: the only step that anybody sees.

use expr::{Encoding, Value};
use metadata::Name;
use metadata::layout::Column;
use sql::{Compare, Ddl, Ident};
use store::{StoreError, Tenant, Transaction};

use super::fill::{Filler, rewrite};
use super::pending::Pending;
use super::{refused, tell, with_retries};
use crate::error::DeployError;
use crate::lifecycle;
use crate::observe::Stage;
use crate::options::ApplyOptions;
use crate::plan::Draft;
use crate::published::{self, Record};
use crate::roles;
use crate::statements::{column, compare, constant, define, run, update};
use crate::structure::{Index, column_def, create_table};
use crate::work::TableWork;

/// What was done before the publish.
#[derive(Clone, Copy, Default)]
pub struct Prepared<'a> {
    /// The tables and columns that were made and filled; nothing when all is done at once.
    pub pending: Option<&'a Pending>,
}

impl<'a> Prepared<'a> {
    fn marker(self, work: &TableWork) -> Option<&'a Column> {
        self.pending.and_then(|pending| pending.marker(&work.table.name))
    }

    fn is_large(self, work: &TableWork) -> bool {
        self.pending.is_some_and(|pending| pending.is_large(&work.table.name))
    }
}

/// A small change: all of it in one transaction.
pub async fn at_once(tenant: &Tenant, draft: &Draft, options: &ApplyOptions) -> Result<i64, DeployError> {
    with_retries(|| publish(tenant, draft, options, Prepared::default())).await
}

/// One attempt to publish the draft.
pub async fn publish(
    tenant: &Tenant,
    draft: &Draft,
    options: &ApplyOptions,
    prepared: Prepared<'_>,
) -> Result<i64, DeployError> {
    let mut transaction = tenant.begin().await?;
    lock(&mut transaction, draft.base.version).await?;
    if let Some(pending) = prepared.pending {
        pending.claim(tenant, &mut transaction, draft.base.version).await?;
    } else {
        tell(options, Stage::Expand, "", 0, 0)?;
        define(tenant, &mut transaction, &additions(draft)).await?;
    }
    rename_objects(tenant, &mut transaction, draft).await?;
    roles::rename(tenant, &mut transaction, &draft.work.renamed_roles).await?;
    for work in &draft.work.tables {
        fill(tenant, &mut transaction, draft, work, options, prepared).await?;
        build(tenant, &mut transaction, draft, work, options, prepared).await?;
    }
    lifecycle::carry(tenant, &mut transaction, draft, options).await?;
    drop_indexes(tenant, &mut transaction, draft).await?;
    tell(options, Stage::Publish, "", 0, 0)?;
    let record = Record {
        changes: &draft.plan.changes,
        plan_hash: &draft.plan.hash,
        at: options.at,
        actor: &options.actor,
    };
    published::insert(&mut transaction, tenant, &draft.resolved, &record).await?;
    if let Some(pending) = prepared.pending {
        pending.forget(tenant, &mut transaction).await?;
    }
    tell(options, Stage::Commit, "", 0, 0)?;
    transaction.commit().await?;
    tell(options, Stage::Finish, "", 0, 0)?;
    Ok(draft.resolved.catalog.version)
}

/// Keeps all writers out; a conflict unless the version is the one that the plan began from.
pub async fn lock(transaction: &mut Transaction, base: i64) -> Result<(), DeployError> {
    let published = transaction.lock_catalog().await?;
    if published == base { Ok(()) } else { Err(DeployError::Conflict { published }) }
}

/// New tables and new columns.
pub fn additions(draft: &Draft) -> Vec<Ddl> {
    let mut ddl = Vec::new();
    for work in &draft.work.tables {
        if work.created {
            ddl.push(create_table(&work.table));
        }
        let table = Ident::made(&work.table.name);
        ddl.extend(
            work.columns
                .iter()
                .map(|added| Ddl::AddColumn { table: table.clone(), column: column_def(added) }),
        );
    }
    ddl
}

/// Rewrites values, then fills columns: all rows of small tables, what changed meanwhile of large ones.
async fn fill(
    tenant: &Tenant,
    transaction: &mut Transaction,
    draft: &Draft,
    work: &TableWork,
    options: &ApplyOptions,
    prepared: Prepared<'_>,
) -> Result<(), DeployError> {
    let marker = prepared.marker(work);
    let table = &work.table.name;
    for change in &work.rewrites {
        tell(options, Stage::Backfill, table, 0, 0)?;
        rewrite(tenant, transaction, table, change, marker).await?;
    }
    let columns = Filler::new(tenant, draft, work, options, marker);
    if columns.is_idle() {
        return Ok(());
    }
    let (stage, wanted) = match marker {
        Some(marker) => (Stage::CatchUp, columns.changed(marker)),
        None => (Stage::Backfill, columns.filter()),
    };
    let mut batches = columns.batches(wanted);
    let mut done = 0;
    loop {
        tell(options, stage, table, done, 0)?;
        let rows = columns.fill(transaction, &mut batches).await?;
        done += rows;
        if rows == 0 {
            return Ok(());
        }
    }
}

/// Builds the indexes of new and small tables.
async fn build(
    tenant: &Tenant,
    transaction: &mut Transaction,
    draft: &Draft,
    work: &TableWork,
    options: &ApplyOptions,
    prepared: Prepared<'_>,
) -> Result<(), DeployError> {
    if prepared.is_large(work) {
        return Ok(());
    }
    for index in &work.indexes {
        tell(options, Stage::Index, &index.name, 0, 0)?;
        // A table that a revert brings back may have its indexes still.
        let again = Ddl::DropIndex { name: Ident::made(&index.name), concurrently: false };
        let built = define(tenant, transaction, &[again, index.create(false)]).await;
        built.map_err(|error| duplicate(draft, work, index, error))?;
    }
    Ok(())
}

/// Duplicates that came in after the plan was made refuse the change as those would that it saw.
pub fn duplicate(draft: &Draft, work: &TableWork, index: &Index, error: DeployError) -> DeployError {
    match error {
        DeployError::Store(StoreError::UniqueViolation { .. }) => {
            refused(&draft.plan, work, format!("unique:{}", index.rule_name()), None)
        }
        other => other,
    }
}

async fn drop_indexes(
    tenant: &Tenant,
    transaction: &mut Transaction,
    draft: &Draft,
) -> Result<(), DeployError> {
    let names = draft.work.tables.iter().flat_map(|work| &work.dropped_indexes);
    let ddl: Vec<Ddl> =
        names.map(|name| Ddl::DropIndex { name: Ident::made(name), concurrently: false }).collect();
    define(tenant, transaction, &ddl).await
}

/// Tables of the platform that hold names of objects.
const HOLDERS: [&str; 7] =
    ["history", "outbox", "share", "transition", "job", "automation_run", "notification"];

/// Records hold names of objects in two places: polymorphic relations and the tables of the platform that speak of them.
async fn rename_objects(
    tenant: &Tenant,
    transaction: &mut Transaction,
    draft: &Draft,
) -> Result<(), DeployError> {
    let holders = draft.work.object_columns.iter().map(|(table, of)| (table.as_str(), of.name.as_str()));
    let holders: Vec<(&str, &str)> = holders.chain(HOLDERS.map(|table| (table, "object"))).collect();
    let text = |name: &Name| constant(Value::Text(name.to_string()), Encoding::Text);
    for (table, holder) in holders {
        for (old, new) in &draft.work.renamed {
            let filter = compare(Compare::Equal, column(holder), text(old));
            run(tenant, transaction, &update(table, holder, text(new), filter)).await?;
        }
    }
    Ok(())
}
