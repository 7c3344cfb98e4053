//! The walk of an operation on records: catalog, schema, document, requests, statements, bytes.

use std::sync::Arc;
use std::time::Duration;

use engine::{Caller, Door, ReadError, Ready, Returning, WriteError};
use expr::Moment;
use futures::StreamExt;
use graphql::{Context, Error, Lowered, OperationKind, Root, RootItem};
use query::cost::{self, Cost};
use query::request::Read;

use crate::app::App;
use crate::failure;
use crate::http::{Answer, Question};
use crate::keys::Principal;
use crate::past;
use crate::payload::{self, RootValue};
use crate::rates::Limited;
use crate::surfaces::Served;
use crate::trace::TraceId;

/// How often a request is understood anew because the metadata changed under it.
const MOST_ATTEMPTS: usize = 4;
/// Statements of one request that run at the same time.
const AT_ONCE: usize = 4;

/// Answers a question about records.
pub(crate) async fn records(
    app: &App,
    principal: &Arc<Principal>,
    question: &Question,
    by_get: bool,
    trace: &TraceId,
) -> Answer {
    let mut done = Done::default();
    for attempt in 0..MOST_ATTEMPTS {
        let catalog = if attempt == 0 {
            app.catalogs.get(&principal.tenant).await
        } else {
            app.catalogs.reload(&principal.tenant).await
        };
        let catalog = match catalog {
            Ok(catalog) => catalog,
            Err(error) => return Answer::Refused(vec![failure::catalog(&error)]),
        };
        let version = catalog.version;
        let caller = match app.caller(principal, catalog, (Door::Graphql, trace)).await {
            Ok(caller) => caller,
            Err(error) => return Answer::Refused(vec![error]),
        };
        let served = match app.surfaces.get(caller.visible()).await {
            Ok(served) => served,
            Err(error) => return Answer::Refused(vec![failure::internal(&error)]),
        };
        let lowered = match understand(&served, question, by_get, &caller).await {
            Ok(Some(lowered)) => lowered,
            Ok(None) => return Answer::NotByGet,
            Err(errors) => {
                // What is not known here may have been published elsewhere a moment ago.
                let now = app.catalogs.reload(&principal.tenant).await;
                if attempt == 0 && now.is_ok_and(|now| now.version != version) {
                    continue;
                }
                return Answer::Refused(errors);
            }
        };
        let run = Run { app, principal, caller: &caller, last: attempt + 1 == MOST_ATTEMPTS };
        let outcome = match lowered.kind {
            OperationKind::Query => run.query(lowered, &mut done).await,
            OperationKind::Mutation => run.mutation(lowered, &mut done).await,
        };
        match outcome {
            Ok(()) => return done.answer(trace),
            Err(Stop::Stale) => tracing::debug!("the metadata changed; the request is understood anew"),
            Err(Stop::Refused(errors)) => return Answer::Refused(errors),
            Err(Stop::Later(wait)) => return Answer::Later(wait),
        }
    }
    // The last attempt reports a changed catalog as an error of its own, so that this is not reached.
    Answer::Refused(vec![failure::internal(&Unsettled)])
}

#[derive(Debug, thiserror::Error)]
#[error("the metadata changed with each attempt")]
struct Unsettled;

/// Why a run ended before its answer.
enum Stop {
    /// The metadata is another by now.
    Stale,
    /// It may not be run at all.
    Refused(Vec<Error>),
    /// It may be run after that time.
    Later(Duration),
}

/// Prepares and lowers; `None` for a mutation by GET.
async fn understand(
    served: &Arc<Served>,
    question: &Question,
    by_get: bool,
    caller: &Caller,
) -> Result<Option<Lowered>, Vec<Error>> {
    let prepared = served.prepare(&question.query)?;
    let operation = question.operation.as_deref();
    if by_get && prepared.kind(operation).map_err(|error| vec![error])? == OperationKind::Mutation {
        return Ok(None);
    }
    let context = Context { moment: Moment { now: caller.clock.now(), zone: caller.zone } };
    if !asks_for_schema(&question.query) {
        return prepared.lower(&served.surface, operation, &question.variables, &context).map(Some);
    }
    // Introspection of a large schema takes long enough to get in the way of other requests.
    let (served, variables) = (Arc::clone(served), question.variables.clone());
    let operation = question.operation.clone();
    let lower = move || prepared.lower(&served.surface, operation.as_deref(), &variables, &context);
    match tokio::task::spawn_blocking(lower).await {
        Ok(lowered) => lowered.map(Some),
        Err(stopped) => Err(vec![failure::internal(&stopped)]),
    }
}

fn asks_for_schema(text: &str) -> bool {
    text.contains("__schema") || text.contains("__type(") || text.contains("__type ")
}

/// What has been answered so far. Mutations that are done stay done when the metadata changes before the next one.
#[derive(Default)]
struct Done {
    values: Vec<RootValue>,
    errors: Vec<Error>,
    /// An error at a field that cannot be null has taken all data.
    lost: bool,
    /// Its cost was taken from the rates.
    paid: bool,
}

impl Done {
    fn answer(self, trace: &TraceId) -> Answer {
        Answer::Run(payload::answer((!self.lost).then_some(self.values.as_slice()), &self.errors, trace))
    }

    fn fail(&mut self, root: &Root, error: Error) {
        self.errors.push(error);
        match &root.item {
            RootItem::Read(Read::Record(_), _) | RootItem::History(_) | RootItem::Explain(_) => {
                self.values.push((root.key.clone(), None));
            }
            _ => self.lost = true,
        }
    }
}

/// A root of a query before it is run.
enum Part {
    Read(Ready),
    Plain(Vec<u8>),
}

/// What all roots cost together; refuses what costs too much.
fn weigh(parts: &[Result<Part, ReadError>]) -> Result<Cost, Stop> {
    let mut whole = Cost { rows: 0, depth: 0 };
    for part in parts {
        match part {
            Ok(Part::Read(Ready { cost, .. })) => {
                whole =
                    Cost { rows: whole.rows.saturating_add(cost.rows), depth: whole.depth.max(cost.depth) };
            }
            Err(ReadError::Cost(exceeded)) => return Err(Stop::Refused(vec![failure::cost(exceeded)])),
            // What may not be read is reported at its place.
            Ok(Part::Plain(_)) | Err(_) => {}
        }
    }
    cost::within_budget(whole).map_err(|exceeded| Stop::Refused(vec![failure::cost(&exceeded)]))?;
    Ok(whole)
}

/// One attempt at an operation.
struct Run<'a> {
    app: &'a App,
    principal: &'a Principal,
    caller: &'a Caller,
    /// Whether there is no further attempt.
    last: bool,
}

impl Run<'_> {
    /// All roots of a query, some at the same time; one statement each, once all of them were weighed.
    async fn query(&self, lowered: Lowered, done: &mut Done) -> Result<(), Stop> {
        let mut prepared = Vec::with_capacity(lowered.roots.len());
        for root in &lowered.roots {
            prepared.push(self.prepare(root).await);
        }
        self.pay(weigh(&prepared)?.rows.max(1), done)?;
        let answers = self.parts(prepared).await;
        if !self.last && answers.iter().any(|answer| matches!(answer, Err(ReadError::Stale))) {
            return Err(Stop::Stale);
        }
        for (root, answer) in lowered.roots.iter().zip(answers) {
            match answer {
                Ok(bytes) => done.values.push((root.key.clone(), Some(bytes))),
                Err(error) => done.fail(root, failure::read(&error, root)),
            }
        }
        Ok(())
    }

    /// Takes the cost from the rates of the key and its tenant, once for a request.
    fn pay(&self, cost: u64, done: &mut Done) -> Result<(), Stop> {
        if std::mem::replace(&mut done.paid, true) {
            return Ok(());
        }
        let (tenant, counted) = (self.principal.tenant.name(), self.principal.counted_as());
        self.app.rates.take(tenant, counted, cost).map_err(|limited| match limited {
            Limited::Wait(wait) => Stop::Later(wait),
            Limited::Never { burst } => Stop::Refused(vec![failure::too_much_at_once(cost, burst)]),
        })
    }

    async fn prepare(&self, root: &Root) -> Result<Part, ReadError> {
        match &root.item {
            RootItem::Read(read, values) => {
                self.app.engine.prepare(self.caller, read.clone(), values).map(Part::Read)
            }
            other => Ok(Part::Plain(self.plain(other).await?)),
        }
    }

    /// All of them, in their order; most requests are one.
    async fn parts(&self, mut prepared: Vec<Result<Part, ReadError>>) -> Vec<Result<Vec<u8>, ReadError>> {
        if prepared.len() == 1 {
            let Some(only) = prepared.pop() else { return Vec::new() };
            return vec![self.part(only).await];
        }
        // Made in a loop and not by `map`: the closure's lifetime would not be general enough for a handler.
        let mut parts = Vec::with_capacity(prepared.len());
        for part in prepared {
            parts.push(self.part(part));
        }
        // Where others are there, a request is one statement at a time.
        let at_once = if self.app.turns.shared(self.caller.tenant.name()) { 1 } else { AT_ONCE };
        futures::stream::iter(parts).buffered(at_once).collect().await
    }

    async fn part(&self, part: Result<Part, ReadError>) -> Result<Vec<u8>, ReadError> {
        match part? {
            Part::Read(ready) => self.app.engine.run(self.caller, &ready).await,
            Part::Plain(bytes) => Ok(bytes),
        }
    }

    /// The roots of a mutation, one after the other; after one that failed the rest is not tried.
    async fn mutation(&self, lowered: Lowered, done: &mut Done) -> Result<(), Stop> {
        let cost = |root: &Root| match &root.item {
            RootItem::Write(write, _) => cost::of_write(write),
            _ => 1,
        };
        self.pay(lowered.roots.iter().map(cost).fold(0, u64::saturating_add), done)?;
        for root in lowered.roots.iter().skip(done.values.len()) {
            let RootItem::Write(write, payload) = &root.item else {
                match self.plain(&root.item).await {
                    Ok(bytes) => done.values.push((root.key.clone(), Some(bytes))),
                    Err(error) => done.fail(root, failure::read(&error, root)),
                }
                continue;
            };
            let returning = payload
                .selection()
                .map(|selection| Returning { selection: selection.clone(), values: payload.values.clone() });
            let written = self.app.engine.write(self.caller, (**write).clone(), returning.as_ref()).await;
            match written {
                Ok(outcome) => {
                    done.values.push((root.key.clone(), Some(crate::payload::written(payload, &outcome))));
                }
                Err(WriteError::Stale) if !self.last => return Err(Stop::Stale),
                Err(error) => {
                    done.fail(root, failure::write(&error, root));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// A root that is neither read nor written.
    async fn plain(&self, item: &RootItem) -> Result<Vec<u8>, ReadError> {
        Ok(match item {
            RootItem::TypeName(name) => format!("\"{name}\"").into_bytes(),
            RootItem::Introspection(json) => json.clone(),
            RootItem::History(asked) => past::history(self.app, self.caller, asked).await?,
            RootItem::Explain(asked) => past::explain(self.app, self.caller, asked).await?,
            RootItem::Me(parts) => payload::me(parts, &self.app.who(self.principal, self.caller).await?),
            // Reads and writes are run by their callers.
            RootItem::Read(..) | RootItem::Write(..) => b"null".to_vec(),
        })
    }
}
