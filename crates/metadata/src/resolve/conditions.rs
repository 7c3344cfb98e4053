//! What rests on expressions and filters: validation rules, unique rules, defaults; and the side columns that follow from them.

use std::collections::HashSet;

use expr::{Expr, Node, Span, Type};
use indexmap::IndexMap;

use super::draft::{Draft, DraftObject, Section};
use super::expressions::{DraftScope, expression, filter};
use super::report::{At, Report};
use super::sections::{is_foldable, stored_fields};
use super::walk::rests;
use crate::catalog::{Field, FieldType, Package, Rule, Unique};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::UniqueDocument;
use crate::field;
use crate::name::Name;

/// Unique rules, validation rules and defaults; after all fields and formulas are known.
pub fn conditions(draft: &mut Draft, packages: &IndexMap<String, Package>, report: &mut Report) {
    let names: Vec<Name> = draft.objects.keys().cloned().collect();
    for name in names {
        let Some(mut object) = draft.objects.get(&name).cloned() else { continue };
        for section in object.sections.clone() {
            let scope = DraftScope::new(draft, packages, &section.package);
            rules(&mut object, &section, &scope, report);
            uniques(&mut object, &section, draft, &scope, report);
        }
        defaults(&mut object, draft, packages, report);
        single_uniques(&mut object, report);
        fold(&mut object);
        draft.objects.insert(name, object);
    }
}

fn rules(object: &mut DraftObject, section: &Section, scope: &DraftScope<'_>, report: &mut Report) {
    for (index, rule) in section.rules.iter().enumerate() {
        let at = section.at.below(&format!("/x-rules/{index}"));
        let name = super::draft::checked_name(&rule.name, &at, "/name", report);
        if object.rules.iter().any(|other| *other.name == rule.name) {
            let message = format!("`{}` has another rule `{}`", object.name, rule.name);
            report.error(&at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
            continue;
        }
        let path = match &rule.path {
            None => None,
            Some(path) => {
                if let Some(drafted) = object.fields.get(path.as_str()) {
                    Some(drafted.field.name.clone())
                } else {
                    object.unknown_field(path, &at.below("/path"), report);
                    None
                }
            }
        };
        let check =
            expression(&rule.check, scope, &object.name, Some(&Type::Bool), &at.below("/check"), report);
        if let (Some(name), Some(check)) = (name, check) {
            object.rules.push(Rule { name, check, message: rule.message.clone(), path });
        }
    }
}

fn uniques(
    object: &mut DraftObject,
    section: &Section,
    draft: &Draft,
    scope: &DraftScope<'_>,
    report: &mut Report,
) {
    for (index, rule) in section.unique.iter().enumerate() {
        let at = section.at.below(&format!("/x-unique/{index}"));
        let (fields, condition, fields_at) = match rule {
            UniqueDocument::Fields(fields) => (fields, None, at.clone()),
            UniqueDocument::Partial(partial) => {
                (&partial.fields, partial.condition.as_ref(), at.below("/fields"))
            }
        };
        if fields.is_empty() {
            report.fault(&fields_at, codes::BAD_UNIQUE, "A unique rule needs at least one field");
            continue;
        }
        let names = stored_fields(object, fields, &fields_at, codes::BAD_UNIQUE, report);
        let place = at.below("/where");
        let condition = match condition {
            None => Ok(None),
            Some(json) => filter(json, scope, &object.name, &place, report),
        };
        let (Some(names), Ok(condition)) = (names, condition) else { continue };
        if let Some(condition) = &condition
            && !is_own_and_stored(condition, object, draft)
        {
            let mut finding = Finding::new(
                codes::BAD_UNIQUE,
                "",
                "The condition of a unique rule looks beyond stored fields of the record itself",
            );
            finding.expected =
                Some("a filter over stored fields of this object, without the time".to_owned());
            report.error(&place, finding);
            continue;
        }
        add_unique(object, names, condition);
    }
}

fn is_own_and_stored(condition: &Expr, object: &DraftObject, draft: &Draft) -> bool {
    let rests = rests(condition, &object.name, draft);
    let stored = |name: &str| {
        object.fields.get(name).is_some_and(|drafted| !field::columns(&drafted.field.ty, false).is_empty())
    };
    !rests.beyond && !rests.clock && rests.fields.iter().all(|seen| seen.own && stored(&seen.field))
}

fn add_unique(object: &mut DraftObject, fields: Vec<Name>, condition: Option<Expr>) {
    let joined = fields.iter().map(Name::as_str).collect::<Vec<_>>().join("_");
    let same = |other: &Unique| other.fields == fields && other.condition == condition;
    if object.uniques.iter().any(same) {
        return;
    }
    let mut name = if condition.is_some() { format!("{joined}_where") } else { joined };
    while object.uniques.iter().any(|other| other.name == name) {
        name.push('_');
    }
    object.uniques.push(Unique { name, fields, condition });
}

/// Fields with `x-unique`.
fn single_uniques(object: &mut DraftObject, report: &mut Report) {
    let marked: Vec<(Name, At)> = object
        .fields
        .values()
        .filter_map(|drafted| {
            Some((drafted.field.name.clone(), drafted.origin.as_ref().filter(|o| o.doc.unique)?.at.clone()))
        })
        .collect();
    for (name, at) in marked {
        let fields = [name.to_string()];
        if let Some(names) = stored_fields(object, &fields, &at, codes::BAD_UNIQUE, report) {
            add_unique(object, names, None);
        }
    }
}

fn defaults(
    object: &mut DraftObject,
    draft: &Draft,
    packages: &IndexMap<String, Package>,
    report: &mut Report,
) {
    let name = object.name.clone();
    for drafted in object.fields.values_mut() {
        let Some(origin) = &drafted.origin else { continue };
        let expected = drafted.field.ty.expr_type();
        drafted.field.default = match (&origin.doc.default, &origin.doc.x_default) {
            (None, None) => None,
            (Some(_), Some(_)) => {
                report.error(
                    &origin.at,
                    Finding::new(codes::BAD_DEFAULT, "/x-default", "Give `default` or `x-default`, not both"),
                );
                None
            }
            (Some(json), None) => literal(&drafted.field, json, &origin.at, report),
            (None, Some(text)) => {
                let scope = DraftScope::new(draft, packages, &origin.package);
                let at = origin.at.below("/x-default");
                let checked = expression(text, &scope, &name, expected.as_ref(), &at, report);
                checked.filter(|checked| is_choice(&drafted.field, checked, &at, report))
            }
        };
    }
}

/// A default written as a value.
fn literal(field: &Field, json: &serde_json::Value, at: &At, report: &mut Report) -> Option<Expr> {
    let read = field::read_json(&field.ty, json).and_then(|value| {
        if !value.is_null() {
            field::kind(&field.ty).check(&field.ty, &value)?;
        }
        Ok(value)
    });
    match read {
        Ok(value) => Some(Expr {
            node: Node::Literal(value),
            ty: field.ty.expr_type().unwrap_or(Type::Null),
            span: Span::default(),
        }),
        Err(problem) => {
            let mut finding = Finding::new(
                codes::BAD_DEFAULT,
                "/default",
                format!("The default is none of the field's values. {}", problem.message),
            );
            finding.expected = Some(problem.expected);
            finding.found = Some(problem.found);
            report.error(at, finding);
            None
        }
    }
}

/// A default that is one text must be one of the choices.
pub fn is_choice(field: &Field, checked: &Expr, at: &At, report: &mut Report) -> bool {
    let (Some(choices), Node::Literal(expr::Value::Text(text))) = (field.ty.choices(), &checked.node) else {
        return true;
    };
    let values: Vec<&str> = choices.choices.iter().map(|choice| &*choice.value).collect();
    if values.contains(&text.as_str()) {
        return true;
    }
    let mut finding = Finding::new(codes::BAD_DEFAULT, "", format!("`{text}` is none of the choices"));
    finding.expected = Some(values.iter().take(20).copied().collect::<Vec<_>>().join(", "));
    finding.found = Some(text.clone());
    finding.hint = crate::hint::did_you_mean(text, values.iter().copied())
        .map(|meant| format!("did you mean `{meant}`?"));
    report.error(at, finding);
    false
}

/// Texts that are displayed, searched or unique have a side column without case.
fn fold(object: &mut DraftObject) {
    let mut folded: HashSet<Name> = object.search.iter().cloned().collect();
    folded.extend(object.display.clone());
    folded.extend(object.uniques.iter().flat_map(|unique| unique.fields.iter().cloned()));
    for drafted in object.fields.values_mut() {
        let field = &mut drafted.field;
        field.folded =
            is_foldable(field) && (matches!(field.ty, FieldType::Email(_)) || folded.contains(&field.name));
    }
}
