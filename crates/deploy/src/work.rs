//! What has to be done to the tables so that one catalog becomes another. Decided from the two layouts, so that a column that a rename
//! keeps is not touched and one that a retype replaces is filled.

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::catalog::{Field, FieldType, Object};
use metadata::difference::{Change, Detail};
use metadata::layout::{Column, Role, Table};
use metadata::{Catalog, Name};
use sql::Dialect;

use crate::error::DeployError;
use crate::lifecycle::{self, StageWork};
use crate::options::Mapping;
use crate::roles;
use crate::structure::{Index, indexes};

/// All work on tables.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// Tables that stay or come, in the order of the new catalog.
    pub tables: Vec<TableWork>,
    /// Objects that go, with their tables.
    pub dropped: Vec<(Arc<Object>, Table)>,
    /// Objects that have another name: the old one, the new one.
    pub renamed: Vec<(Name, Name)>,
    /// Roles that have another name: the old one, the new one.
    pub renamed_roles: Vec<(Name, Name)>,
    /// Former names of roles that new roles take, with the present ones.
    pub taken_roles: Vec<(Name, Name)>,
    /// Table and column of all polymorphic relations that are there: records hold the names of objects in them.
    pub object_columns: Vec<(String, Column)>,
    /// The work on records that stand in lifecycles.
    pub stages: Vec<StageWork>,
}

/// The work on one table.
#[derive(Clone, Debug)]
pub struct TableWork {
    /// The object as it will be.
    pub object: Arc<Object>,
    /// The object as it was; `None` for a new one and for one that a revert brings back.
    pub old: Option<Arc<Object>>,
    /// The table as it will be.
    pub table: Table,
    /// Whether it has to be made.
    pub created: bool,
    /// Columns that have to be made.
    pub columns: Vec<Column>,
    /// Columns that have to be filled from others.
    pub fills: Vec<Fill>,
    /// Values that become others in their place.
    pub rewrites: Vec<Rewrite>,
    /// Indexes that have to be made.
    pub indexes: Vec<Index>,
    /// Names of indexes that go.
    pub dropped_indexes: Vec<String>,
    /// Fields that go, with their columns.
    pub dropped: Vec<(Arc<Field>, Vec<Column>)>,
    /// Fields that a revert brings back with their values.
    pub revived: Vec<Name>,
}

/// A column that is computed from other columns of its row.
#[derive(Clone, Debug)]
pub enum Fill {
    /// The field has another type: its value is converted.
    Convert(Box<Convert>),
    /// The side column without case.
    Fold {
        /// The field.
        field: Arc<Field>,
        /// Where its value stands.
        source: Column,
        /// Where it goes without case.
        target: Column,
    },
    /// The currency of a field that becomes money: the one that its author names.
    Currency {
        /// The money field.
        money: Name,
        /// ISO code.
        code: String,
        /// Where it goes.
        target: Column,
    },
    /// A formula that is kept.
    Formula {
        /// The field.
        field: Arc<Field>,
        /// Where it is kept.
        targets: Vec<Column>,
    },
}

/// A field whose value moves to a column of another encoding.
#[derive(Clone, Debug)]
pub struct Convert {
    /// As it will be.
    pub field: Arc<Field>,
    /// As it was.
    pub from: Arc<Field>,
    /// Where the value stands; `None` where the old field has no single value.
    pub source: Option<Column>,
    /// All columns of the old field that are left behind.
    pub left: Vec<Column>,
    /// Where it goes.
    pub targets: Vec<Column>,
}

/// Values of a field that become others.
#[derive(Clone, Debug)]
pub struct Rewrite {
    /// The field.
    pub field: Arc<Field>,
    /// Where its value stands.
    pub column: Column,
    /// The side column without case.
    pub folded: Option<Column>,
    /// Old value to new one.
    pub values: BTreeMap<String, Option<String>>,
}

impl Work {
    /// Compares the catalogs.
    pub fn new(
        old: &Catalog,
        new: &Catalog,
        changes: &[Change],
        mapping: &Mapping,
        dialect: Dialect,
    ) -> Result<Self, DeployError> {
        let renamed_role = |change: &Change| match &change.detail {
            Detail::RoleRenamed { role, from } => Some((from.clone(), role.clone())),
            _ => None,
        };
        let renamed_roles = changes.iter().filter_map(renamed_role).collect();
        let mut work = Self { renamed_roles, taken_roles: roles::taken(old, new), ..Self::default() };
        for object in new.objects.values() {
            let Some(table) = new.layout.tables.get(&object.name) else { continue };
            work.tables.push(table_work(&Sides { old, new, changes, mapping, dialect }, object, table)?);
        }
        let sides = lifecycle::Sides { old, new, changes, mapping };
        let of_table = |table: &TableWork| {
            let there = !table.created;
            there.then(|| StageWork::new(sides, &table.object, table.old.as_deref(), &table.table)).flatten()
        };
        work.stages = work.tables.iter().filter_map(of_table).collect();
        for (name, table) in &old.layout.tables {
            let stays = new.layout.tables.values().any(|kept| kept.name == table.name);
            if let Some(object) = old.object(name).filter(|_| !stays) {
                work.dropped.push((Arc::clone(object), table.clone()));
            }
        }
        for table in &work.tables {
            let before =
                table.old.as_ref().map(|old| &old.name).filter(|before| **before != table.object.name);
            work.renamed.extend(before.map(|before| (before.clone(), table.object.name.clone())));
            let columns = table.table.fields.values().flatten();
            let columns = columns.filter(|column| column.role == Role::Object && !table.is_fresh(column));
            work.object_columns.extend(columns.map(|column| (table.table.name.clone(), column.clone())));
        }
        Ok(work)
    }
}

impl TableWork {
    /// Whether the column has to be made.
    pub fn is_fresh(&self, column: &Column) -> bool {
        self.columns.iter().any(|added| added.name == column.name)
    }
}

/// What is compared.
struct Sides<'a> {
    old: &'a Catalog,
    new: &'a Catalog,
    changes: &'a [Change],
    mapping: &'a Mapping,
    dialect: Dialect,
}

fn table_work(sides: &Sides<'_>, object: &Arc<Object>, table: &Table) -> Result<TableWork, DeployError> {
    let living = sides.old.layout.tables.iter().find(|(_, before)| before.name == table.name);
    let asleep = sides.old.layout.dropped.iter().find(|before| before.name == table.name);
    let old = living.and_then(|(name, _)| sides.old.object(name)).cloned();
    let before = living.map(|(_, before)| before).or(asleep);
    let mut work = TableWork {
        object: Arc::clone(object),
        old,
        table: table.clone(),
        created: before.is_none(),
        columns: Vec::new(),
        fills: Vec::new(),
        rewrites: Vec::new(),
        indexes: indexes(sides.new, object, sides.dialect)?,
        dropped_indexes: Vec::new(),
        dropped: Vec::new(),
        revived: Vec::new(),
    };
    if let Some(before) = before {
        changed_table(sides, &mut work, before);
    }
    if let Some(old) = work.old.clone() {
        let had = indexes(sides.old, &old, sides.dialect)?;
        let gone = had.iter().filter(|index| !work.indexes.iter().any(|wanted| wanted.name == index.name));
        work.dropped_indexes = gone.map(|index| index.name.clone()).collect();
        work.indexes.retain(|wanted| !had.iter().any(|index| index.name == wanted.name));
    }
    Ok(work)
}

fn changed_table(sides: &Sides<'_>, work: &mut TableWork, before: &Table) {
    let exists = |column: &Column| {
        before.fields.values().flatten().chain(&before.dropped).any(|there| there.name == column.name)
    };
    let was_dropped = |column: &Column| before.dropped.iter().any(|there| there.name == column.name);
    let table = work.table.clone();
    for (name, columns) in &table.fields {
        let missing: Vec<Column> = columns.iter().filter(|column| !exists(column)).cloned().collect();
        if columns.iter().any(was_dropped) {
            work.revived.push(name.clone());
        }
        if let Some(field) = work.object.field(name).cloned() {
            fills_of(work, before, &field, columns, &missing);
        }
        work.columns.extend(missing);
    }
    currencies(work);
    let object = work.object.name.clone();
    for (name, columns) in &table.fields {
        let fresh = columns.iter().any(|column| work.columns.iter().any(|added| added.name == column.name));
        let plain = !fresh && !lifecycle::keeps(&work.object, name);
        if let Some(field) = work.object.field(name).filter(|_| plain).cloned() {
            work.rewrites.extend(rewrite_of(sides, &object, &field, columns));
        }
    }
    formulas(sides, work);
    let Some(old) = work.old.clone() else { return };
    for (name, columns) in &before.fields {
        let kept =
            columns.iter().any(|column| table.fields.values().flatten().any(|now| now.name == column.name));
        let converted = work.fills.iter().any(|fill| match fill {
            Fill::Convert(convert) => convert.from.name == *name,
            Fill::Fold { .. } | Fill::Currency { .. } | Fill::Formula { .. } => false,
        });
        if let Some(field) = old.field(name).filter(|_| !kept && !converted) {
            work.dropped.push((Arc::clone(field), columns.clone()));
        }
    }
}

/// What the missing columns of one field are filled from.
fn fills_of(
    work: &mut TableWork,
    before: &Table,
    field: &Arc<Field>,
    columns: &[Column],
    missing: &[Column],
) {
    if missing.is_empty() || matches!(field.ty, FieldType::Formula { .. } | FieldType::Score { .. }) {
        return;
    }
    let is_missing = |column: &Column| missing.iter().any(|other| other.name == column.name);
    let value = columns.iter().find(|column| column.role == Role::Value);
    let only_folded = missing.iter().all(|column| column.role == Role::Folded);
    if let (true, Some(source), [target]) = (only_folded, value, missing) {
        let (field, source, target) = (Arc::clone(field), source.clone(), target.clone());
        return work.fills.push(Fill::Fold { field, source, target });
    }
    let Some(from) = work.old.as_ref().and_then(|old| previous_field(old, &work.object, field)) else {
        return;
    };
    let Some(left) = before.fields.get(&from.name).cloned() else { return };
    let source = left.iter().find(|column| column.role == Role::Value).cloned();
    let targets: Vec<Column> = columns.iter().filter(|column| is_missing(column)).cloned().collect();
    work.fills.push(Fill::Convert(Box::new(Convert {
        field: Arc::clone(field),
        from,
        source,
        left,
        targets,
    })));
}

/// The field of the old object that this one goes on from, by name or by its stated former name.
fn previous_field(old: &Object, new: &Object, field: &Field) -> Option<Arc<Field>> {
    let renamed = || {
        let from = field.renamed_from.as_ref().filter(|from| new.field(from).is_none())?;
        old.field(from)
    };
    old.field(&field.name).or_else(renamed).cloned()
}

/// Amounts that were mere numbers get the currency that the money field names.
fn currencies(work: &mut TableWork) {
    let mut found = Vec::new();
    for fill in &work.fills {
        let Fill::Convert(convert) = fill else { continue };
        let FieldType::Money { currency: Some(code), .. } = &convert.field.ty else { continue };
        let money = &convert.field.name;
        let belongs = |field: &&Arc<Field>| matches!(&field.ty, FieldType::Currency { of } if of == money);
        let Some(field) = work.object.fields.values().find(belongs) else { continue };
        let target = work.table.column(&field.name, &Role::Value).filter(|column| work.is_fresh(column));
        found.extend(target.map(|target| Fill::Currency {
            money: money.clone(),
            code: code.clone(),
            target: target.clone(),
        }));
    }
    work.fills.extend(found);
}

/// Renamed choices, and values that the caller's mapping gives a place.
fn rewrite_of(sides: &Sides<'_>, object: &Name, field: &Arc<Field>, columns: &[Column]) -> Option<Rewrite> {
    let column = columns.iter().find(|column| column.role == Role::Value)?;
    let mut values: BTreeMap<String, Option<String>> = BTreeMap::new();
    for change in sides.changes {
        if let Detail::ChoicesRenamed { object: of, field: named, renamed } = &change.detail
            && of == object
            && *named == field.name
        {
            values.extend(renamed.iter().map(|(old, new)| (old.clone(), Some(new.clone()))));
        }
    }
    if let Some(mapped) = sides.mapping.field(object, &field.name) {
        values.extend(mapped.iter().map(|(old, new)| (old.clone(), new.clone())));
    }
    values.retain(|old, new| Some(old) != new.as_ref());
    let folded = columns.iter().find(|column| column.role == Role::Folded).cloned();
    (!values.is_empty()).then(|| Rewrite { field: Arc::clone(field), column: column.clone(), folded, values })
}

/// Formulas that are kept and compute something new, be it because what they read has changed.
fn formulas(sides: &Sides<'_>, work: &mut TableWork) {
    let Some(old) = work.old.clone() else { return };
    let inputs_change = !work.fills.is_empty() || !work.rewrites.is_empty();
    for (name, field) in &work.object.fields {
        let FieldType::Formula { stored: true, .. } = &field.ty else { continue };
        let Some(columns) = work.table.fields.get(name) else { continue };
        let fresh = columns.iter().any(|column| work.columns.iter().any(|added| added.name == column.name));
        let again = Detail::FormulaChanged { object: work.object.name.clone(), field: name.clone() };
        let changed = sides.changes.iter().any(|change| change.detail == again);
        if fresh || changed || (inputs_change && old.field(name).is_some()) {
            work.fills.push(Fill::Formula { field: Arc::clone(field), targets: columns.clone() });
        }
    }
}
