//! Everything that one request sets off, in whatever depth: one budget, and the chain of what set off what.

use std::sync::Arc;
use std::time::Instant;

use script::{Budget, Limits, Spent};
use uuid::Uuid;

use super::Failed;
use crate::error::WriteError;

/// Levels of writes that set off writes.
const DEEPEST: usize = 16;

/// An automation at work on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) automation: String,
    pub(crate) record: Uuid,
}

/// Where in a cascade a pass is.
#[derive(Clone, Debug)]
pub(crate) struct Cascade {
    pub(crate) budget: Arc<Budget>,
    pub(crate) depth: usize,
    pub(crate) links: Vec<Link>,
}

impl Cascade {
    /// The beginning, for a request about so many records.
    pub(crate) fn begin(records: usize) -> Self {
        let started = Instant::now();
        let budget = Budget::new(Limits::for_records(records), Arc::new(move || started.elapsed()));
        Self { budget: Arc::new(budget), depth: 0, links: Vec::new() }
    }

    /// One level deeper.
    pub(crate) fn deeper(&self) -> Result<Self, WriteError> {
        if self.depth >= DEEPEST {
            let message = format!(
                "automations set each other off more than {DEEPEST} times in a row: {}",
                self.chain()
            );
            return Err(self.stopped(message));
        }
        Ok(Self { depth: self.depth + 1, ..self.clone() })
    }

    /// One more record is written on behalf of an automation.
    pub(crate) fn write(&self) -> Result<(), WriteError> {
        self.budget.write().map_err(|message| self.spent(&message))
    }

    /// The budget ran out.
    pub(crate) fn spent(&self, message: &str) -> WriteError {
        self.stopped(format!("{message}: {}", self.chain()))
    }

    /// What was spent since.
    pub(crate) fn since(&self, before: &Spent) -> Spent {
        let now = self.budget.spent();
        Spent {
            operations: now.operations.saturating_sub(before.operations),
            calls: now.calls.saturating_sub(before.calls),
            writes: now.writes.saturating_sub(before.writes),
            rows: now.rows.saturating_sub(before.rows),
            time: now.time.saturating_sub(before.time),
        }
    }

    /// What stands behind a message about a budget that several scripts share.
    pub(crate) fn chain_behind(&self) -> String {
        if self.links.len() > 1 { format!(" (after {})", self.chain()) } else { String::new() }
    }

    fn chain(&self) -> String {
        self.links.iter().map(|link| link.automation.as_str()).collect::<Vec<_>>().join(" → ")
    }

    fn stopped(&self, message: String) -> WriteError {
        let last = self.links.last();
        WriteError::Script(Box::new(Failed {
            automation: last.map(|link| link.automation.clone()).unwrap_or_default(),
            place: None,
            record: None,
            message,
            spent: self.budget.spent(),
            index: None,
        }))
    }
}
