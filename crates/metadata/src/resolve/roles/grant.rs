//! What a role's own document grants.

use indexmap::IndexMap;

use super::DraftRole;
use super::scope::{Scoping, scope};
use crate::catalog::{Action, Field, FieldGrant, FieldType, Grant, Right, Role};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::GrantDocument;
use crate::hint::did_you_mean;
use crate::json::escape;
use crate::name::Name;
use crate::resolve::draft::{Draft, DraftObject};
use crate::resolve::expressions::DraftScope;
use crate::resolve::report::{At, Report};

/// What stands for all fields that are not sensitive.
pub const EVERY_FIELD: &str = "*";

/// The role without what it inherits.
pub fn granted(role: &DraftRole, draft: &Draft, names: &DraftScope<'_>, report: &mut Report) -> Role {
    let mut objects = IndexMap::new();
    for (name, doc) in &role.doc.objects {
        let at = role.at.below(&format!("/objects/{}", escape(name)));
        match draft.objects.get(name.as_str()) {
            Some(object) => {
                let scoping = Scoping { role: &role.name, object, draft, names };
                objects.insert(object.name.clone(), grant(&scoping, doc, &at, report));
            }
            None if draft.known.broken_objects.contains(name) => {}
            None => unknown_object(name, draft, &at, report),
        }
    }
    Role {
        name: role.name.clone(),
        title: role.title.clone(),
        titles: role.titles.clone(),
        description: role.doc.description.clone(),
        package: role.package.clone(),
        inherits: Vec::new(),
        objects,
        metadata: role.doc.metadata.iter().map(|right| Right::from(*right)).collect(),
        renamed_from: role.renamed_from.clone(),
    }
}

fn unknown_object(name: &str, draft: &Draft, at: &At, report: &mut Report) {
    let mut finding = Finding::new(codes::UNKNOWN_OBJECT, "", format!("There is no object `{name}`"));
    finding.key = true;
    finding.found = Some(name.to_owned());
    finding.hint = did_you_mean(name, draft.objects.keys().map(Name::as_str))
        .map(|meant| format!("did you mean `{meant}`?"));
    report.error(at, finding);
}

fn grant(scoping: &Scoping<'_>, doc: &GrantDocument, at: &At, report: &mut Report) -> Grant {
    let mut scopes = |action: Action| {
        let each = doc.scopes(action).iter().enumerate();
        each.filter_map(|(index, doc)| {
            scope(scoping, doc, &at.below(&format!("/{}/{index}", action.as_str())), report)
        })
        .collect()
    };
    let (create, read, update) = (scopes(Action::Create), scopes(Action::Read), scopes(Action::Update));
    let (delete, destroy) = (scopes(Action::Delete), scopes(Action::Destroy));
    let object = scoping.object;
    Grant {
        create,
        read,
        update,
        delete,
        destroy,
        reads: fields(object, &doc.fields.read, &at.below("/fields/read"), report),
        writes: writable(object, &doc.fields.write, &at.below("/fields/write"), report),
        import: doc.import,
        export: doc.export,
    }
}

/// Fields by name; money takes its currency along.
fn fields(object: &DraftObject, names: &[String], at: &At, report: &mut Report) -> FieldGrant {
    let mut grant = FieldGrant::default();
    for (index, name) in names.iter().enumerate() {
        if name == EVERY_FIELD {
            grant.all = true;
            continue;
        }
        let Some(drafted) = object.fields.get(name.as_str()) else {
            object.unknown_field(name, &at.below(&format!("/{index}")), report);
            continue;
        };
        grant.names.insert(drafted.field.name.clone());
        grant.names.extend(currency_of(object, &drafted.field));
    }
    grant
}

fn currency_of(object: &DraftObject, money: &Field) -> Option<Name> {
    let is_its = |field: &&Field| matches!(&field.ty, FieldType::Currency { of } if *of == money.name);
    let mut fields = object.fields.values().map(|drafted| &drafted.field);
    fields.find(is_its).map(|field| field.name.clone())
}

/// The same for fields to write: what the platform keeps or computes nobody writes.
fn writable(object: &DraftObject, names: &[String], at: &At, report: &mut Report) -> FieldGrant {
    for (index, name) in names.iter().enumerate() {
        let field = object.fields.get(name.as_str()).map(|drafted| &drafted.field);
        if field.is_some_and(|field| !field.writable()) {
            let message = format!("`{name}` is computed or kept by the platform, so nobody writes it");
            let mut finding = Finding::new(codes::BAD_GRANT, &format!("/{index}"), message);
            finding.found = Some(name.clone());
            report.error(at, finding);
        }
    }
    fields(object, names, at, report)
}
