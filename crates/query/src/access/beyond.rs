//! A condition on records, asked of what points at them.

use expr::{Expr, FieldPath, Node, Root};
use metadata::Name;

/// The condition on the record that a lookup points at, as one on the record that has the lookup.
pub(super) fn through(lookup: &Name, condition: &Expr) -> Expr {
    let lengthen = |path: &mut FieldPath| {
        if path.root == Root::Record {
            path.steps.insert(0, lookup.shared());
        }
    };
    let mut condition = condition.clone();
    condition.walk_mut(&mut |expr| match &mut expr.node {
        Node::Field(path) => {
            lengthen(path);
            false
        }
        // What is asked of related records and of stays is about those.
        Node::Exists { relation, .. }
        | Node::Count { relation, .. }
        | Node::Stays { record: relation, .. } => {
            lengthen(relation);
            false
        }
        _ => true,
    });
    condition
}
