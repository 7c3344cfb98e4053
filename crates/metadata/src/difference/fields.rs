//! What changed in a field.

use super::rules::plain;
use super::{Changes, Detail};
use crate::catalog::{Choices, Field, FieldType, Lookup, NumberLimits, TextLimits};
use crate::field::{columns, type_name};
use crate::name::Name;

/// Everything that changed in a field that both catalogs have.
pub(super) fn changed(object: &Name, old: &Field, new: &Field, changes: &mut Changes) {
    let path = format!("{object}.{}", new.name);
    let (of, field) = (object.clone(), new.name.clone());
    ty(&path, &of, old, new, changes);
    if new.required && !old.required {
        changes.add(path.clone(), Detail::RequiredAdded { object: of.clone(), field: field.clone() });
    }
    if old.required && !new.required {
        changes.add(path.clone(), Detail::RequiredDropped { object: of.clone(), field: field.clone() });
    }
    if new.folded && !old.folded {
        changes.add(path.clone(), Detail::FoldedAdded { object: of.clone(), field: field.clone() });
    }
    if old.folded && !new.folded {
        changes.add(path.clone(), Detail::FoldedDropped { object: of, field });
    }
    changes.other(
        path,
        &[
            (
                "title",
                old.title != new.title || old.titles != new.titles || labels(&old.ty) != labels(&new.ty),
            ),
            ("description", old.description != new.description),
            ("default", old.default.as_ref().map(plain) != new.default.as_ref().map(plain)),
            ("sensitive", old.sensitive != new.sensitive),
            ("scope", old.system_scope != new.system_scope),
        ],
    );
}

/// Value, label and labels in other languages.
type Label<'a> = (&'a str, &'a str, &'a indexmap::IndexMap<String, String>);

/// What people read of choices, in their order.
fn labels(ty: &FieldType) -> Option<Vec<Label<'_>>> {
    ty.choices().map(|list| list.choices.iter().map(|c| (&*c.value, c.label.as_str(), &c.labels)).collect())
}

fn ty(path: &str, object: &Name, old: &Field, new: &Field, changes: &mut Changes) {
    let (of, field) = (object.clone(), new.name.clone());
    if let (FieldType::Formula { .. }, FieldType::Formula { .. }) = (&old.ty, &new.ty) {
        formula(path, object, old, new, changes);
        return;
    }
    if columns(&old.ty, false) != columns(&new.ty, false) {
        let (from, to) = (type_name(&old.ty).to_owned(), type_name(&new.ty).to_owned());
        changes.add(path.to_owned(), Detail::FieldRetyped { object: of, field, from, to });
        return;
    }
    choices(path, object, old, new, changes);
    let (what, tightened) = compared(&old.ty, &new.ty, changes);
    if !what.is_empty() {
        changes.add(path.to_owned(), Detail::FieldChanged { object: of, field, what, tightened });
    }
}

fn formula(path: &str, object: &Name, old: &Field, new: &Field, changes: &mut Changes) {
    let (FieldType::Formula { returns: r, expr: e, stored: s }, FieldType::Formula { returns, expr, stored }) =
        (&old.ty, &new.ty)
    else {
        return;
    };
    let (of, field) = (object.clone(), new.name.clone());
    if s != stored {
        changes.add(path.to_owned(), Detail::FormulaStoredChanged { object: of, field, stored: *stored });
    } else if r != returns && columns(&old.ty, false) != columns(&new.ty, false) {
        let (from, to) = (format!("{r:?}").to_lowercase(), format!("{returns:?}").to_lowercase());
        changes.add(path.to_owned(), Detail::FieldRetyped { object: of, field, from, to });
    } else if r != returns || plain(e) != plain(expr) {
        changes.add(path.to_owned(), Detail::FormulaChanged { object: of, field });
    }
}

fn choices(path: &str, object: &Name, old: &Field, new: &Field, changes: &mut Changes) {
    let (Some(before), Some(after)) = (old.ty.choices(), new.ty.choices()) else { return };
    let has = |list: &Choices, value: &str| list.choices.iter().any(|choice| &*choice.value == value);
    let renamed: Vec<(String, String)> = after
        .choices
        .iter()
        .filter_map(|choice| Some((choice.renamed_from.clone()?, choice.value.to_string())))
        .filter(|(from, to)| has(before, from) && !has(after, from) && !has(before, to))
        .collect();
    let (of, field) = (object.clone(), new.name.clone());
    let removed: Vec<String> = before
        .choices
        .iter()
        .map(|choice| choice.value.to_string())
        .filter(|value| !has(after, value) && renamed.iter().all(|(from, _)| from != value))
        .collect();
    let added: Vec<String> = after
        .choices
        .iter()
        .map(|choice| choice.value.to_string())
        .filter(|value| !has(before, value) && renamed.iter().all(|(_, to)| to != value))
        .collect();
    if !renamed.is_empty() {
        changes.add(
            path.to_owned(),
            Detail::ChoicesRenamed { object: of.clone(), field: field.clone(), renamed },
        );
    }
    if !removed.is_empty() {
        changes.add(
            path.to_owned(),
            Detail::ChoicesRemoved { object: of.clone(), field: field.clone(), removed },
        );
    }
    if !added.is_empty() {
        changes.add(path.to_owned(), Detail::ChoicesAdded { object: of, field, added });
    }
}

/// What differs between two types of the same columns, and whether values that were good may not be any more.
fn compared(old: &FieldType, new: &FieldType, changes: &Changes) -> (Vec<&'static str>, bool) {
    let mut what = Vec::new();
    let mut tightened = false;
    if type_name(old) != type_name(new) {
        what.push("type");
        // To plain text everything goes that is kept as text; the other way values may not fit.
        tightened |= !matches!(new, FieldType::Text(_) | FieldType::LongText(_) | FieldType::BigInt(_));
    }
    if let (Some(a), Some(b)) = (old.text_limits(), new.text_limits())
        && a != b
    {
        what.push("limits");
        tightened |= tighter_text(a, b);
    } else if let (None, Some(b)) = (old.text_limits(), new.text_limits())
        && *b != TextLimits::default()
    {
        what.push("limits");
        tightened = true;
    }
    if let (Some(a), Some(b)) = (old.number_limits(), new.number_limits())
        && a != b
    {
        what.push("limits");
        tightened |= tighter_number(a, b);
    }
    match (old, new) {
        (FieldType::Decimal { precision: a, .. }, FieldType::Decimal { precision: b, .. }) if a != b => {
            what.push("precision");
            tightened |= b < a;
        }
        (FieldType::Rating { most: a }, FieldType::Rating { most: b }) if a != b => {
            what.push("maximum");
            tightened |= b < a;
        }
        (FieldType::AutoNumber { pattern: a }, FieldType::AutoNumber { pattern: b }) if a != b => {
            what.push("pattern");
        }
        (FieldType::Money { currency: a, .. }, FieldType::Money { currency: b, .. }) if a != b => {
            what.push("currency");
        }
        (FieldType::Lookup(a), FieldType::Lookup(b)) => lookup(a, b, changes, &mut what, &mut tightened),
        (FieldType::Polymorphic { to: a, inverse: i }, FieldType::Polymorphic { to: b, inverse: j }) => {
            let a: Vec<&Name> = a.iter().map(|one| changes.renamed(one)).collect();
            if a != b.iter().collect::<Vec<_>>() {
                what.push("to");
                tightened |= a.iter().any(|one| !b.contains(one));
            }
            if i != j {
                what.push("inverse");
            }
        }
        (FieldType::Many(a), FieldType::Many(b)) if changes.renamed(&a.to) != &b.to => what.push("relation"),
        (FieldType::Rollup { .. }, FieldType::Rollup { .. }) if folds(old) != folds(new) => {
            what.push("rollup");
        }
        (FieldType::Score { expr: a, .. }, FieldType::Score { expr: b, .. }) if plain(a) != plain(b) => {
            what.push("points");
        }
        _ => {}
    }
    (what, tightened)
}

/// What a roll-up folds, and how.
fn folds(ty: &FieldType) -> Option<(&Name, crate::catalog::Aggregate, Option<&Name>, Option<expr::Expr>)> {
    match ty {
        FieldType::Rollup { of, aggregate, field, filter, .. } => {
            Some((of, *aggregate, field.as_ref(), filter.as_ref().map(plain)))
        }
        _ => None,
    }
}

fn lookup(old: &Lookup, new: &Lookup, changes: &Changes, what: &mut Vec<&'static str>, tightened: &mut bool) {
    if changes.renamed(&old.to) != &new.to {
        what.push("to");
        *tightened = true;
    }
    if old.on_delete != new.on_delete {
        what.push("onDelete");
    }
    if old.inverse != new.inverse {
        what.push("inverse");
    }
}

/// Whether some text that met `a` may not meet `b`.
fn tighter_text(a: &TextLimits, b: &TextLimits) -> bool {
    let shorter = b.max_length.is_some_and(|most| a.max_length.is_none_or(|before| most < before));
    let longer = b.min_length.is_some_and(|least| a.min_length.is_none_or(|before| least > before));
    shorter || longer || (b.pattern.is_some() && a.pattern != b.pattern)
}

/// Whether some number that met `a` may not meet `b`.
fn tighter_number(a: &NumberLimits, b: &NumberLimits) -> bool {
    let raised = |before: Option<rust_decimal::Decimal>, after: Option<rust_decimal::Decimal>| {
        after.is_some_and(|least| before.is_none_or(|before| least > before))
    };
    let lowered = |before: Option<rust_decimal::Decimal>, after: Option<rust_decimal::Decimal>| {
        after.is_some_and(|most| before.is_none_or(|before| most < before))
    };
    raised(a.minimum, b.minimum)
        || raised(a.exclusive_minimum, b.exclusive_minimum)
        || lowered(a.maximum, b.maximum)
        || lowered(a.exclusive_maximum, b.exclusive_maximum)
        || (b.multiple_of.is_some() && a.multiple_of != b.multiple_of)
}
