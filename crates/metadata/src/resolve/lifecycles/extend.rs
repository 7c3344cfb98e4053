//! Stages and transitions of documents, put into the lifecycle that they define or extend.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::{DraftLifecycle, DraftStage, DraftTransition};
use crate::catalog::Package;
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{LifecycleExtensionDocument, OneOrMany, StageDocument, TransitionDocument};
use crate::field::{choice_fault, made_label};
use crate::hint::did_you_mean;
use crate::name::Name;
use crate::resolve::draft::Draft;
use crate::resolve::load::{Documents, Loaded, Typed, bare};
use crate::resolve::report::{At, Report};

/// Whether a document defines the lifecycle or extends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// Its own.
    Itself,
    /// Another's, whose stages and transitions it may change.
    Another,
}

/// Extends lifecycles, in the order of packages.
pub fn extensions(
    documents: &Documents,
    packages: &IndexMap<String, Package>,
    draft: &mut Draft,
    report: &mut Report,
) {
    let mut all: Vec<(&Loaded, &LifecycleExtensionDocument)> = documents
        .all
        .iter()
        .filter_map(|loaded| match &loaded.typed {
            Typed::LifecycleExtension(doc) => Some((loaded, &**doc)),
            _ => None,
        })
        .collect();
    all.sort_by_key(|(loaded, doc)| (packages.get_index_of(&loaded.package), bare(&doc.extends)));
    for (loaded, doc) in all {
        let name = bare(&doc.extends);
        let package = doc.extends.rsplit_once('/').map(|(package, _)| package);
        let Some(mut target) = draft.lifecycles.get(name).cloned() else {
            unknown(&doc.extends, draft, loaded, report);
            continue;
        };
        if package.is_some_and(|package| package != target.package) {
            unknown(&doc.extends, draft, loaded, report);
            continue;
        }
        if let Some(title) = &doc.title {
            target.title.clone_from(title);
            target.titles.clear();
        }
        if let Some(when) = &doc.when {
            target.when = Some((when.clone(), loaded.at.below("/when")));
        }
        target.open |= loaded.lacks("/stages");
        stages(&mut target, loaded, &doc.stages, Into::Another, report);
        transitions(&mut target, loaded, &doc.transitions, Into::Another, report);
        moved(&mut target, loaded, &doc.moved);
        draft.lifecycles.insert(target.name.clone(), target);
    }
}

fn unknown(extends: &str, draft: &Draft, loaded: &Loaded, report: &mut Report) {
    let name = bare(extends);
    if draft.broken_lifecycles.contains(name) {
        return;
    }
    let message = format!("There is no lifecycle `{extends}`");
    let mut finding = Finding::new(codes::UNKNOWN_LIFECYCLE, "/extends", message);
    finding.found = Some(extends.to_owned());
    finding.hint = match draft.lifecycles.get(name) {
        Some(other) => Some(format!("did you mean `{}/{name}`?", other.package)),
        None => did_you_mean(name, draft.lifecycles.keys().map(Name::as_str))
            .map(|meant| format!("did you mean `{meant}`?")),
    };
    report.error(&loaded.at, finding);
}

/// What was written of a member of a list.
fn raw_of(loaded: &Loaded, list: &str, index: usize) -> Value {
    loaded.sound.get(list).and_then(|list| list.get(index)).cloned().unwrap_or_default()
}

/// The keys of one with those of the other put over them.
fn over(under: &Value, keys: &Value) -> Value {
    let mut merged = under.clone();
    if let (Some(merged), Some(keys)) = (merged.as_object_mut(), keys.as_object()) {
        merged.extend(keys.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    merged
}

/// Adds stages, or changes those that are there.
pub fn stages(
    lifecycle: &mut DraftLifecycle,
    loaded: &Loaded,
    documents: &[StageDocument],
    into: Into,
    report: &mut Report,
) {
    for (index, doc) in documents.iter().enumerate() {
        let at = loaded.item("/stages", index);
        let raw = raw_of(loaded, "stages", index);
        if let Some(before) = lifecycle.stages.get_mut(doc.name.as_str()) {
            if into == Into::Itself {
                let message = format!("The lifecycle has another stage `{}`", doc.name);
                report.error(&at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
                continue;
            }
            let merged = over(&before.raw, &raw);
            if let Ok(merged_doc) = StageDocument::deserialize(&merged) {
                *before = stage(&merged_doc, merged, at);
            }
            continue;
        }
        if let Some(fault) = choice_fault(&doc.name) {
            report.error(&at, Finding { pointer: "/name".to_owned(), ..fault });
            lifecycle.open = true;
            continue;
        }
        let behind = position(lifecycle, doc, into, &at, report);
        let place = behind.unwrap_or(lifecycle.stages.len());
        lifecycle.stages.shift_insert(place, Arc::from(doc.name.as_str()), stage(doc, raw, at));
    }
}

/// Where a new stage comes, when it is said.
fn position(
    lifecycle: &DraftLifecycle,
    doc: &StageDocument,
    into: Into,
    at: &At,
    report: &mut Report,
) -> Option<usize> {
    let after = doc.after.as_deref()?;
    if into == Into::Itself {
        let message = "`after` has a sense in an extension only; here the order of the list counts";
        report.error(at, Finding { key: true, ..Finding::new(codes::BAD_LIFECYCLE, "/after", message) });
        return None;
    }
    let found = lifecycle.stages.get_index_of(after).map(|place| place + 1);
    if found.is_none() {
        super::known_stage(lifecycle, after, &at.below("/after"), report);
    }
    found
}

fn stage(doc: &StageDocument, raw: Value, at: At) -> DraftStage {
    DraftStage {
        title: doc.title.clone().unwrap_or_else(|| made_label(&doc.name)),
        titles: doc.titles.clone(),
        doc: doc.clone(),
        raw,
        at,
    }
}

/// Adds transitions, or changes those that are there.
pub fn transitions(
    lifecycle: &mut DraftLifecycle,
    loaded: &Loaded,
    documents: &[TransitionDocument],
    into: Into,
    report: &mut Report,
) {
    for (index, doc) in documents.iter().enumerate() {
        let at = loaded.item("/transitions", index);
        let raw = raw_of(loaded, "transitions", index);
        let name = doc.name.clone().or_else(|| made_name(&lifecycle.name, doc));
        let before = lifecycle
            .transitions
            .iter_mut()
            .find(|other| into == Into::Another && Some(&other.name) == name.as_ref());
        if let Some(before) = before {
            change(before, &raw, (at, &loaded.package));
            continue;
        }
        for (key, missing) in [("from", doc.from.is_none()), ("to", doc.to.is_none())] {
            // In the lifecycle's own document its shape has been found wanting.
            if missing && into == Into::Another {
                let mut finding = Finding::new(codes::MISSING_KEY, "", format!("`{key}` is missing"));
                finding.expected = Some(format!("{key}, or the name of a transition that is changed"));
                finding.hint = doc.name.as_ref().and_then(|name| {
                    let known = lifecycle.transitions.iter().map(|other| other.name.as_str());
                    did_you_mean(name, known).map(|meant| format!("did you mean `{meant}`?"))
                });
                report.error(&at, finding);
            }
        }
        let Some(name) = name.filter(|_| doc.from.is_some() && doc.to.is_some()) else { continue };
        lifecycle.transitions.push(DraftTransition {
            doc: doc.clone(),
            raw,
            at,
            package: loaded.package.clone(),
            guard_of: loaded.package.clone(),
            then_of: loaded.package.clone(),
            name,
        });
    }
}

/// Puts the keys of an extension over a transition. Whoever writes an expression or the path of a script means their own package.
fn change(before: &mut DraftTransition, raw: &Value, (at, package): (At, &str)) {
    let mut merged = over(&before.raw, raw);
    // One that has no name of its own is named by its stages, and goes on without one.
    if let (None, Some(keys)) = (&before.doc.name, merged.as_object_mut()) {
        keys.shift_remove("name");
    }
    let Ok(doc) = TransitionDocument::deserialize(&merged) else { return };
    let writes = |key: &str| raw.get(key).is_some();
    if writes("guard") || writes("set") {
        package.clone_into(&mut before.package);
    }
    if writes("guard") {
        package.clone_into(&mut before.guard_of);
    }
    if writes("then") {
        package.clone_into(&mut before.then_of);
    }
    (before.doc, before.raw, before.at) = (doc, merged, at);
}

/// `lifecycle.from.to`
fn made_name(lifecycle: &Name, doc: &TransitionDocument) -> Option<String> {
    let from = match doc.from.as_ref()? {
        OneOrMany::One(one) => one.clone(),
        OneOrMany::Many(many) => many.join(","),
    };
    Some(format!("{lifecycle}.{from}.{}", doc.to.as_ref()?))
}

/// Notes where records go whose stage is gone.
pub fn moved(lifecycle: &mut DraftLifecycle, loaded: &Loaded, documents: &IndexMap<String, String>) {
    for (former, present) in documents {
        let at = loaded.at.below(&format!("/moved/{}", crate::json::escape(former)));
        lifecycle.moved.push((former.clone(), present.clone(), at));
    }
}
