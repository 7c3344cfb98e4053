//! What of a lifecycle deserves a look: stages that nobody reaches or leaves, transitions that nobody takes, lifecycles that no record takes.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::DraftLifecycle;
use crate::catalog::{FieldType, Lifecycle, Role, StageKind};
use crate::codes;
use crate::diagnostic::Finding;
use crate::hint::did_you_mean;
use crate::name::Name;
use crate::resolve::draft::Draft;
use crate::resolve::report::Report;
use crate::resolve::roles::BUILT_IN;

/// Roles that nobody defines, and transitions none of whose roles may update the object.
pub fn roles(
    drafted: &DraftLifecycle,
    lifecycle: &Lifecycle,
    draft: &Draft,
    roles: &IndexMap<Name, Arc<Role>>,
    report: &mut Report,
) {
    for transition in &drafted.transitions {
        for (index, name) in transition.doc.roles.iter().enumerate() {
            let at = transition.at.below(&format!("/roles/{index}"));
            super::super::roles::known_role(name, draft, &at, report);
        }
        let named = &transition.doc.roles;
        let may = |name: &String| {
            name == BUILT_IN
                || draft.broken_roles.contains(name)
                || roles.get(name.as_str()).is_some_and(|role| {
                    role.objects.get(&lifecycle.object).is_some_and(|grant| !grant.update.is_empty())
                })
        };
        let known = named.iter().all(|name| roles.contains_key(name.as_str()) || name == BUILT_IN);
        if !named.is_empty() && known && !named.iter().any(may) {
            let message = format!(
                "Nobody can take `{}`: none of its roles may update `{}`",
                transition.name, lifecycle.object
            );
            let mut finding = Finding::new(codes::IDLE_TRANSITION, "/roles", message);
            finding.found = Some(named.join(", "));
            finding.hint = Some(format!("grant `update` on `{}` to one of them", lifecycle.object));
            report.warn(&transition.at, finding);
        }
    }
}

/// Stages that no way leads to from the entry, and such as no way leads out of.
pub fn ways(drafted: &DraftLifecycle, lifecycle: &Lifecycle, report: &mut Report) {
    if drafted.open {
        return;
    }
    let reached = reached(lifecycle);
    for (name, stage) in &lifecycle.stages {
        let Some(place) = drafted.stages.get(name) else { continue };
        if !reached.contains(&**name) {
            let entry = lifecycle.entry().map_or("", |entry| &*entry.name);
            let message = format!("No way leads from `{entry}` to the stage `{name}`");
            let mut finding = Finding::new(codes::UNREACHABLE_STAGE, "/name", message);
            finding.found = Some(name.to_string());
            finding.hint =
                Some(format!("a transition {{\"from\": \"…\", \"to\": \"{name}\"}} would lead there"));
            report.warn(&place.at, finding);
        }
        let ends = matches!(stage.kind, StageKind::Won | StageKind::Lost);
        if !ends && lifecycle.leaving(name).next().is_none() {
            let message = format!("The stage `{name}` is neither won nor lost, and no way leads out of it");
            let mut finding = Finding::new(codes::DEAD_END, "/name", message);
            finding.found = Some(stage.kind.as_str().to_owned());
            finding.expected = Some("a transition out of it, or \"kind\": \"won\" or \"lost\"".to_owned());
            report.warn(&place.at, finding);
        }
    }
}

/// Required steps that nobody can do: they are done by tasks, and no task can belong to such a record.
pub fn steps(drafted: &DraftLifecycle, lifecycle: &Lifecycle, draft: &Draft, report: &mut Report) {
    let Some(task) = draft.objects.get("task") else { return };
    let belongs = |field: &FieldType| match field {
        FieldType::Lookup(lookup) => lookup.to == lifecycle.object,
        FieldType::Polymorphic { to, .. } => to.contains(&lifecycle.object),
        _ => false,
    };
    if task.fields.values().any(|drafted| belongs(&drafted.field.ty)) {
        return;
    }
    for (name, stage) in &lifecycle.stages {
        let Some(place) = drafted.stages.get(name).filter(|_| stage.sop.iter().any(|step| step.required))
        else {
            continue;
        };
        let message = format!(
            "Nobody can do the required steps of `{name}`: no `task` can belong to a `{}`",
            lifecycle.object
        );
        let mut finding = Finding::new(codes::SOP_WITHOUT_TASK, "/sop", message);
        finding.hint = Some(format!(
            "extend `task`: {{\"extends\": \"{}/task\", \"properties\": {{\"{1}\": {{\"x-type\": \"lookup\", \"x-to\": \"{1}\"}}}}}}",
            task.package, lifecycle.object
        ));
        report.warn(&place.at, finding);
    }
}

fn reached(lifecycle: &Lifecycle) -> HashSet<&str> {
    let mut reached: HashSet<&str> = HashSet::new();
    let mut next: Vec<&str> = lifecycle.entry().map(|entry| &*entry.name).into_iter().collect();
    while let Some(stage) = next.pop() {
        if reached.insert(stage) {
            next.extend(lifecycle.leaving(stage).map(|way| &*way.to));
        }
    }
    reached
}

/// Lifecycles that no record takes, because one of the same package before them takes all. A package that builds on another means to.
pub fn shadowed(draft: &Draft, report: &mut Report) {
    for (index, lifecycle) in draft.lifecycles.values().enumerate() {
        let before = draft.lifecycles.values().take(index);
        let beside = |other: &&DraftLifecycle| {
            (&other.object, &other.package) == (&lifecycle.object, &lifecycle.package)
        };
        let shadow = before.filter(beside).find(|other| other.when.is_none());
        if let Some(shadow) = shadow {
            let message = format!(
                "No record takes `{}`: `{}` comes before it and takes every `{}`",
                lifecycle.name, shadow.name, lifecycle.object
            );
            let mut finding = Finding::new(codes::SHADOWED_LIFECYCLE, "/name", message);
            finding.expected = Some(format!("a `when` in `{}` or in `{}`", lifecycle.name, shadow.name));
            report.warn(&lifecycle.at, finding);
        }
    }
}

/// Hints for a name among lifecycles.
pub fn meant(name: &str, draft: &Draft) -> Option<String> {
    did_you_mean(name, draft.lifecycles.keys().map(Name::as_str))
        .map(|meant| format!("did you mean `{meant}`?"))
}
