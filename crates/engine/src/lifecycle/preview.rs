//! Where records can go from where they are, before one tries: the steps of a move are taken as far as they write nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::Value;
use metadata::Name;
use metadata::catalog::Action;
use query::access::{self, Access, Denied};
use query::request::{Operation, RecordData, Write};
use sql::Lock;
use uuid::Uuid;

use super::Flow;
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::WriteError;
use crate::model::{Record, Shape};
use crate::outcome::Refusal;
use crate::run::{Act, Halt, Job, Run};
use crate::step::grant::{self, Verdict};
use crate::step::{find, judge, transit};

/// A stage that transitions lead to from the one that a record is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The stage.
    pub to: Arc<str>,
    /// Whether the bare move would be carried out now.
    pub allowed: bool,
    /// Why it would be refused: exactly as the move would say it.
    pub missing: Vec<Refusal>,
}

impl Engine {
    /// The moves of records, in the order in which their lifecycle has the transitions. Records that the caller does not see, deleted ones and
    /// those in no lifecycle are left out.
    pub async fn moves(
        &self,
        caller: &Caller,
        object: &Name,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Move>>, WriteError> {
        let seen = access::permit_object(&caller.catalog, &caller.access, object)?;
        if seen.field("stage").is_none() {
            let (object, field) = (object.to_string(), "stage".to_owned());
            return Err(Denied::UnknownField { object, field }.into());
        }
        match Box::pin(self.look_ahead(caller, object, ids)).await {
            Ok(moves) => Ok(moves),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::Again(cause)) => Err(WriteError::Store(cause)),
            Err(halt @ (Halt::Carefully | Halt::Strictly)) => {
                Err(WriteError::internal(format!("a look ahead ended with {halt:?}")))
            }
        }
    }

    async fn look_ahead(
        &self,
        caller: &Caller,
        object: &Name,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Move>>, Halt> {
        let operation = Operation::Move {
            id: Uuid::nil(),
            to: Arc::from(""),
            reason: None,
            data: RecordData::default(),
            expected_version: None,
        };
        let write = Write { object: object.clone(), operation, dry_run: true, idempotency_key: None };
        // Nothing is written; whether the caller might is asked for each record below.
        let write =
            access::permit_write(&caller.catalog, &Access::Everything, write).map_err(WriteError::from)?;
        let mut run = Run::new(self, caller, &write, None, None)?;
        let shape = Arc::clone(run.model.shape(object)?);
        let Some(flow) = &shape.flow else { return Ok(HashMap::new()) };
        let wanted: HashSet<Uuid> = ids.iter().copied().collect();
        let found = find::by_id_list(&mut run, &shape, wanted.into_iter().collect(), None::<Lock>).await?;
        let verdicts = grant::verdicts(&mut run, &shape, Action::Update, found.values()).await?;
        let mut asked = Vec::new();
        for (id, record) in found {
            let verdict = verdicts.get(&id).copied().unwrap_or(Verdict::Granted);
            if verdict != Verdict::Unseen && !record.deleted(&shape) {
                ask(&mut run, &shape, flow, (id, record, verdict), &mut asked);
            }
        }
        transit::decide(&mut run).await?;
        judge::check(&mut run)?;
        Ok(answer(run, &shape.object.title, asked))
    }
}

/// One move that is looked at: its number is that of its job in the outcome.
struct Asked {
    id: Uuid,
    to: Arc<str>,
    /// Whether the caller may not change the record at all.
    denied: bool,
}

/// Puts a job into the wave for each stage that the record could go to.
fn ask(
    run: &mut Run<'_>,
    shape: &Arc<Shape>,
    flow: &Flow,
    (id, record, verdict): (Uuid, Record, Verdict),
    asked: &mut Vec<Asked>,
) {
    let (Some(lifecycle), Some(from)) = (flow.lifecycle(&record), flow.stage(&record)) else { return };
    let mut stages: Vec<&Arc<str>> = Vec::new();
    for transition in lifecycle.leaving(from) {
        if !stages.contains(&&transition.to) {
            stages.push(&transition.to);
        }
    }
    for to in stages {
        let index = asked.len();
        let denied = verdict == Verdict::Seen;
        asked.push(Asked { id, to: Arc::clone(to), denied });
        run.expect_records(index + 1);
        if denied {
            continue;
        }
        let mut job = Job::new(index, shape, Act::Update, id, Some(record.clone()), record.clone());
        job.after.set(flow.stage, Value::Text(to.to_string()));
        job.given.push(flow.stage);
        job.passage.wanted = true;
        // One record stands for itself several times.
        run.jobs.push(job);
    }
}

fn answer(run: Run<'_>, title: &str, asked: Vec<Asked>) -> HashMap<Uuid, Vec<Move>> {
    let mut missing: Vec<Vec<Refusal>> = vec![Vec::new(); asked.len()];
    for refusal in run.outcome.errors {
        if let Some(of) = refusal.index.and_then(|index| missing.get_mut(index)) {
            of.push(Refusal { index: None, ..refusal });
        }
    }
    let mut out: HashMap<Uuid, Vec<Move>> = HashMap::new();
    for (Asked { id, to, denied }, mut missing) in asked.into_iter().zip(missing) {
        missing.extend(denied.then(|| grant::forbidden(Action::Update, title, id)));
        out.entry(id).or_default().push(Move { to, allowed: missing.is_empty(), missing });
    }
    out
}
