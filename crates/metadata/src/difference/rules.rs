//! What changed among an object's unique rules, indexes and validation rules.

use super::{Changes, Detail, index_path};
use crate::catalog::{Object, Unique};
use crate::name::Name;

/// A name of the old object as the new one has it.
pub(super) fn renamed(name: &Name, new: &Object) -> Name {
    let successor = new.fields.values().find(|field| field.renamed_from.as_ref() == Some(name));
    match successor {
        Some(field) if !new.fields.contains_key(name) => field.name.clone(),
        _ => name.clone(),
    }
}

/// The same for a list of names.
pub(super) fn renamed_all(names: &[Name], new: &Object) -> Vec<Name> {
    names.iter().map(|name| renamed(name, new)).collect()
}

/// Unique rules are the same when fields and condition are.
pub(super) fn uniques(old: &Object, new: &Object, changes: &mut Changes) {
    let same = |a: &Unique, b: &Unique| renamed_all(&a.fields, new) == b.fields && node(a) == node(b);
    for unique in &new.uniques {
        if !old.uniques.iter().any(|other| same(other, unique)) {
            let detail = Detail::UniqueAdded { object: new.name.clone(), name: unique.name.clone() };
            changes.add(format!("{}.unique.{}", new.name, unique.name), detail);
        }
    }
    for unique in &old.uniques {
        if !new.uniques.iter().any(|other| same(unique, other)) {
            let detail = Detail::UniqueDropped { object: new.name.clone(), name: unique.name.clone() };
            changes.add(format!("{}.unique.{}", new.name, unique.name), detail);
        }
    }
}

fn node(unique: &Unique) -> Option<&expr::Node> {
    unique.condition.as_ref().map(|condition| &condition.node)
}

/// Extra indexes.
pub(super) fn indexes(old: &Object, new: &Object, changes: &mut Changes) {
    let before: Vec<Vec<Name>> = old.indexes.iter().map(|fields| renamed_all(fields, new)).collect();
    for fields in &new.indexes {
        if !before.contains(fields) {
            let detail = Detail::IndexAdded { object: new.name.clone(), fields: fields.clone() };
            changes.add(index_path(&new.name, fields), detail);
        }
    }
    for (fields, written) in before.iter().zip(&old.indexes) {
        if !new.indexes.contains(fields) {
            let detail = Detail::IndexDropped { object: new.name.clone(), fields: written.clone() };
            changes.add(index_path(&new.name, written), detail);
        }
    }
}

/// Validation rules, by name.
pub(super) fn rules(old: &Object, new: &Object, changes: &mut Changes) {
    for rule in &new.rules {
        let path = format!("{}.rules.{}", new.name, rule.name);
        let (object, name) = (new.name.clone(), rule.name.clone());
        match old.rules.iter().find(|other| other.name == rule.name) {
            None => changes.add(path, Detail::RuleAdded { object, rule: name }),
            Some(before) if plain(&before.check) != plain(&rule.check) => {
                changes.add(path, Detail::RuleChanged { object, rule: name });
            }
            Some(before) => {
                changes.other(
                    path,
                    &[("message", before.message != rule.message), ("path", before.path != rule.path)],
                );
            }
        }
    }
    for rule in old.rules.iter().filter(|rule| new.rules.iter().all(|other| other.name != rule.name)) {
        let detail = Detail::RuleDropped { object: new.name.clone(), rule: rule.name.clone() };
        changes.add(format!("{}.rules.{}", new.name, rule.name), detail);
    }
}

/// An expression without the places where it stood: white space is no change.
pub(super) fn plain(expr: &expr::Expr) -> expr::Expr {
    let mut plain = expr.clone();
    forget(&mut plain);
    plain
}

fn forget(expr: &mut expr::Expr) {
    use expr::Node;
    expr.span = expr::Span::default();
    match &mut expr.node {
        Node::Literal(_) | Node::Slot(_) | Node::Field(_) => {}
        Node::Not(a) | Node::Negate(a) | Node::IsNull(a) => forget(a),
        Node::And(all) | Node::Or(all) | Node::List(all) | Node::Call(_, all) => {
            all.iter_mut().for_each(forget);
        }
        Node::Binary(_, a, b) | Node::In(a, b) | Node::Text(_, a, b) | Node::Coalesce(a, b) => {
            forget(a);
            forget(b);
        }
        Node::ListTest(_, a, b) => {
            forget(a);
            if let Some(b) = b {
                forget(b);
            }
        }
        Node::If(a, b, c) => [a, b, c].into_iter().for_each(|e| forget(e)),
        Node::Exists { condition, .. } | Node::Count { condition, .. } | Node::Stays { condition, .. } => {
            if let Some(condition) = condition {
                forget(condition);
            }
        }
    }
}
