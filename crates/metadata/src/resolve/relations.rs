//! The far ends of relations, and the link objects of many-to-many relations.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::draft::{Draft, DraftField, DraftObject, Origin, Section, properties};
use super::report::{At, Report};
use crate::catalog::{Field, FieldType, Lookup, Many, OnDelete, Unique, Via};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{FieldDocument, LinkDocument};
use crate::field::made_label;
use crate::name::Name;

/// Registers the objects that many-to-many relations make, so that others may refer to them; their own fields come with
/// [`super::fields::fields`].
pub fn link_objects(draft: &mut Draft, report: &mut Report) {
    let mut made = Vec::new();
    for object in draft.objects.values() {
        for section in &object.sections {
            for (name, doc, raw) in &section.properties {
                let is_link = raw.get("x-type").is_some_and(|ty| ty == "manyToMany") && doc.through.is_none();
                if let (true, Ok(field)) = (is_link, Name::new(name)) {
                    let at = section.at.below(&format!("/properties/{}", crate::json::escape(name)));
                    made.extend(link_object(object, &field, doc, raw, section, at));
                }
            }
        }
    }
    for object in made {
        if let Some(other) = draft.objects.get(&object.name) {
            let message = format!(
                "The link object would be called `{}`, which is an object of package `{}`",
                object.name, other.package
            );
            let mut finding = Finding::new(codes::DUPLICATE_NAME, "", message);
            finding.hint = Some("name it with `x-link`, or use the object with `x-through`".to_owned());
            report.error(&object.at, finding);
            continue;
        }
        draft.known.objects.insert(object.name.clone(), object.package.clone());
        draft.objects.insert(object.name.clone(), object);
    }
}

/// A link object with its own properties only; nothing when its names are not legal, which the field itself reports.
fn link_object(
    object: &DraftObject,
    field: &Name,
    doc: &FieldDocument,
    raw: &serde_json::Value,
    section: &Section,
    at: At,
) -> Option<DraftObject> {
    let link = doc.link.clone().unwrap_or_default();
    let LinkDocument { name, plural, title, required, properties: typed } = link;
    let name = Name::new(&name.unwrap_or_else(|| format!("{}{}", object.name, field.pascal()))).ok()?;
    let plural = Name::new(&plural.unwrap_or_else(|| plural_of(&name))).ok()?;
    let below = at.below("/x-link");
    let raw = raw.get("x-link").cloned().unwrap_or_default();
    let prefix = format!("{}/x-link", at.pointer.strip_prefix(&section.at.pointer).unwrap_or_default());
    let hidden: HashSet<String> = section
        .hidden
        .iter()
        .filter_map(|pointer| pointer.strip_prefix(&prefix))
        .map(str::to_owned)
        .collect();
    Some(DraftObject {
        title: title.unwrap_or_else(|| made_label(&name)),
        name,
        plural,
        titles: IndexMap::new(),
        description: None,
        package: section.package.clone(),
        renamed_from: None,
        owned: false,
        history: false,
        link: true,
        at,
        sections: vec![Section {
            at: below,
            package: section.package.clone(),
            properties: properties(&typed, &raw),
            hidden,
            required,
            display: None,
            search: Some(Vec::new()),
            indexes: Vec::new(),
            unique: Vec::new(),
            rules: Vec::new(),
            duplicates: Vec::new(),
        }],
        fields: IndexMap::new(),
        broken: HashSet::new(),
        open: false,
        display: None,
        search: Vec::new(),
        indexes: Vec::new(),
        uniques: Vec::new(),
        rules: Vec::new(),
    })
}

/// `companies` for `company`, `campaignLeads` for `campaignLead`.
fn plural_of(name: &str) -> String {
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if name.ends_with(['s', 'x']) => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

/// Adds the far ends, and the lookups of link objects.
pub fn far_ends(draft: &mut Draft, report: &mut Report) {
    let relations: Vec<(Name, Field, Origin)> = draft
        .objects
        .values()
        .flat_map(|object| object.fields.values().map(move |drafted| (object, drafted)))
        .filter_map(|(object, drafted)| {
            Some((object.name.clone(), drafted.field.clone(), drafted.origin.clone()?))
        })
        .collect();
    for (object, field, origin) in relations {
        match &field.ty {
            FieldType::Lookup(lookup) => {
                if let Some(inverse) = &lookup.inverse {
                    let many = Many { to: object.clone(), via: Via::Field(field.name.clone()) };
                    far_end(draft, &lookup.to, inverse, many, &origin.at, report);
                }
            }
            FieldType::Polymorphic { to, inverse: Some(inverse) } => {
                for target in to {
                    let many = Many { to: object.clone(), via: Via::Field(field.name.clone()) };
                    far_end(draft, target, inverse, many, &origin.at, report);
                }
            }
            FieldType::Many(many) => link(draft, &object, &field, many, &origin, report),
            _ => {}
        }
    }
}

fn far_end(draft: &mut Draft, target: &Name, inverse: &Name, many: Many, at: &At, report: &mut Report) {
    let Some(object) = draft.objects.get_mut(target) else { return };
    if let Some(why) = super::names::reserved_field(inverse) {
        let message = format!("The far end cannot be called `{inverse}`: {why}");
        report.error(at, Finding::new(codes::RESERVED_NAME, "/x-inverse", message));
        return;
    }
    if object.fields.contains_key(inverse) {
        let message =
            format!("`{target}` has a field `{inverse}` already, so the far end cannot have that name");
        let mut finding = Finding::new(codes::DUPLICATE_NAME, "/x-inverse", message);
        finding.found = Some(inverse.to_string());
        report.error(at, finding);
        return;
    }
    let title = draft.objects.get(&many.to).map_or_else(|| made_label(inverse), |_| made_label(inverse));
    if let Some(object) = draft.objects.get_mut(target) {
        object
            .fields
            .insert(inverse.clone(), DraftField { field: many_field(inverse, title, many), origin: None });
    }
}

fn many_field(name: &Name, title: String, many: Many) -> Field {
    plain_field(name, title, FieldType::Many(many), false)
}

fn plain_field(name: &Name, title: String, ty: FieldType, required: bool) -> Field {
    Field {
        name: name.clone(),
        title,
        titles: IndexMap::new(),
        description: None,
        ty,
        required,
        default: None,
        sensitive: false,
        system: false,
        folded: false,
        system_scope: false,
        renamed_from: None,
    }
}

/// Completes a many-to-many relation: the lookups of its link object, and its far end.
fn link(draft: &mut Draft, object: &Name, field: &Field, many: &Many, origin: &Origin, report: &mut Report) {
    let Via::Link { object: link, near, far } = &many.via else { return };
    let (near, far) = if origin.doc.through.is_some() {
        match lookups_of(draft, link, object, &many.to) {
            Ok(Some(ends)) => ends,
            Ok(None) => return,
            Err(message) => {
                report.error(&origin.at, Finding::new(codes::BAD_RELATION, "/x-through", message));
                return;
            }
        }
    } else {
        let ends = [(near, object), (far, &many.to)];
        for (name, to) in ends {
            add_end(draft, link, name, to, &origin.at, report);
        }
        if let Some(drafted) = draft.objects.get_mut(link) {
            let name = format!("{near}_{far}");
            drafted.uniques.push(Unique { name, fields: vec![near.clone(), far.clone()], condition: None });
        }
        (near.clone(), far.clone())
    };
    let via = Via::Link { object: link.clone(), near: near.clone(), far: far.clone() };
    let drafted = draft.objects.get_mut(object).and_then(|object| object.fields.get_mut(&field.name));
    if let Some(drafted) = drafted {
        drafted.field.ty = FieldType::Many(Many { to: many.to.clone(), via });
    }
    if let Some(Ok(inverse)) = origin.doc.inverse.as_deref().map(Name::new) {
        let via = Via::Link { object: link.clone(), near: far, far: near };
        far_end(draft, &many.to, &inverse, Many { to: object.clone(), via }, &origin.at, report);
    }
}

/// One of the two lookups of a made link object, in front of its own properties.
fn add_end(draft: &mut Draft, link: &Name, name: &Name, to: &Name, at: &At, report: &mut Report) {
    let Some(drafted) = draft.objects.get_mut(link) else { return };
    if drafted.fields.contains_key(name) {
        let message = format!("The link has a field `{name}` of its own, but that is the name of its end");
        report.error(at, Finding::new(codes::DUPLICATE_NAME, "/x-link", message));
        return;
    }
    let ty = FieldType::Lookup(Lookup {
        to: to.clone(),
        inverse: None,
        on_delete: OnDelete::Cascade,
        master: false,
    });
    let field = plain_field(name, made_label(name), ty, true);
    let place = drafted.fields.values().position(|other| !other.field.system && other.origin.is_some());
    let place = place.unwrap_or(drafted.fields.len());
    drafted.fields.shift_insert(place, name.clone(), DraftField { field, origin: None });
}

/// The lookups of an existing link object to both sides; `Ok(None)` when they are there but faulty.
fn lookups_of(draft: &Draft, link: &Name, near: &Name, far: &Name) -> Result<Option<(Name, Name)>, String> {
    let Some(object) = draft.objects.get(link) else { return Ok(None) };
    let to = |target: &Name| -> Vec<Name> {
        let authored = object.fields.values().filter(|drafted| !drafted.field.system);
        authored
            .filter(|drafted| matches!(&drafted.field.ty, FieldType::Lookup(lookup) if lookup.to == *target))
            .map(|drafted| drafted.field.name.clone())
            .collect()
    };
    let (near_ends, far_ends) = (to(near), to(far));
    match (near_ends.as_slice(), far_ends.as_slice()) {
        _ if near == far => match near_ends.as_slice() {
            [one, other] => Ok(Some((one.clone(), other.clone()))),
            _ if object.open || !object.broken.is_empty() => Ok(None),
            ends => Err(format!("`{link}` needs two lookups to `{near}` and has {}", ends.len())),
        },
        ([one], [other]) => Ok(Some((one.clone(), other.clone()))),
        _ if object.open || !object.broken.is_empty() => Ok(None),
        (ends, _) if ends.len() != 1 => {
            Err(format!("`{link}` needs one lookup to `{near}` and has {}", ends.len()))
        }
        (_, ends) => Err(format!("`{link}` needs one lookup to `{far}` and has {}", ends.len())),
    }
}
