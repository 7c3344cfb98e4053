//! What changed among lifecycles, automations and scripts.

use std::sync::Arc;

use expr::Expr;

use super::rules::plain;
use super::{Changes, Detail};
use crate::catalog::{Automation, Catalog, Guard, Lifecycle, Script, Stage, Transition, Trigger};
use crate::name::Name;

/// Lifecycles by name, renames honoured.
pub(super) fn lifecycles(old: &Catalog, new: &Catalog, changes: &mut Changes) {
    let mut gone: Vec<&Name> =
        old.lifecycles.keys().filter(|name| !new.lifecycles.contains_key(*name)).collect();
    for (name, lifecycle) in &new.lifecycles {
        let path = format!("lifecycles.{name}");
        let before = old.lifecycles.get(name).or_else(|| {
            let former = lifecycle.renamed_from.as_ref()?;
            let place = gone.iter().position(|other| *other == former)?;
            gone.remove(place);
            old.lifecycles.get(former)
        });
        let Some(before) = before else {
            changes.add(path, Detail::LifecycleAdded { lifecycle: name.clone() });
            continue;
        };
        if before.name != lifecycle.name {
            let (lifecycle, from) = (name.clone(), before.name.clone());
            changes.add(path.clone(), Detail::LifecycleRenamed { lifecycle, from });
        }
        if *changes.renamed(&before.object) != lifecycle.object
            || before.when.as_ref().map(plain) != lifecycle.when.as_ref().map(plain)
        {
            changes.add(path.clone(), Detail::LifecycleChanged { lifecycle: name.clone() });
        }
        stages(before, lifecycle, changes);
        transitions(before, lifecycle, changes);
        changes.other(
            path,
            &[
                ("title", before.title != lifecycle.title || before.titles != lifecycle.titles),
                ("description", before.description != lifecycle.description),
                ("package", before.package != lifecycle.package),
            ],
        );
    }
    for name in gone {
        changes.add(format!("lifecycles.{name}"), Detail::LifecycleDropped { lifecycle: name.clone() });
    }
}

fn stages(old: &Lifecycle, new: &Lifecycle, changes: &mut Changes) {
    let mut gone: Vec<&Arc<str>> = old.stages.keys().filter(|name| !new.stages.contains_key(*name)).collect();
    for (name, stage) in &new.stages {
        let path = format!("lifecycles.{}.stages.{name}", new.name);
        let (lifecycle, stage_name) = (new.name.clone(), name.to_string());
        let before = old.stages.get(name).or_else(|| {
            let former = stage.renamed_from.as_deref()?;
            let place = gone.iter().position(|other| &***other == former)?;
            gone.remove(place);
            old.stages.get(former)
        });
        let Some(before) = before else {
            changes.add(path, Detail::StageAdded { lifecycle, stage: stage_name });
            continue;
        };
        if before.name != stage.name {
            let from = before.name.to_string();
            changes.add(
                path.clone(),
                Detail::StageRenamed { lifecycle: lifecycle.clone(), stage: stage_name.clone(), from },
            );
        }
        if rules(before) != rules(stage) {
            changes.add(path.clone(), Detail::StageChanged { lifecycle, stage: stage_name });
        }
        changes.other(path, &about(before, stage));
    }
    for name in gone {
        let detail = Detail::StageDropped { lifecycle: new.name.clone(), stage: name.to_string() };
        changes.add(format!("lifecycles.{}.stages.{name}", new.name), detail);
    }
    let order = |one: &Lifecycle, other: &Lifecycle| -> Vec<Arc<str>> {
        one.stages.keys().filter(|name| other.stages.contains_key(*name)).cloned().collect()
    };
    changes
        .other(format!("lifecycles.{}.stages", new.name), &[("order", order(old, new) != order(new, old))]);
}

/// What of a stage decides what may be done to a record.
fn rules(stage: &Stage) -> impl PartialEq {
    let steps: Vec<Name> =
        stage.sop.iter().filter(|step| step.required).map(|step| step.name.clone()).collect();
    (stage.kind, stage.locked.clone(), stage.cooldown, steps)
}

/// What of a stage only informs.
fn about(old: &Stage, new: &Stage) -> [(&'static str, bool); 9] {
    let steps = |stage: &Stage| -> Vec<(Name, String, Option<String>)> {
        stage
            .sop
            .iter()
            .map(|step| (step.name.clone(), step.title.clone(), step.talk_track.clone()))
            .collect()
    };
    [
        ("title", old.title != new.title || old.titles != new.titles),
        ("description", old.description != new.description),
        ("journey", old.journey != new.journey),
        ("phase", old.phase != new.phase),
        ("expected", old.expected != new.expected),
        ("probability", old.probability != new.probability),
        ("functions", (&old.functions, &old.systems) != (&new.functions, &new.systems)),
        ("metrics", old.metrics != new.metrics),
        ("sop", steps(old) != steps(new)),
    ]
}

fn transitions(old: &Lifecycle, new: &Lifecycle, changes: &mut Changes) {
    for (index, transition) in new.transitions.iter().enumerate() {
        let path = format!("lifecycles.{}.transitions.{}", new.name, transition.name);
        let (lifecycle, name) = (new.name.clone(), transition.name.clone());
        match counterpart(new, index, old) {
            None => changes.add(path, Detail::TransitionAdded { lifecycle, transition: name }),
            Some(before) => {
                let what = differing(before, transition);
                if !what.is_empty() {
                    changes
                        .add(path.clone(), Detail::TransitionChanged { lifecycle, transition: name, what });
                }
                changes.other(
                    path,
                    &[
                        ("title", before.title != transition.title),
                        ("message", before.message != transition.message),
                    ],
                );
            }
        }
    }
    for (index, transition) in old.transitions.iter().enumerate() {
        if counterpart(old, index, new).is_none() {
            let (lifecycle, name) = (new.name.clone(), transition.name.clone());
            let path = format!("lifecycles.{lifecycle}.transitions.{name}");
            changes.add(path, Detail::TransitionDropped { lifecycle, transition: name });
        }
    }
}

/// The transition of the same name in another version of the lifecycle; of several of one name the one of the same place among them.
pub fn counterpart<'a>(of: &Lifecycle, index: usize, other: &'a Lifecycle) -> Option<&'a Transition> {
    let transition = of.transitions.get(index)?;
    let earlier = of.transitions.iter().take(index).filter(|one| one.name == transition.name).count();
    let own = |name: &str| name.strip_prefix(&*of.name).map(|rest| format!("{}{rest}", other.name));
    let made = if transition.named { None } else { own(&transition.name) };
    let name = made.as_ref().unwrap_or(&transition.name);
    other.transitions.iter().filter(|one| one.name == *name).nth(earlier)
}

/// What differs in what a transition demands and does.
fn differing(old: &Transition, new: &Transition) -> Vec<&'static str> {
    let parts = [
        ("ways", (&old.from, &old.to) != (&new.from, &new.to)),
        ("guard", !same_guard(old.guard.as_ref(), new.guard.as_ref())),
        ("needs", old.needs.as_ref().map(plain) != new.needs.as_ref().map(plain)),
        ("requires", old.requires != new.requires),
        ("roles", old.roles != new.roles),
        ("reason", old.reason != new.reason),
        ("set", !same_set(&old.set, &new.set)),
        ("then", old.then != new.then),
        ("auto", old.auto != new.auto),
    ];
    parts.into_iter().filter_map(|(what, differs)| differs.then_some(what)).collect()
}

/// Whether two guards say the same, white space aside. A script of the same path may still do something else.
pub fn same_guard(old: Option<&Guard>, new: Option<&Guard>) -> bool {
    match (old, new) {
        (None, None) => true,
        (Some(Guard::Expr(old)), Some(Guard::Expr(new))) => plain(old) == plain(new),
        (Some(Guard::Script(old)), Some(Guard::Script(new))) => old == new,
        _ => false,
    }
}

fn same_set(old: &[(Name, Expr)], new: &[(Name, Expr)]) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|((a, old), (b, new))| a == b && plain(old) == plain(new))
}

/// Automations by name, renames honoured.
pub(super) fn automations(old: &Catalog, new: &Catalog, changes: &mut Changes) {
    let mut gone: Vec<&Name> =
        old.automations.keys().filter(|name| !new.automations.contains_key(*name)).collect();
    for (name, automation) in &new.automations {
        let path = format!("automations.{name}");
        let before = old.automations.get(name).or_else(|| {
            let former = automation.renamed_from.as_ref()?;
            let place = gone.iter().position(|other| *other == former)?;
            gone.remove(place);
            old.automations.get(former)
        });
        let Some(before) = before else {
            changes.add(path, Detail::AutomationAdded { automation: name.clone() });
            continue;
        };
        if before.name != automation.name {
            let (automation, from) = (name.clone(), before.name.clone());
            changes.add(path.clone(), Detail::AutomationRenamed { automation, from });
        }
        if !same_automation(before, automation) {
            changes.add(path.clone(), Detail::AutomationChanged { automation: name.clone() });
        }
        changes.other(
            path,
            &[
                ("title", before.title != automation.title || before.titles != automation.titles),
                ("description", before.description != automation.description),
                ("package", before.package != automation.package),
            ],
        );
    }
    for name in gone {
        changes.add(format!("automations.{name}"), Detail::AutomationDropped { automation: name.clone() });
    }
}

fn same_automation(old: &Automation, new: &Automation) -> bool {
    old.object == new.object
        && same_trigger(&old.on, &new.on)
        && old.run == new.run
        && old.when.as_ref().map(plain) == new.when.as_ref().map(plain)
        && same_set(&old.set, &new.set)
        && old.then == new.then
        && old.principal == new.principal
}

fn same_trigger(old: &Trigger, new: &Trigger) -> bool {
    match (old, new) {
        (
            Trigger::Schedule { cron, zone, each },
            Trigger::Schedule { cron: new_cron, zone: new_zone, each: new_each },
        ) => (cron, zone) == (new_cron, new_zone) && each.as_ref().map(plain) == new_each.as_ref().map(plain),
        // What has no expression in it is the same when it reads the same.
        _ => format!("{old:?}") == format!("{new:?}"),
    }
}

/// Scripts by package and module.
pub(super) fn scripts(old: &Catalog, new: &Catalog, changes: &mut Changes) {
    let same = |one: &Script, other: &Script| (&one.package, &one.module) == (&other.package, &other.module);
    for script in &new.scripts {
        let path = format!("scripts.{}.{}", script.package, script.module);
        let (package, module) = (script.package.clone(), script.module.clone());
        match old.scripts.iter().find(|other| same(other, script)) {
            None => changes.add(path, Detail::ScriptAdded { package, module }),
            Some(before) if (&before.text, &before.settings) != (&script.text, &script.settings) => {
                changes.add(path, Detail::ScriptChanged { package, module });
            }
            Some(_) => {}
        }
    }
    for script in old.scripts.iter().filter(|script| !new.scripts.iter().any(|other| same(script, other))) {
        let (package, module) = (script.package.clone(), script.module.clone());
        changes.add(format!("scripts.{package}.{module}"), Detail::ScriptDropped { package, module });
    }
}
