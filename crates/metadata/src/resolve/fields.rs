//! Fields: system fields, authored ones, the currencies of money. Relations' far ends come after them.

use indexmap::IndexMap;

use super::draft::{Draft, DraftField, DraftObject, Origin, Section, checked_name};
use super::lifecycles;
use super::load::PLATFORM;
use super::names::reserved_field;
use super::report::{At, Report};
use crate::catalog::{Field, FieldType, Lookup, NumberLimits, OnDelete};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{FieldDocument, ScopeName};
use crate::field::{Reading, build, made_label};
use crate::json::escape;
use crate::name::Name;

/// Fills the fields of all objects.
pub fn fields(draft: &mut Draft, report: &mut Report) {
    let mut inverses = Vec::new();
    let names: Vec<Name> = draft.objects.keys().cloned().collect();
    for name in names {
        let Some(object) = draft.objects.get(&name) else { continue };
        let mut object = object.clone();
        object.fields = system_fields(object.owned);
        object
            .fields
            .extend(lifecycles::system_fields(&name, draft).into_iter().map(lifecycles::system_field));
        for section in object.sections.clone() {
            authored(&mut object, &section, draft, report);
            let broken = section.properties.iter().filter(|(field, ..)| object.broken.contains(field));
            inverses.extend(broken.filter_map(|(_, doc, _)| doc.inverse.clone()));
        }
        draft.objects.insert(name, object);
    }
    draft.broken_inverses.extend(inverses);
}

/// The fields of one section.
fn authored(object: &mut DraftObject, section: &Section, draft: &Draft, report: &mut Report) {
    for pointer in &section.hidden {
        if let Some(name) = pointer.strip_prefix("/properties/") {
            object.broken.insert(name.replace("~1", "/").replace("~0", "~"));
        }
    }
    for (text, doc, raw) in &section.properties {
        let pointer = format!("/properties/{}", escape(text));
        let at = section.at.below(&pointer);
        let Some(name) = field_name(text, &section.at, &pointer, report) else {
            object.broken.insert(text.clone());
            continue;
        };
        if let Some(other) = object.fields.get_mut(&name) {
            if retold(other, doc, raw) {
                continue;
            }
            let owner = other.origin.as_ref().map_or("the platform", |origin| origin.package.as_str());
            let mut finding = Finding::new(
                codes::DUPLICATE_NAME,
                "",
                format!("`{}` has a field `{name}` already, from {owner}", object.name),
            );
            finding.key = true;
            finding.hint = (other.field.system && &*name == "stage").then(|| {
                "its lifecycles give it a stage; take the field out of the object, and its values are kept"
                    .to_owned()
            });
            report.error(&at, finding);
            continue;
        }
        let origin = Origin { at, doc: doc.clone(), raw: raw.clone(), package: section.package.clone() };
        match authored_field(&object.name, &name, &origin, draft, report) {
            Some(field) => add(object, field, origin, report),
            None => {
                object.broken.insert(text.clone());
            }
        }
    }
}

/// Whether the platform has that very field, which packages had before it did: then they only tell it in their own words.
fn retold(platform: &mut DraftField, doc: &FieldDocument, raw: &serde_json::Value) -> bool {
    let meaning = |raw: &serde_json::Value| {
        let mut raw = raw.clone();
        if let Some(keys) = raw.as_object_mut() {
            keys.retain(|key, _| !["title", "x-titles", "description"].contains(&key.as_str()));
        }
        raw
    };
    let Some(origin) = platform.origin.as_ref().filter(|origin| origin.package == PLATFORM) else {
        return false;
    };
    if meaning(&origin.raw) != meaning(raw) {
        return false;
    }
    let field = &mut platform.field;
    if let Some(title) = &doc.title {
        field.title.clone_from(title);
        field.titles.clone_from(&doc.titles);
    }
    if doc.description.is_some() {
        field.description.clone_from(&doc.description);
    }
    true
}

/// A field's name, or what is wrong with it.
fn field_name(text: &str, at: &At, pointer: &str, report: &mut Report) -> Option<Name> {
    if let Some(why) = reserved_field(text) {
        let mut finding =
            Finding::new(codes::RESERVED_NAME, pointer, format!("A field cannot be called `{text}`: {why}"));
        finding.key = true;
        finding.found = Some(text.to_owned());
        report.error(at, finding);
        return None;
    }
    if Name::new(text).is_err() {
        // The place is the key, not the value under it.
        let mut finding =
            Finding::new(codes::BAD_NAME, pointer, format!("`{text}` is not the name of a field"));
        finding.key = true;
        finding.expected = Some("[a-z][A-Za-z0-9]{0,59}".to_owned());
        finding.found = Some(text.to_owned());
        report.error(at, finding);
        return None;
    }
    checked_name(text, at, pointer, report)
}

/// A field from its document.
pub fn authored_field(
    object: &Name,
    name: &Name,
    origin: &Origin,
    draft: &Draft,
    report: &mut Report,
) -> Option<Field> {
    let mut reading = Reading { object, name, doc: &origin.doc, known: &draft.known, findings: Vec::new() };
    let ty = build(&mut reading, &origin.raw);
    for finding in reading.findings {
        report.error(&origin.at, finding);
    }
    let doc = &origin.doc;
    let renamed_from = match &doc.renamed_from {
        None => None,
        Some(former) => checked_name(former, &origin.at, "/x-renamedFrom", report),
    };
    Some(field(name, ty?, doc, renamed_from))
}

fn field(name: &Name, ty: FieldType, doc: &FieldDocument, renamed_from: Option<Name>) -> Field {
    Field {
        name: name.clone(),
        title: doc.title.clone().unwrap_or_else(|| made_label(name)),
        titles: doc.titles.clone(),
        description: doc.description.clone(),
        required: matches!(&ty, FieldType::Lookup(lookup) if lookup.master),
        folded: matches!(ty, FieldType::Email(_)),
        ty,
        default: None,
        sensitive: doc.sensitive,
        system: false,
        system_scope: doc.scope == Some(ScopeName::System),
        renamed_from,
    }
}

/// Adds a field, and the currency beside money.
fn add(object: &mut DraftObject, field: Field, origin: Origin, report: &mut Report) {
    let currency = matches!(field.ty, FieldType::Money { .. }).then(|| currency_of(&field));
    let at = origin.at.clone();
    object.fields.insert(field.name.clone(), DraftField { field, origin: Some(origin) });
    match currency {
        None => {}
        Some(Ok(currency)) if object.fields.contains_key(&currency.name) => {
            let message = format!(
                "The currency of this money field is kept in `{}`, which is there already",
                currency.name
            );
            report.error(&at, Finding { key: true, ..Finding::new(codes::DUPLICATE_NAME, "", message) });
        }
        Some(Ok(currency)) => {
            object.fields.insert(currency.name.clone(), DraftField { field: currency, origin: None });
        }
        Some(Err(bad)) => {
            report.fault(
                &at,
                codes::BAD_NAME,
                format!("The name leaves no room for the currency's field: {bad}"),
            );
        }
    }
}

/// `amountCurrency` for `amount`.
fn currency_of(money: &Field) -> Result<Field, crate::name::BadName> {
    let renamed_from =
        money.renamed_from.as_ref().and_then(|former| Name::new(&format!("{former}Currency")).ok());
    Ok(Field {
        name: Name::new(&format!("{}Currency", money.name))?,
        title: format!("{} currency", money.title),
        titles: IndexMap::new(),
        description: Some(format!("ISO 4217 code of the currency of {}", money.title)),
        ty: FieldType::Currency { of: money.name.clone() },
        required: false,
        default: None,
        sensitive: money.sensitive,
        system: false,
        folded: false,
        system_scope: false,
        renamed_from,
    })
}

/// What every record has.
fn system_fields(owned: bool) -> IndexMap<Name, DraftField> {
    let user = || {
        FieldType::Lookup(Lookup {
            to: made("user"),
            inverse: None,
            on_delete: OnDelete::Clear,
            master: false,
        })
    };
    let mut fields = vec![
        ("id", "Id", "编号", FieldType::Id),
        ("createdAt", "Created", "创建时间", FieldType::DateTime),
        ("createdBy", "Created by", "创建人", user()),
        ("updatedAt", "Changed", "修改时间", FieldType::DateTime),
        ("updatedBy", "Changed by", "修改人", user()),
        ("version", "Version", "版本", FieldType::Int(NumberLimits::default())),
        ("deletedAt", "Deleted", "删除时间", FieldType::DateTime),
    ];
    if owned {
        fields.push(("owner", "Owner", "负责人", user()));
        fields.push(("ownerSince", "Owner since", "负责起始时间", FieldType::DateTime));
    }
    fields
        .into_iter()
        .map(|(name, title, chinese, ty)| {
            (made(name), DraftField { field: kept(name, title, chinese, ty), origin: None })
        })
        .collect()
}

/// A field that the platform keeps.
pub fn kept(name: &str, title: &str, chinese: &str, ty: FieldType) -> Field {
    Field {
        name: made(name),
        title: title.to_owned(),
        titles: IndexMap::from([("zh-CN".to_owned(), chinese.to_owned())]),
        description: None,
        ty,
        required: false,
        default: None,
        sensitive: false,
        system: true,
        folded: false,
        system_scope: false,
        renamed_from: None,
    }
}

/// A name that stands in this program.
pub fn made(name: &str) -> Name {
    Name::new(name).expect("names in this program are legal")
}
