//! What transitions demand of records, and which of it is not met: one refusal for each demand.
//!
//! A transition that a record takes by itself is asked for no roles and no reason; everything else holds for it as well.

use std::collections::HashSet;
use std::sync::Arc;

use expr::{Duration, Expr, FieldPath, Node, Quantifier, Root, Span, Value};
use metadata::Name;
use metadata::catalog::{FieldType, FunctionPath, Guard, Transition};
use query::access::Access;

use super::condition::{self, Question};
use super::log::Log;
use super::{Way, sop};
use crate::error::WriteError;
use crate::model::Shape;
use crate::outcome::{Code, Refusal};
use crate::run::{Halt, Job, Run};

/// A way that a job might take.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The job, by its place in the wave.
    pub(crate) place: usize,
    pub(crate) way: Way,
    /// Whether the record would take it by itself.
    pub(crate) auto: bool,
}

/// For each of the cases what is not met.
pub(crate) async fn unmet(run: &mut Run<'_>, cases: &[Case], log: &Log) -> Result<Vec<Vec<Refusal>>, Halt> {
    let mut out: Vec<Vec<Refusal>> = cases.iter().map(|case| of_record(run, case, log)).collect();
    let undone = sop::undone(run, cases).await?;
    for ((refusals, steps), case) in out.iter_mut().zip(undone).zip(cases) {
        refusals.extend(steps.iter().map(|step| refusal(case, format!("`{step}` is not done yet"))));
    }
    for (numbers, way) in alike(cases) {
        let Some(transition) = way.transition() else { continue };
        for (expr, filter) in conditions(transition) {
            let met = met(run, cases, &numbers, (&way, expr)).await?;
            for number in numbers.iter().filter(|number| !met.contains(number)) {
                let (Some(case), Some(refusals)) = (cases.get(*number), out.get_mut(*number)) else {
                    continue;
                };
                let told = told(run, case, transition, (expr, filter));
                refusals.push(refusal(case, told));
            }
        }
        computed(run, cases, (&numbers, &way), &mut out).await?;
        if let Some(Guard::Script(path)) = &transition.guard {
            scripted(run, cases, (&numbers, transition, path), &mut out).await?;
        }
    }
    Ok(out)
}

/// Asks a guard that is a script, record by record.
async fn scripted(
    run: &mut Run<'_>,
    cases: &[Case],
    (numbers, transition, path): (&[usize], &Transition, &FunctionPath),
    out: &mut [Vec<Refusal>],
) -> Result<(), Halt> {
    for number in numbers {
        let Some(case) = cases.get(*number) else { continue };
        let to = case.way.to();
        let event = [("kind", "transition"), ("from", &*case.way.from), ("to", &*to)];
        let event = event.map(|(name, text)| (name.to_owned(), script::Data::text(text)));
        let event = script::Data::Map(event.into());
        let verdict = match crate::script::judge(run, path, case.place, event).await {
            // Who only looks is told what the move would fail of; the other moves are there all the same.
            Err(Halt::Failed(WriteError::Script(failed))) if run.looks_ahead() => {
                let line = failed.place.as_ref().and_then(|place| place.line);
                let told = Refusal { line, ..Refusal::new(Code::ScriptError, failed.to_string()) };
                if let Some(refusals) = out.get_mut(*number) {
                    refusals.push(told.rule(case.way.rule()));
                }
                continue;
            }
            verdict => verdict?,
        };
        let script::Verdict::Refused { text, place } = verdict else { continue };
        // What the script says is more to the point than the transition's message, which stands for all that it demands.
        let message =
            text.unwrap_or_else(|| told_or(transition, || "it is not ready for this step".to_owned()));
        if let Some(refusals) = out.get_mut(*number) {
            refusals.push(Refusal { line: place.line, ..refusal(case, message) });
        }
    }
    Ok(())
}

/// Cases of the same way, by their numbers: each condition is asked for all of them at once.
fn alike(cases: &[Case]) -> Vec<(Vec<usize>, Way)> {
    let mut groups: Vec<(Vec<usize>, Way)> = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        match groups.iter_mut().find(|(_, way)| way.same(&case.way)) {
            Some((numbers, _)) => numbers.push(number),
            None => groups.push((vec![number], case.way.clone())),
        }
    }
    groups
}

/// The guard, where it is an expression, and the filter; each with whether it is the filter.
fn conditions(transition: &Transition) -> impl Iterator<Item = (&Expr, bool)> {
    let guard = match &transition.guard {
        Some(Guard::Expr(expr)) => Some((expr, false)),
        Some(Guard::Script(_)) | None => None,
    };
    guard.into_iter().chain(transition.needs.as_ref().map(|needs| (needs, true)))
}

/// Those of the cases of which a condition holds.
async fn met(
    run: &mut Run<'_>,
    cases: &[Case],
    numbers: &[usize],
    (way, expr): (&Way, &Expr),
) -> Result<HashSet<usize>, Halt> {
    let places: Vec<usize> = numbers.iter().filter_map(|number| Some(cases.get(*number)?.place)).collect();
    let Some(shape) = places.first().and_then(|place| run.jobs.get(*place)).map(|job| Arc::clone(&job.shape))
    else {
        return Ok(HashSet::new());
    };
    let package = way.transition().map_or(&way.lifecycle.package, |transition| &transition.package);
    // What a record does by itself is judged with that record locked, and again when something changes.
    let asked = |number: &usize| cases.get(*number).is_some_and(|case| !case.auto);
    let holds_on = numbers.iter().any(asked);
    let question = Question { shape: &shape, package, expr, holds_on };
    let met = condition::holds(run, question, &places).await?;
    let holds = |number: &usize| cases.get(*number).is_some_and(|case| met.contains(&case.place));
    Ok(numbers.iter().copied().filter(holds).collect())
}

/// What can be told of the record at hand: roles, fields, reason, rest.
fn of_record(run: &Run<'_>, case: &Case, log: &Log) -> Vec<Refusal> {
    let (Some(job), Some(transition)) = (run.jobs.get(case.place), case.way.transition()) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    if !case.auto {
        out.extend(role(run, transition).map(|message| refusal(case, message)));
        if transition.reason && job.passage.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            let message = beside(transition, "say why: this move asks for a reason".to_owned());
            out.push(Refusal { path: Some("reason".to_owned()), ..refusal(case, message) });
        }
    }
    let stored = |field: &&Name| !job.shape.slots(field).is_empty();
    let missing = transition.requires.iter().filter(stored).filter(|field| empty(job, field));
    out.extend(missing.map(|field| needed(run, case, job, field)));
    out.extend(rest(run, case, job, log).map(|message| refusal(case, message)));
    out
}

fn refusal(case: &Case, message: String) -> Refusal {
    Refusal::new(Code::Refused, message).rule(case.way.rule())
}

/// The refusal for a required field that has no value.
fn needed(run: &Run<'_>, case: &Case, job: &Job, field: &Name) -> Refusal {
    let own = format!("`{}` is needed for this step", titled(&job.shape, field));
    let message = case.way.transition().map_or(own.clone(), |transition| beside(transition, own));
    at_field(run, &job.shape, field, refusal(case, message))
}

/// Required fields that are not stored: what is computed must have a value, what is to-many a record.
async fn computed(
    run: &mut Run<'_>,
    cases: &[Case],
    (numbers, way): (&[usize], &Way),
    out: &mut [Vec<Refusal>],
) -> Result<(), Halt> {
    let first = numbers.first().and_then(|number| run.jobs.get(cases.get(*number)?.place));
    let Some(shape) = first.map(|job| Arc::clone(&job.shape)) else { return Ok(()) };
    let Some(transition) = way.transition() else { return Ok(()) };
    for field in transition.requires.iter().filter(|field| shape.slots(field).is_empty()) {
        let Some(expr) = present(&shape, field) else { continue };
        let met = met(run, cases, numbers, (way, &expr)).await?;
        for number in numbers.iter().filter(|number| !met.contains(number)) {
            if let (Some(case), Some(refusals)) = (cases.get(*number), out.get_mut(*number))
                && let Some(job) = run.jobs.get(case.place)
            {
                refusals.push(needed(run, case, job, field));
            }
        }
    }
    Ok(())
}

/// That a field has a value, as a condition.
fn present(shape: &Shape, field: &Name) -> Option<Expr> {
    let ty = &shape.object.field(field)?.ty;
    let path = FieldPath { root: Root::Record, steps: vec![field.shared()] };
    Some(Expr::condition(match (ty, ty.expr_type()) {
        (FieldType::Many(_), _) => {
            Node::Exists { quantifier: Quantifier::Some, relation: path, condition: None }
        }
        (_, ty) => {
            let value = Expr { node: Node::Field(path), ty: ty?, span: Span::default() };
            Node::Not(Box::new(Expr::is_null(value)))
        }
    }))
}

/// What is told of a demand beside the guard. The message of a transition that demands nothing else says it all.
fn beside(transition: &Transition, own: String) -> String {
    match &transition.message {
        Some(message) if transition.guard.is_some() || transition.needs.is_some() => {
            format!("{message} ({own})")
        }
        Some(message) => message.clone(),
        None => own,
    }
}

fn told_or(transition: &Transition, otherwise: impl FnOnce() -> String) -> String {
    transition.message.clone().unwrap_or_else(otherwise)
}

fn titled<'s>(shape: &'s Shape, field: &'s str) -> &'s str {
    shape.object.field(field).map_or(field, |field| &field.title)
}

/// A field that the caller does not see is not named.
fn at_field(run: &Run<'_>, shape: &Shape, field: &Name, refusal: Refusal) -> Refusal {
    if run.caller.access.sees(&shape.object.name, field) {
        return Refusal { path: Some(field.to_string()), ..refusal };
    }
    let message = "a value that you may not see is needed for this step".to_owned();
    Refusal { message, ..refusal }
}

/// Whether a field has no value; of a composite, no part.
fn empty(job: &Job, field: &str) -> bool {
    job.shape.slots(field).iter().all(|slot| match job.after.get(*slot) {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    })
}

fn role(run: &Run<'_>, transition: &Transition) -> Option<String> {
    if transition.roles.is_empty() || transition.roles.iter().any(|role| run.caller.access.bears(role)) {
        return None;
    }
    let roles = &run.caller.catalog.roles;
    let titles =
        transition.roles.iter().map(|role| roles.get(role).map_or(role.as_str(), |role| &role.title));
    Some(format!("this step is for: {}", titles.collect::<Vec<_>>().join(", ")))
}

/// Why a record that has left the stage may not enter it yet.
fn rest(run: &Run<'_>, case: &Case, job: &Job, log: &Log) -> Option<String> {
    let lifecycle = &case.way.lifecycle;
    let to = case.way.to();
    let cooldown = lifecycle.stages.get(&*to)?.cooldown?;
    let left = log.left(job, &lifecycle.name, &to)?;
    let from = later(left, cooldown, run.caller.zone)?;
    (run.now < from).then(|| {
        let shown = from.with_timezone(&run.caller.zone).format("%Y-%m-%d %H:%M");
        format!("it may not enter `{}` again before {shown}", Way::called(lifecycle, &to))
    })
}

/// An instant some length of time later; months are counted in the zone.
fn later(
    at: chrono::DateTime<chrono::Utc>,
    by: Duration,
    zone: chrono_tz::Tz,
) -> Option<chrono::DateTime<chrono::Utc>> {
    let months = chrono::Months::new(u32::try_from(by.months).ok()?);
    let moved = at.with_timezone(&zone).checked_add_months(months)?.with_timezone(&chrono::Utc);
    moved.checked_add_signed(chrono::TimeDelta::microseconds(by.micros))
}

/// What the person is told of a condition that does not hold: the condition itself only where all that it names is in their sight.
fn told(run: &Run<'_>, case: &Case, transition: &Transition, (expr, filter): (&Expr, bool)) -> String {
    let own = || {
        let seen = run.jobs.get(case.place).is_some_and(|job| in_sight(run, &job.shape, expr));
        let step = transition.title.clone().unwrap_or_else(|| {
            let called = |stage: &str| Way::called(&case.way.lifecycle, stage);
            format!("{} → {}", called(&case.way.from), called(&case.way.to()))
        });
        match (seen, filter) {
            (true, false) => format!("`{step}` is not allowed yet: {expr}"),
            (true, true) => {
                let needs = transition.needs_text.as_deref().unwrap_or("what it needs");
                format!("`{step}` is not allowed yet: the record does not match {needs}")
            }
            (false, _) => format!("`{step}` is not allowed yet: its condition does not hold"),
        }
    };
    match &transition.message {
        // It speaks of the guard.
        Some(message) if filter && transition.guard.is_some() => format!("{message} ({})", own()),
        Some(message) => message.clone(),
        None => own(),
    }
}

/// Whether all that an expression names are fields of the record that the caller sees.
fn in_sight(run: &Run<'_>, shape: &Shape, expr: &Expr) -> bool {
    if run.caller.access == Access::Everything {
        return true;
    }
    match &expr.node {
        Node::Field(path) => match (path.root, &*path.steps) {
            (Root::Record | Root::Old, [field]) => run.caller.access.sees(&shape.object.name, field),
            (Root::Record | Root::Old, _) => false,
            (Root::User | Root::Settings, _) => true,
        },
        Node::Exists { .. } | Node::Count { .. } | Node::Stays { .. } => false,
        _ => expr.children().all(|child| in_sight(run, shape, child)),
    }
}
