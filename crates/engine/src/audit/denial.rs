//! Which entry a write leaves that was denied.

use metadata::Name;
use query::access::Access;
use query::request::{Operation, Which, Write};
use serde_json::json;
use uuid::Uuid;

use super::{Act, Entry};
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::WriteError;
use crate::outcome::{Code, Outcome, Refusal};

/// Denied records of a bulk write that an entry names.
const NAMED: usize = 100;

/// What a caller without all rights sets out to write.
pub(crate) struct Attempt {
    act: Act,
    object: Name,
    record: Option<Uuid>,
}

impl Attempt {
    /// `None` for callers whom nothing is denied.
    pub(crate) fn of(caller: &Caller, write: &Write) -> Option<Self> {
        if caller.access == Access::Everything {
            return None;
        }
        let named = |which: &Which| match which {
            Which::One(id) => Some(*id),
            Which::Matching(..) => None,
        };
        let (act, record) = match &write.operation {
            Operation::Create(..) => (Act::Create, None),
            Operation::Update { id, .. } | Operation::Move { id, .. } => (Act::Update, Some(*id)),
            Operation::UpdateMany(which, ..) => (Act::Update, named(which)),
            Operation::Upsert { .. } => (Act::Update, None),
            Operation::Delete(which, _) => (Act::Delete, named(which)),
            Operation::Restore(which, _) => (Act::Restore, named(which)),
            Operation::Destroy(which, _) => (Act::Destroy, named(which)),
        };
        Some(Self { act, object: write.object.clone(), record })
    }

    /// Notes it if it was denied.
    pub(crate) async fn note(self, engine: &Engine, caller: &Caller, result: &Result<Outcome, WriteError>) {
        let Some(entry) = self.entry(result) else { return };
        engine.audit_or_log(caller, entry).await;
    }

    fn entry(self, result: &Result<Outcome, WriteError>) -> Option<Entry> {
        match result {
            Err(WriteError::Denied(denied)) if denied.forbidden() => {
                let detail = json!({"code": Code::Forbidden.as_str(), "message": denied.to_string()});
                Some(self.denied(detail))
            }
            Err(WriteError::Forbidden(refusal)) => self.refused(&[refusal]),
            Err(_) => None,
            Ok(outcome) => self.refused(&outcome.errors.iter().filter(|one| denies(one)).collect::<Vec<_>>()),
        }
    }

    fn refused(mut self, refusals: &[&Refusal]) -> Option<Entry> {
        let detail = match refusals {
            [] => return None,
            [one] => {
                self.record = self.record.or(one.record);
                json!({"code": one.code.as_str(), "path": one.path})
            }
            several => {
                let each = |one: &&Refusal| json!({"code": one.code.as_str(), "path": one.path, "index": one.index, "record": one.record});
                let named: Vec<serde_json::Value> = several.iter().take(NAMED).map(each).collect();
                json!({"count": several.len(), "records": named})
            }
        };
        Some(self.denied(detail))
    }

    fn denied(self, detail: serde_json::Value) -> Entry {
        let entry = Entry::denied(self.act).of(&self.object).with(detail);
        Entry { record: self.record, ..entry }
    }
}

/// Whether a refusal is one by right: forbidden, out of sight, or a value that a record out of sight may have.
fn denies(refusal: &Refusal) -> bool {
    match refusal.code {
        Code::Forbidden | Code::NotFound => true,
        Code::Conflict => refusal.rule.as_deref() == Some("unique"),
        Code::Validation | Code::Refused | Code::ScriptError => false,
    }
}
