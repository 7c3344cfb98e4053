//! A write that a handler or an automation asks for: the whole order again, in the transaction of the write that set it off.

use std::pin::Pin;

use sql::Ident;

use crate::caller::Caller;
use crate::error::WriteError;
use crate::order;
use crate::outcome::{Effect, Outcome};
use crate::run::{Halt, Run};
use crate::step::{find, permission};

/// Carries out a write. What is refused leaves nothing behind, and the transaction goes on; `Err` inside says why it may not be at all.
pub(crate) async fn write(
    run: &mut Run<'_>,
    principal: &Caller,
    write: query::request::Write,
) -> Result<Result<Outcome, String>, Halt> {
    let write = match permission::check(principal, write, None) {
        Ok(write) => write,
        Err(error @ (WriteError::Denied(_) | WriteError::Forbidden(_) | WriteError::Usage { .. })) => {
            return Ok(Err(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    run.cascade.write()?;
    let mut child = Run::new(run.engine, principal, &write, None, None)?;
    child.cascade = run.cascade.deeper()?;
    child.now = run.now;
    child.nested = true;
    child.strict = run.strict;
    let savepoint = Ident::made(&format!("nested{}", child.cascade.depth));
    child.tx = run.tx.take();
    let written = Box::pin(within(&mut child, &savepoint)).await;
    run.tx = child.tx.take();
    written?;
    run.queued.append(&mut child.queued);
    run.noted.append(&mut child.noted);
    // Whoever may see less than the principal is told what they see.
    let effects: Vec<Effect> = std::mem::take(&mut child.outcome.effects);
    let open = run.caller.access.covers(&principal.access);
    (if open { &mut run.outcome.effects } else { &mut run.unsorted }).extend(effects);
    run.unsorted.append(&mut child.unsorted);
    Ok(Ok(child.outcome))
}

async fn within(child: &mut Run<'_>, savepoint: &Ident) -> Result<(), Halt> {
    if let Some(tx) = &mut child.tx {
        tx.savepoint(savepoint).await?;
    }
    find::plan_waves(child).await?;
    roomily(Box::pin(order::waves(child))).await?;
    let Some(tx) = &mut child.tx else {
        return Err(WriteError::internal("a nested write lost its transaction").into());
    };
    if !child.outcome.errors.is_empty() {
        tx.rollback_to(savepoint).await?;
        child.outcome.effects.clear();
        child.queued.clear();
        child.noted.clear();
        child.unsorted.clear();
    }
    tx.release(savepoint).await?;
    Ok(())
}

/// Runs on a stack that has room: the levels of a cascade lie upon each other.
async fn roomily<T>(mut future: Pin<Box<impl Future<Output = T>>>) -> T {
    const LEFT: usize = 512 * 1024;
    const MORE: usize = 4 * 1024 * 1024;
    std::future::poll_fn(move |context| stacker::maybe_grow(LEFT, MORE, || future.as_mut().poll(context)))
        .await
}
