//! Lifecycles: first their stages, because objects have fields for them; what transitions demand once all fields are known.

mod extend;
mod fields;
mod judge;
mod stages;
mod transitions;

use std::cmp::Reverse;
use std::sync::Arc;

use indexmap::IndexMap;

use super::draft::{Draft, checked_name};
use super::expressions::{DraftScope, expression};
use super::load::{Documents, Loaded, Typed, bare};
use super::report::{At, Report};
use crate::catalog::{Lifecycle, Package, Role, Script};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{LifecycleDocument, StageDocument, TransitionDocument};
use crate::field::made_label;
use crate::hint::did_you_mean;
use crate::name::Name;

pub use fields::{label, system_field, system_fields};
pub use judge::meant;
pub use stages::known_stage;
pub use transitions::{Setting, date_of, known_function, set_fields};

/// Most lifecycles of a tenant.
const MOST_LIFECYCLES: usize = 500;

/// A lifecycle being resolved.
#[derive(Clone, Debug)]
pub struct DraftLifecycle {
    pub name: Name,
    pub object: Name,
    pub title: String,
    pub titles: IndexMap<String, String>,
    pub description: Option<String>,
    pub package: String,
    pub renamed_from: Option<Name>,
    /// The document.
    pub at: At,
    /// The condition with its place.
    pub when: Option<(String, At)>,
    pub stages: IndexMap<Arc<str>, DraftStage>,
    pub transitions: Vec<DraftTransition>,
    /// Former stage, present one, place.
    pub moved: Vec<(String, String, At)>,
    /// Whether a faulty part may have given it further stages.
    pub open: bool,
}

/// A stage being resolved.
#[derive(Clone, Debug)]
pub struct DraftStage {
    pub doc: StageDocument,
    /// The keys as written.
    pub raw: serde_json::Value,
    pub at: At,
    pub title: String,
    pub titles: IndexMap<String, String>,
}

/// A transition being resolved.
#[derive(Clone, Debug)]
pub struct DraftTransition {
    pub doc: TransitionDocument,
    /// The keys as written.
    pub raw: serde_json::Value,
    pub at: At,
    /// Whose settings its expressions name.
    pub package: String,
    /// Whose script its guard names.
    pub guard_of: String,
    /// Whose script runs behind it.
    pub then_of: String,
    pub name: String,
}

/// Registers the lifecycles of all documents, extended by those that extend them.
pub fn draft(
    documents: &Documents,
    packages: &IndexMap<String, Package>,
    draft: &mut Draft,
    report: &mut Report,
) {
    let mut all: Vec<(&Loaded, &LifecycleDocument)> = documents
        .all
        .iter()
        .filter_map(|loaded| match &loaded.typed {
            Typed::Lifecycle(doc) => Some((loaded, &**doc)),
            _ => None,
        })
        .collect();
    all.sort_by_key(|(loaded, doc)| (packages.get_index_of(&loaded.package), &doc.name));
    for (loaded, doc) in all {
        let Some(lifecycle) = lifecycle(loaded, doc, draft, report) else {
            draft.broken_lifecycles.insert(doc.name.clone());
            draft.known.broken_objects.insert(doc.object.clone());
            continue;
        };
        if let Some(other) = draft.lifecycles.get(&lifecycle.name) {
            let message =
                format!("The lifecycle `{}` is defined already, by package `{}`", doc.name, other.package);
            let mut finding = Finding::new(codes::DUPLICATE_NAME, "/name", message);
            finding.hint =
                Some(format!("to add to it, write {{\"extends\": \"{}/{}\", …}}", other.package, doc.name));
            report.error(&loaded.at, finding);
            continue;
        }
        if draft.lifecycles.len() == MOST_LIFECYCLES {
            let mut finding =
                Finding::new(codes::TOO_MANY, "", "There are more lifecycles than a tenant may have");
            finding.expected = Some(format!("at most {MOST_LIFECYCLES} lifecycles"));
            report.error(&loaded.at, finding);
            break;
        }
        draft.lifecycles.insert(lifecycle.name.clone(), lifecycle);
    }
    draft.broken_lifecycles.extend(documents.broken.iter().cloned());
    extend::extensions(documents, packages, draft, report);
    // Which records a lifecycle takes is asked in this order: those that take all come last, and a package before those that it builds
    // on, so that it can take over their records.
    draft.lifecycles.sort_by(|_, a, _, b| {
        let place = |one: &DraftLifecycle| (one.when.is_none(), Reverse(packages.get_index_of(&one.package)));
        (place(a), &a.name).cmp(&(place(b), &b.name))
    });
}

fn lifecycle(
    loaded: &Loaded,
    doc: &LifecycleDocument,
    draft: &Draft,
    report: &mut Report,
) -> Option<DraftLifecycle> {
    let name = checked_name(&doc.name, &loaded.at, "/name", report);
    let renamed_from = match &doc.renamed_from {
        None => None,
        Some(former) => checked_name(former, &loaded.at, "/renamedFrom", report),
    };
    let named = bare(&doc.object);
    let Some(object) = draft.objects.get(named) else {
        if !draft.known.broken_objects.contains(named) {
            let message = format!("There is no object `{}`", doc.object);
            let mut finding = Finding::new(codes::UNKNOWN_OBJECT, "/object", message);
            finding.found = Some(doc.object.clone());
            finding.hint = did_you_mean(named, draft.objects.keys().map(Name::as_str))
                .map(|meant| format!("did you mean `{meant}`?"));
            report.error(&loaded.at, finding);
        }
        return None;
    };
    let mut lifecycle = DraftLifecycle {
        name: name?,
        object: object.name.clone(),
        title: doc.title.clone().unwrap_or_else(|| made_label(&doc.name)),
        titles: doc.titles.clone(),
        description: doc.description.clone(),
        package: loaded.package.clone(),
        renamed_from,
        at: loaded.at.clone(),
        when: doc.when.clone().map(|when| (when, loaded.at.below("/when"))),
        stages: IndexMap::new(),
        transitions: Vec::new(),
        moved: Vec::new(),
        open: loaded.lacks("/stages"),
    };
    if doc.stages.is_empty() && !lifecycle.open {
        let message = "A lifecycle needs at least one stage, in which records begin";
        report.error(&loaded.at, Finding::new(codes::BAD_LIFECYCLE, "/stages", message));
        return None;
    }
    extend::stages(&mut lifecycle, loaded, &doc.stages, extend::Into::Itself, report);
    extend::transitions(&mut lifecycle, loaded, &doc.transitions, extend::Into::Itself, report);
    extend::moved(&mut lifecycle, loaded, &doc.moved);
    Some(lifecycle)
}

/// All lifecycles with what their stages and transitions say; and what deserves a look.
pub fn lifecycles(
    draft: &Draft,
    packages: &IndexMap<String, Package>,
    (roles, scripts): (&IndexMap<Name, Arc<Role>>, &[Script]),
    report: &mut Report,
) -> IndexMap<Name, Arc<Lifecycle>> {
    let mut lifecycles = IndexMap::new();
    for drafted in draft.lifecycles.values() {
        let before = report.failed();
        let Some(made) = made(drafted, draft, packages, scripts, report) else { continue };
        judge::roles(drafted, &made, draft, roles, report);
        judge::steps(drafted, &made, draft, report);
        // What is faulty may be the way that seems to be missing.
        if !before && !report.failed() {
            judge::ways(drafted, &made, report);
        }
        lifecycles.insert(drafted.name.clone(), Arc::new(made));
    }
    judge::shadowed(draft, report);
    lifecycles
}

fn made(
    drafted: &DraftLifecycle,
    draft: &Draft,
    packages: &IndexMap<String, Package>,
    scripts: &[Script],
    report: &mut Report,
) -> Option<Lifecycle> {
    let object = draft.objects.get(&drafted.object)?;
    let scope = DraftScope::new(draft, packages, &drafted.package);
    let when = drafted
        .when
        .as_ref()
        .and_then(|(text, at)| expression(text, &scope, &object.name, Some(&expr::Type::Bool), at, report));
    let stages = stages::stages(drafted, object, report);
    let mut ways = Vec::new();
    for transition in &drafted.transitions {
        let scope = DraftScope::new(draft, packages, &transition.package);
        let setting = Setting { object, scope: &scope, scripts };
        ways.extend(transitions::transition(drafted, transition, &setting, report));
    }
    transitions::names(drafted, report);
    Some(Lifecycle {
        name: drafted.name.clone(),
        object: drafted.object.clone(),
        title: drafted.title.clone(),
        titles: drafted.titles.clone(),
        description: drafted.description.clone(),
        package: drafted.package.clone(),
        when,
        stages,
        transitions: ways,
        moved: stages::moved(drafted, report),
        renamed_from: drafted.renamed_from.clone(),
    })
}
