//! Roll-ups and formulas: their types, their expressions, and the circles that they must not form.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::draft::{Draft, Origin};
use super::expressions::{DraftScope, expression, filter};
use super::report::Report;
use super::scores::score;
use super::walk::rests;
use crate::catalog::{Aggregate, FieldType, Many, Package, Returns};
use crate::codes;
use crate::diagnostic::Finding;
use crate::hint::did_you_mean;
use crate::name::Name;

type Key = (Name, Name);

/// Checks all formulas and roll-ups.
pub fn computed(draft: &mut Draft, packages: &IndexMap<String, Package>, report: &mut Report) {
    rollup_types(draft, report);
    let fields: Vec<(Key, FieldType, Origin)> = draft
        .objects
        .values()
        .flat_map(|object| object.fields.values().map(move |drafted| (object, drafted)))
        .filter_map(|(object, drafted)| {
            let key = (object.name.clone(), drafted.field.name.clone());
            Some((key, drafted.field.ty.clone(), drafted.origin.clone()?))
        })
        .collect();
    for (key, ty, origin) in &fields {
        match ty {
            FieldType::Formula { returns, stored, .. } => {
                let at = origin.at.below("/x-formula");
                let text = origin.doc.formula.as_deref().unwrap_or_default();
                let scope = DraftScope::new(draft, packages, &origin.package);
                let checked = expression(text, &scope, &key.0, Some(&returns.expr_type()), &at, report);
                match checked {
                    Some(checked) => {
                        if *stored {
                            check_stored(draft, key, &checked, origin, report);
                        }
                        draft.set_formula(&key.0, &key.1, checked);
                    }
                    None => hide(draft, key),
                }
            }
            FieldType::Score { .. } => {
                let scope = DraftScope::new(draft, packages, &origin.package);
                match score(&key.0, origin, &scope, report) {
                    Some(ty) => {
                        let drafted = draft.objects.get_mut(&key.0).and_then(|of| of.fields.get_mut(&key.1));
                        if let Some(drafted) = drafted {
                            drafted.field.ty = ty;
                        }
                    }
                    None => hide(draft, key),
                }
            }
            FieldType::Rollup { of, .. } => {
                let Some(target) = many_of(draft, &key.0, of).map(|many| many.to.clone()) else { continue };
                let Some(json) = &origin.doc.filter else { continue };
                let scope = DraftScope::new(draft, packages, &origin.package);
                match filter(json, &scope, &target, &origin.at.below("/x-filter"), report) {
                    Ok(checked) => {
                        let drafted = draft.objects.get_mut(&key.0).and_then(|o| o.fields.get_mut(&key.1));
                        if let Some(FieldType::Rollup { filter, .. }) = drafted.map(|d| &mut d.field.ty) {
                            *filter = checked;
                        }
                    }
                    Err(()) => hide(draft, key),
                }
            }
            _ => {}
        }
    }
    circles(draft, report);
}

/// Takes a faulty field out, so that what rests on it is not reported as well.
fn hide(draft: &mut Draft, key: &Key) {
    if let Some(object) = draft.objects.get_mut(&key.0) {
        object.fields.shift_remove(&key.1);
        object.broken.insert(key.1.to_string());
    }
}

fn many_of<'a>(draft: &'a Draft, object: &str, field: &str) -> Option<&'a Many> {
    match draft.ty(object, field)? {
        FieldType::Many(many) => Some(many),
        _ => None,
    }
}

/// A stored formula rests on nothing but written fields of its own record.
fn check_stored(draft: &Draft, key: &Key, checked: &expr::Expr, origin: &Origin, report: &mut Report) {
    let rests = rests(checked, &key.0, draft);
    let computed = rests.fields.iter().find(|seen| {
        matches!(
            draft.ty(&seen.object, &seen.field),
            Some(FieldType::Formula { .. } | FieldType::Rollup { .. } | FieldType::Score { .. })
        )
    });
    let why = if rests.beyond || rests.fields.iter().any(|seen| !seen.own) {
        "it looks beyond its own record".to_owned()
    } else if rests.clock {
        "its value changes with time".to_owned()
    } else if let Some(seen) = computed {
        format!("`{}` is computed itself", seen.field)
    } else {
        return;
    };
    let mut finding =
        Finding::new(codes::BAD_FORMULA, "/x-stored", format!("The formula cannot be stored: {why}"));
    finding.expected = Some("an expression over written fields of the record itself".to_owned());
    finding.hint = Some("leave `x-stored` out; then it is computed when it is read".to_owned());
    report.error(&origin.at, finding);
}

/// Gives every roll-up its type. It may be that of another roll-up, so the way down is followed.
fn rollup_types(draft: &mut Draft, report: &mut Report) {
    let rollups: Vec<(Key, Origin)> = draft
        .objects
        .values()
        .flat_map(|object| object.fields.values().map(move |drafted| (object, drafted)))
        .filter(|(_, drafted)| matches!(drafted.field.ty, FieldType::Rollup { .. }))
        .filter_map(|(object, drafted)| {
            Some(((object.name.clone(), drafted.field.name.clone()), drafted.origin.clone()?))
        })
        .collect();
    let mut types: HashMap<Key, Option<Returns>> = HashMap::new();
    for (key, origin) in &rollups {
        let mut way = HashSet::new();
        let found = rollup_type(draft, key, &mut types, &mut way);
        match found {
            Ok(Some(ty)) => {
                let drafted = draft.objects.get_mut(&key.0).and_then(|o| o.fields.get_mut(&key.1));
                if let Some(FieldType::Rollup { returns, .. }) = drafted.map(|d| &mut d.field.ty) {
                    *returns = ty;
                }
            }
            Ok(None) => {}
            Err(finding) => report.error(&origin.at, *finding),
        }
    }
    for (key, _) in rollups {
        if types.get(&key).is_some_and(Option::is_none) {
            hide(draft, &key);
        }
    }
}

/// The type of a roll-up; `Ok(None)` when something that it rests on is faulty, or it stands in a circle, which is reported elsewhere.
fn rollup_type(
    draft: &Draft,
    key: &Key,
    types: &mut HashMap<Key, Option<Returns>>,
    way: &mut HashSet<Key>,
) -> Result<Option<Returns>, Box<Finding>> {
    if let Some(known) = types.get(key) {
        return Ok(known.clone());
    }
    if !way.insert(key.clone()) {
        return Ok(Some(Returns::Int));
    }
    let found = rollup_type_of(draft, key, types, way);
    types.insert(key.clone(), found.as_ref().ok().cloned().flatten());
    found
}

fn rollup_type_of(
    draft: &Draft,
    key: &Key,
    types: &mut HashMap<Key, Option<Returns>>,
    way: &mut HashSet<Key>,
) -> Result<Option<Returns>, Box<Finding>> {
    let Some(FieldType::Rollup { of, aggregate, field, .. }) = draft.ty(&key.0, &key.1) else {
        return Ok(None);
    };
    let many = match draft.ty(&key.0, of) {
        Some(FieldType::Many(many)) => many,
        None if draft.is_broken(&key.0, of) => return Ok(None),
        other => return Err(Box::new(not_many(draft, &key.0, of, other.is_some()))),
    };
    let Some(field) = field else { return Ok(Some(Returns::Int)) };
    let Some(object) = draft.objects.get(&many.to) else { return Ok(None) };
    let Some(drafted) = object.fields.get(field) else {
        if draft.is_broken(&many.to, field) {
            return Ok(None);
        }
        let mut finding =
            Finding::new(codes::UNKNOWN_FIELD, "/x-field", format!("`{}` has no field `{field}`", many.to));
        finding.found = Some(field.to_string());
        finding.hint = did_you_mean(field, object.fields.keys().map(Name::as_str))
            .map(|meant| format!("did you mean `{meant}`?"));
        return Err(Box::new(finding));
    };
    let inner = match &drafted.field.ty {
        FieldType::Rollup { .. } => {
            // What is wrong with the inner one is reported there.
            match rollup_type(draft, &(many.to.clone(), field.clone()), types, way) {
                Ok(Some(inner)) => Some(inner),
                Ok(None) | Err(_) => return Ok(None),
            }
        }
        FieldType::Formula { returns, .. } | FieldType::Score { returns, .. } => Some(returns.clone()),
        other => other.expr_type().and_then(|ty| Returns::of(&ty)),
    };
    if let Some(returns) = folded(*aggregate, inner) {
        Ok(Some(returns))
    } else {
        let ty = crate::field::type_name(&drafted.field.ty);
        let message = format!("`{field}` is of type `{ty}`, which this aggregate cannot fold");
        let mut finding = Finding::new(codes::BAD_ROLLUP, "/x-field", message);
        finding.expected =
            Some("sum and avg: a number; min and max: also a date, an instant or a text".to_owned());
        finding.found = Some(ty.to_owned());
        Err(Box::new(finding))
    }
}

fn not_many(draft: &Draft, object: &Name, of: &Name, there: bool) -> Finding {
    let message = if there {
        format!("`{of}` is no relation to many records")
    } else {
        format!("`{object}` has no relation `{of}`")
    };
    let code = if there { codes::BAD_ROLLUP } else { codes::UNKNOWN_FIELD };
    let mut finding = Finding::new(code, "/x-of", message);
    let relations: Vec<&str> = draft
        .objects
        .get(object)
        .into_iter()
        .flat_map(|object| object.fields.values())
        .filter(|drafted| matches!(drafted.field.ty, FieldType::Many(_)))
        .map(|drafted| drafted.field.name.as_str())
        .collect();
    finding.hint =
        did_you_mean(of, relations.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
    finding.expected = Some(if relations.is_empty() {
        "a to-many relation; the object has none".to_owned()
    } else {
        relations.join(", ")
    });
    finding.found = Some(of.to_string());
    finding
}

/// The type of an aggregate over values of a type.
fn folded(aggregate: Aggregate, inner: Option<Returns>) -> Option<Returns> {
    let inner = inner?;
    let numeric = matches!(inner, Returns::Int | Returns::Decimal | Returns::Float);
    match (aggregate, &inner) {
        (Aggregate::Count, _) => Some(Returns::Int),
        (Aggregate::Avg, Returns::Int | Returns::Decimal) => Some(Returns::Decimal),
        (Aggregate::Avg, Returns::Float) => Some(Returns::Float),
        (Aggregate::Min | Aggregate::Max, Returns::Bool) | (Aggregate::Sum | Aggregate::Avg, _)
            if !numeric =>
        {
            None
        }
        _ => Some(inner),
    }
}

impl Returns {
    /// The result type for values of an expression type.
    pub fn of(ty: &expr::Type) -> Option<Returns> {
        Some(match ty {
            expr::Type::Text => Returns::Text,
            expr::Type::Bool => Returns::Bool,
            expr::Type::Int => Returns::Int,
            expr::Type::Decimal => Returns::Decimal,
            expr::Type::Float => Returns::Float,
            expr::Type::Date => Returns::Date,
            expr::Type::DateTime => Returns::DateTime,
            _ => return None,
        })
    }
}

/// Reports circles among formulas and roll-ups, each once.
fn circles(draft: &mut Draft, report: &mut Report) {
    let mut needs: IndexMap<Key, Vec<Key>> = IndexMap::new();
    for object in draft.objects.values() {
        for drafted in object.fields.values() {
            let found = needs_of(draft, &object.name, &drafted.field.ty);
            if let Some(found) = found {
                needs.insert((object.name.clone(), drafted.field.name.clone()), found);
            }
        }
    }
    let mut done: HashSet<Key> = HashSet::new();
    let mut found: Vec<Vec<Key>> = Vec::new();
    for start in needs.keys() {
        let mut way: Vec<Key> = Vec::new();
        descend(start, &needs, &mut way, &mut done, &mut found);
    }
    for circle in found {
        let Some(first) = circle.first() else { continue };
        let origin =
            draft.objects.get(&first.0).and_then(|o| o.fields.get(&first.1)).and_then(|d| d.origin.clone());
        let names: Vec<String> =
            circle.iter().chain([first]).map(|(object, field)| format!("{object}.{field}")).collect();
        let way = names.join(" → ");
        if let Some(origin) = origin {
            let key = match (&origin.doc.formula, &origin.doc.points) {
                (Some(_), _) => "/x-formula",
                (None, Some(_)) => "/x-points",
                (None, None) => "/x-of",
            };
            let mut finding =
                Finding::new(codes::CYCLIC_FORMULA, key, format!("The value needs itself: {way}"));
            finding.found = Some(way);
            report.error(&origin.at, finding);
        }
    }
}

/// The computed fields that a computed field needs; `None` for fields that are not computed.
fn needs_of(draft: &Draft, object: &Name, ty: &FieldType) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    let mut note = |object: &str, field: &str| {
        if let (Ok(object), Ok(field)) = (Name::new(object), Name::new(field)) {
            keys.push((object, field));
        }
    };
    match ty {
        FieldType::Formula { expr, .. } | FieldType::Score { expr, .. } => {
            rests(expr, object, draft).fields.iter().for_each(|seen| note(&seen.object, &seen.field));
        }
        FieldType::Rollup { of, field, filter, .. } => {
            let target = many_of(draft, object, of).map(|many| many.to.clone())?;
            if let Some(field) = field {
                note(&target, field);
            }
            if let Some(filter) = filter {
                rests(filter, &target, draft).fields.iter().for_each(|seen| note(&seen.object, &seen.field));
            }
        }
        _ => return None,
    }
    keys.retain(|(object, field)| {
        matches!(
            draft.ty(object, field),
            Some(FieldType::Formula { .. } | FieldType::Rollup { .. } | FieldType::Score { .. })
        )
    });
    Some(keys)
}

/// Depth first; a key that is met again on its own way closes a circle.
fn descend(
    key: &Key,
    needs: &IndexMap<Key, Vec<Key>>,
    way: &mut Vec<Key>,
    done: &mut HashSet<Key>,
    found: &mut Vec<Vec<Key>>,
) {
    if let Some(start) = way.iter().position(|other| other == key) {
        found.push(way.iter().skip(start).cloned().collect());
        return;
    }
    if done.contains(key) {
        return;
    }
    way.push(key.clone());
    for next in needs.get(key).into_iter().flatten() {
        descend(next, needs, way, done, found);
    }
    way.pop();
    done.insert(key.clone());
}
