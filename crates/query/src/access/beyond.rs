//! A condition on records, asked of what points at them.

use expr::{Expr, FieldPath, Node, Root};
use metadata::Name;

/// The condition on the record that a lookup points at, as one on the record that has the lookup.
pub(super) fn through(lookup: &Name, condition: &Expr) -> Expr {
    let path = |path: &FieldPath| {
        let first = (path.root == Root::Record).then(|| lookup.shared());
        FieldPath { root: path.root, steps: first.into_iter().chain(path.steps.iter().cloned()).collect() }
    };
    let one = |expr: &Expr| Box::new(through(lookup, expr));
    let many = |items: &[Expr]| items.iter().map(|item| through(lookup, item)).collect();
    let node = match &condition.node {
        Node::Literal(_) | Node::Slot(_) => condition.node.clone(),
        Node::Field(of) => Node::Field(path(of)),
        Node::Not(a) => Node::Not(one(a)),
        Node::Negate(a) => Node::Negate(one(a)),
        Node::IsNull(a) => Node::IsNull(one(a)),
        Node::And(items) => Node::And(many(items)),
        Node::Or(items) => Node::Or(many(items)),
        Node::List(items) => Node::List(many(items)),
        Node::Call(function, items) => Node::Call(*function, many(items)),
        Node::Binary(op, a, b) => Node::Binary(*op, one(a), one(b)),
        Node::In(a, b) => Node::In(one(a), one(b)),
        Node::Text(op, a, b) => Node::Text(*op, one(a), one(b)),
        Node::Coalesce(a, b) => Node::Coalesce(one(a), one(b)),
        Node::ListTest(op, a, b) => Node::ListTest(*op, one(a), b.as_deref().map(one)),
        Node::If(a, b, c) => Node::If(one(a), one(b), one(c)),
        // What is asked of related records is about those.
        Node::Exists { quantifier, relation, condition } => {
            Node::Exists { quantifier: *quantifier, relation: path(relation), condition: condition.clone() }
        }
        Node::Count { relation, condition } => {
            Node::Count { relation: path(relation), condition: condition.clone() }
        }
    };
    Expr { node, ty: condition.ty.clone(), span: condition.span }
}
