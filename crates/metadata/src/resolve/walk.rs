//! What an expression looks at: every field on its way, with the object that has it.

use std::sync::Arc;

use expr::{Expr, FieldPath, Function, Node, Root};

use super::draft::Draft;
use crate::catalog::{FieldType, LIFECYCLE_FIELDS};

/// A field that an expression looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The object that has it.
    pub object: Arc<str>,
    /// The field.
    pub field: Arc<str>,
    /// Whether it belongs to the judged record itself, not to a related one, the old one or the user.
    pub own: bool,
}

/// What an expression rests on.
#[derive(Clone, Debug, Default)]
pub struct Rests {
    /// Fields, in the order in which they are named.
    pub fields: Vec<Seen>,
    /// Whether it asks for related records of a to-many relation, the user, the old record or the settings.
    pub beyond: bool,
    /// Whether it asks for the time of the request.
    pub clock: bool,
}

/// Everything that an expression over records of `object` rests on.
pub fn rests(expr: &Expr, object: &str, draft: &Draft) -> Rests {
    let mut rests = Rests::default();
    walk(expr, object, true, draft, &mut rests);
    rests
}

fn walk(expr: &Expr, object: &str, own: bool, draft: &Draft, rests: &mut Rests) {
    match &expr.node {
        Node::Literal(_) | Node::Slot(_) => {}
        Node::Field(path) => {
            follow(path, object, own, draft, rests);
        }
        Node::Not(a) | Node::Negate(a) | Node::IsNull(a) => walk(a, object, own, draft, rests),
        Node::And(all) | Node::Or(all) | Node::List(all) => {
            for e in all {
                walk(e, object, own, draft, rests);
            }
        }
        Node::Binary(_, a, b) | Node::In(a, b) | Node::Text(_, a, b) | Node::Coalesce(a, b) => {
            walk(a, object, own, draft, rests);
            walk(b, object, own, draft, rests);
        }
        Node::ListTest(_, a, b) => {
            walk(a, object, own, draft, rests);
            if let Some(b) = b {
                walk(b, object, own, draft, rests);
            }
        }
        Node::If(a, b, c) => [a, b, c].into_iter().for_each(|e| walk(e, object, own, draft, rests)),
        Node::Call(function, args) => {
            rests.clock |= matches!(
                function,
                Function::Now
                    | Function::Today
                    | Function::DateFrom
                    | Function::DateTo
                    | Function::InstantFrom
                    | Function::InstantTo
            );
            for e in args {
                walk(e, object, own, draft, rests);
            }
        }
        Node::Exists { relation, condition, .. } | Node::Count { relation, condition } => {
            rests.beyond = true;
            let target = follow(relation, object, own, draft, rests);
            if let (Some(condition), Some(target)) = (condition, target) {
                walk(condition, &target, false, draft, rests);
            }
        }
        Node::Stays { record, .. } => {
            rests.beyond = true;
            for field in LIFECYCLE_FIELDS {
                follow(&record.clone().then(Arc::from(field)), object, own, draft, rests);
            }
        }
    }
}

/// Notes the fields of a path; the object that it ends at, when it ends at one.
fn follow(path: &FieldPath, object: &str, own: bool, draft: &Draft, rests: &mut Rests) -> Option<Arc<str>> {
    let mut own = own && path.root == Root::Record;
    let mut at: Arc<str> = match path.root {
        Root::Record | Root::Old => Arc::from(object),
        Root::User => Arc::from("user"),
        Root::Settings => {
            rests.beyond = true;
            return None;
        }
    };
    rests.beyond |= path.root != Root::Record;
    let mut steps = path.steps.iter();
    while let Some(step) = steps.next() {
        rests.fields.push(Seen { object: Arc::clone(&at), field: Arc::clone(step), own });
        let next = match draft.ty(&at, step) {
            Some(FieldType::Lookup(lookup)) => lookup.to.shared(),
            Some(FieldType::Many(many)) => many.to.shared(),
            Some(FieldType::Polymorphic { .. }) => Arc::clone(steps.next()?),
            _ => return None,
        };
        at = next;
        own = false;
    }
    Some(at)
}
