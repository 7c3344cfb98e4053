//! Filling columns from other columns of their rows, batch by batch: converted values, side columns without case, kept formulas.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use metadata::Catalog;
use metadata::catalog::FieldType;
use metadata::layout::{Column, Role};
use sql::{Compare, Conflict, Ident, Insert, Rows, Scalar, Update, Write};
use store::{Tenant, Transaction};

use super::environment::RowEnvironment;
use super::refused;
use crate::convert::convert_mapped;
use crate::error::DeployError;
use crate::options::Mapping;
use crate::plan::Draft;
use crate::rows::{Batches, Read};
use crate::statements::{ROW, column, compare, constant, holding, id_text, list, run};
use crate::work::{Convert, Fill, Rewrite, TableWork};

/// Rows that are rewritten at a time; they are locked as long as that takes.
pub const BATCH: i64 = 1_000;

/// Fills the columns of one table.
pub struct Filler<'a> {
    tenant: &'a Tenant,
    draft: &'a Draft,
    work: &'a TableWork,
    mapping: &'a Mapping,
    now: DateTime<Utc>,
    /// Where the version of the row is noted that was filled, so that later changes are found.
    marker: Option<&'a Column>,
    reads: Vec<(String, Column)>,
    targets: Vec<Column>,
}

impl<'a> Filler<'a> {
    /// For one table of the draft.
    pub fn new(
        tenant: &'a Tenant,
        draft: &'a Draft,
        work: &'a TableWork,
        options: &'a crate::options::ApplyOptions,
        marker: Option<&'a Column>,
    ) -> Self {
        let mut filler = Self {
            tenant,
            draft,
            work,
            mapping: &options.mapping,
            now: options.at,
            marker,
            reads: Vec::new(),
            targets: Vec::new(),
        };
        filler.columns();
        filler
    }

    /// Whether there is nothing to fill.
    pub fn is_idle(&self) -> bool {
        self.work.fills.is_empty()
    }

    fn columns(&mut self) {
        let mut reads: BTreeMap<String, Column> = BTreeMap::new();
        for (at, fill) in self.work.fills.iter().enumerate() {
            match fill {
                Fill::Convert(convert) => {
                    reads.extend(
                        convert.source.iter().map(|source| (format!("convert {at}"), source.clone())),
                    );
                    self.targets.extend(convert.targets.iter().cloned());
                }
                Fill::Fold { source, target, .. } => {
                    reads.insert(format!("fold {at}"), source.clone());
                    self.targets.push(target.clone());
                }
                Fill::Currency { target, .. } => self.targets.push(target.clone()),
                Fill::Formula { targets, .. } => {
                    reads.extend(self.own_columns());
                    self.targets.extend(targets.iter().cloned());
                }
            }
        }
        if let Some(marker) = self.marker {
            let version = Column { name: "version".to_owned(), role: Role::Value, encoding: Encoding::Int };
            reads.insert("marker".to_owned(), version);
            self.targets.push(marker.clone());
        }
        self.reads = reads.into_iter().collect();
    }

    /// The columns of all fields that have one already, under the names that expressions know.
    fn own_columns(&self) -> Vec<(String, Column)> {
        let mut own = Vec::new();
        for (name, columns) in &self.work.table.fields {
            for column in columns.iter().filter(|column| !self.work.is_fresh(column)) {
                own.extend(key_of(name, column).map(|key| (key, column.clone())));
            }
        }
        own
    }

    /// The rows that have something to fill.
    pub fn filter(&self) -> Scalar {
        if self.work.fills.iter().any(|fill| matches!(fill, Fill::Formula { .. })) {
            return Scalar::Bool(true);
        }
        holding(self.reads.iter().filter(|(key, _)| key != "marker").map(|(_, column)| column))
    }

    /// The rows that changed since they were filled.
    pub fn changed(&self, marker: &Column) -> Scalar {
        let same = compare(Compare::Same, column(&marker.name), column("version"));
        let targets = self.targets.iter().filter(|target| target.name != marker.name);
        Scalar::And(vec![
            Scalar::IsNotTrue(Box::new(same)),
            Scalar::Or(vec![self.filter(), holding(targets)]),
        ])
    }

    /// The rows that satisfy the condition, in batches.
    pub fn batches(&self, filter: Scalar) -> Batches {
        let columns = self.reads.iter().map(|(_, column)| column.clone()).collect();
        Batches::new(&self.work.table.name, columns, filter, BATCH)
    }

    /// Fills the next batch within the transaction; how many rows it had.
    pub async fn fill(
        &self,
        transaction: &mut Transaction,
        batches: &mut Batches,
    ) -> Result<u64, DeployError> {
        let rows = batches.lock(self.tenant, transaction).await?;
        let mut cells: Vec<Vec<Value>> = vec![Vec::with_capacity(rows.len()); self.targets.len()];
        let mut ids = Vec::with_capacity(rows.len());
        for row in rows {
            let values = self.compute(&row)?;
            ids.push(row.id);
            for (cell, value) in cells.iter_mut().zip(values) {
                cell.push(value);
            }
        }
        let count = ids.len() as u64;
        if count > 0 {
            set(
                self.tenant,
                transaction,
                &self.work.table.name,
                ids,
                self.targets.iter().zip(cells).collect(),
            )
            .await?;
        }
        Ok(count)
    }

    /// The values of the targets, in their order.
    fn compute(&self, row: &Read) -> Result<Vec<Value>, DeployError> {
        let mut values: HashMap<String, Value> =
            self.reads.iter().map(|(key, _)| key.clone()).zip(row.cells.iter().cloned()).collect();
        for (name, columns) in &self.work.table.fields {
            for column in columns.iter().filter(|column| self.work.is_fresh(column)) {
                values.extend(key_of(name, column).map(|key| (key, Value::Null)));
            }
        }
        let mut targets = Vec::with_capacity(self.targets.len());
        for (at, fill) in self.work.fills.iter().enumerate() {
            match fill {
                Fill::Convert(convert) => {
                    let old = values.get(&format!("convert {at}")).cloned().unwrap_or(Value::Null);
                    let new = self.converted(convert, &old, &row.id)?;
                    targets.extend(convert.targets.iter().map(|target| of_role(target, &new)));
                    values.insert(convert.field.name.to_string(), new);
                }
                Fill::Fold { target, .. } => {
                    let value = values.get(&format!("fold {at}")).unwrap_or(&Value::Null);
                    targets.push(of_role(target, value));
                }
                Fill::Currency { money, code, target } => {
                    let known = values.get(money.as_str()).is_some_and(|amount| !amount.is_null());
                    let value = if known { Value::Text(code.clone()) } else { Value::Null };
                    targets.push(of_role(target, &value));
                }
                Fill::Formula { .. } => {}
            }
        }
        self.formulas(&values, &mut targets);
        if self.marker.is_some() {
            targets.push(values.get("marker").cloned().unwrap_or(Value::Null));
        }
        Ok(targets)
    }

    fn converted(&self, convert: &Convert, old: &Value, id: &Value) -> Result<Value, DeployError> {
        let object = &self.work.object.name;
        convert_mapped(self.mapping, object, &convert.from, &convert.field, old).map_err(|_| {
            let rule = format!("type:{}", convert.field.name);
            refused(&self.draft.plan, self.work, rule, Some(id_text(id)))
        })
    }

    /// Formulas come after what they read. One that cannot be computed (an overflow) is null, as at a read.
    fn formulas(&self, values: &HashMap<String, Value>, targets: &mut Vec<Value>) {
        let catalog: &Catalog = &self.draft.resolved.catalog;
        let environment = RowEnvironment { object: &self.work.object, catalog, values, now: self.now };
        for fill in &self.work.fills {
            let Fill::Formula { field, targets: columns } = fill else { continue };
            let FieldType::Formula { expr, .. } = &field.ty else { continue };
            let value = expr::evaluate(expr, &environment).unwrap_or_else(|error| {
                tracing::warn!(field = %field.name, %error, "a stored formula has no value");
                Value::Null
            });
            targets.extend(columns.iter().map(|column| of_role(column, &value)));
        }
    }
}

/// Puts another value in place of renamed and mapped choices. Rows are to be filled again afterwards: `marker` is where that is noted.
pub async fn rewrite(
    tenant: &Tenant,
    transaction: &mut Transaction,
    table: &str,
    change: &Rewrite,
    marker: Option<&Column>,
) -> Result<(), DeployError> {
    if change.column.encoding == Encoding::Text {
        return run(tenant, transaction, &replacement(table, change, marker)).await;
    }
    let old: Vec<Value> = change.values.keys().map(|old| Value::Text(old.clone())).collect();
    let old = Box::new(Scalar::Param(list(old, Encoding::Text)));
    let filter = Scalar::ListTest(sql::ListTest::HasAny, Box::new(column(&change.column.name)), Some(old));
    let mut batches = Batches::new(table, vec![change.column.clone()], filter, BATCH);
    loop {
        let rows = batches.lock(tenant, transaction).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids = rows.iter().map(|row| row.id.clone()).collect();
        let values: Vec<Value> = rows
            .into_iter()
            .map(|row| replaced(change, row.cells.into_iter().next().unwrap_or(Value::Null)))
            .collect();
        let unfilled = marker.map(|marker| (marker, vec![Value::Null; values.len()]));
        let cells = [(&change.column, values)].into_iter().chain(unfilled).collect();
        set(tenant, transaction, table, ids, cells).await?;
    }
}

/// All rows of a field with one value at once. One statement, so that two choices may also change places.
fn replacement(table: &str, change: &Rewrite, marker: Option<&Column>) -> Write {
    let cell = || Box::new(column(&change.column.name));
    let text = |text: &str| constant(Value::Text(text.to_owned()), Encoding::Text);
    let by_case = |new: &dyn Fn(&str) -> String| {
        let whens = change.values.iter().map(|(old, value)| {
            let value = value.as_deref().map_or(Scalar::Null(Encoding::Text), |value| text(&new(value)));
            (Scalar::Compare(Compare::Equal, cell(), Box::new(text(old))), value)
        });
        Scalar::Case(whens.collect(), None)
    };
    let mut set = vec![(Ident::made(&change.column.name), by_case(&|value| value.to_owned()))];
    set.extend(change.folded.iter().map(|folded| (Ident::made(&folded.name), by_case(&expr::fold))));
    set.extend(marker.map(|marker| (Ident::made(&marker.name), Scalar::Null(Encoding::Int))));
    let old = list(change.values.keys().map(|old| Value::Text(old.clone())).collect(), Encoding::Text);
    Write::Update(Update {
        table: Ident::made(table),
        alias: Ident::made(ROW),
        set,
        filter: Scalar::InParam(cell(), old),
        returning: Vec::new(),
    })
}

fn replaced(change: &Rewrite, value: Value) -> Value {
    let new = |text: &String| change.values.get(text).cloned();
    match value {
        Value::Text(text) => match new(&text) {
            Some(Some(text)) => Value::Text(text),
            Some(None) => Value::Null,
            None => Value::Text(text),
        },
        Value::List(items) => {
            let mut kept: Vec<Value> = Vec::with_capacity(items.len());
            for item in items.into_iter().map(|item| replaced(change, item)) {
                if !item.is_null() && !kept.contains(&item) {
                    kept.push(item);
                }
            }
            Value::List(kept)
        }
        other => other,
    }
}

/// The name under which expressions know what a column holds.
fn key_of(field: &str, column: &Column) -> Option<String> {
    match &column.role {
        Role::Value => Some(field.to_owned()),
        Role::Part(part) => Some(format!("{field}.{part}")),
        Role::Folded | Role::Object => None,
    }
}

/// What a column of a field holds of the field's value.
fn of_role(target: &Column, value: &Value) -> Value {
    match (&target.role, value) {
        (Role::Folded, Value::Text(text)) => Value::Text(expr::fold(text)),
        (Role::Value, value) => value.clone(),
        (Role::Folded | Role::Object | Role::Part(_), _) => Value::Null,
    }
}

/// Sets columns of many rows, which exist and are locked, in one statement.
pub async fn set(
    tenant: &Tenant,
    transaction: &mut Transaction,
    table: &str,
    ids: Vec<Value>,
    cells: Vec<(&Column, Vec<Value>)>,
) -> Result<(), DeployError> {
    let id = Ident::made("id");
    let targets: Vec<Ident> = cells.iter().map(|(column, _)| Ident::made(&column.name)).collect();
    let set = targets.iter().map(|target| (target.clone(), Scalar::Excluded(target.clone()))).collect();
    let lists = cells.into_iter().map(|(column, values)| list(values, column.encoding));
    let write = Write::Insert(Insert {
        table: Ident::made(table),
        columns: std::iter::once(id.clone()).chain(targets).collect(),
        rows: Rows::Unnest(std::iter::once(list(ids, Encoding::Id)).chain(lists).collect()),
        conflict: Some(Conflict { columns: vec![id], set }),
        returning: Vec::new(),
    });
    run(tenant, transaction, &write).await
}
