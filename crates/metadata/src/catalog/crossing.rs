//! Conditions that look beyond their record: what others write meanwhile may make them false.

use std::sync::Arc;

use expr::{Expr, FieldPath, Node, Root};

use super::{Catalog, FieldType};

impl Catalog {
    /// Whether a condition on records of an object looks at other records, by itself or through what is computed of a record.
    pub fn crosses(&self, object: &str, expr: &Expr) -> bool {
        match &expr.node {
            Node::Exists { .. } | Node::Count { .. } => true,
            Node::Field(path) => self.leads_away(object, path),
            Node::Stays { record, .. } => !record.steps.is_empty(),
            _ => expr.children().any(|child| self.crosses(object, child)),
        }
    }

    fn leads_away(&self, object: &str, path: &FieldPath) -> bool {
        let Some((first, rest)) = path.steps.split_first() else { return false };
        if !matches!(path.root, Root::Record | Root::Old) {
            return false;
        }
        match self.object(object).and_then(|object| object.field(first)).map(|field| &field.ty) {
            Some(FieldType::Formula { expr, .. } | FieldType::Score { expr, .. }) => {
                self.crosses(object, expr)
            }
            Some(FieldType::Rollup { .. } | FieldType::Many(_)) => true,
            Some(FieldType::Lookup(_) | FieldType::Polymorphic { .. }) => {
                // The id of the related record stands in the record itself.
                !rest.is_empty() && rest != [Arc::<str>::from("id")]
            }
            _ => false,
        }
    }
}
