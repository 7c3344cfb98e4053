//! Step 4: changes of stage. Which transition a record takes, or why it takes none; what follows from it for the record and the log.
//!
//! A move is a change of the field `stage`, whoever made it: a request, a file, a script, the lifecycle itself. The transition may set fields,
//! so it is decided before the finished record is judged. Of several transitions between the same stages the first that allows
//! is taken; where none does, the one that lacks least says why.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::Value;
use metadata::catalog::{Lifecycle, Right};

use super::fill;
use crate::lifecycle::begin::no_lifecycle;
use crate::lifecycle::condition::{self, Question};
use crate::lifecycle::demand::{self, Case};
use crate::lifecycle::log::{End, Log};
use crate::lifecycle::{Flow, Stay, Way, lock, race};
use crate::model::Shape;
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};

/// A record that begins, is put, or moves.
struct Passing {
    /// The job, by its place in the wave.
    place: usize,
    shape: Arc<Shape>,
    lifecycle: Arc<Lifecycle>,
    /// Where it is; none for one that is in no stage yet.
    from: Option<Arc<str>>,
    to: Arc<str>,
    how: How,
}

/// By what right it comes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It is new and in the entry, or it is put there by somebody who may write history.
    Put,
    /// It is told when it came there.
    Past,
    /// By a transition; a new record from the entry.
    Move,
    /// By the transition that it takes by itself.
    Auto,
}

/// Decides the changes of stage of the present wave.
pub(crate) async fn decide(run: &mut Run<'_>) -> Result<(), Halt> {
    if run.lost() || !run.jobs.iter().any(|job| job.shape.flow.is_some()) {
        return Ok(());
    }
    lock::refuse(run);
    let mut passing = Vec::new();
    for place in 0..run.jobs.len() {
        match look(run, place) {
            Ok(found) => passing.extend(found),
            Err(refusal) => run.refuse_job(place, *refusal),
        }
    }
    if passing.is_empty() {
        return Ok(());
    }
    let places: Vec<usize> = passing.iter().map(|one| one.place).collect();
    let log = if passing.iter().all(|one| one.from.is_none()) {
        Log::default()
    } else {
        Log::of(run, &places).await?
    };
    let ways = choose(run, &passing, &log).await?;
    for (one, way) in passing.iter().zip(ways) {
        pass(run, one, way, &log).await?;
    }
    Ok(())
}

/// Whether a job changes the stage of its record, and how.
fn look(run: &Run<'_>, place: usize) -> Result<Option<Passing>, Box<Refusal>> {
    let Some(job) = run.jobs.get(place).filter(|job| !run.is_refused(job.index)) else { return Ok(None) };
    let shape = Arc::clone(&job.shape);
    let Some(flow) = &shape.flow else { return Ok(None) };
    match (job.act, &job.before) {
        (Act::Create, _) => Ok(born(run, place, job, flow)),
        (Act::Update, Some(before)) => {
            let told = job.passes_by();
            if !told && !job.passage.wanted && before.get(flow.stage) == job.after.get(flow.stage) {
                return Ok(None);
            }
            moved(run, place, job, flow).map(Some)
        }
        (Act::Update | Act::Delete | Act::Restore | Act::Destroy, _) => Ok(None),
    }
}

/// A new record: it begins in its entry, or is put elsewhere, or moves there at once.
fn born(run: &Run<'_>, place: usize, job: &Job, flow: &Flow) -> Option<Passing> {
    let lifecycle = Arc::clone(flow.lifecycle(&job.after)?);
    let to: Arc<str> = Arc::from(flow.stage(&job.after)?);
    let entry = lifecycle.entry().map(|stage| Arc::clone(&stage.name))?;
    let known = lifecycle.stages.contains_key(&*to);
    let (how, from) = if job.passes_by() && known {
        (How::Past, None)
    } else if to == entry || (known && run.caller.access.may(Right::History)) {
        (How::Put, None)
    } else {
        (How::Move, Some(entry))
    };
    Some(Passing { place, shape: Arc::clone(&job.shape), lifecycle, from, to, how })
}

/// A record that is there: it moves, or it is told when it came there.
fn moved(run: &Run<'_>, place: usize, job: &Job, flow: &Flow) -> Result<Passing, Box<Refusal>> {
    let title = &job.shape.object.title;
    let before = job.before.as_ref().unwrap_or(&job.after);
    let Some(lifecycle) = flow.lifecycle(before) else { return Err(Box::new(no_lifecycle(title))) };
    let at_stage = |message: String| Box::new(Refusal::at("stage", message).rule("required"));
    let Some(to) = flow.stage(&job.after).map(Arc::from) else {
        return Err(at_stage(format!("a {title} cannot be without stage")));
    };
    let from: Arc<str> = Arc::from(flow.stage(before).unwrap_or_default());
    let how = if job.passage.auto.is_some() {
        How::Auto
    } else if job.passes_by() {
        if !job.given.contains(&flow.stage) {
            return Err(at_stage("say the stage, too, that was entered then".to_owned()));
        }
        How::Past
    } else {
        How::Move
    };
    if how == How::Past && !lifecycle.stages.contains_key(&*to) {
        return Err(Box::new(no_way(run, lifecycle, &from, &to)));
    }
    let (shape, lifecycle) = (Arc::clone(&job.shape), Arc::clone(lifecycle));
    Ok(Passing { place, shape, lifecycle, from: Some(from), to, how })
}

/// The transition that each of them takes; those that may take none are refused.
async fn choose(run: &mut Run<'_>, passing: &[Passing], log: &Log) -> Result<Vec<Option<Way>>, Halt> {
    let mut cases = Vec::new();
    let by_clock = run.caller.cause.takes.as_deref().filter(|_| !run.nested);
    for one in passing.iter().filter(|one| one.how == How::Move) {
        let Some(from) = &one.from else { continue };
        let mut ways = Way::between(&one.lifecycle, from, &one.to);
        if let Some(wanted) = by_clock {
            ways.retain(|way| way.transition().is_some_and(|it| way.lifecycle.path_of(it) == wanted));
        }
        if ways.is_empty() {
            let refusal = nowhere(run, one, from);
            run.refuse_job(one.place, refusal);
        }
        let auto = by_clock.is_some();
        cases.extend(ways.into_iter().map(|way| Case { place: one.place, way, auto }));
    }
    let unmet = demand::unmet(run, &cases, log).await?;
    let mut judged = cases.into_iter().zip(unmet).peekable();
    let mut chosen = Vec::with_capacity(passing.len());
    for one in passing {
        let mut own = Vec::new();
        while let Some(next) = judged.next_if(|(case, _)| case.place == one.place && one.how == How::Move) {
            own.push(next);
        }
        let taken = own.iter().find(|(_, refusals)| refusals.is_empty()).map(|(case, _)| case.way.clone());
        if taken.is_none()
            && let Some((_, refusals)) = own.into_iter().min_by_key(|(_, refusals)| refusals.len())
        {
            for refusal in refusals {
                run.refuse_job(one.place, refusal);
            }
        }
        let auto = run.jobs.get(one.place).and_then(|job| job.passage.auto.clone());
        chosen.push(taken.or(auto));
    }
    Ok(chosen)
}

/// Why a record cannot go where no transition leads.
fn nowhere(run: &Run<'_>, one: &Passing, from: &Arc<str>) -> Refusal {
    let job = run.jobs.get(one.place);
    let before = job.and_then(|job| job.before.as_ref());
    match (before, &one.shape.flow) {
        (Some(before), Some(flow)) if *from == one.to => race::there_already(flow, before),
        _ => no_way(run, &one.lifecycle, from, &one.to),
    }
}

/// The refusal of a move for which there is no transition: it names the stages that one can go to.
fn no_way(run: &Run<'_>, lifecycle: &Lifecycle, from: &str, to: &str) -> Refusal {
    let mut stages: Vec<&str> = Vec::new();
    for transition in lifecycle.leaving(from) {
        let open =
            transition.roles.is_empty() || transition.roles.iter().any(|role| run.caller.access.bears(role));
        if open && !stages.contains(&&*transition.to) && &*transition.to != from {
            stages.push(&transition.to);
        }
    }
    let way = if lifecycle.stages.contains_key(to) {
        format!("no transition leads from `{from}` to `{to}`")
    } else {
        format!("`{}` has no stage `{to}`", lifecycle.name)
    };
    let message = if stages.is_empty() {
        format!("{way}: none leads out of `{from}`")
    } else {
        format!("{way}: one can go to {}", stages.join(", "))
    };
    let rule = format!("{}.{from}.{to}", lifecycle.name);
    Refusal { path: Some("stage".to_owned()), ..Refusal::new(Code::Refused, message).rule(rule) }
}

/// Carries a record over: what its transition sets, where it is, and what the log is told.
async fn pass(run: &mut Run<'_>, one: &Passing, way: Option<Way>, log: &Log) -> Result<(), Halt> {
    let open = run.jobs.get(one.place).is_some_and(|job| !run.is_refused(job.index) && !job.passage.given_up);
    let Some(flow) = one.shape.flow.as_ref().filter(|_| open) else { return Ok(()) };
    if one.how == How::Past && !tell(run, one, flow, log) {
        return Ok(());
    }
    if let Some(way) = &way {
        set(run, one, way).await?;
    }
    settle(run, one, flow, way, log);
    fill::again(run, one.place);
    Ok(())
}

/// Whether a stay of the past is news that can be: not known yet, and not before the stay that the record is in.
fn tell(run: &mut Run<'_>, one: &Passing, flow: &Flow, log: &Log) -> bool {
    let now = run.now;
    let Some(job) = run.jobs.get_mut(one.place) else { return false };
    let Value::DateTime(entered) = *job.after.get(flow.entered) else { return false };
    if entered > now {
        let message = "the record cannot have entered the stage later than now".to_owned();
        run.refuse_job(one.place, Refusal::at("stageEnteredAt", message).rule("future"));
        return false;
    }
    if one.from.is_none() {
        return true;
    }
    let since = since(job, flow);
    if log.tells(job, &one.to, entered) {
        let present = since == Some(entered)
            && job.before.as_ref().and_then(|before| flow.stage(before)) == Some(&*one.to);
        if present {
            job.stay_put();
            fill::again(run, one.place);
        } else {
            // What else is said of a time that is over is over, too.
            job.let_be();
        }
        return false;
    }
    if since.is_none_or(|since| since <= entered) {
        return true;
    }
    let message =
        "the record entered the stage that it is in later than that: tell its past in order".to_owned();
    run.refuse_job(one.place, Refusal::at("stageEnteredAt", message).rule("order"));
    false
}

/// When the record entered the stage that it is in.
fn since(job: &Job, flow: &Flow) -> Option<DateTime<Utc>> {
    match job.before.as_ref()?.get(flow.entered) {
        Value::DateTime(at) => Some(*at),
        _ => None,
    }
}

/// What the transition sets, all computed from the record as it is before.
async fn set(run: &mut Run<'_>, one: &Passing, way: &Way) -> Result<(), Halt> {
    let Some(transition) = way.transition() else { return Ok(()) };
    let mut values = Vec::with_capacity(transition.set.len());
    for (field, expr) in &transition.set {
        let question = Question { shape: &one.shape, package: &transition.package, expr, holds_on: false };
        match condition::value(run, question, one.place).await? {
            Ok(value) => values.push((field, value)),
            Err(error) => {
                let message = format!("what `{}` sets cannot be computed: {error}", way.rule());
                let refusal = Refusal::new(Code::Refused, message).rule(way.rule());
                run.refuse_job(one.place, refusal);
            }
        }
    }
    for (field, value) in values {
        fill::put(run, one.place, field, value);
    }
    Ok(())
}

/// Puts the record in its stage, and notes the stays for the log.
fn settle(run: &mut Run<'_>, one: &Passing, flow: &Flow, way: Option<Way>, log: &Log) {
    let now = run.now;
    let Some(job) = run.jobs.get_mut(one.place) else { return };
    let told = match job.after.get(flow.entered) {
        Value::DateTime(at) if one.how == How::Past || job.act == Act::Create => *at,
        _ => now,
    };
    // No clock may make a stay shorter than nothing.
    let entered = since(job, flow).map_or(told, |since| told.max(since));
    let name = &one.lifecycle.name;
    let pass = log.next_pass(job, name, &one.to);
    let new = Stay {
        lifecycle: name.clone(),
        auto: job.passage.auto.is_some(),
        reason: job.passage.reason.clone(),
        from: one.from.clone(),
        to: Arc::clone(&one.to),
        way,
        pass,
        entered,
        left: None,
        past: one.how == How::Past,
    };
    let mut stays = Vec::with_capacity(1);
    match (&one.from, job.act) {
        // A new record that does not stay in its entry was there all the same.
        (Some(entry), Act::Create) => stays.push(Stay {
            way: None,
            from: None,
            to: Arc::clone(entry),
            pass: 1,
            reason: None,
            left: Some((entered, Arc::clone(&one.to))),
            ..new.clone()
        }),
        _ => {
            job.passage.ends =
                log.open(job).map(|open| End { id: open.id, at: entered, to: Arc::clone(&one.to) });
        }
    }
    stays.push(new);
    job.passage.stays = stays;
    job.after.set(flow.lifecycle, Value::Text(name.to_string()));
    job.after.set(flow.stage, Value::Text(one.to.to_string()));
    job.after.set(flow.entered, Value::DateTime(entered));
    job.after.set(flow.pass, Value::Int(pass));
}
