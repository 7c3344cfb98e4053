//! The names of unique indexes, so that whoever builds them and whoever is refused by them mean the same rule.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Column, Role, Table};
use crate::catalog::{FieldType, Object, Unique};

impl Table {
    /// The columns that a unique rule compares: the side column without case for e-mail addresses, object and id for polymorphic
    /// relations, the value for all others.
    pub fn unique_columns(&self, object: &Object, unique: &Unique) -> Vec<&Column> {
        let mut columns = Vec::new();
        for name in &unique.fields {
            let folded = object.field(name).is_some_and(|field| matches!(field.ty, FieldType::Email(_)));
            let Some(stored) = self.fields.get(name) else { continue };
            let without_case = stored.iter().find(|column| folded && column.role == Role::Folded);
            match without_case {
                Some(column) => columns.push(column),
                None => columns.extend(stored.iter().filter(|column| column.role != Role::Folded)),
            }
        }
        columns
    }

    /// The name of the index that enforces a unique rule. Another table, other columns or another condition make another name.
    pub fn unique_index(&self, object: &Object, unique: &Unique) -> String {
        let mut definition = String::new();
        for column in self.unique_columns(object, unique) {
            definition.push_str(&column.name);
            definition.push(',');
        }
        if let Some(condition) = &unique.condition {
            let _ = write!(definition, "{:?}", condition.node);
        }
        self.index_name("uq", &definition)
    }

    /// A name for an index of that definition on this table, at most 63 bytes.
    pub fn index_name(&self, kind: &str, definition: &str) -> String {
        let digest = Sha256::digest(format!("{}\n{definition}", self.name).as_bytes());
        let tail = hex::encode(digest.get(..6).unwrap_or_default());
        let table = self.name.get(..self.name.len().min(44)).unwrap_or(&self.name);
        format!("{kind}_{table}_{tail}")
    }
}
