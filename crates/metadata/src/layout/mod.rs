//! Where each field is stored: recorded once, kept for good. A dropped field that comes back gets a new column, a retyped one too.

mod allocate;
mod index;
mod names;

pub use allocate::allocate;

use expr::Encoding;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::name::Name;

/// Tables of all objects of a tenant. Serialised with the catalog version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Table of each object.
    pub tables: IndexMap<Name, Table>,
    /// Tables of dropped objects that still exist until `purge`.
    #[serde(default)]
    pub dropped: Vec<Table>,
    /// Names of tables that were purged; they are not used again.
    #[serde(default)]
    pub retired: Vec<String>,
}

/// The table of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Table name, at most 50 bytes, unique in the tenant for all time.
    pub name: String,
    /// Columns of each stored field, system fields included. Virtual fields (to-many, formula unless stored, roll-up) have none.
    pub fields: IndexMap<Name, Vec<Column>>,
    /// Columns of dropped or retyped fields that still exist until `purge`.
    pub dropped: Vec<Column>,
    /// Names of columns that were purged; they are not used again.
    #[serde(default)]
    pub retired: Vec<String>,
}

/// One column of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Column name, at most 50 bytes.
    pub name: String,
    /// What of the field it holds.
    pub role: Role,
    /// How values are written in it.
    pub encoding: Encoding,
}

/// What of a field a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The value itself (the id, for relations).
    Value,
    /// The value without case, for comparison and search.
    Folded,
    /// Name of the object that a polymorphic relation points at.
    Object,
    /// A part of a composite, by its API name.
    Part(String),
}

impl Table {
    /// The column of a field in that role.
    pub fn column(&self, field: &str, role: &Role) -> Option<&Column> {
        self.fields.get(field)?.iter().find(|column| column.role == *role)
    }
}
