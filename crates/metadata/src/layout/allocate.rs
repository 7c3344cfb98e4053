//! Giving every stored field its columns: unchanged fields keep theirs, all others get new names.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::names::{self, DATABASE_COLUMNS, PLATFORM_TABLES};
use super::{Column, Layout, Role, Table};
use crate::catalog::{Field, Object};
use crate::name::Name;

/// The layout of `objects`, beginning from the previous one.
pub fn allocate<'a>(previous: &Layout, objects: impl IntoIterator<Item = &'a Object>) -> Layout {
    let objects: Vec<&Object> = objects.into_iter().collect();
    let mut taken: HashSet<String> = PLATFORM_TABLES.iter().map(ToString::to_string).collect();
    taken.extend(previous.tables.values().chain(&previous.dropped).map(|table| table.name.clone()));
    taken.extend(previous.retired.iter().cloned());

    let mut left = previous.tables.clone();
    let mut kept: IndexMap<&Name, Table> = IndexMap::new();
    for object in &objects {
        if let Some(table) = left.shift_remove(&object.name) {
            kept.insert(&object.name, table);
        }
    }
    for object in &objects {
        let source = object.renamed_from.as_ref().filter(|_| !kept.contains_key(&object.name));
        if let Some(table) = source.and_then(|from| left.shift_remove(from)) {
            kept.insert(&object.name, table);
        }
    }
    let tables = objects
        .iter()
        .map(|object| {
            let table = kept.shift_remove(&object.name).unwrap_or_else(|| Table {
                name: names::free(&object.name.snake(), &mut taken),
                fields: IndexMap::new(),
                dropped: Vec::new(),
                retired: Vec::new(),
            });
            (object.name.clone(), table_of(table, object))
        })
        .collect();
    let dropped = previous.dropped.iter().cloned().chain(left.into_values()).collect();
    Layout { tables, dropped, retired: previous.retired.clone() }
}

/// The table with exactly the columns that the object's fields need.
fn table_of(previous: Table, object: &Object) -> Table {
    let mut taken: HashSet<String> = DATABASE_COLUMNS.iter().map(ToString::to_string).collect();
    taken.extend(
        previous.fields.values().flatten().chain(&previous.dropped).map(|column| column.name.clone()),
    );
    taken.extend(previous.retired.iter().cloned());

    let mut left = previous.fields;
    let mut kept: IndexMap<&Name, Vec<Column>> = IndexMap::new();
    for field in object.fields.values() {
        if let Some(columns) = left.shift_remove(&field.name) {
            kept.insert(&field.name, columns);
        }
    }
    for field in object.fields.values() {
        let source = field.renamed_from.as_ref().filter(|_| !kept.contains_key(&field.name));
        if let Some(columns) = source.and_then(|from| left.shift_remove(from)) {
            kept.insert(&field.name, columns);
        }
    }
    let mut dropped = previous.dropped;
    let mut fields = IndexMap::new();
    for field in object.fields.values() {
        let before = kept.shift_remove(&field.name).unwrap_or_default();
        let columns = columns_of(field, before, &mut dropped, &mut taken);
        if !columns.is_empty() {
            fields.insert(field.name.clone(), columns);
        }
    }
    dropped.extend(left.into_values().flatten());
    Table { name: previous.name, fields, dropped, retired: previous.retired }
}

/// The columns of one field: those it had where role and encoding are the same, new ones for the rest.
fn columns_of(
    field: &Field,
    before: Vec<Column>,
    dropped: &mut Vec<Column>,
    taken: &mut HashSet<String>,
) -> Vec<Column> {
    let mut before = before;
    let wanted = crate::field::columns(&field.ty, field.folded);
    let columns = wanted
        .into_iter()
        .map(|(role, encoding)| {
            let same = before.iter().position(|column| column.role == role && column.encoding == encoding);
            match same {
                Some(at) => before.remove(at),
                None => Column { name: names::free(&column_name(field, &role), taken), role, encoding },
            }
        })
        .collect();
    dropped.append(&mut before);
    columns
}

fn column_name(field: &Field, role: &Role) -> String {
    let base = field.name.snake();
    match role {
        Role::Value => base,
        Role::Folded => format!("{}_folded", shortened(&base)),
        Role::Object => format!("{}_object", shortened(&base)),
        Role::Part(part) => {
            let suffix =
                field.ty.parts().iter().find(|(name, ..)| name == part).map_or(part.as_str(), |(_, s, _)| s);
            format!("{}_{suffix}", shortened(&base))
        }
    }
}

/// Cut so that the suffix that tells columns of one field apart is kept.
fn shortened(base: &str) -> &str {
    base.get(..base.len().min(names::LONGEST - 15)).unwrap_or(base)
}

impl Layout {
    /// Takes fields and objects that an older layout knew, and that were dropped since, back into use: for `revert`, where a field
    /// that returns shows its old values. Columns that were purged stay away.
    pub fn revive(&mut self, older: &Layout) {
        for (name, old) in &older.tables {
            if !self.tables.contains_key(name)
                && let Some(at) = self.dropped.iter().position(|table| table.name == old.name)
            {
                let table = self.dropped.remove(at);
                self.tables.insert(name.clone(), table);
            }
            let Some(table) = self.tables.get_mut(name).filter(|table| table.name == old.name) else {
                continue;
            };
            for (field, columns) in &old.fields {
                let back = |table: &Table| columns.iter().all(|column| table.dropped.contains(column));
                if !table.fields.contains_key(field) && back(table) {
                    table.dropped.retain(|column| !columns.contains(column));
                    table.fields.insert(field.clone(), columns.clone());
                }
            }
        }
    }

    /// Forgets what was dropped, once its columns and tables are gone; their names are never used again.
    pub fn purged(&self) -> Layout {
        let mut purged = self.clone();
        purged.retired.extend(purged.dropped.drain(..).map(|table| table.name));
        for table in purged.tables.values_mut() {
            table.retired.extend(table.dropped.drain(..).map(|column| column.name));
        }
        purged
    }
}
