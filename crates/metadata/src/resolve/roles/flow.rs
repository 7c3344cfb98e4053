//! Computed fields in system scope show what goes into them. Where a role sees the field and not its inputs, that is told: the author has
//! said so on purpose, and whoever reads the plan should know. Only advice; what may be seen is decided by `query/access`.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::catalog::{Field, FieldType, Many, Role, Via};
use crate::codes;
use crate::diagnostic::Finding;
use crate::name::Name;
use crate::resolve::draft::{Draft, DraftObject};
use crate::resolve::report::Report;
use crate::resolve::walk::rests;

/// Lists the flows. Formulas must be known to rest on each other without a circle.
pub fn flows(draft: &Draft, roles: &IndexMap<Name, Arc<Role>>, report: &mut Report) {
    for object in draft.objects.values() {
        for drafted in object.fields.values().filter(|drafted| drafted.field.system_scope) {
            let (field, Some(origin)) = (&drafted.field, &drafted.origin) else { continue };
            for role in roles.values() {
                let sight = Sight { draft, role };
                if !sight.granted(object, field) {
                    continue;
                }
                let hidden: Vec<String> = inputs(object, field, draft)
                    .into_iter()
                    .filter(|(of, name)| !sight.sees(of, name))
                    .map(|(of, name)| format!("`{of}.{name}`"))
                    .collect();
                if hidden.is_empty() {
                    continue;
                }
                let message = format!(
                    "`{}` sees `{}.{}`, which is made from what the role may not see: {}",
                    role.name,
                    object.name,
                    field.name,
                    hidden.join(", ")
                );
                let mut finding = Finding::new(codes::SYSTEM_SCOPE, "/x-scope", message);
                finding.hint = Some(format!(
                    "leave `{}` out of what `{}` reads, if that is not meant",
                    field.name, role.name
                ));
                report.warn(&origin.at, finding);
            }
        }
    }
}

/// The fields that a computed one is made from: object, field.
fn inputs(object: &DraftObject, field: &Field, draft: &Draft) -> IndexSet<(Arc<str>, Arc<str>)> {
    let seen = |expr: &expr::Expr, of: &str| {
        rests(expr, of, draft).fields.into_iter().map(|seen| (seen.object, seen.field)).collect::<Vec<_>>()
    };
    match &field.ty {
        FieldType::Formula { expr, .. } => seen(expr, &object.name).into_iter().collect(),
        FieldType::Rollup { of, field: folded, filter, .. } => {
            let mut found = IndexSet::from([(object.name.shared(), of.shared())]);
            let Some(FieldType::Many(many)) = draft.ty(&object.name, of) else { return found };
            found.extend(folded.iter().map(|folded| (many.to.shared(), folded.shared())));
            found.extend(filter.iter().flat_map(|filter| seen(filter, &many.to)));
            found
        }
        _ => IndexSet::new(),
    }
}

/// What one role sees by itself.
struct Sight<'a> {
    draft: &'a Draft,
    role: &'a Role,
}

impl Sight<'_> {
    fn object(&self, object: &str) -> bool {
        let link = self.draft.objects.get(object).is_some_and(|object| object.link);
        match self.role.objects.get(object) {
            Some(grant) => !grant.read.is_empty(),
            None => link,
        }
    }

    fn granted(&self, object: &DraftObject, field: &Field) -> bool {
        self.object(&object.name)
            && self.role.objects.get(&object.name).is_some_and(|grant| grant.reads.grants(field))
    }

    fn sees(&self, object: &str, field: &str) -> bool {
        let Some(object) = self.draft.objects.get(object).filter(|object| self.object(&object.name)) else {
            return false;
        };
        let Some(field) = object.fields.get(field).map(|drafted| &drafted.field) else { return true };
        let given = &*field.name == "id" || object.link || self.granted(object, field);
        match &field.ty {
            FieldType::Many(Many { to, via: Via::Field(by) }) => self.sees(to, by),
            FieldType::Many(Many { to, via: Via::Link { object: link, .. } }) => {
                self.object(to) && self.object(link)
            }
            FieldType::Currency { of } => self.sees(&object.name, of),
            FieldType::Lookup(lookup) => given && self.object(&lookup.to),
            FieldType::Polymorphic { to, .. } => given && to.iter().any(|to| self.object(to)),
            FieldType::Formula { .. } | FieldType::Rollup { .. } if !field.system_scope => {
                let inputs = inputs(object, field, self.draft);
                given && inputs.iter().all(|(of, name)| self.sees(of, name))
            }
            _ => given,
        }
    }
}
