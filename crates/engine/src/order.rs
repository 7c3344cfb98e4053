//! The order of execution: what happens to every write, whichever door it came through. Each step is a file of its own in `step/`.
//!
//! Features add to what a step knows, never a line here. Two rooms are kept: `before` scripts run within filling; `after` scripts run
//! between writing and closing. A change of stage is decided before the finished record is judged, because transitions set fields.

use query::access::Permitted;
use query::request::Write;

use crate::audit::Attempt;
use crate::caller::Caller;
use crate::engine::{Engine, Returning, Rider};
use crate::erase::Erasing;
use crate::error::WriteError;
use crate::lifecycle::race::Glimpse;
use crate::outcome::Outcome;
use crate::queue::Duty;
use crate::run::{Halt, Run};
use crate::script;
use crate::step::{
    close, fill, find, flush, judge, open, permission, quick, react, relate, retry::Attempts, tail, transit,
};

/// A write as it reaches the engine.
pub(crate) struct Request<'a> {
    pub(crate) write: Write,
    pub(crate) returning: Option<&'a Returning>,
    pub(crate) rider: Option<&'a dyn Rider>,
    pub(crate) erasing: Option<&'a Erasing<'a>>,
    pub(crate) duty: Option<&'a Duty<'a>>,
}

/// Permission first, before anything is read or written; then the whole order, again when it lost a race. What was denied is noted when
/// all is over.
pub(crate) async fn carry_out(
    engine: &Engine,
    caller: &Caller,
    request: Request<'_>,
) -> Result<Outcome, WriteError> {
    let attempt = Attempt::of(caller, &request.write);
    // Boxed, so that the doors need not carry the whole order in their own.
    let result = Box::pin(permitted(engine, caller, request)).await;
    if let Some(attempt) = attempt {
        attempt.note(engine, caller, &result).await;
    }
    result
}

async fn permitted(engine: &Engine, caller: &Caller, request: Request<'_>) -> Result<Outcome, WriteError> {
    let Request { write, returning, rider, erasing, duty } = request;
    let write = permission::check(caller, write, returning)?;
    let mut attempts = Attempts::new(caller);
    let mut carefully = false;
    let glimpse = Glimpse::default();
    let mut strict = duty.is_some() || script::foreseen(engine, caller, write.shape())?;
    let mut permit = None;
    loop {
        if strict && permit.is_none() {
            permit = Some(script::permit(engine).await?);
        }
        let mut run = Run::new(engine, caller, &write, returning, rider)?;
        run.erasing = erasing;
        run.glimpse = Some(&glimpse);
        run.duty = duty;
        run.strict = strict;
        run.quick = !carefully && !strict && quick::may(&run)?;
        match once(run).await {
            Ok(outcome) => return Ok(outcome),
            Err(Halt::Carefully) => carefully = true,
            Err(Halt::Strictly) => strict = true,
            Err(Halt::Again(cause)) => attempts.pause(cause).await?,
            Err(Halt::Failed(error)) => {
                react::note(caller, write.shape(), &error).await;
                return Err(error);
            }
        }
    }
}

async fn once(mut run: Run<'_>) -> Result<Outcome, Halt> {
    if let Some(known) = open::begin(&mut run).await? {
        return Ok(known);
    }
    waves(&mut run).await?;
    Box::pin(react::discharge(&mut run)).await?;
    close::finish(run).await
}

/// Takes the records of a write through the order, wave by wave: one that stands for itself, or one that another write sets off.
pub(crate) async fn waves(run: &mut Run<'_>) -> Result<(), Halt> {
    loop {
        match wave(run).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(Halt::Failed(WriteError::Script(failed))) => tail::fail(run, *failed).await?,
            Err(halt) => return Err(halt),
        }
    }
}

async fn wave(run: &mut Run<'_>) -> Result<bool, Halt> {
    if !find::next_wave(run).await? {
        return Ok(false);
    }
    relate::resolve(run).await?;
    Box::pin(fill::complete(run)).await?;
    Box::pin(transit::decide(run)).await?;
    judge::check(run)?;
    Box::pin(flush::write(run)).await?;
    Box::pin(react::after(run)).await?;
    Ok(true)
}

/// The write that was permitted.
pub(crate) type Allowed = Permitted<Write>;
