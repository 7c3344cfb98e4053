//! What tables and indexes a catalog asks for.

use metadata::catalog::{FieldType, Object};
use metadata::layout::{Column, Role, Table};
use metadata::{Catalog, Name};
use query::lower::Lowering;
use sql::{ColumnDef, Ddl, Dialect, Ident, Scalar};

use crate::error::DeployError;

/// An index that a catalog asks for. Its name says all of its definition, so that equal names are equal indexes.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// On which table.
    pub table: String,
    /// The columns, in order.
    pub columns: Vec<String>,
    /// Refuses duplicates.
    pub unique: bool,
    /// Which rows take part; columns unqualified.
    pub condition: Option<Scalar>,
    /// For people: `unique index on email`.
    pub what: String,
    /// The unique rule, for refusals.
    pub rule: Option<String>,
}

impl Index {
    /// The rule in effects and refusals.
    pub fn rule_name(&self) -> &str {
        self.rule.as_deref().unwrap_or(&self.name)
    }

    /// The statement that makes it.
    pub fn create(&self, concurrently: bool) -> Ddl {
        Ddl::CreateIndex {
            name: Ident::made(&self.name),
            table: Ident::made(&self.table),
            parts: self.columns.iter().map(|column| (Scalar::Bare(Ident::made(column)), false)).collect(),
            unique: self.unique,
            condition: self.condition.clone(),
            concurrently,
        }
    }
}

/// The definition of a column. Only `id` is NOT NULL: what records require is the platform's to say.
pub fn column_def(column: &Column) -> ColumnDef {
    ColumnDef { name: Ident::made(&column.name), encoding: column.encoding, not_null: column.name == "id" }
}

/// The statement that makes the table of an object.
pub fn create_table(table: &Table) -> Ddl {
    Ddl::CreateTable {
        table: Ident::made(&table.name),
        columns: table.fields.values().flatten().map(column_def).collect(),
        primary_key: vec![Ident::made("id")],
    }
}

/// All indexes of an object but the primary key.
pub fn indexes(catalog: &Catalog, object: &Object, dialect: Dialect) -> Result<Vec<Index>, DeployError> {
    let Some(table) = catalog.layout.tables.get(&object.name) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for unique in &object.uniques {
        let columns: Vec<String> =
            table.unique_columns(object, unique).iter().map(|column| column.name.clone()).collect();
        let mut parts = vec![Scalar::IsNull(Box::new(Scalar::Bare(Ident::made("deleted_at"))))];
        if let Some(condition) = &unique.condition {
            let alias = Ident::made(&table.name);
            let mut lowering = Lowering::new(catalog, dialect, 0);
            parts.push(lowering.condition(condition, &object.name, &alias)?);
        }
        found.push(Index {
            name: table.unique_index(object, unique),
            table: table.name.clone(),
            columns,
            unique: true,
            condition: Some(if parts.len() == 1 { parts.remove(0) } else { Scalar::And(parts) }),
            what: format!("unique index on {}", names(&unique.fields)),
            rule: Some(unique.name.clone()),
        });
    }
    for (name, field) in &object.fields {
        if !field.system && matches!(field.ty, FieldType::Lookup(_) | FieldType::Polymorphic { .. }) {
            found.extend(plain(table, &[name], &["id"]));
        }
    }
    if table.fields.contains_key("owner") {
        found.extend(plain(table, &["owner"], &["id"]));
    }
    found.extend(plain(table, &["createdAt"], &["id"]));
    for fields in &object.indexes {
        let fields: Vec<&str> = fields.iter().map(|name| &**name).collect();
        found.extend(plain(table, &fields, &["id"]));
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|index| !index.columns.is_empty() && seen.insert(index.name.clone()));
    Ok(found)
}

/// An index over fields and then plain columns, of living records only: so a far page is found in the index alone, without a look at
/// the rows that it skips. `None` when a field has no column.
fn plain(table: &Table, fields: &[&str], then: &[&str]) -> Option<Index> {
    let mut columns: Vec<String> = Vec::new();
    for field in fields {
        let stored = table.fields.get(*field)?;
        columns.extend(
            stored.iter().filter(|column| column.role != Role::Folded).map(|column| column.name.clone()),
        );
    }
    columns.extend(then.iter().filter(|name| !fields.contains(name)).map(|name| (*name).to_owned()));
    Some(Index {
        name: table.index_name("ix", &format!("{}:living", columns.join(","))),
        table: table.name.clone(),
        columns,
        unique: false,
        condition: Some(Scalar::IsNull(Box::new(Scalar::Bare(Ident::made("deleted_at"))))),
        what: format!("index on {}", fields.join(", ")),
        rule: None,
    })
}

fn names(fields: &[Name]) -> String {
    fields.iter().map(|field| &**field).collect::<Vec<_>>().join(", ")
}
