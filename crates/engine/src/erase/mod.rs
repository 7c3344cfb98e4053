//! Erasing a person: the record is destroyed with its details, and in the same transaction everything goes that the platform keeps of their
//! values: history, events that wait, outcomes of requests, what the audit log says beside the act. What stays is the entry that it was
//! done, why, and how much there was.

mod scrub;
mod traces;

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use metadata::Name;
use query::access::{self, Access};
use query::request::{Batch, Operation, Which, Write};
use serde_json::json;
use uuid::Uuid;

pub(crate) use scrub::scrub;

use crate::audit::{Act, Entry};
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::WriteError;
use crate::order;
use crate::outcome::{Code, Refusal};

/// Whom to erase, and why.
#[derive(Clone, Debug)]
pub struct Erase {
    /// A record of which object.
    pub object: Name,
    /// Which record.
    pub id: Uuid,
    /// Kept in the audit log; must not hold what is erased.
    pub reason: String,
}

/// How much was erased: the proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Records that are gone, by object.
    pub records: BTreeMap<Name, u64>,
    /// Entries of their history.
    pub history: u64,
    /// Events that have lost their content.
    pub events: u64,
    /// Outcomes of requests that were kept for their repetition.
    pub outcomes: u64,
    /// Entries of the audit log that have lost their content, or the name of who acted.
    pub audit: u64,
    /// Whatever let the person in, or was shared with them: passwords, roles, invitations, accounts elsewhere, shares.
    pub access: u64,
}

/// An erasure on its way through the order of execution.
pub(crate) struct Erasing<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) wanted: &'a Erase,
    pub(crate) done: OnceLock<Erased>,
}

impl Engine {
    /// Erases a record of a person. Refusals say what is in the way: records that may not lose it.
    pub async fn erase(
        &self,
        caller: &Caller,
        wanted: &Erase,
    ) -> Result<Result<Erased, Vec<Refusal>>, WriteError> {
        let erased = self.erase_permitted(caller, wanted).await;
        let denied = match &erased {
            Err(WriteError::Denied(denied)) => denied.forbidden(),
            Ok(Err(refusals)) => {
                caller.access != Access::Everything && refusals.iter().any(|one| one.code == Code::NotFound)
            }
            _ => false,
        };
        if denied {
            self.audit(caller, Entry::denied(Act::Erase).on(&wanted.object, wanted.id)).await?;
        }
        erased
    }

    async fn erase_permitted(
        &self,
        caller: &Caller,
        wanted: &Erase,
    ) -> Result<Result<Erased, Vec<Refusal>>, WriteError> {
        let object = access::permit_erasure(&caller.catalog, &caller.access, &wanted.object)?;
        if wanted.reason.trim().is_empty() {
            return Err(WriteError::Usage {
                message: "say why: `reason` is kept in the audit log".to_owned(),
            });
        }
        let seen = self.in_sight(caller, &wanted.object, HashSet::from([wanted.id])).await?;
        if seen.is_empty() {
            let message = format!("there is no {} with this id", object.title);
            return Ok(Err(vec![Refusal::new(Code::NotFound, message)]));
        }
        // The right to erase a person is one to all that belongs to them.
        let platform = Caller { access: Access::Everything, ..caller.clone() };
        let erasing = Erasing { caller, wanted, done: OnceLock::new() };
        let write = Write {
            object: wanted.object.clone(),
            operation: Operation::Destroy(Which::One(wanted.id), Batch::AllOrNone),
            dry_run: false,
            idempotency_key: None,
        };
        let request =
            order::Request { write, returning: None, rider: None, erasing: Some(&erasing), duty: None };
        let outcome = order::carry_out(self, &platform, request).await?;
        if !outcome.ok() {
            return Ok(Err(outcome.errors));
        }
        end_access(caller, wanted).await?;
        erasing.done.into_inner().map(Ok).ok_or_else(|| WriteError::internal("an erasure without end"))
    }
}

/// Keys and sessions are the control database's; without their user they let nobody in, and now they are gone.
async fn end_access(caller: &Caller, wanted: &Erase) -> Result<(), WriteError> {
    let (store, tenant) = (caller.tenant.store(), caller.tenant.name());
    if wanted.object.as_str() != "user" {
        return Ok(());
    }
    for key in store.keys(tenant).await?.into_iter().filter(|key| key.user == Some(wanted.id)) {
        store.key_delete(tenant, key.id).await?;
    }
    store.sessions_end(tenant, wanted.id, None).await?;
    Ok(())
}

impl Erased {
    fn entry(&self, wanted: &Erase) -> Entry {
        Entry::done(Act::Erase).on(&wanted.object, wanted.id).with(json!({
            "reason": wanted.reason,
            "records": self.records.iter().map(|(name, count)| (name.as_str().to_owned(), *count)).collect::<BTreeMap<_, _>>(),
            "history": self.history,
            "events": self.events,
            "outcomes": self.outcomes,
            "audit": self.audit,
            "access": self.access,
        }))
    }
}
