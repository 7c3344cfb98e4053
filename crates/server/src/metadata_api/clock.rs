//! The clock of a server that is tested from outside. Without `--test-clock` nothing of this exists.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Months, SecondsFormat, TimeDelta, Utc};
use expr::Duration;
use metadata::catalog::Right;

use super::Scene;
use super::problem::{administered, internal, wrong};

/// What became due.
#[derive(SimpleObject)]
struct Advanced {
    /// The time now.
    now: String,
    /// Jobs that were done.
    done: usize,
    /// Attempts at which something was refused.
    refused: usize,
    /// Attempts that failed.
    failed: usize,
    /// Jobs that have failed for good.
    dead: usize,
}

/// What can be done to the clock.
#[derive(Default)]
pub(crate) struct ClockMutation;

fn moved(now: DateTime<Utc>, by: Duration) -> Option<DateTime<Utc>> {
    let months = Months::new(u32::try_from(by.months).ok()?);
    now.checked_add_months(months)?.checked_add_signed(TimeDelta::microseconds(by.micros))
}

#[Object]
impl ClockMutation {
    /// Moves the server's clock forward, as by `3d`, and does what becomes due meanwhile in this tenant, in order, before it answers. Needs the right `apply`.
    async fn advance_clock(&self, context: &Context<'_>, by: String) -> Result<Advanced> {
        let scene = context.data::<Scene>()?;
        scene.admin().must(Right::Apply).map_err(|error| administered(&error))?;
        let by: Duration = by.parse().map_err(|error: expr::BadDuration| wrong(format!("by: {error}")))?;
        let now = scene.app.clock.now();
        let until = moved(now, by).filter(|until| *until >= now);
        let until = until.ok_or_else(|| wrong("by: the clock goes forward only"))?;
        let drained = scene.app.advance_to(&scene.principal.tenant, until).await;
        let drained = drained.map_err(|error| internal(&error))?;
        Ok(Advanced {
            now: scene.app.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true),
            done: drained.done,
            refused: drained.refused,
            failed: drained.failed,
            dead: drained.dead,
        })
    }
}
