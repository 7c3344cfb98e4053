//! Judging existing records by an expression over the new catalog: a field that has no column yet is null in all of them.

use std::collections::HashSet;
use std::sync::Arc;

use expr::{Expr, FieldPath, Node, Root, Value};
use metadata::Catalog;
use metadata::catalog::FieldType;

/// Fields, as (object, field), that have no column yet.
pub type Missing = HashSet<(String, String)>;

/// The expression with null in place of every field that is missing.
pub fn nullify(expr: &Expr, object: &str, catalog: &Catalog, missing: &Missing) -> Expr {
    let again = |inner: &Expr| nullify(inner, object, catalog, missing);
    let boxed = |inner: &Expr| Box::new(again(inner));
    let all = |inner: &[Expr]| inner.iter().map(again).collect::<Vec<_>>();
    let node = match &expr.node {
        Node::Field(path) if is_missing(path, object, catalog, missing) => Node::Literal(Value::Null),
        // The log is there whether or not its object's fields are: a record without stays has none.
        Node::Literal(_) | Node::Slot(_) | Node::Field(_) | Node::Stays { .. } => expr.node.clone(),
        Node::Not(inner) => Node::Not(boxed(inner)),
        Node::Negate(inner) => Node::Negate(boxed(inner)),
        Node::IsNull(inner) => Node::IsNull(boxed(inner)),
        Node::And(inner) => Node::And(all(inner)),
        Node::Or(inner) => Node::Or(all(inner)),
        Node::List(inner) => Node::List(all(inner)),
        Node::Call(function, inner) => Node::Call(*function, all(inner)),
        Node::Binary(op, left, right) => Node::Binary(*op, boxed(left), boxed(right)),
        Node::In(left, right) => Node::In(boxed(left), boxed(right)),
        Node::Text(op, left, right) => Node::Text(*op, boxed(left), boxed(right)),
        Node::ListTest(op, left, right) => Node::ListTest(*op, boxed(left), right.as_deref().map(boxed)),
        Node::If(test, yes, no) => Node::If(boxed(test), boxed(yes), boxed(no)),
        Node::Coalesce(left, right) => Node::Coalesce(boxed(left), boxed(right)),
        Node::Exists { quantifier, relation, condition } => Node::Exists {
            quantifier: *quantifier,
            relation: relation.clone(),
            condition: related(condition.as_deref(), relation, object, catalog, missing),
        },
        Node::Count { relation, condition } => Node::Count {
            relation: relation.clone(),
            condition: related(condition.as_deref(), relation, object, catalog, missing),
        },
    };
    Expr { node, ty: expr.ty.clone(), span: expr.span }
}

fn related(
    condition: Option<&Expr>,
    relation: &FieldPath,
    object: &str,
    catalog: &Catalog,
    missing: &Missing,
) -> Option<Box<Expr>> {
    let target = walk(&relation.steps, object, catalog).last().cloned()?;
    condition.map(|condition| Box::new(nullify(condition, &target, catalog, missing)))
}

fn is_missing(path: &FieldPath, object: &str, catalog: &Catalog, missing: &Missing) -> bool {
    matches!(path.root, Root::Record | Root::Old)
        && walk(&path.steps, object, catalog)
            .iter()
            .zip(&path.steps)
            .any(|(of, step)| missing.contains(&(of.clone(), step.to_string())))
}

/// The objects that a path passes: the one that the first step belongs to, then where each step leads as far as it leads to records.
fn walk(steps: &[Arc<str>], object: &str, catalog: &Catalog) -> Vec<String> {
    let mut passed = vec![object.to_owned()];
    for step in steps {
        let here = passed.last().map_or("", String::as_str);
        let Some(field) = catalog.object(here).and_then(|of| of.field(step)) else { break };
        match &field.ty {
            FieldType::Lookup(lookup) => passed.push(lookup.to.to_string()),
            FieldType::Many(many) => passed.push(many.to.to_string()),
            _ => break,
        }
    }
    passed
}

#[cfg(test)]
mod tests {
    use expr::{BinaryOp, Span, Type};

    use super::*;

    fn field(root: Root, steps: &[&str]) -> Expr {
        let steps = steps.iter().map(|step| Arc::from(*step)).collect();
        Expr { node: Node::Field(FieldPath { root, steps }), ty: Type::Text, span: Span::default() }
    }

    #[test]
    fn only_the_missing_fields_of_the_record_become_null() {
        let catalog = Catalog::default();
        let missing: Missing = [("deal".to_owned(), "phone".to_owned())].into_iter().collect();
        let same = |left: Expr, right: Expr| Expr {
            node: Node::Binary(BinaryOp::Equal, Box::new(left), Box::new(right)),
            ty: Type::Bool,
            span: Span::default(),
        };
        let before = same(field(Root::Record, &["phone"]), field(Root::Record, &["name"]));
        let null = Expr { node: Node::Literal(Value::Null), ..field(Root::Record, &["phone"]) };
        let after = same(null, field(Root::Record, &["name"]));
        assert_eq!(nullify(&before, "deal", &catalog, &missing), after);
        assert_eq!(nullify(&before, "visit", &catalog, &missing), before);
        let setting = field(Root::Settings, &["phone"]);
        assert_eq!(nullify(&setting, "deal", &catalog, &missing), setting);
    }
}
