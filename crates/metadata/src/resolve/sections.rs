//! What documents and extensions say of an object's fields by name alone: required, display, search, indexes.

use std::collections::HashSet;

use expr::Type;

use super::draft::{Draft, DraftObject, Section};
use super::report::{At, Report};
use crate::catalog::{Field, FieldType};
use crate::codes;
use crate::diagnostic::Finding;
use crate::field;
use crate::name::Name;

/// Marks required fields; before expressions are read.
pub fn required(draft: &mut Draft, report: &mut Report) {
    for object in draft.objects.values_mut() {
        for section in object.sections.clone() {
            for (index, name) in section.required.iter().enumerate() {
                let at = section.at.below(&format!("/required/{index}"));
                let Some(drafted) = object.fields.get_mut(name.as_str()) else {
                    object.unknown_field(name, &at, report);
                    continue;
                };
                let field = &mut drafted.field;
                if matches!(field.ty, FieldType::AutoNumber { .. }) {
                    // It always has a value, so the demand is met by itself.
                    continue;
                }
                if !field.writable() || matches!(field.ty, FieldType::Many(_)) {
                    let message = format!("`{name}` cannot be required, because nobody writes it");
                    report.fault(&at, codes::BAD_REQUIRED, message);
                    continue;
                }
                field.required = true;
            }
        }
    }
}

/// Display, search and indexes of all objects.
pub fn names(draft: &mut Draft, report: &mut Report) {
    let inverses: HashSet<String> = draft.broken_inverses.clone();
    for object in draft.objects.values_mut() {
        object.broken.extend(inverses.iter().cloned());
        for section in object.sections.clone() {
            display(object, &section, report);
            search(object, &section, report);
            indexes(object, &section, report);
            if let Some(first) = section.duplicates.first() {
                let message = format!(
                    "Rules about duplicates (`{}`) are not yet supported by this version",
                    first.name
                );
                report.error(&section.at, Finding::new(codes::NOT_YET, "/x-duplicates", message));
            }
        }
        if object.display.is_none() && !object.link {
            object.display = made_display(object);
        }
        if object.search.is_empty() && object.sections.iter().all(|section| section.search.is_none()) {
            let searchable = object
                .display
                .clone()
                .filter(|name| object.fields.get(name).is_some_and(|d| is_foldable(&d.field)));
            object.search.extend(searchable);
        }
    }
}

/// `name` when it is a text, else the first number of its own, else the first text.
fn made_display(object: &DraftObject) -> Option<Name> {
    let fields = || object.fields.values().map(|drafted| &drafted.field).filter(|field| !field.system);
    let text = |field: &&Field| {
        matches!(field.ty.expr_type(), Some(Type::Text))
            && !matches!(field.ty, FieldType::Currency { .. } | FieldType::Select(_))
    };
    fields()
        .filter(text)
        .find(|field| &*field.name == "name")
        .or_else(|| fields().find(|field| matches!(field.ty, FieldType::AutoNumber { .. })))
        .or_else(|| fields().find(text))
        .map(|field| field.name.clone())
}

fn display(object: &mut DraftObject, section: &Section, report: &mut Report) {
    let Some(name) = &section.display else { return };
    let at = section.at.below("/x-display");
    match object.fields.get(name.as_str()).map(|drafted| &drafted.field) {
        None => object.unknown_field(name, &at, report),
        Some(field) if field.ty.expr_type() == Some(Type::Text) => object.display = Some(field.name.clone()),
        Some(field) => {
            let mut finding = Finding::new(
                codes::BAD_DISPLAY,
                "",
                format!("`{name}` is no text, so it cannot name a record"),
            );
            finding.expected = Some("a text, an automatic number, or a formula that returns text".to_owned());
            finding.found = Some(field::type_name(&field.ty).to_owned());
            report.error(&at, finding);
        }
    }
}

fn search(object: &mut DraftObject, section: &Section, report: &mut Report) {
    for (index, name) in section.search.iter().flatten().enumerate() {
        let at = section.at.below(&format!("/x-search/{index}"));
        match object.fields.get(name.as_str()).map(|drafted| &drafted.field) {
            None => object.unknown_field(name, &at, report),
            Some(field) if is_foldable(field) => {
                if !object.search.contains(&field.name) {
                    let name = field.name.clone();
                    object.search.push(name);
                }
            }
            Some(field) => {
                let mut finding = Finding::new(
                    codes::BAD_DISPLAY,
                    "",
                    format!("`{name}` is no stored text, so it cannot be searched"),
                );
                finding.expected =
                    Some("a text that is stored; a formula that returns text with `x-stored`".to_owned());
                finding.found = Some(field::type_name(&field.ty).to_owned());
                report.error(&at, finding);
            }
        }
    }
}

/// Whether a field is a text of people's language that is kept in a column.
pub fn is_foldable(field: &Field) -> bool {
    match &field.ty {
        FieldType::Text(_)
        | FieldType::LongText(_)
        | FieldType::RichText(_)
        | FieldType::Email(_)
        | FieldType::Phone(_)
        | FieldType::Url(_)
        | FieldType::AutoNumber { .. } => true,
        FieldType::Formula { returns, stored, .. } => *stored && *returns == crate::catalog::Returns::Text,
        _ => false,
    }
}

fn indexes(object: &mut DraftObject, section: &Section, report: &mut Report) {
    for (index, fields) in section.indexes.iter().enumerate() {
        let at = section.at.below(&format!("/x-indexes/{index}"));
        if fields.is_empty() {
            report.fault(&at, codes::BAD_INDEX, "An index needs at least one field");
            continue;
        }
        let Some(names) = stored_fields(object, fields, &at, codes::BAD_INDEX, report) else { continue };
        if !object.indexes.contains(&names) {
            object.indexes.push(names);
        }
    }
}

/// The fields of an index or unique rule, when all of them are stored in one value each.
pub fn stored_fields(
    object: &DraftObject,
    fields: &[String],
    at: &At,
    code: &'static str,
    report: &mut Report,
) -> Option<Vec<Name>> {
    let mut names = Vec::new();
    for (index, name) in fields.iter().enumerate() {
        let place = at.below(&format!("/{index}"));
        let Some(drafted) = object.fields.get(name.as_str()) else {
            object.unknown_field(name, &place, report);
            continue;
        };
        let field = &drafted.field;
        let stored = !field::columns(&field.ty, false).is_empty() && field.ty.parts().is_empty();
        if stored && !matches!(field.ty, FieldType::Json) {
            names.push(field.name.clone());
        } else {
            let message = format!("`{name}` ({}) is not stored as one value", field::type_name(&field.ty));
            report.fault(&place, code, message);
        }
    }
    (names.len() == fields.len()).then_some(names)
}
