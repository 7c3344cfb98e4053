//! What a stage says, checked.

use std::collections::HashSet;
use std::sync::Arc;

use expr::Duration;
use indexmap::IndexMap;

use super::{DraftLifecycle, DraftStage};
use crate::catalog::{Journey, SopStep, Stage, StageKind};
use crate::codes;
use crate::diagnostic::Finding;
use crate::field::made_label;
use crate::hint::did_you_mean;
use crate::name::Name;
use crate::resolve::draft::{DraftObject, checked_name};
use crate::resolve::report::{At, Report};

/// The stages of a lifecycle.
pub fn stages(
    drafted: &DraftLifecycle,
    object: &DraftObject,
    report: &mut Report,
) -> IndexMap<Arc<str>, Stage> {
    drafted
        .stages
        .iter()
        .map(|(name, drafted)| (Arc::clone(name), stage(name, drafted, object, report)))
        .collect()
}

fn stage(name: &Arc<str>, drafted: &DraftStage, object: &DraftObject, report: &mut Report) -> Stage {
    let DraftStage { doc, at, title, titles, .. } = drafted;
    Stage {
        name: Arc::clone(name),
        title: title.clone(),
        titles: titles.clone(),
        description: doc.description.clone(),
        kind: doc.kind.map(StageKind::from).unwrap_or_default(),
        journey: doc.journey.map(Journey::from),
        phase: doc.phase.clone(),
        expected: duration(doc.expected.as_deref(), &at.below("/expected"), report),
        probability: doc.probability,
        functions: doc.functions.clone(),
        systems: doc.systems.clone(),
        metrics: doc.metrics.clone(),
        sop: sop(drafted, report),
        locked: locked(drafted, object, report),
        cooldown: duration(doc.cooldown.as_deref(), &at.below("/cooldown"), report),
        renamed_from: doc.renamed_from.clone(),
    }
}

/// A length of time that is not negative.
pub fn duration(text: Option<&str>, at: &At, report: &mut Report) -> Option<Duration> {
    let text = text?;
    let found = offset(text, at, report)?;
    if found.months < 0 || found.micros < 0 {
        let mut finding = Finding::new(codes::BAD_VALUE, "", "The length of time is negative");
        finding.found = Some(text.to_owned());
        report.error(at, finding);
        return None;
    }
    Some(found)
}

/// A length of time in either direction.
pub fn offset(text: &str, at: &At, report: &mut Report) -> Option<Duration> {
    match text.parse::<Duration>() {
        Ok(duration) => Some(duration),
        Err(bad) => {
            let mut finding = Finding::new(codes::BAD_VALUE, "", bad.to_string());
            finding.expected = Some("a length of time such as 15m, 3h, 7d, 2w or 3mo".to_owned());
            finding.found = Some(text.to_owned());
            report.error(at, finding);
            None
        }
    }
}

fn sop(drafted: &DraftStage, report: &mut Report) -> Vec<SopStep> {
    let mut seen = HashSet::new();
    let mut steps = Vec::new();
    for (index, doc) in drafted.doc.sop.iter().enumerate() {
        let at = drafted.at.below(&format!("/sop/{index}"));
        let Some(name) = checked_name(&doc.name, &at, "/name", report) else { continue };
        if !seen.insert(name.clone()) {
            let message = format!("The stage has another step `{name}`");
            report.error(&at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
            continue;
        }
        steps.push(SopStep {
            title: doc.title.clone().unwrap_or_else(|| made_label(&doc.name)),
            name,
            talk_track: doc.talk_track.clone(),
            required: doc.required,
        });
    }
    steps
}

fn locked(drafted: &DraftStage, object: &DraftObject, report: &mut Report) -> Vec<Name> {
    let mut names = Vec::new();
    for (index, name) in drafted.doc.locked.iter().enumerate() {
        let at = drafted.at.below(&format!("/locked/{index}"));
        let Some(field) = object.fields.get(name.as_str()).map(|drafted| &drafted.field) else {
            object.unknown_field(name, &at, report);
            continue;
        };
        if field.writable() && &*field.name != "stage" {
            names.push(field.name.clone());
        } else {
            let message = format!("`{name}` is computed or kept by the platform, so it cannot be locked");
            let mut finding = Finding::new(codes::BAD_LIFECYCLE, "", message);
            finding.found = Some(name.clone());
            report.error(&at, finding);
        }
    }
    names
}

/// The stage of that name; reported when there is none.
pub fn known_stage(lifecycle: &DraftLifecycle, name: &str, at: &At, report: &mut Report) -> Option<Arc<str>> {
    if let Some((name, _)) = lifecycle.stages.get_key_value(name) {
        return Some(Arc::clone(name));
    }
    if !lifecycle.open {
        let known = || lifecycle.stages.keys().map(|name| &**name);
        let message = format!("`{}` has no stage `{name}`", lifecycle.name);
        let mut finding = Finding::new(codes::UNKNOWN_STAGE, "", message);
        finding.expected = Some(known().take(20).collect::<Vec<_>>().join(", "));
        finding.found = Some(name.to_owned());
        finding.hint = did_you_mean(name, known()).map(|meant| format!("did you mean `{meant}`?"));
        report.error(at, finding);
    }
    None
}

/// Where records go whose stage is gone.
pub fn moved(drafted: &DraftLifecycle, report: &mut Report) -> IndexMap<String, Arc<str>> {
    let mut moved = IndexMap::new();
    for (former, present, at) in &drafted.moved {
        if drafted.stages.contains_key(former.as_str()) {
            let message = format!("`{former}` is still a stage of `{}`, so its records stay", drafted.name);
            report.error(at, Finding { key: true, ..Finding::new(codes::BAD_LIFECYCLE, "", message) });
        } else if let Some(present) = known_stage(drafted, present, at, report) {
            moved.insert(former.clone(), present);
        }
    }
    moved
}
