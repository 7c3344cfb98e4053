//! Statements on the platform's own tables of a tenant: trees, printed for the tenant's database, with their values beside them.

use expr::{Encoding, Value};
use sql::{
    Compare, Conflict, Delete, From, Ident, Insert, Order, Param, Query, Relation, Rows, Scalar, Source,
    Update, Write,
};

use crate::{Row, StoreError, Tenant};

/// A table of the platform with its columns.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Encoding)],
}

/// A statement in the making: values take slots in the order in which they are named.
#[derive(Default)]
pub(crate) struct Terms {
    pub(crate) values: Vec<Value>,
}

pub(crate) fn alias() -> Ident {
    Ident::made("t")
}

impl Table {
    pub(crate) fn encoding(&self, column: &str) -> Encoding {
        self.columns
            .iter()
            .find(|(name, _)| *name == column)
            .map_or(Encoding::Text, |(_, encoding)| *encoding)
    }

    /// A column of this table.
    pub(crate) fn column(&self, name: &str) -> Scalar {
        debug_assert!(self.columns.iter().any(|(column, _)| *column == name), "{}.{name}", self.name);
        Scalar::Column(alias(), Ident::made(name))
    }

    /// `column <compare> value`
    pub(crate) fn compare(&self, terms: &mut Terms, column: &str, compare: Compare, value: Value) -> Scalar {
        let value = terms.value(value, self.encoding(column));
        Scalar::Compare(compare, Box::new(self.column(column)), Box::new(value))
    }

    /// `column = value`
    pub(crate) fn is(&self, terms: &mut Terms, column: &str, value: Value) -> Scalar {
        self.compare(terms, column, Compare::Equal, value)
    }

    /// `column IS NULL`
    pub(crate) fn is_null(&self, column: &str) -> Scalar {
        Scalar::IsNull(Box::new(self.column(column)))
    }

    /// `column` is one of the texts.
    pub(crate) fn is_in(&self, terms: &mut Terms, column: &str, texts: Vec<String>) -> Scalar {
        let values = Value::List(texts.into_iter().map(Value::Text).collect());
        let list = Param { source: Source::Slot(terms.slot(values)), encoding: Encoding::Text, list: true };
        Scalar::InParam(Box::new(self.column(column)), list)
    }

    pub(crate) fn select(&self, filter: Vec<Scalar>) -> Query {
        Query {
            columns: self.columns.iter().map(|(name, _)| (self.column(name), Ident::made(name))).collect(),
            from: Some(From { source: Relation::Table(Ident::made(self.name)), alias: alias() }),
            filter: Some(Scalar::And(filter)),
            order: self
                .columns
                .iter()
                .take(2)
                .map(|(name, _)| Order { by: self.column(name), descending: false, nulls_first: false })
                .collect(),
            ..Query::default()
        }
    }

    /// The rows that meet all conditions, by the first two columns.
    pub(crate) async fn rows(
        &self,
        tenant: &Tenant,
        terms: Terms,
        filter: Vec<Scalar>,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = sql::print_query(&self.select(filter), tenant.dialect());
        tenant.fetch(&statement, &terms.values).await
    }

    /// A new row, its values in the order of the columns. `replacing` names the columns that tell rows apart and those that a row
    /// that is there already takes over.
    pub(crate) fn insert(&self, values: Vec<Value>, replacing: Option<(&[&str], &[&str])>) -> Change {
        let mut terms = Terms::default();
        let row =
            values.into_iter().zip(self.columns).map(|(value, (_, encoding))| terms.value(value, *encoding));
        let write = Write::Insert(Insert {
            table: Ident::made(self.name),
            columns: self.columns.iter().map(|(name, _)| Ident::made(name)).collect(),
            rows: Rows::Values(vec![row.collect()]),
            conflict: replacing.map(|(keys, set)| Conflict {
                columns: keys.iter().map(|name| Ident::made(name)).collect(),
                set: set
                    .iter()
                    .map(|name| (Ident::made(name), Scalar::Excluded(Ident::made(name))))
                    .collect(),
            }),
            returning: self
                .columns
                .first()
                .map(|(name, _)| (Scalar::Bare(Ident::made(name)), Ident::made(name)))
                .into_iter()
                .collect(),
        });
        Change { write, terms }
    }

    /// Sets a column of the rows that meet all conditions; answers all their columns.
    pub(crate) fn update(&self, mut terms: Terms, column: &str, value: Value, filter: Vec<Scalar>) -> Change {
        let value = terms.value(value, self.encoding(column));
        let write = Write::Update(Update {
            table: Ident::made(self.name),
            alias: alias(),
            set: vec![(Ident::made(column), value)],
            filter: Scalar::And(filter),
            returning: self.columns.iter().map(|(name, _)| (self.column(name), Ident::made(name))).collect(),
        });
        Change { write, terms }
    }

    /// Removes the rows that meet all conditions.
    pub(crate) fn delete(&self, terms: Terms, filter: Vec<Scalar>) -> Change {
        let write = Write::Delete(Delete {
            table: Ident::made(self.name),
            alias: alias(),
            filter: Scalar::And(filter),
        });
        Change { write, terms }
    }
}

impl Terms {
    pub(crate) fn slot(&mut self, value: Value) -> u16 {
        self.values.push(value);
        u16::try_from(self.values.len() - 1).unwrap_or(u16::MAX)
    }

    pub(crate) fn value(&mut self, value: Value, encoding: Encoding) -> Scalar {
        Scalar::Param(Param { source: Source::Slot(self.slot(value)), encoding, list: false })
    }
}

/// A write with its values.
pub(crate) struct Change {
    write: Write,
    terms: Terms,
}

impl Tenant {
    /// Carries out changes of who may do what, all or none, and tells them. The rows that they answer.
    pub(crate) async fn change(&self, changes: Vec<Change>) -> Result<Vec<Row>, StoreError> {
        let mut transaction = self.begin().await?;
        transaction.tell();
        let mut rows = Vec::new();
        for change in changes {
            for statement in sql::print_write(&change.write, self.dialect()) {
                rows.extend(transaction.run(&statement, &change.terms.values).await?);
            }
        }
        transaction.commit().await?;
        Ok(rows)
    }
}

/// Cells as what they are known to be; a cell of another kind is a defect of the database.
pub(crate) mod cell {
    use chrono::{DateTime, Utc};
    use expr::{Encoding, Value};
    use sql::Cells;
    use uuid::Uuid;

    use crate::{Cause, Row, StoreError};

    fn broken(column: usize) -> StoreError {
        StoreError::Other(Cause::text(format!(
            "column {column} of a platform table does not hold what it should"
        )))
    }

    pub(crate) fn text(row: &Row, column: usize) -> Result<String, StoreError> {
        optional_text(row, column)?.ok_or_else(|| broken(column))
    }

    pub(crate) fn optional_text(row: &Row, column: usize) -> Result<Option<String>, StoreError> {
        match row.value(column, Encoding::Text) {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(broken(column)),
        }
    }

    pub(crate) fn id(row: &Row, column: usize) -> Result<Uuid, StoreError> {
        match row.value(column, Encoding::Id) {
            Value::Id(id) => Ok(id),
            _ => Err(broken(column)),
        }
    }

    pub(crate) fn instant(row: &Row, column: usize) -> Result<DateTime<Utc>, StoreError> {
        optional_instant(row, column)?.ok_or_else(|| broken(column))
    }

    pub(crate) fn whole(row: &Row, column: usize) -> Result<i64, StoreError> {
        match row.value(column, Encoding::Int) {
            Value::Int(number) => Ok(number),
            _ => Err(broken(column)),
        }
    }

    pub(crate) fn optional_id(row: &Row, column: usize) -> Result<Option<Uuid>, StoreError> {
        match row.value(column, Encoding::Id) {
            Value::Id(id) => Ok(Some(id)),
            Value::Null => Ok(None),
            _ => Err(broken(column)),
        }
    }

    pub(crate) fn optional_instant(row: &Row, column: usize) -> Result<Option<DateTime<Utc>>, StoreError> {
        match row.value(column, Encoding::DateTime) {
            Value::DateTime(at) => Ok(Some(at)),
            Value::Null => Ok(None),
            _ => Err(broken(column)),
        }
    }
}
