//! Reads for a caller: permit, cost, lower (kept by shape), one statement, bytes.

use std::sync::{Arc, Mutex, PoisonError};

use expr::{Moment, Value};
use query::cache::{Hasher, Key, LoweredCache};
use query::cost::Cost;
use query::holes::Holes;
use query::lower::Lowered;
use query::request::Read;
use query::{access, cost, lower, response};
use store::StoreError;

use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::ReadError;

/// Statements that are kept.
const KEPT: usize = 4_096;

/// Lowered statements, for all tenants.
pub(crate) struct Reads {
    hasher: Hasher,
    kept: Mutex<LoweredCache>,
}

impl Default for Reads {
    fn default() -> Self {
        Self { hasher: Hasher::default(), kept: Mutex::new(LoweredCache::new(KEPT)) }
    }
}

impl std::fmt::Debug for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reads")
    }
}

/// A read that was permitted, weighed and lowered, and is still to be run.
#[derive(Debug)]
pub struct Ready {
    /// What it may cost.
    pub cost: Cost,
    pub(crate) lowered: Arc<Lowered>,
    /// What of the answer no statement can tell.
    pub(crate) holes: Option<Holes>,
    /// The statement's values.
    pub(crate) bound: Vec<Value>,
}

impl Engine {
    /// The answer to a read as JSON bytes: one round trip to the database. A statement that a change of the metadata made stale is run
    /// once more before the caller hears of it.
    pub async fn read(&self, caller: &Caller, read: Read, values: &[Value]) -> Result<Vec<u8>, ReadError> {
        self.run(caller, &self.prepare(caller, read, values)?).await
    }

    /// The answer to a read that was prepared for the same caller.
    pub async fn run(&self, caller: &Caller, ready: &Ready) -> Result<Vec<u8>, ReadError> {
        let fetched = match caller.tenant.fetch(&ready.lowered.statement, &ready.bound).await {
            Err(StoreError::SchemaChanged) => {
                caller.tenant.fetch(&ready.lowered.statement, &ready.bound).await
            }
            other => other,
        };
        let answer = ready.answer(&fetched?)?;
        let Some(holes) = &ready.holes else { return Ok(answer) };
        let filled = Box::pin(self.filled(caller, holes, vec![answer])).await?;
        Ok(filled.into_iter().next().unwrap_or_default())
    }

    /// Everything of a read that needs no database.
    pub fn prepare(&self, caller: &Caller, read: Read, values: &[Value]) -> Result<Ready, ReadError> {
        let holes = Holes::of(&read);
        let permitted = access::permit(&caller.catalog, &caller.access, read)?;
        let cost = cost::check(&permitted, values)?;
        let dialect = caller.tenant.dialect();
        let lowered = if caller.catalog.hash.is_empty() {
            Arc::new(lower::lower(&permitted, &caller.catalog, dialect)?)
        } else {
            let key = self.reads.hasher.hashed(Key {
                read: permitted.shape(),
                access: permitted.access(),
                catalog: &caller.catalog.hash,
                dialect,
            });
            let kept = self.reads.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key);
            if let Some(lowered) = kept {
                lowered
            } else {
                let lowered = Arc::new(lower::lower(&permitted, &caller.catalog, dialect)?);
                let mut kept = self.reads.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(key, Arc::clone(&lowered));
                lowered
            }
        };
        let moment = Moment { now: caller.clock.now(), zone: caller.zone };
        let bound = lowered.slots.bind(values, &moment, &caller.facts)?;
        Ok(Ready { cost, lowered, holes, bound })
    }
}

impl Ready {
    /// The bytes of the answer.
    pub(crate) fn answer(&self, rows: &[store::Row]) -> Result<Vec<u8>, ReadError> {
        let mut out = Vec::with_capacity(256 + rows.len() * 256);
        response::write(&self.lowered.response, rows, &self.bound, &mut out)?;
        Ok(out)
    }
}
