//! Gives back the room of what was dropped. The only place where data is destroyed.

use metadata::Layout;
use serde::Serialize;
use sql::{Ddl, Ident};
use store::Tenant;

use crate::apply::{lock, settled, tell, with_retries};
use crate::error::DeployError;
use crate::observe::Stage;
use crate::options::ApplyOptions;
use crate::plan::{ChangeLine, Target};
use crate::published::{self, Record};
use crate::statements::define;

/// What went away for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Tables dropped.
    pub tables: Vec<String>,
    /// Columns dropped, as `table.column`.
    pub columns: Vec<String>,
    /// The version published.
    pub version: i64,
}

/// Drops the tables and columns of dropped objects and fields.
pub async fn purge(tenant: &Tenant, options: ApplyOptions) -> Result<Purged, DeployError> {
    let base = settled(tenant).await?;
    let (tables, columns) = dropped(&base.layout);
    if tables.is_empty() && columns.is_empty() {
        return Ok(Purged { tables, columns: Vec::new(), version: base.version });
    }
    let mut target = Target::beside_published(&base, &[]);
    target.layout = base.layout.purged();
    let resolved = target.resolve(base.version)?;
    let gone =
        tables.iter().cloned().chain(columns.iter().map(|(table, column)| format!("{table}.{column}")));
    let changes: Vec<ChangeLine> = gone.map(|path| ChangeLine { kind: "purged".to_owned(), path }).collect();
    let ddl = definitions(&tables, &columns);
    let (ddl, resolved, changes, options) = (&ddl, &resolved, &changes, &options);
    with_retries(|| async move {
        let mut transaction = tenant.begin().await?;
        lock(&mut transaction, base.version).await?;
        tell(options, Stage::Publish, "", 0, 0)?;
        define(tenant, &mut transaction, ddl).await?;
        let record = Record { changes, plan_hash: "", at: options.at, actor: &options.actor };
        published::insert(&mut transaction, tenant, resolved, &record).await?;
        tell(options, Stage::Commit, "", 0, 0)?;
        Ok(transaction.commit().await?)
    })
    .await?;
    let columns = columns.iter().map(|(table, column)| format!("{table}.{column}")).collect();
    Ok(Purged { tables, columns, version: base.version + 1 })
}

fn dropped(layout: &Layout) -> (Vec<String>, Vec<(String, String)>) {
    let tables = layout.dropped.iter().map(|table| table.name.clone()).collect();
    let of = |table: &metadata::layout::Table| {
        let name = table.name.clone();
        table.dropped.iter().map(move |column| (name.clone(), column.name.clone())).collect::<Vec<_>>()
    };
    (tables, layout.tables.values().flat_map(of).collect())
}

fn definitions(tables: &[String], columns: &[(String, String)]) -> Vec<Ddl> {
    let columns = columns
        .iter()
        .map(|(table, column)| Ddl::DropColumn { table: Ident::made(table), column: Ident::made(column) });
    columns.chain(tables.iter().map(|table| Ddl::DropTable { table: Ident::made(table) })).collect()
}
