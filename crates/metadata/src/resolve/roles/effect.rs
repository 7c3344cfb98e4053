//! What a role's document grants in vain, judged with all that the role inherits.

use super::DraftRole;
use super::grant::EVERY_FIELD;
use crate::catalog::{Field, FieldGrant, FieldType, Grant, Role};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::GrantDocument;
use crate::json::escape;
use crate::resolve::draft::{Draft, DraftObject};
use crate::resolve::report::{At, Report};

/// Judges the objects that the role's own document names.
pub fn judge(role: &DraftRole, merged: &Role, draft: &Draft, report: &mut Report) {
    for (name, doc) in &role.doc.objects {
        let (Some(grant), Some(object)) =
            (merged.objects.get(name.as_str()), draft.objects.get(name.as_str()))
        else {
            continue;
        };
        let at = role.at.below(&format!("/objects/{}", escape(name)));
        // What stands in the document and could not be read has been reported.
        if grant.read.is_empty() && doc.read.is_empty() {
            let message = format!(
                "`{}` grants no `read` on `{name}`, so the object stays hidden and nothing else is granted",
                role.name
            );
            report.warn(&at, Finding { key: true, ..Finding::new(codes::IDLE_GRANT, "", message) });
            continue;
        }
        if is_empty(&grant.reads) && doc.fields.read.is_empty() {
            let message = format!("`{}` grants no field of `{name}`: only the id is seen", role.name);
            let mut finding = Finding::new(codes::IDLE_GRANT, "", message);
            finding.key = true;
            finding.hint =
                Some("\"fields\": {\"read\": [\"*\"]} grants all that are not sensitive".to_owned());
            report.warn(&at, finding);
        }
        written(object, grant, doc, &at.below("/fields/write"), report);
        needed(role, object, grant, doc, &at, report);
    }
}

fn is_empty(grant: &FieldGrant) -> bool {
    !grant.all && grant.names.is_empty()
}

/// Fields that may be written but not seen.
fn written(object: &DraftObject, grant: &Grant, doc: &GrantDocument, at: &At, report: &mut Report) {
    for (index, name) in doc.fields.write.iter().enumerate() {
        let hidden = if name == EVERY_FIELD {
            is_empty(&grant.reads) && doc.fields.read.is_empty()
        } else {
            object.fields.get(name.as_str()).is_some_and(|drafted| {
                // Far ends are seen by whoever sees the relation.
                !matches!(drafted.field.ty, FieldType::Many(_)) && !grant.reads.grants(&drafted.field)
            })
        };
        if !hidden {
            continue;
        }
        let message = format!("`{name}` may be written but not read; a field that is written must be seen");
        let mut finding = Finding::new(codes::BAD_GRANT, &format!("/{index}"), message);
        finding.expected = Some(format!("`{name}` in `read` too"));
        let sensitive = object.fields.get(name.as_str()).is_some_and(|drafted| drafted.field.sensitive);
        if sensitive && grant.reads.all {
            finding.hint = Some(format!("`*` leaves out sensitive fields; name `{name}`"));
        }
        report.error(at, finding);
    }
}

/// Records that may be created and cannot be, or changed and cannot be.
fn needed(
    role: &DraftRole,
    object: &DraftObject,
    grant: &Grant,
    doc: &GrantDocument,
    at: &At,
    report: &mut Report,
) {
    let writes = |field: &Field| grant.writes.grants(field) && grant.reads.grants(field);
    if !doc.create.is_empty() {
        let missing: Vec<String> = object
            .fields
            .values()
            .map(|drafted| &drafted.field)
            .filter(|field| field.required && field.default.is_none() && !field.system && !writes(field))
            .map(|field| format!("`{}`", field.name))
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "`{}` may create `{}` records but not write what they require: {}",
                role.name,
                object.name,
                missing.join(", ")
            );
            report.warn(at, Finding::new(codes::IDLE_GRANT, "/create", message));
        }
    }
    if !doc.update.is_empty() && is_empty(&grant.writes) {
        let message =
            format!("`{}` may change `{}` records but write no field of them", role.name, object.name);
        report.warn(at, Finding::new(codes::IDLE_GRANT, "/update", message));
    }
}
