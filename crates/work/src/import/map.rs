//! The import map: which column goes to which field.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// `{"columns": {"Sales Agent": "owner.name"}, "values": {"product": {"GTXPro": "GTX Pro"}}, "constants": {"type": "new"}}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// CSV header to field; `owner.name` finds the related record by that field, `name.first` is a part of a composite.
    #[serde(default)]
    pub columns: IndexMap<String, String>,
    /// By CSV header: what stands in the cell, and what is read instead.
    #[serde(default)]
    pub values: IndexMap<String, IndexMap<String, String>>,
    /// Field to the cell text that every record gets.
    #[serde(default)]
    pub constants: IndexMap<String, String>,
}
