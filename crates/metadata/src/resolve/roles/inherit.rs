//! Roles with the grants of the roles that they inherit.

use std::sync::Arc;

use indexmap::IndexMap;

use super::DraftRole;
use crate::catalog::{FieldGrant, Grant, Role, Scope};
use crate::codes;
use crate::diagnostic::Finding;
use crate::hint::did_you_mean;
use crate::name::Name;
use crate::resolve::draft::Draft;
use crate::resolve::report::Report;

/// All roles, each with what it inherits merged in; in the order of their drafts.
pub fn merged(draft: &Draft, own: IndexMap<Name, Role>, report: &mut Report) -> IndexMap<Name, Arc<Role>> {
    let mut merging = Merging { draft, own, done: IndexMap::new(), way: Vec::new() };
    for name in draft.roles.keys() {
        merging.role(name, report);
    }
    let mut done = merging.done;
    draft.roles.keys().filter_map(|name| done.swap_remove_entry(name)).collect()
}

struct Merging<'a> {
    draft: &'a Draft,
    own: IndexMap<Name, Role>,
    done: IndexMap<Name, Arc<Role>>,
    /// Roles that are being merged, each inherited by the one before it.
    way: Vec<Name>,
}

impl Merging<'_> {
    fn role(&mut self, name: &Name, report: &mut Report) {
        if self.done.contains_key(name) {
            return;
        }
        let (Some(mut role), Some(drafted)) = (self.own.get(name).cloned(), self.draft.roles.get(name))
        else {
            return;
        };
        self.way.push(name.clone());
        for (index, parent) in drafted.doc.inherits.iter().enumerate() {
            let Some((parent, _)) = self.draft.roles.get_key_value(parent.as_str()) else {
                self.unknown(drafted, index, parent, report);
                continue;
            };
            if let Some(start) = self.way.iter().position(|other| other == parent) {
                self.circle(drafted, index, start, report);
                continue;
            }
            if role.inherits.contains(parent) {
                continue;
            }
            self.role(parent, report);
            role.inherits.push(parent.clone());
            if let Some(parent) = self.done.get(parent) {
                merge(&mut role, parent);
            }
        }
        self.way.pop();
        self.done.insert(name.clone(), Arc::new(role));
    }

    fn unknown(&self, role: &DraftRole, index: usize, parent: &str, report: &mut Report) {
        if self.draft.broken_roles.contains(parent) || self.draft.known.broken_objects.contains(parent) {
            return;
        }
        let message = format!("There is no role `{parent}`");
        let mut finding = Finding::new(codes::UNKNOWN_ROLE, &format!("/inherits/{index}"), message);
        finding.found = Some(parent.to_owned());
        finding.hint = did_you_mean(parent, self.draft.roles.keys().map(Name::as_str))
            .map(|meant| format!("did you mean `{meant}`?"));
        report.error(&role.at, finding);
    }

    fn circle(&self, role: &DraftRole, index: usize, start: usize, report: &mut Report) {
        let circle = self.way.iter().skip(start).map(Name::as_str);
        let back = self.way.get(start).map(Name::as_str);
        let circle = circle.chain(back).collect::<Vec<_>>().join(" → ");
        let message = format!("Roles inherit each other: {circle}");
        let mut finding = Finding::new(codes::CYCLIC_ROLES, &format!("/inherits/{index}"), message);
        finding.found = Some(circle);
        report.error(&role.at, finding);
    }
}

/// Adds what another role grants. Each scope keeps the role in whose document it stands.
fn merge(role: &mut Role, from: &Role) {
    role.metadata.extend(from.metadata.iter().copied());
    for (name, grant) in &from.objects {
        let to = role.objects.entry(name.clone()).or_default();
        let Grant { create, read, update, delete, destroy, reads, writes, import, export } = grant;
        add(&mut to.create, create);
        add(&mut to.read, read);
        add(&mut to.update, update);
        add(&mut to.delete, delete);
        add(&mut to.destroy, destroy);
        add_fields(&mut to.reads, reads);
        add_fields(&mut to.writes, writes);
        to.import |= import;
        to.export |= export;
    }
}

fn add(to: &mut Vec<Scope>, from: &[Scope]) {
    for scope in from {
        if !to.contains(scope) {
            to.push(scope.clone());
        }
    }
}

fn add_fields(to: &mut FieldGrant, from: &FieldGrant) {
    to.all |= from.all;
    to.names.extend(from.names.iter().cloned());
}
