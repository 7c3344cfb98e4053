//! The columns of one object, in a fixed order.

use std::collections::HashMap;
use std::sync::Arc;

use expr::{Encoding, Value};
use metadata::catalog::{Field, FieldType, Object, Unique};
use metadata::layout::Role;
use metadata::{Catalog, Name};
use sql::Ident;

use crate::error::WriteError;
use crate::lifecycle::Flow;

/// Place of a column in a [`super::Record`].
pub(crate) type Slot = usize;

/// The stored side of an object.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The object.
    pub(crate) object: Arc<Object>,
    /// Its table.
    pub(crate) table: Ident,
    /// Its columns.
    pub(crate) columns: Vec<Stored>,
    places: HashMap<Name, Vec<Slot>>,
    /// Places of the columns that the engine itself keeps.
    pub(crate) system: System,
    /// What its lifecycles are, if it has any.
    pub(crate) flow: Option<Flow>,
}

/// One column.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The field.
    pub(crate) field: Arc<Field>,
    /// What of the field.
    pub(crate) role: Role,
    /// Its name.
    pub(crate) name: Ident,
    /// How values are written.
    pub(crate) encoding: Encoding,
}

/// Places of the system columns.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) id: Slot,
    pub(crate) created_at: Slot,
    pub(crate) created_by: Slot,
    pub(crate) updated_at: Slot,
    pub(crate) updated_by: Slot,
    pub(crate) version: Slot,
    pub(crate) deleted_at: Slot,
    pub(crate) owner: Option<Slot>,
    pub(crate) owner_since: Option<Slot>,
}

impl Shape {
    pub(crate) fn new(catalog: &Catalog, object: Arc<Object>) -> Result<Self, WriteError> {
        let table = catalog
            .layout
            .tables
            .get(&object.name)
            .ok_or_else(|| WriteError::internal(format!("`{}` has no table", object.name)))?;
        let mut columns = Vec::new();
        let mut places: HashMap<Name, Vec<Slot>> = HashMap::new();
        for (name, stored) in &table.fields {
            let Some(field) = object.fields.get(name) else { continue };
            for column in stored {
                places.entry(name.clone()).or_default().push(columns.len());
                columns.push(Stored {
                    field: Arc::clone(field),
                    role: column.role.clone(),
                    name: Ident::new(&column.name).map_err(WriteError::internal)?,
                    encoding: column.encoding,
                });
            }
        }
        let first = |name: &str| places.get(name).and_then(|slots| slots.first().copied());
        let need = |name: &str| {
            first(name)
                .ok_or_else(|| WriteError::internal(format!("`{}` has no column for `{name}`", object.name)))
        };
        let system = System {
            id: need("id")?,
            created_at: need("createdAt")?,
            created_by: need("createdBy")?,
            updated_at: need("updatedAt")?,
            updated_by: need("updatedBy")?,
            version: need("version")?,
            deleted_at: need("deletedAt")?,
            owner: first("owner"),
            owner_since: first("ownerSince"),
        };
        let flow = Flow::of(catalog, &object.name, need)?;
        let table = Ident::new(&table.name).map_err(WriteError::internal)?;
        Ok(Self { object, table, columns, places, system, flow })
    }

    /// All columns of a field; empty when it is not stored.
    pub(crate) fn slots(&self, field: &str) -> &[Slot] {
        self.places.get(field).map_or(&[], Vec::as_slice)
    }

    /// The column of a field in that role.
    pub(crate) fn slot(&self, field: &str, role: &Role) -> Option<Slot> {
        self.slots(field)
            .iter()
            .copied()
            .find(|slot| self.columns.get(*slot).is_some_and(|c| c.role == *role))
    }

    /// The column that holds the field's value.
    pub(crate) fn value_slot(&self, field: &str) -> Option<Slot> {
        self.slot(field, &Role::Value)
    }

    /// The column of a part of a composite.
    pub(crate) fn part_slot(&self, field: &str, part: &str) -> Option<Slot> {
        self.slots(field).iter().copied().find(
            |slot| matches!(self.columns.get(*slot).map(|c| &c.role), Some(Role::Part(name)) if name == part),
        )
    }

    /// The column by which records are told apart: the one without case for e-mail addresses, the value for all others.
    pub(crate) fn compared_slot(&self, field: &str) -> Option<Slot> {
        let email = matches!(self.object.field(field)?.ty, FieldType::Email(_));
        let folded = if email { self.slot(field, &Role::Folded) } else { None };
        folded.or_else(|| self.value_slot(field))
    }

    /// The columns that a unique rule compares, as its index does.
    pub(crate) fn unique_slots(&self, rule: &Unique) -> Vec<Slot> {
        let mut out = Vec::new();
        for field in &rule.fields {
            match self.compared_slot(field) {
                Some(slot) if self.role(slot) == Some(&Role::Folded) => out.push(slot),
                _ => out
                    .extend(self.slots(field).iter().filter(|slot| self.role(**slot) != Some(&Role::Folded))),
            }
        }
        out
    }

    fn role(&self, slot: Slot) -> Option<&Role> {
        self.columns.get(slot).map(|stored| &stored.role)
    }

    /// A value as that column holds it.
    pub(crate) fn compared(&self, slot: Slot, value: &Value) -> Value {
        match (value, self.role(slot)) {
            (Value::Text(text), Some(Role::Folded)) => Value::Text(expr::fold(text)),
            (Value::Text(text), _) if !text.is_ascii() => Value::Text(expr::nfc(text)),
            (value, _) => value.clone(),
        }
    }
}
