//! A large change: new columns beside the old, filled in batches while everybody works on, then the publish.

use metadata::layout::{Column, Role, Table};
use sql::{Ddl, Ident};
use store::Tenant;

use super::fill::Filler;
use super::pending::{Heartbeat, Pending, Process};
use super::publish::{Prepared, additions, duplicate, lock, publish};
use super::{tell, with_retries};
use crate::error::DeployError;
use crate::observe::Stage;
use crate::options::ApplyOptions;
use crate::plan::Draft;
use crate::rows::Batches;
use crate::statements::{count_up_to, define};
use crate::structure::column_def;
use crate::work::TableWork;

/// Passes over rows that changed, before the last one under the lock.
const PASSES: u32 = 8;
/// So few rows can wait for the lock.
const FEW: u64 = 200;

/// Expands, fills, builds and publishes. What fails is taken away again; what is killed, the next apply takes away.
pub async fn step_by_step(
    tenant: &Tenant,
    draft: &Draft,
    options: &ApplyOptions,
    large: &[String],
) -> Result<i64, DeployError> {
    let (draft, pending) = prepare(draft, options, large)?;
    let (draft, pending) = (&draft, &pending);
    tell(options, Stage::Expand, "", 0, 0)?;
    let beat = Heartbeat::start(tenant, pending, options.at);
    with_retries(|| expand(tenant, draft, options, pending)).await?;
    let result = fill_and_publish(tenant, draft, options, pending).await;
    drop(beat);
    if let Err(error) = &result
        && !matches!(error, DeployError::Stopped(_) | DeployError::Conflict { .. })
        && let Err(left) = pending.undo(tenant).await
    {
        tracing::warn!(tenant = %tenant.name(), error = %left, "what a failed apply made is left to the next one");
    }
    result
}

async fn fill_and_publish(
    tenant: &Tenant,
    draft: &Draft,
    options: &ApplyOptions,
    pending: &Pending,
) -> Result<i64, DeployError> {
    let prepared = Prepared { pending: Some(pending) };
    for work in draft.work.tables.iter().filter(|work| pending.is_large(&work.table.name)) {
        fill(tenant, draft, work, options, pending).await?;
        build(tenant, draft, work, options).await?;
    }
    with_retries(|| publish(tenant, draft, options, prepared)).await
}

/// The draft with a column in each large table that says which rows were filled: dropped from the start, so that `purge` takes it away.
fn prepare(draft: &Draft, options: &ApplyOptions, large: &[String]) -> Result<(Draft, Pending), DeployError> {
    let mut draft = draft.clone();
    let mut markers = Vec::new();
    for work in
        draft.work.tables.iter().filter(|work| large.contains(&work.table.name) && !work.fills.is_empty())
    {
        markers.push((work.table.name.clone(), free_marker(&work.table, draft.base.version + 1)));
    }
    for (table, marker) in &markers {
        for before in draft.target.layout.tables.values_mut().filter(|before| before.name == *table) {
            before.dropped.push(marker.clone());
        }
    }
    draft.resolved = draft.target.resolve(draft.base.version)?;
    let names = |column: &Column| column.name.clone();
    let mut columns: Vec<(String, String)> = Vec::new();
    for work in draft.work.tables.iter().filter(|work| !work.created) {
        columns.extend(work.columns.iter().map(|column| (work.table.name.clone(), names(column))));
    }
    columns.extend(markers.iter().map(|(table, marker)| (table.clone(), names(marker))));
    let process = Process::this();
    let pending = Pending {
        token: format!("{process:?} {} {}", options.at, draft.plan.hash),
        process,
        large: large.to_vec(),
        tables: draft
            .work
            .tables
            .iter()
            .filter(|work| work.created)
            .map(|work| work.table.name.clone())
            .collect(),
        columns,
        markers,
        indexes: draft
            .work
            .tables
            .iter()
            .flat_map(|work| &work.indexes)
            .map(|index| index.name.clone())
            .collect(),
    };
    Ok((draft, pending))
}

fn free_marker(table: &Table, version: i64) -> Column {
    let taken = |name: &str| {
        table.fields.values().flatten().chain(&table.dropped).any(|column| column.name == name)
            || table.retired.iter().any(|retired| retired == name)
    };
    let mut name = format!("filled_{version}");
    while taken(&name) {
        name.push('x');
    }
    Column { name, role: Role::Value, encoding: expr::Encoding::Int }
}

/// Makes the tables and columns, and notes it, in one transaction.
async fn expand(
    tenant: &Tenant,
    draft: &Draft,
    options: &ApplyOptions,
    pending: &Pending,
) -> Result<(), DeployError> {
    let mut transaction = tenant.begin().await?;
    lock(&mut transaction, draft.base.version).await?;
    pending.note(tenant, &mut transaction, options.at, draft.base.version).await?;
    let mut ddl = additions(draft);
    for (table, marker) in &pending.markers {
        ddl.push(Ddl::AddColumn { table: Ident::made(table), column: column_def(marker) });
    }
    define(tenant, &mut transaction, &ddl).await?;
    Ok(transaction.commit().await?)
}

/// Fills a large table batch by batch, then what changed meanwhile, until little is left.
async fn fill(
    tenant: &Tenant,
    draft: &Draft,
    work: &TableWork,
    options: &ApplyOptions,
    pending: &Pending,
) -> Result<(), DeployError> {
    let Some(marker) = pending.marker(&work.table.name) else { return Ok(()) };
    let columns = Filler::new(tenant, draft, work, options, Some(marker));
    let total = count_up_to(tenant, &work.table.name, u64::from(u32::MAX)).await?;
    for pass in 0..PASSES {
        let wanted = if pass == 0 { columns.filter() } else { columns.changed(marker) };
        let mut batches = columns.batches(wanted);
        let mut done = 0;
        loop {
            tell(
                options,
                if pass == 0 { Stage::Backfill } else { Stage::CatchUp },
                &work.table.name,
                done,
                total,
            )?;
            let (rows, after) = with_retries(|| fill_batch(tenant, &columns, batches.clone())).await?;
            batches = after;
            done += rows;
            if rows == 0 {
                break;
            }
        }
        if pass > 0 && done < FEW {
            break;
        }
    }
    Ok(())
}

/// Fills the next batch in a transaction of its own; how many rows it had, and where to go on.
async fn fill_batch(
    tenant: &Tenant,
    columns: &Filler<'_>,
    mut batches: Batches,
) -> Result<(u64, Batches), DeployError> {
    let mut transaction = tenant.begin().await?;
    let rows = columns.fill(&mut transaction, &mut batches).await?;
    transaction.commit().await?;
    Ok((rows, batches))
}

/// Builds the indexes of a large table while it is in use.
async fn build(
    tenant: &Tenant,
    draft: &Draft,
    work: &TableWork,
    options: &ApplyOptions,
) -> Result<(), DeployError> {
    for index in &work.indexes {
        tell(options, Stage::Index, &index.name, 0, 0)?;
        let again = Ddl::DropIndex { name: Ident::made(&index.name), concurrently: true };
        let statements: Vec<sql::Statement> = [again, index.create(true)]
            .iter()
            .flat_map(|ddl| sql::print_ddl(ddl, tenant.dialect()))
            .collect();
        let statements = &statements;
        let built = with_retries(|| async move { Ok(tenant.execute_ddl(statements).await?) }).await;
        built.map_err(|error| duplicate(draft, work, index, error))?;
    }
    Ok(())
}
