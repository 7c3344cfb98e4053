//! Roles: their names first, so that translations can speak of them; what they grant once all fields are known.

mod effect;
mod flow;
mod grant;
mod inherit;
mod scope;

use std::sync::Arc;

use indexmap::IndexMap;

use super::draft::{Draft, checked_name};
use super::expressions::DraftScope;
use super::load::{Documents, Loaded, Typed};
use super::report::{At, Report};
use crate::catalog::{Package, Role};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::RoleDocument;
use crate::field::made_label;
use crate::hint::did_you_mean;
use crate::name::Name;

/// The role that has every right and no document.
pub const BUILT_IN: &str = "admin";

/// Most roles of a tenant.
pub const MOST_ROLES: usize = 500;

/// A role being resolved.
#[derive(Clone, Debug)]
pub struct DraftRole {
    pub name: Name,
    pub title: String,
    pub titles: IndexMap<String, String>,
    pub package: String,
    pub renamed_from: Option<Name>,
    /// The document.
    pub at: At,
    pub doc: RoleDocument,
}

/// Registers the roles of all documents.
pub fn draft(
    documents: &Documents,
    packages: &IndexMap<String, Package>,
    draft: &mut Draft,
    report: &mut Report,
) {
    let mut all: Vec<(&Loaded, &RoleDocument)> = documents
        .all
        .iter()
        .filter_map(|loaded| match &loaded.typed {
            Typed::Role(doc) => Some((loaded, &**doc)),
            _ => None,
        })
        .collect();
    all.sort_by_key(|(loaded, doc)| (packages.get_index_of(&loaded.package), &doc.name));
    for (loaded, doc) in all {
        let Some(role) = role(loaded, doc, report) else {
            draft.broken_roles.insert(doc.name.clone());
            continue;
        };
        if let Some(other) = draft.roles.get(&role.name) {
            let message =
                format!("The role `{}` is defined already, by package `{}`", role.name, other.package);
            report.error(&loaded.at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
            continue;
        }
        if draft.roles.len() == MOST_ROLES {
            let mut finding =
                Finding::new(codes::TOO_MANY, "", "There are more roles than a tenant may have");
            finding.expected = Some(format!("at most {MOST_ROLES} roles"));
            report.error(&loaded.at, finding);
            break;
        }
        draft.roles.insert(role.name.clone(), role);
    }
}

fn role(loaded: &Loaded, doc: &RoleDocument, report: &mut Report) -> Option<DraftRole> {
    let name = checked_name(&doc.name, &loaded.at, "/name", report);
    let renamed_from = match &doc.renamed_from {
        None => None,
        Some(former) => checked_name(former, &loaded.at, "/renamedFrom", report),
    };
    if doc.name == BUILT_IN {
        let message = format!("The role `{BUILT_IN}` is built in: it has every right, and no document");
        let mut finding = Finding::new(codes::RESERVED_NAME, "/name", message);
        finding.found = Some(doc.name.clone());
        report.error(&loaded.at, finding);
        return None;
    }
    Some(DraftRole {
        title: if doc.title.trim().is_empty() { made_label(&doc.name) } else { doc.title.clone() },
        name: name?,
        titles: doc.titles.clone(),
        package: loaded.package.clone(),
        renamed_from,
        at: loaded.at.clone(),
        doc: doc.clone(),
    })
}

/// Reports a role that nobody defines.
pub fn known_role(name: &str, draft: &Draft, at: &At, report: &mut Report) {
    if name == BUILT_IN || draft.roles.contains_key(name) || draft.broken_roles.contains(name) {
        return;
    }
    let mut finding = Finding::new(codes::UNKNOWN_ROLE, "", format!("There is no role `{name}`"));
    finding.found = Some(name.to_owned());
    finding.hint = did_you_mean(name, draft.roles.keys().map(Name::as_str))
        .map(|meant| format!("did you mean `{meant}`?"));
    report.error(at, finding);
}

/// What all roles grant, with what they inherit; and what deserves a look.
pub fn roles(
    draft: &Draft,
    packages: &IndexMap<String, Package>,
    report: &mut Report,
) -> IndexMap<Name, Arc<Role>> {
    let mut own = IndexMap::new();
    for role in draft.roles.values() {
        let scope = DraftScope::new(draft, packages, &role.package);
        own.insert(role.name.clone(), grant::granted(role, draft, &scope, report));
    }
    let roles = inherit::merged(draft, own, report);
    for role in draft.roles.values() {
        if let Some(merged) = roles.get(&role.name) {
            effect::judge(role, merged, draft, report);
        }
    }
    if !report.failed() {
        flow::flows(draft, &roles, report);
    }
    roles
}
