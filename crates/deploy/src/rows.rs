//! Reading a table in batches by id, in flat memory.

use expr::{Encoding, Value};
use metadata::layout::Column;
use sql::{Cells, Compare, Query, Scalar};
use store::{Row, Tenant, Transaction};

use crate::error::DeployError;
use crate::statements::{by_id, column, compare, constant, print, select, stored};

/// Rows of one table, batch after batch.
#[derive(Clone)]
pub struct Batches {
    table: String,
    columns: Vec<Column>,
    filter: Scalar,
    values: Vec<Value>,
    size: i64,
    after: Option<Value>,
    ended: bool,
}

/// One row that was read.
pub struct Read {
    /// Its id.
    pub id: Value,
    /// The cells of the columns that were asked for.
    pub cells: Vec<Value>,
}

impl Batches {
    /// Over the rows that satisfy the condition.
    pub fn new(table: &str, columns: Vec<Column>, filter: Scalar, size: i64) -> Self {
        Self { table: table.to_owned(), columns, filter, values: Vec::new(), size, after: None, ended: false }
    }

    /// The same with values that the condition binds.
    pub fn with_values(mut self, values: Vec<Value>) -> Self {
        self.values = values;
        self
    }

    /// The next batch; empty at the end.
    pub async fn fetch(&mut self, tenant: &Tenant) -> Result<Vec<Read>, DeployError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let rows = tenant.fetch(&print(&self.query(), tenant), &self.values).await?;
        Ok(self.take(&rows))
    }

    /// The next batch, kept from other writers until the transaction ends.
    pub async fn lock(
        &mut self,
        tenant: &Tenant,
        transaction: &mut Transaction,
    ) -> Result<Vec<Read>, DeployError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let mut query = self.query();
        query.lock = Some(sql::Lock::Change);
        let rows = transaction.run(&print(&query, tenant), &self.values).await?;
        Ok(self.take(&rows))
    }

    fn query(&self) -> Query {
        let mut filter = vec![self.filter.clone()];
        if let Some(after) = &self.after {
            filter.push(compare(Compare::Greater, column("id"), constant(after.clone(), Encoding::Id)));
        }
        let columns = std::iter::once(column("id")).chain(stored(&self.columns));
        let mut query = select(&self.table, columns, Scalar::And(filter));
        query.order = by_id();
        query.limit = Some(Scalar::Int(self.size));
        query
    }

    fn take(&mut self, rows: &[Row]) -> Vec<Read> {
        let read = |row: &Row| Read {
            id: row.value(0, Encoding::Id),
            cells: self.columns.iter().enumerate().map(|(at, of)| row.value(at + 1, of.encoding)).collect(),
        };
        let read: Vec<Read> = rows.iter().map(read).collect();
        self.ended = i64::try_from(read.len()).unwrap_or(i64::MAX) < self.size;
        self.after = read.last().map(|last| last.id.clone()).or(self.after.take());
        read
    }
}
