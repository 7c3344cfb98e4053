//! One pass of a write through the order: what is known so far.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::Value;
use metadata::Name;
use query::request::{Batch, Operation, Write};
use sql::{Lock, Statement};
use store::{Row, StoreError, Transaction};
use uuid::Uuid;

use crate::automation::{Cascade, Failed};
use crate::caller::Caller;
use crate::engine::{Engine, Returning, Rider};
use crate::erase::Erasing;
use crate::error::WriteError;
use crate::lifecycle::{Passage, auto::Stirred, race::Glimpse};
use crate::model::{Log, Model, Record, Shape};
use crate::order::Allowed;
use crate::outcome::{Effect, EffectKind, Outcome, Refusal};
use crate::queue::Queued;

/// Why a pass ended without outcome.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It lost a race: run the whole order again.
    Again(StoreError),
    /// The short way did not work out: run the whole order in a transaction.
    Carefully,
    /// A handler is to run, or other records decide, which nobody could foresee: run the whole order in a transaction that others
    /// cannot disturb.
    Strictly,
    /// It cannot succeed.
    Failed(WriteError),
}

impl From<WriteError> for Halt {
    fn from(error: WriteError) -> Self {
        Halt::Failed(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Retryable => Halt::Again(error),
            StoreError::Stale { .. } | StoreError::SchemaChanged => Halt::Failed(WriteError::Stale),
            other => Halt::Failed(WriteError::Store(other)),
        }
    }
}

/// What is done to one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    Create,
    Update,
    Delete,
    Restore,
    Destroy,
}

impl Act {
    /// What comes of it.
    pub(crate) fn effect(self) -> EffectKind {
        match self {
            Act::Create => EffectKind::Created,
            Act::Update => EffectKind::Updated,
            Act::Delete => EffectKind::Deleted,
            Act::Restore => EffectKind::Restored,
            Act::Destroy => EffectKind::Destroyed,
        }
    }
}

/// One record on its way through the order.
#[derive(Debug)]
pub(crate) struct Job {
    /// The record of the request that this is done for.
    pub(crate) index: usize,
    /// Whether it is that record itself, not one that is written along with it.
    pub(crate) asked: bool,
    pub(crate) shape: Arc<Shape>,
    pub(crate) act: Act,
    pub(crate) id: Uuid,
    /// As it was.
    pub(crate) before: Option<Record>,
    /// As it shall be.
    pub(crate) after: Record,
    /// Columns that the request itself sets, so that defaults leave them alone.
    pub(crate) given: Vec<usize>,
    /// Fields whose related records are not known yet.
    pub(crate) open: Vec<crate::step::relate::Open>,
    /// To-many fields and what shall be joined to them or parted from them.
    pub(crate) many: Vec<crate::step::relate::OpenMany>,
    /// Columns that differ between before and after; found by filling.
    pub(crate) changed: Vec<usize>,
    /// Rules that only the database can judge, by their place in the object.
    pub(crate) rules: Vec<usize>,
    /// Whether only the database can judge if it may be created.
    pub(crate) unjudged: bool,
    /// Whether the caller sees it as it is after the write.
    pub(crate) seen: bool,
    /// What becomes of its place in its lifecycle.
    pub(crate) passage: Passage,
}

impl Job {
    /// A record of the request itself.
    pub(crate) fn new(
        index: usize,
        shape: &Arc<Shape>,
        act: Act,
        id: Uuid,
        before: Option<Record>,
        after: Record,
    ) -> Self {
        Self {
            index,
            asked: true,
            shape: Arc::clone(shape),
            act,
            id,
            before,
            after,
            given: Vec::new(),
            open: Vec::new(),
            many: Vec::new(),
            changed: Vec::new(),
            rules: Vec::new(),
            unjudged: false,
            seen: true,
            passage: Passage::default(),
        }
    }

    /// A record that is written along with one of the request.
    pub(crate) fn along(mut self) -> Self {
        self.asked = false;
        self
    }

    /// Whether it is told when the record came to its stage: then nothing is demanded, and nothing follows from it.
    pub(crate) fn passes_by(&self) -> bool {
        let flow = self.shape.flow.as_ref();
        flow.is_some_and(|flow| self.given.contains(&flow.entered) && !self.after.get(flow.entered).is_null())
    }

    /// Leaves the record's place in its lifecycle as it was.
    pub(crate) fn stay_put(&mut self) {
        let (Some(flow), Some(before)) = (&self.shape.flow, &self.before) else { return };
        let system = &self.shape.system;
        // With what was noted of the change that this would have been.
        let noted = [system.version, system.updated_at, system.updated_by];
        for slot in [flow.lifecycle, flow.stage, flow.entered, flow.pass].into_iter().chain(noted) {
            self.after.set(slot, before.get(slot).clone());
        }
        self.passage.stays.clear();
        self.passage.ends = None;
    }

    /// Leaves the record as it was.
    pub(crate) fn let_be(&mut self) {
        if let Some(before) = &self.before {
            self.after = before.clone();
        }
        self.changed.clear();
        self.rules.clear();
        self.passage = Passage { given_up: true, ..Passage::default() };
    }

    /// Whether anything is to be written.
    pub(crate) fn writes(&self) -> bool {
        !self.passage.given_up && (self.act != Act::Update || !self.changed.is_empty())
    }
}

/// A pass.
pub(crate) struct Run<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) caller: &'a Caller,
    pub(crate) model: Arc<Model>,
    pub(crate) write: &'a Write,
    pub(crate) returning: Option<&'a Returning>,
    pub(crate) rider: Option<&'a dyn Rider>,
    /// Where the record of a move was when the request arrived.
    pub(crate) glimpse: Option<&'a Glimpse>,
    /// Whether all traces of what is destroyed go with it.
    pub(crate) erasing: Option<&'a Erasing<'a>>,
    /// The function that is run beside it, for a job.
    pub(crate) duty: Option<&'a crate::queue::Duty<'a>>,
    /// The instant of the request.
    pub(crate) now: DateTime<Utc>,
    pub(crate) tx: Option<Transaction>,
    /// Records of the request that are still to be taken up, in waves.
    pub(crate) waves: std::collections::VecDeque<crate::step::find::Wave>,
    /// A wave of the request of which more may follow.
    pub(crate) tail: Option<crate::step::tail::Tail>,
    /// Records that may move by themselves.
    pub(crate) stirred: Stirred,
    /// Records of the present wave.
    pub(crate) jobs: Vec<Job>,
    places: HashMap<(Name, Uuid), usize>,
    pub(crate) outcome: Outcome,
    /// Records of the request that were refused.
    pub(crate) refused: Vec<bool>,
    /// Where in a cascade of automations it is.
    pub(crate) cascade: Cascade,
    /// Whether it is a part of another write, in whose transaction it runs; then what is refused is undone alone.
    pub(crate) nested: bool,
    /// Work that is to be done after the commit.
    pub(crate) queued: Vec<Queued>,
    /// Runs, and what users are told, that are still to be written: rows of these logs.
    pub(crate) noted: Vec<(Log, Vec<Value>)>,
    /// What others did on the caller's behalf, with rights that the caller does not have: told as far as the caller sees it.
    pub(crate) unsorted: Vec<Effect>,
    /// Whether one statement is to do it all, without a transaction around it; see `step/quick.rs`.
    pub(crate) quick: bool,
    /// Whether handlers may run: the transaction is as if it were alone, and it has its place among those with handlers.
    pub(crate) strict: bool,
    /// Scripts that failed for records that stand for themselves.
    pub(crate) failed: Vec<Failed>,
    /// Records that are pointed at and must be there, by object; asked by the writing statement itself.
    pub(crate) guards: Vec<(Name, Uuid)>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        engine: &'a Engine,
        caller: &'a Caller,
        write: &'a Allowed,
        returning: Option<&'a Returning>,
        rider: Option<&'a dyn Rider>,
    ) -> Result<Self, WriteError> {
        Ok(Self {
            engine,
            caller,
            model: engine.model(caller)?,
            write: write.shape(),
            returning,
            rider,
            glimpse: None,
            erasing: None,
            duty: None,
            now: micros(caller.clock.now()),
            tx: None,
            waves: std::collections::VecDeque::new(),
            tail: None,
            stirred: Stirred::default(),
            jobs: Vec::new(),
            places: HashMap::new(),
            outcome: Outcome::default(),
            refused: Vec::new(),
            cascade: Cascade::begin(records(write.shape())),
            nested: false,
            queued: Vec::new(),
            noted: Vec::new(),
            unsorted: Vec::new(),
            quick: false,
            strict: false,
            failed: Vec::new(),
            guards: Vec::new(),
        })
    }

    /// Whether one failure undoes all.
    pub(crate) fn all_or_none(&self) -> bool {
        if self.nested {
            return false;
        }
        match &self.write.operation {
            Operation::Update { .. } | Operation::Move { .. } => true,
            Operation::Create(_, batch)
            | Operation::UpdateMany(_, _, batch)
            | Operation::Upsert { batch, .. }
            | Operation::Delete(_, batch)
            | Operation::Restore(_, batch)
            | Operation::Destroy(_, batch) => *batch == Batch::AllOrNone,
        }
    }

    /// Whether runs are noted with the records of their wave: where that cannot be undone alone.
    pub(crate) fn notes_at_once(&self) -> bool {
        self.quick || self.all_or_none()
    }

    /// Whether the request names one record, so that refusals need no index.
    pub(crate) fn single(&self) -> bool {
        use query::request::Which;
        match &self.write.operation {
            Operation::Update { .. } | Operation::Move { .. } => true,
            Operation::Create(records, _) | Operation::Upsert { records, .. } => records.len() == 1,
            Operation::UpdateMany(which, _, _)
            | Operation::Delete(which, _)
            | Operation::Restore(which, _)
            | Operation::Destroy(which, _) => matches!(which, Which::One(_)),
        }
    }

    /// Reads or writes in the transaction.
    pub(crate) async fn execute(
        &mut self,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.tx {
            Some(tx) => tx.run(statement, values).await,
            None => self.caller.tenant.fetch(statement, values).await,
        }
    }

    /// How rows are locked: what runs without a transaction cannot hold any.
    pub(crate) fn locked(&self, lock: Lock) -> Option<Lock> {
        (!self.quick).then_some(lock)
    }

    /// Makes room for this many records of the request.
    pub(crate) fn expect_records(&mut self, count: usize) {
        self.refused.resize(count, false);
        self.outcome.ids.resize(count, None);
        self.outcome.created.resize(count, false);
        self.outcome.changed.resize(count, false);
        self.outcome.records.resize(count, None);
    }

    /// Adds a record to the present wave, unless it is in it; gives its place.
    pub(crate) fn enlist(&mut self, job: Job) -> usize {
        let key = (job.shape.object.name.clone(), job.id);
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        self.jobs.push(job);
        self.places.insert(key, self.jobs.len() - 1);
        self.jobs.len() - 1
    }

    /// The place of a record in the present wave.
    pub(crate) fn place(&self, object: &Name, id: Uuid) -> Option<usize> {
        self.places.get(&(object.clone(), id)).copied()
    }

    /// Forgets the present wave.
    pub(crate) fn clear_wave(&mut self) {
        self.jobs.clear();
        self.places.clear();
    }

    /// Refuses a record of the request.
    pub(crate) fn refuse(&mut self, index: usize, mut refusal: Refusal) {
        refusal.index = Some(index);
        if let Some(refused) = self.refused.get_mut(index) {
            *refused = true;
        }
        self.outcome.errors.push(refusal);
    }

    /// Refuses the record of the request that a job is done for. What a record was to do by itself is given up instead.
    pub(crate) fn refuse_job(&mut self, place: usize, refusal: Refusal) {
        let Some(job) = self.jobs.get_mut(place) else { return };
        if job.passage.auto.is_some() || job.passage.given_up {
            tracing::debug!(record = %job.id, rule = ?refusal.rule, "a record does not move by itself");
            job.let_be();
            return;
        }
        let index = job.index;
        self.refuse(index, refusal);
    }

    pub(crate) fn is_refused(&self, index: usize) -> bool {
        self.refused.get(index).copied().unwrap_or(false)
    }

    /// Whether the rest of the order would be in vain.
    pub(crate) fn lost(&self) -> bool {
        self.all_or_none() && !self.outcome.errors.is_empty()
    }

    /// Whether it only looks where records could go.
    pub(crate) fn looks_ahead(&self) -> bool {
        self.tx.is_none() && self.write.dry_run
    }

    /// What is asked now of other records must still be so when the write is done: with many writers, only a strict transaction knows.
    pub(crate) fn must_be_alone(&self) -> Result<(), Halt> {
        let alone = self.strict || self.tx.is_none() || self.model.dialect.has_one_writer();
        if alone { Ok(()) } else { Err(Halt::Strictly) }
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> Uuid {
        self.caller.ids.id(self.now)
    }
}

/// How many records a request names, as far as it does.
fn records(write: &Write) -> usize {
    match &write.operation {
        Operation::Create(records, _) | Operation::Upsert { records, .. } => records.len(),
        Operation::UpdateMany(query::request::Which::Matching(..), ..) => {
            crate::step::permission::LARGEST_BULK
        }
        Operation::Update { .. }
        | Operation::Move { .. }
        | Operation::UpdateMany(..)
        | Operation::Delete(..)
        | Operation::Restore(..)
        | Operation::Destroy(..) => 1,
    }
}

/// Cuts an instant to what both databases keep.
fn micros(now: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
}
