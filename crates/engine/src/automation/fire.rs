//! Which automations a wave sets off, and running them.

use std::sync::Arc;

use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::{ActsAs, Automation, FunctionPath, RecordAct, RunAt, Trigger};
use query::access::{Access, Shares};
use script::{Data, ErrorKind, Ran, Spent};
use uuid::Uuid;

use super::cascade::Link;
use super::{Failed, condition, log, set};
use crate::caller::{Caller, Cause};
use crate::error::WriteError;
use crate::json;
use crate::lifecycle::Stay;
use crate::model::{Record, Shape};
use crate::queue::{self, Duty, Kind, Queued};
use crate::run::{Act, Halt, Job, Run};
use crate::script::{self as scripts, Handler, Sight, of_record, scene};

/// Runs those that come before a record is judged: they may change it.
pub(crate) async fn before(run: &mut Run<'_>) -> Result<(), Halt> {
    fire(run, RunAt::Before).await
}

/// Runs those that come after it was written, and puts those into the queue that run as jobs.
pub(crate) async fn after(run: &mut Run<'_>) -> Result<(), Halt> {
    fire(run, RunAt::After).await
}

async fn fire(run: &mut Run<'_>, when: RunAt) -> Result<(), Halt> {
    let concerned = |job: &Job| follows(job) || run.model.automations.any(&job.shape.object.name);
    if run.lost() || !run.jobs.iter().any(concerned) {
        return Ok(());
    }
    for place in 0..run.jobs.len() {
        let Some(job) = run.jobs.get(place) else { continue };
        if run.is_refused(job.index) || (when == RunAt::After && !job.writes()) {
            continue;
        }
        if when == RunAt::After {
            followers(run, place).await?;
        }
        let Some(object) = run.jobs.get(place).map(|job| job.shape.object.name.clone()) else { continue };
        if when == RunAt::After {
            enqueue(run, &object, place).await?;
        }
        for automation in run.model.automations.of(&object, when) {
            let Some(job) = run.jobs.get(place) else { continue };
            let id = job.id;
            for event in event(&automation, job) {
                if again(run, &automation.name, id) || !condition::of(run, &automation, place).await? {
                    continue;
                }
                one(run, &automation, place, event).await?;
                if run.lost() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Whether anything follows from a record once it is written: automations behind it, or handlers of the transitions that it takes.
pub(crate) fn goes_on(run: &Run<'_>, job: &Job) -> bool {
    let behind = |when| run.model.automations.of(&job.shape.object.name, when);
    let fires = |automation: &Arc<Automation>| !event(automation, job).is_empty();
    follows(job) || behind(RunAt::After).iter().chain(&behind(RunAt::Job)).any(fires)
}

/// Puts those into the queue that run as jobs.
async fn enqueue(run: &mut Run<'_>, object: &Name, place: usize) -> Result<(), Halt> {
    for automation in run.model.automations.of(object, RunAt::Job) {
        let Some(job) = run.jobs.get(place) else { continue };
        let id = job.id;
        for event in event(&automation, job) {
            let link = queue::link(&automation.name, Some(id));
            if run.caller.cause.chain.contains(&link)
                || again(run, &automation.name, id)
                || !condition::of(run, &automation, place).await?
            {
                continue;
            }
            let work = run.work(Kind::Automation, automation.name.as_str(), event.to_json())?;
            run.queued.push(Queued { about: Some((object.clone(), id)), ..work });
        }
    }
    Ok(())
}

/// Whether a transition that the record takes has a handler.
fn follows(job: &Job) -> bool {
    job.passage.stays.iter().any(|stay| then(stay).is_some())
}

/// The handler of the transition by which a stay began, and the transition's name.
fn then(stay: &Stay) -> Option<(FunctionPath, String)> {
    let way = stay.way.as_ref().filter(|_| !stay.past)?;
    Some((way.transition()?.then.clone()?, way.rule()))
}

/// Runs the handlers of the transitions that a record took.
async fn followers(run: &mut Run<'_>, place: usize) -> Result<(), Halt> {
    let Some(job) = run.jobs.get(place) else { return Ok(()) };
    let id = job.id;
    let wanted: Vec<(FunctionPath, String, Data)> = job
        .passage
        .stays
        .iter()
        .filter_map(|stay| then(stay).map(|(function, rule)| (function, rule, Data::Map(of_stay(stay)))))
        .collect();
    for (function, rule, event) in wanted {
        if again(run, &rule, id) {
            continue;
        }
        let principal = run.caller.clone();
        let doing = Doing { name: &rule, principal, run: RunAt::After, function: Some(function), set: None };
        Box::pin(carry_out(run, doing, place, event)).await?;
    }
    Ok(())
}

/// Whether it is at work on this record already, further up the chain.
fn again(run: &Run<'_>, automation: &str, record: Uuid) -> bool {
    let same = |link: &Link| link.record == record && link.automation == automation;
    run.cascade.links.iter().any(same)
}

/// What an automation sees as `event`, for each time that this job concerns it.
fn event(automation: &Automation, job: &Job) -> Vec<Data> {
    let mut events: Vec<Event> = match &automation.on {
        Trigger::Record { acts, fields } => of_act(acts, fields, job).into_iter().collect(),
        Trigger::Transition { lifecycle, from, to, pass } => {
            let fits = |wanted: &[Arc<str>], stage: Option<&Arc<str>>| {
                wanted.is_empty() || stage.is_some_and(|stage| wanted.contains(stage))
            };
            let stays = job.passage.stays.iter().filter(|stay| {
                !stay.past
                    && lifecycle.as_ref().is_none_or(|name| *name == stay.lifecycle)
                    && pass.is_none_or(|pass| pass == stay.pass)
                    && fits(from, stay.from.as_ref())
                    && fits(to, Some(&stay.to))
            });
            stays.map(of_stay).collect()
        }
        Trigger::Schedule { .. } | Trigger::Date { .. } | Trigger::Message(_) => Vec::new(),
    };
    for event in &mut events {
        event.insert("automation".to_owned(), Data::text(automation.name.as_str()));
    }
    events.into_iter().map(Data::Map).collect()
}

type Event = IndexMap<String, Data>;

/// Something done to a record. A write that changes nothing is none, nor is one of other fields.
fn of_act(acts: &[RecordAct], fields: &[Name], job: &Job) -> Option<Event> {
    let act = match job.act {
        Act::Create => RecordAct::Create,
        Act::Update => RecordAct::Update,
        Act::Delete => RecordAct::Delete,
        Act::Restore | Act::Destroy => return None,
    };
    let changed = json::changed_fields(job);
    let touched = if fields.is_empty() {
        !changed.is_empty()
    } else {
        changed.iter().any(|name| fields.contains(name))
    };
    let concerned = match act {
        RecordAct::Create => touched || fields.is_empty(),
        RecordAct::Update => touched,
        RecordAct::Delete => true,
    };
    let changed = changed.iter().map(|name| Data::text(name.as_str())).collect();
    (acts.contains(&act) && concerned).then(|| {
        IndexMap::from([
            ("kind".to_owned(), Data::text(act.as_str())),
            ("changed".to_owned(), Data::List(changed)),
        ])
    })
}

/// A record that came to a stage.
fn of_stay(stay: &Stay) -> Event {
    let text = |text: Option<&str>| text.map_or(Data::NULL, Data::text);
    IndexMap::from([
        ("kind".to_owned(), Data::text("transition")),
        ("lifecycle".to_owned(), Data::text(stay.lifecycle.as_str())),
        ("from".to_owned(), text(stay.from.as_deref())),
        ("to".to_owned(), Data::text(&*stay.to)),
        ("pass".to_owned(), Data::Value(expr::Value::Int(stay.pass))),
        ("reason".to_owned(), text(stay.reason.as_deref())),
    ])
}

/// With whose rights an automation acts.
fn principal(run: &Run<'_>, automation: &Automation) -> Caller {
    let caller = run.caller;
    let acting = match &automation.principal {
        ActsAs::Caller => caller.clone(),
        ActsAs::System => caller.automation(&automation.name, Access::Everything),
        ActsAs::Role(role) => {
            let rights = Access::of(&caller.catalog, std::slice::from_ref(role), &Shares::default());
            caller.automation(&automation.name, rights)
        }
    };
    let mut chain = caller.cause.chain.clone();
    chain.push(automation.name.to_string());
    Caller { cause: Arc::new(Cause { chain, place: None, ..(*caller.cause).clone() }), ..acting }
}

/// What is to be done.
struct Doing<'a> {
    name: &'a str,
    principal: Caller,
    run: RunAt,
    function: Option<FunctionPath>,
    set: Option<&'a Automation>,
}

/// Runs one automation on a record of the wave.
async fn one(run: &mut Run<'_>, automation: &Arc<Automation>, place: usize, event: Data) -> Result<(), Halt> {
    let doing = Doing {
        name: &automation.name,
        principal: principal(run, automation),
        run: automation.run,
        function: automation.then.clone(),
        set: (!automation.set.is_empty()).then_some(&**automation),
    };
    Box::pin(carry_out(run, doing, place, event)).await
}

/// What is to be set, then the handler, then the note of the run.
async fn carry_out(run: &mut Run<'_>, doing: Doing<'_>, place: usize, event: Data) -> Result<(), Halt> {
    let Some((id, index)) = run.jobs.get(place).map(|job| (job.id, job.index)) else { return Ok(()) };
    let before = run.cascade.budget.spent();
    let effects = run.outcome.effects.len();
    run.cascade.links.push(Link { automation: doing.name.to_owned(), record: id });
    let done = Box::pin(act(run, &doing, place, event.clone())).await;
    let spent = run.cascade.since(&before);
    let done = done.map_err(|halt| on_behalf(halt, spent, Some(index)));
    run.cascade.links.pop();
    let ran = done?;
    if !run.write.dry_run {
        let about = run.jobs.get(place).map(|job| (job.shape.object.name.clone(), id));
        log::done(run, doing.name, (about, None), &log::Told { event, ran, spent, effects });
    }
    Ok(())
}

/// Runs the function of a job, on the record that it is about if there is one.
pub(crate) async fn discharge(run: &mut Run<'_>, duty: &Duty<'_>) -> Result<(), Halt> {
    let before = run.cascade.budget.spent();
    let effects = run.outcome.effects.len();
    let record = duty.about.as_ref().map_or(Uuid::nil(), |(_, id)| *id);
    run.cascade.links.push(Link { automation: duty.name.to_owned(), record });
    let ran = Box::pin(discharged(run, duty)).await;
    let spent = run.cascade.since(&before);
    run.cascade.links.pop();
    let ran = ran.map_err(|halt| on_behalf(halt, spent, None))?;
    let told = log::Told { event: duty.event.clone(), ran, spent, effects };
    log::done(run, duty.name, (duty.about.clone(), Some((duty.job, duty.key))), &told);
    Ok(())
}

async fn discharged(run: &mut Run<'_>, duty: &Duty<'_>) -> Result<Ran, Halt> {
    let mut scene = scene(run, duty.principal, duty.event.clone());
    if let Some((object, id)) = &duty.about {
        let shape = Arc::clone(run.model.shape(object)?);
        let statement = run.model.load_statement(&shape, None);
        let rows = run.execute(&statement, &[expr::Value::List(vec![expr::Value::Id(*id)])]).await?;
        let record = rows.first().map(|row| Record::read(&shape, row, 0));
        scene.record = record.map(|record| of_record(&shape, &record, None, sight(run, duty.principal)));
    }
    let handler = Handler { function: duty.function, principal: duty.principal, scene };
    let ran = Box::pin(scripts::run(run, handler)).await?;
    ran.map_err(|error| {
        let failed = Failed::new(duty.name, error, duty.about.clone());
        Halt::from(WriteError::Script(Box::new(failed)))
    })
}

/// A failure with what it cost, and the record of the request for which it ran.
fn on_behalf(halt: Halt, spent: Spent, index: Option<usize>) -> Halt {
    match halt {
        Halt::Failed(WriteError::Script(mut failed)) => {
            (failed.spent, failed.index) = (spent, index);
            Halt::Failed(WriteError::Script(failed))
        }
        other => other,
    }
}

async fn act(run: &mut Run<'_>, doing: &Doing<'_>, place: usize, event: Data) -> Result<Ran, Halt> {
    let Some(record) = run.jobs.get(place).map(|job| (job.shape.object.name.clone(), job.id)) else {
        return Ok(Ran::default());
    };
    let failed = |message: String| {
        let (automation, record) = (doing.name.to_owned(), Some(record.clone()));
        let failed =
            Failed { automation, place: None, record, message, spent: Spent::default(), index: None };
        Halt::from(WriteError::Script(Box::new(failed)))
    };
    if let Some(automation) = doing.set {
        match doing.run {
            RunAt::Before => set::in_place(run, automation, place).await?.map_err(failed)?,
            RunAt::After => {
                set::elsewhere(run, automation, &doing.principal, place).await?.map_err(failed)?;
            }
            RunAt::Job => {}
        }
    }
    let (Some(function), Some(job)) = (&doing.function, run.jobs.get(place)) else {
        return Ok(Ran::default());
    };
    let (shape, before) = (Arc::clone(&job.shape), doing.run == RunAt::Before);
    let sight = sight(run, &doing.principal);
    let mut scene = scene(run, &doing.principal, event);
    scene.record = Some(of_record(&shape, &job.after, job.before.as_ref(), sight.clone()));
    scene.old = job.before.as_ref().map(|old| of_record(&shape, old, None, sight));
    scene.assigns = before && job.act != Act::Delete;
    let ran = Box::pin(scripts::run(run, Handler { function, principal: &doing.principal, scene })).await?;
    let ran = ran.map_err(|error| {
        // Where the budget went is more than one script's matter.
        let chain = if error.kind == ErrorKind::Budget { run.cascade.chain_behind() } else { String::new() };
        let mut failed = Failed::new(doing.name, error, Some(record.clone()));
        failed.message.push_str(&chain);
        Halt::from(WriteError::Script(Box::new(failed)))
    })?;
    if before {
        set::assigned(run, place, &shape, &ran.changed).await?.map_err(failed)?;
    } else {
        reload(run, place, &shape).await?;
    }
    Ok(ran)
}

fn sight(run: &Run<'_>, principal: &Caller) -> Sight {
    Sight {
        caller: Arc::new(principal.clone()),
        access: principal.access.clone(),
        now: run.now,
        fetched: Arc::default(),
    }
}

/// The record as it is by now: an automation may have written it.
pub(super) async fn reload(run: &mut Run<'_>, place: usize, shape: &Arc<Shape>) -> Result<(), Halt> {
    let Some(id) = run.jobs.get(place).map(|job| job.id) else { return Ok(()) };
    let statement = run.model.load_statement(shape, None);
    let rows = run.execute(&statement, &[expr::Value::List(vec![expr::Value::Id(id)])]).await?;
    if let (Some(row), Some(job)) = (rows.first(), run.jobs.get_mut(place)) {
        job.after = Record::read(shape, row, 0);
    }
    Ok(())
}
