//! One import on its way: batches, put-off rows, counts, and what is remembered of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use csv::{Position, StringRecord};
use engine::{Caller, Code, Engine, Failed, Note, Noted, Outcome, Refusal, Rider, WriteError, progress};
use expr::Value;
use metadata::Name;
use metadata::catalog::Right;
use query::access::Transfer;
use query::request::{Batch, Input, Operation, RecordData, RecordRef, Write};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::map::{Plan, Reading};
use super::rejects::Rejects;
use super::report::{ImportError, Progress, Reject, Report};
use super::source::{Row, Source, fingerprint};
use super::{ImportOptions, OnError};
use crate::transfer;

/// Rows that are written together.
const BATCH: usize = 1_000;
/// Rows that may be put off at a time.
const PUT_OFF: usize = 100_000;
/// Rejected rows that the report holds.
const SHOWN: usize = 20;

/// What is remembered of an unfinished import.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    /// Rows of the file that are done or put off.
    rows: u64,
    /// Rows put off that are still to be tried in this pass.
    waiting: Vec<u64>,
    /// Rows put off until the next pass.
    again: Vec<u64>,
    /// Whether this pass has brought anything.
    moved: bool,
    report: Report,
}

/// A row with its record.
struct Ready {
    number: u64,
    line: u64,
    cells: StringRecord,
    data: RecordData,
}

pub(crate) struct Run<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    object: Name,
    options: &'a ImportOptions,
    source: Source,
    plan: Plan,
    rejects: Rejects,
    /// Under which the state is remembered; absent where nothing needs to be.
    key: Option<String>,
    state: State,
    /// Where put-off rows begin.
    places: BTreeMap<u64, Position>,
    /// For dry runs: values by which records of this file could be found, if they had been kept.
    promised: HashSet<(Name, Value)>,
    own: Vec<(Name, Option<Name>)>,
    stopped: bool,
    /// Stays that rows tell of the present instant, with how often they do.
    told: (Value, HashMap<(Value, Value), usize>),
}

impl<'a> Run<'a> {
    pub(crate) async fn begin(
        engine: &'a Engine,
        caller: &'a Caller,
        object: &Name,
        file: &Path,
        options: &'a ImportOptions,
    ) -> Result<Self, ImportError> {
        let definition = super::importable(engine, caller, object).await?;
        let mut source = Source::open(file)?;
        let key = options.upsert.as_ref().map(Name::as_str);
        let reading = Reading { key, past: caller.access.may(Right::History) };
        let plan = Plan::new(caller.visible(), definition, &source.headers, options.map.as_ref(), reading)?;
        if plan.tells_time() {
            // A log that tells when records came to their stages is told in order.
            source.sort(|cells| plan.time(cells))?;
        }
        let remembers = options.upsert.is_none() && !options.dry_run;
        let key = if remembers { Some(identity(object, file, options)?) } else { None };
        let state = match &key {
            Some(key) => remembered(caller, key).await?,
            None => None,
        };
        let rejects = Rejects::open(options.rejects.as_deref(), &source.headers, state.is_some())?;
        let resumed = state.is_some();
        let mut state = state.unwrap_or_default();
        state.report.resumed = resumed;
        state.report.unused.clone_from(&plan.unused);
        let own = plan.own_references(object);
        Ok(Self {
            engine,
            caller,
            object: object.clone(),
            options,
            source,
            plan,
            rejects,
            key,
            state,
            places: BTreeMap::new(),
            promised: HashSet::new(),
            own,
            stopped: false,
            told: (Value::Null, HashMap::new()),
        })
    }

    pub(crate) async fn carry_out(
        &mut self,
        watch: &(dyn Fn(&Progress) + Send + Sync),
    ) -> Result<Report, ImportError> {
        self.skip_done();
        self.first_pass(watch).await?;
        while !self.stopped {
            if self.state.waiting.is_empty() {
                if self.state.again.is_empty() || !self.state.moved {
                    break;
                }
                self.state.waiting = std::mem::take(&mut self.state.again);
                self.state.moved = false;
            }
            self.later_pass(watch).await?;
        }
        self.give_up_waiting()?;
        self.rejects.flush()?;
        if !self.options.dry_run {
            let counts = serde_json::json!(self.state.report);
            transfer::done(self.engine, self.caller, &self.object, (Transfer::Import, counts)).await;
        }
        // Last of all: whoever is interrupted before goes on, whoever is interrupted behind it would begin anew.
        if let Some(key) = self.key.clone().filter(|_| !self.stopped) {
            progress::put_down(self.caller, &Note { key, state: None }).await?;
        }
        Ok(self.state.report.clone())
    }

    /// Passes over rows that an interrupted run has dealt with, noting where put-off ones begin.
    fn skip_done(&mut self) {
        let put_off: HashSet<u64> = self.state.waiting.iter().chain(&self.state.again).copied().collect();
        for number in 0..self.state.rows {
            let Some(row) = self.source.next(number) else { return };
            if put_off.contains(&number) {
                self.places.insert(number, row.position);
            }
        }
    }

    async fn first_pass(&mut self, watch: &(dyn Fn(&Progress) + Send + Sync)) -> Result<(), ImportError> {
        let mut number = self.state.rows;
        let mut ended = false;
        while !ended && !self.stopped {
            let mut batch = Vec::with_capacity(BATCH);
            let mut rejected = Vec::new();
            while batch.len() + rejected.len() < BATCH {
                let Some(row) = self.source.next(number) else {
                    ended = true;
                    break;
                };
                number += 1;
                self.places.insert(row.number, row.position.clone());
                match self.ready(row) {
                    Ok(ready) => batch.push(ready),
                    Err(reject) => {
                        rejected.push(reject);
                        if self.options.on_error == OnError::Stop {
                            break;
                        }
                    }
                }
            }
            let mut state = self.state.clone();
            state.report.read = number;
            // An import that is to stop begins again at the row that stopped it.
            let stops = self.options.on_error == OnError::Stop && !rejected.is_empty();
            state.rows = if stops { number - 1 } else { number };
            self.write(batch, rejected, state).await?;
            self.forget_places();
            watch(&Progress { rows: number, bytes: self.source.bytes(number), size: self.source.size });
        }
        Ok(())
    }

    /// Tries a batch of put-off rows again.
    async fn later_pass(&mut self, watch: &(dyn Fn(&Progress) + Send + Sync)) -> Result<(), ImportError> {
        let mut state = self.state.clone();
        let count = state.waiting.len().min(BATCH);
        let numbers: Vec<u64> = state.waiting.drain(..count).collect();
        let mut batch = Vec::with_capacity(count);
        let mut rejected = Vec::new();
        for number in numbers {
            let Some(position) = self.places.get(&number).cloned() else { continue };
            let Some(row) = self.source.row_at(number, &position)? else { continue };
            match self.ready(row) {
                Ok(ready) => batch.push(ready),
                Err(reject) => rejected.push(reject),
            }
        }
        self.write(batch, rejected, state).await?;
        watch(&Progress { rows: self.state.rows, bytes: self.source.size, size: self.source.size });
        Ok(())
    }

    /// Positions are kept for put-off rows only.
    fn forget_places(&mut self) {
        let kept: HashSet<u64> = self.state.waiting.iter().chain(&self.state.again).copied().collect();
        self.places.retain(|number, _| kept.contains(number));
    }

    fn ready(&mut self, row: Row) -> Result<Ready, (Option<StringRecord>, Reject)> {
        let line = self.source.line(&row.position);
        let cells = row.cells.map_err(|reason| (None, Reject { line, column: None, reason }))?;
        match self.plan.record(&cells) {
            Ok(mut data) => {
                data.repeats = self.repeats(&data);
                Ok(Ready { number: row.number, line, cells, data })
            }
            Err(bad) => {
                let column = bad.first().map(|cell| cell.header.clone());
                let reasons: Vec<String> = bad.into_iter().map(|cell| cell.reason).collect();
                Err((Some(cells), Reject { line, column, reason: reasons.join("; ") }))
            }
        }
    }

    /// How many rows of the same record, stage and instant were read before this one. Rows come in the order of their time.
    fn repeats(&mut self, data: &RecordData) -> usize {
        let value = |wanted: &str| {
            data.fields.iter().find_map(|(name, input)| match input {
                Input::Value(value) if name.as_str() == wanted => Some(value.clone()),
                _ => None,
            })
        };
        let key = self.options.upsert.as_ref().and_then(|key| value(key));
        let (Some(key), Some(stage), Some(at)) = (key, value("stage"), value("stageEnteredAt")) else {
            return 0;
        };
        if self.told.0 != at {
            self.told = (at, HashMap::new());
        }
        let count = self.told.1.entry((key, stage)).or_default();
        *count += 1;
        *count - 1
    }

    /// Writes a batch and takes over what came of it; `state` is how things stand behind it, but for its verdicts.
    async fn write(
        &mut self,
        batch: Vec<Ready>,
        rejected: Vec<(Option<StringRecord>, Reject)>,
        state: State,
    ) -> Result<(), ImportError> {
        let bad = rejected.len();
        if self.options.on_error == OnError::Stop {
            self.write_until_refused(batch, state, bad > 0).await?;
        } else {
            self.write_each(batch, state, bad).await?;
        }
        for (cells, reject) in rejected {
            self.reject(cells.as_ref(), reject)?;
            self.stopped |= self.options.on_error == OnError::Stop;
        }
        Ok(())
    }

    async fn write_each(&mut self, batch: Vec<Ready>, state: State, bad: usize) -> Result<(), ImportError> {
        if batch.is_empty() {
            self.state = state;
            return Ok(());
        }
        if self.options.dry_run {
            let keys: Vec<_> = batch.iter().flat_map(|ready| self.keys_of(&ready.data)).collect();
            self.promised.extend(keys);
        }
        match self.send(&batch, Batch::Each, state.clone(), bad).await {
            Err(ImportError::Write(WriteError::Script(failed))) => {
                self.write_apart(batch, state, (*failed, bad)).await
            }
            Err(other) => Err(other),
            Ok(outcome) => self.take_over(&outcome, &batch),
        }
    }

    /// A script spent what all rows of a batch share: each half gets as much again, until it is known which row it was.
    async fn write_apart(
        &mut self,
        mut batch: Vec<Ready>,
        state: State,
        (failed, bad): (Failed, usize),
    ) -> Result<(), ImportError> {
        if let [one] = batch.as_slice() {
            self.state = state;
            let reject = Reject { line: one.line, column: None, reason: failed.to_string() };
            return self.reject(Some(&one.cells), reject);
        }
        let second = batch.split_off(batch.len() / 2);
        // Whoever is interrupted between the halves finds that the second one still waits.
        let later = second.iter().map(|ready| ready.number);
        let half = State { waiting: later.chain(state.waiting.iter().copied()).collect(), ..state.clone() };
        Box::pin(self.write_each(batch, half, bad)).await?;
        let rest = State { waiting: state.waiting, ..self.state.clone() };
        Box::pin(self.write_each(second, rest, 0)).await
    }

    /// Sends a batch; the state that is remembered with it becomes ours.
    async fn send(
        &mut self,
        batch: &[Ready],
        together: Batch,
        state: State,
        bad: usize,
    ) -> Result<Outcome, ImportError> {
        let records = batch.iter().map(|ready| ready.data.clone()).collect();
        let operation = match &self.options.upsert {
            Some(key) => Operation::Upsert { key: key.clone(), records, batch: together },
            None => Operation::Create(records, together),
        };
        let write = Write {
            object: self.object.clone(),
            operation,
            dry_run: self.options.dry_run,
            idempotency_key: None,
        };
        let memory = Memory {
            key: self.key.clone().unwrap_or_default(),
            own: self.own.iter().map(|(field, _)| field.clone()).collect(),
            numbers: batch.iter().map(|ready| ready.number).collect(),
            bad: u64::try_from(bad).unwrap_or(u64::MAX),
            before: state,
        };
        let rider: Option<&dyn Rider> = if self.key.is_some() { Some(&memory) } else { None };
        let outcome = self.engine.write_with(self.caller, write, None, rider).await?;
        self.state = memory.settle(&outcome, false);
        Ok(outcome)
    }

    /// Tells of refused rows; counts were taken over with the state.
    fn take_over(&mut self, outcome: &Outcome, batch: &[Ready]) -> Result<(), ImportError> {
        let mut told: HashSet<usize> = HashSet::new();
        for refusal in &outcome.errors {
            let index = refusal.index.unwrap_or(0);
            let Some(Ready { number, line, cells, data }) = batch.get(index) else { continue };
            if !told.insert(index) {
                continue;
            }
            if self.state.again.contains(number) {
                let wanted = if self.options.dry_run { self.references_of(data) } else { Vec::new() };
                if !wanted.is_empty() && wanted.iter().all(|reference| self.promised.contains(reference)) {
                    self.state.again.retain(|other| other != number);
                    self.state.report.created += 1;
                }
                continue;
            }
            let reject = self.verdict(*line, outcome.errors.iter().filter(|e| e.index.unwrap_or(0) == index));
            self.tell(Some(cells), reject)?;
        }
        Ok(())
    }

    fn verdict<'r>(&self, line: u64, refusals: impl Iterator<Item = &'r Refusal>) -> Reject {
        let mut column = None;
        let mut reasons = Vec::new();
        for refusal in refusals {
            column = column.or_else(|| {
                refusal.path.as_ref().map(|p| self.plan.header_of(p).unwrap_or_else(|| p.clone()))
            });
            reasons.push(refusal.message.clone());
        }
        Reject { line, column, reason: reasons.join("; ") }
    }

    /// Counts and tells.
    fn reject(&mut self, cells: Option<&StringRecord>, reject: Reject) -> Result<(), ImportError> {
        self.state.report.rejected += 1;
        self.tell(cells, reject)
    }

    fn tell(&mut self, cells: Option<&StringRecord>, reject: Reject) -> Result<(), ImportError> {
        self.rejects.write(cells, self.source.headers.len(), &reject)?;
        if self.state.report.rejects.len() < SHOWN {
            self.state.report.rejects.push(reject);
        }
        Ok(())
    }

    /// Rows that still wait when no pass helps any more.
    fn give_up_waiting(&mut self) -> Result<(), ImportError> {
        let mut numbers: Vec<u64> = self.state.waiting.drain(..).collect();
        numbers.append(&mut self.state.again);
        numbers.sort_unstable();
        let fields: Vec<&str> = self.own.iter().map(|(field, _)| field.as_str()).collect();
        let column = fields.first().and_then(|field| self.plan.header_of(field));
        let reason = format!(
            "the {} that `{}` names is neither there nor in the file",
            self.object,
            fields.join("`, `")
        );
        for number in numbers {
            let Some(position) = self.places.get(&number).cloned() else { continue };
            let cells = self.source.row_at(number, &position)?.and_then(|row| row.cells.ok());
            let reject =
                Reject { line: self.source.line(&position), column: column.clone(), reason: reason.clone() };
            self.reject(cells.as_ref(), reject)?;
        }
        Ok(())
    }

    /// Values by which other rows may find this record.
    fn keys_of(&self, data: &RecordData) -> Vec<(Name, Value)> {
        let wanted = |name: &Name| self.own.iter().any(|(_, by)| by.as_ref() == Some(name));
        let key = |(name, input): &(Name, Input)| match input {
            Input::Value(value) if wanted(name) && !value.is_null() => Some((name.clone(), value.clone())),
            _ => None,
        };
        data.fields.iter().filter_map(key).collect()
    }

    /// How this record names others of its object.
    fn references_of(&self, data: &RecordData) -> Vec<(Name, Value)> {
        let own = |name: &Name| self.own.iter().any(|(field, _)| field == name);
        let reference = |(name, input): &(Name, Input)| match input {
            Input::One(RecordRef::By(key, value)) if own(name) => Some((key.clone(), value.clone())),
            _ => None,
        };
        data.fields.iter().filter_map(reference).collect()
    }

    /// All rows before the first that is refused, then the end.
    async fn write_until_refused(
        &mut self,
        mut batch: Vec<Ready>,
        mut state: State,
        bad: bool,
    ) -> Result<(), ImportError> {
        let mut fault: Option<(StringRecord, Reject)> = None;
        loop {
            if batch.is_empty() {
                self.state = state;
                break;
            }
            let outcome = match self.send(&batch, Batch::AllOrNone, state.clone(), 0).await {
                Err(ImportError::Write(WriteError::Script(failed))) => {
                    // Whichever row it was, it is not known where nothing says so: then the first one answers for all.
                    let mut refusal = Refusal::new(Code::ScriptError, failed.to_string());
                    refusal.index = Some(failed.index.unwrap_or(0));
                    Outcome { errors: vec![refusal], ..Outcome::default() }
                }
                sent => sent?,
            };
            if outcome.ok() {
                break;
            }
            let own: Vec<Name> = self.own.iter().map(|(field, _)| field.clone()).collect();
            let later: HashSet<usize> = put_off(&outcome, &own, batch.len());
            let first =
                outcome.errors.iter().map(|e| e.index.unwrap_or(0)).filter(|i| !later.contains(i)).min();
            if let Some(first) = first {
                let refusals = outcome.errors.iter().filter(|e| e.index.unwrap_or(0) == first);
                let reject = self.verdict(batch.get(first).map_or(0, |r| r.line), refusals);
                fault = batch.get(first).map(|r| (r.cells.clone(), reject));
                if let Some(ready) = batch.get(first) {
                    state.rows = state.rows.min(ready.number);
                    state.report.read = ready.number + 1;
                }
                batch.truncate(first);
            }
            state.again.extend(later.iter().filter_map(|index| batch.get(*index)).map(|ready| ready.number));
            state.again.sort_unstable();
            let mut place = 0;
            batch.retain(|_| {
                place += 1;
                !later.contains(&(place - 1))
            });
        }
        if let Some((cells, reject)) = fault {
            self.reject(Some(&cells), reject)?;
            self.stopped = true;
        }
        self.stopped |= bad;
        Ok(())
    }
}

/// Records of a batch whose only fault is that a record of the same object is not there yet.
fn put_off(outcome: &Outcome, own: &[Name], count: usize) -> HashSet<usize> {
    let mut later: HashSet<usize> = HashSet::new();
    let mut never: HashSet<usize> = HashSet::new();
    for refusal in &outcome.errors {
        let index = refusal.index.unwrap_or(0);
        let waits = refusal.rule.as_deref() == Some("reference")
            && refusal.path.as_deref().is_some_and(|path| own.iter().any(|field| field.as_str() == path));
        if waits && index < count {
            later.insert(index)
        } else {
            never.insert(index)
        };
    }
    &later - &never
}

/// What is remembered with a batch, worked out when its verdicts are known.
struct Memory {
    key: String,
    own: Vec<Name>,
    numbers: Vec<u64>,
    bad: u64,
    before: State,
}

impl Memory {
    /// How things stand behind the batch. What is remembered counts rows that could not be read, too; they are told of afterwards.
    fn settle(&self, outcome: &Outcome, remember: bool) -> State {
        let mut state = self.before.clone();
        let later = put_off(outcome, &self.own, self.numbers.len());
        let mut room = PUT_OFF.saturating_sub(state.again.len() + state.waiting.len());
        let refused: HashSet<usize> = outcome.errors.iter().map(|error| error.index.unwrap_or(0)).collect();
        for (index, number) in self.numbers.iter().enumerate() {
            let done = outcome.ids.get(index).is_some_and(Option::is_some);
            let flag = |flags: &Vec<bool>| flags.get(index).copied().unwrap_or(false);
            if done {
                state.moved = true;
                match (flag(&outcome.created), flag(&outcome.changed)) {
                    (true, _) => state.report.created += 1,
                    (false, true) => state.report.updated += 1,
                    (false, false) => state.report.skipped += 1,
                }
            } else if later.contains(&index) && room > 0 {
                room -= 1;
                state.again.push(*number);
            } else if refused.contains(&index) {
                state.report.rejected += 1;
            }
        }
        if remember {
            state.report.rejected += self.bad;
        }
        state
    }
}

impl Rider for Memory {
    fn note(&self, outcome: &Outcome) -> Noted {
        let state = serde_json::to_string(&self.settle(outcome, true)).ok();
        Noted::Progress(Note { key: self.key.clone(), state })
    }
}

/// What tells one import from another.
fn identity(object: &Name, file: &Path, options: &ImportOptions) -> Result<String, ImportError> {
    let mut hash = Sha256::new();
    hash.update(object.as_str());
    hash.update([0]);
    hash.update(serde_json::to_string(&options.map).unwrap_or_default());
    hash.update([0]);
    fingerprint(file, &mut hash)
        .map_err(|source| ImportError::Unreadable { file: file.to_path_buf(), source })?;
    Ok(hex::encode(hash.finalize()))
}

async fn remembered(caller: &Caller, key: &str) -> Result<Option<State>, ImportError> {
    match progress::recall(caller, key).await? {
        Some(text) => Ok(serde_json::from_str(&text).ok()),
        None => Ok(None),
    }
}
