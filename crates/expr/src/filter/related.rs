//! Filters through a to-one relation: they ask a related record, so they are false where there is none.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Place, Reader};
use crate::tree::{BinaryOp, Expr, ListOp, Node, Quantifier};
use crate::types::Type;
use crate::value::Value;

impl Reader<'_> {
    /// `{parent: {…}}`: there is such a record and the filter holds for it. Whoever asks `isNull` of the relation itself says what
    /// becomes of records without one.
    pub(super) fn related_one(&mut self, json: &Json, object: &Arc<str>, place: &Place) -> Option<Expr> {
        let filter = self.records(json, object, place)?;
        if asks_null(json) || !may_hold_for_nothing(&filter) {
            return Some(filter);
        }
        let there = Expr::negation(Expr::is_null(place.then("id").field(Type::Id)));
        Some(Expr::all(vec![there, filter]))
    }
}

/// Whether the relation's own `isNull` is asked, also below `and`, `or` and `not`.
fn asks_null(json: &Json) -> bool {
    let of_map = |map: &Map<String, Json>| {
        map.iter().any(|(key, json)| match key.as_str() {
            "isNull" => true,
            "not" => asks_null(json),
            "and" | "or" => json.as_array().is_some_and(|items| items.iter().any(asks_null)),
            _ => false,
        })
    };
    json.as_object().is_some_and(of_map)
}

/// Whether the condition can be true of a record whose fields are all null. Comparisons with null are false.
fn may_hold_for_nothing(filter: &Expr) -> bool {
    match &filter.node {
        Node::Literal(value) => *value == Value::Bool(true),
        Node::And(all) => all.iter().all(may_hold_for_nothing),
        Node::Or(any) => any.iter().any(may_hold_for_nothing),
        Node::Binary(op, left, _) => {
            // The other side of a filter's comparison is never null.
            *op == BinaryOp::NotEqual || counts(left)
        }
        Node::In(subject, _) => counts(subject),
        Node::ListTest(op, ..) => *op == ListOp::IsEmpty,
        Node::Text(..) => false,
        Node::Exists { quantifier, .. } => *quantifier != Quantifier::Some,
        Node::Stays { .. } => filter.ty != Type::Bool,
        Node::Not(_)
        | Node::IsNull(_)
        | Node::Slot(_)
        | Node::Field(_)
        | Node::Negate(_)
        | Node::List(_)
        | Node::If(..)
        | Node::Coalesce(..)
        | Node::Call(..)
        | Node::Count { .. } => true,
    }
}

/// Whether it is a number of records, which is zero of nothing.
fn counts(expr: &Expr) -> bool {
    matches!(expr.node, Node::Count { .. } | Node::Stays { .. })
}
