//! The engine: what it keeps between requests, and its one way in for writes.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use expr::Value;
use metadata::Catalog;
use query::holes::Holes;
use query::request::{Selection, Write};
use script::Judged;
use sql::Dialect;

use crate::caller::Caller;
use crate::error::WriteError;
use crate::model::Model;
use crate::order;
use crate::outcome::Outcome;
use crate::queue::Duty;

/// Catalogs whose models are kept.
const MODELS: usize = 256;

/// Carries out writes and reads. One for the whole program; keeps nothing but what can be worked out again.
#[derive(Debug, Default)]
pub struct Engine {
    models: Mutex<HashMap<(String, bool), Arc<Model>>>,
    pub(crate) reads: crate::read::Reads,
    pub(crate) permits: crate::script::Permits,
}

/// What is answered of each written record. Slots in the selection are numbers into `values`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Returning {
    /// What of the record.
    pub selection: Selection,
    /// Values of its arguments.
    pub values: Vec<Value>,
}

/// Something that is noted in the same transaction as a write, just before it is committed: all or none of both.
pub trait Rider: Send + Sync {
    /// What is noted, given what comes of the write (its refusals carry their index).
    fn note(&self, outcome: &Outcome) -> Noted;
}

/// What is noted along with a write.
#[derive(Clone, Debug)]
pub enum Noted {
    /// How far a long piece of work has come.
    Progress(Note),
    /// That the job is done for which the write was made; unless it answers a row, somebody else has the job, and nothing is written.
    Job(store::Part),
}

/// A state under a key; without state the key is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whose state.
    pub key: String,
    /// The state.
    pub state: Option<String>,
}

impl Engine {
    /// An engine that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a write through the order of execution. Refusals of records are in the outcome; an error means that nothing was written.
    /// Lost races (deadlocks, serialization failures) are retried with the whole order.
    pub async fn write(
        &self,
        caller: &Caller,
        write: Write,
        returning: Option<&Returning>,
    ) -> Result<Outcome, WriteError> {
        let holes = returning.and_then(|returning| Holes::of_record(&returning.selection));
        let rehearsed = write.dry_run;
        let mut outcome = self.write_with(caller, write, returning, None).await?;
        // What may come next is told of what is there: after a rehearsal that is what was there before.
        if let Some(holes) = holes.filter(|_| !rehearsed) {
            let answered = outcome.records.iter_mut().flatten();
            let (places, answers): (Vec<&mut Bytes>, Vec<Vec<u8>>) = answered
                .map(|record| {
                    let bytes = record.to_vec();
                    (record, bytes)
                })
                .unzip();
            let filled = Box::pin(self.filled(caller, &holes, answers)).await?;
            for (place, record) in places.into_iter().zip(filled) {
                *place = Bytes::from(record);
            }
        }
        Ok(outcome)
    }

    /// The same, with statements that share its transaction.
    pub async fn write_with(
        &self,
        caller: &Caller,
        write: Write,
        returning: Option<&Returning>,
        rider: Option<&dyn Rider>,
    ) -> Result<Outcome, WriteError> {
        self.write_riding(caller, write, returning, (rider, None)).await
    }

    /// The same, and a function of a script that is run in its transaction.
    pub(crate) async fn write_riding(
        &self,
        caller: &Caller,
        write: Write,
        returning: Option<&Returning>,
        (rider, duty): (Option<&dyn Rider>, Option<&Duty<'_>>),
    ) -> Result<Outcome, WriteError> {
        let request = order::Request { write, returning, rider, erasing: None, duty };
        // Behind a pointer, so that the futures of doors need not be searched as deep as writes may set each other off.
        let work: Pin<Box<dyn Future<Output = _> + Send + '_>> =
            Box::pin(order::carry_out(self, caller, request));
        work.await
    }

    /// What the guards of the caller's catalog that are scripts have cost so far.
    pub fn judged(&self, caller: &Caller) -> Result<Vec<Judged>, WriteError> {
        Ok(self.model(caller)?.library.judged())
    }

    /// What is worked out of the caller's catalog; made once for all tenants on equal catalogs.
    pub(crate) fn model(&self, caller: &Caller) -> Result<Arc<Model>, WriteError> {
        self.model_of(&caller.catalog, caller.tenant.dialect())
    }

    /// The same of any catalog.
    pub(crate) fn model_of(&self, catalog: &Catalog, dialect: Dialect) -> Result<Arc<Model>, WriteError> {
        let key = (catalog.hash.clone(), dialect == Dialect::Sqlite);
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = models.get(&key) {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(Model::new(catalog, dialect)?);
        if key.0.is_empty() {
            return Ok(model);
        }
        if models.len() >= MODELS {
            models.clear();
        }
        models.insert(key, Arc::clone(&model));
        Ok(model)
    }
}
