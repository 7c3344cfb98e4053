//! What comes of a write: records, refusals, effects.

use bytes::Bytes;
use metadata::Name;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What came of a write. The lists run parallel to the records of the request; operations on a filter list the records found, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The selected part of each record as JSON; `None` where it was refused, destroyed, or nothing was selected.
    pub records: Vec<Option<Bytes>>,
    /// The record's id; `None` where it was refused.
    pub ids: Vec<Option<Uuid>>,
    /// Whether the record was made by this write.
    pub created: Vec<bool>,
    /// Whether anything of the record was changed by this write; a write of equal values changes nothing.
    pub changed: Vec<bool>,
    /// Why records were refused.
    pub errors: Vec<Refusal>,
    /// All that happened, in order; what would have happened, for a dry run.
    pub effects: Vec<Effect>,
}

impl Outcome {
    /// Whether nothing was refused.
    pub fn ok(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Why a record was refused. Safe to show: never holds SQL or another tenant's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of refusal.
    pub code: Code,
    /// The field, with its part after a dot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The rule that said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// For people.
    pub message: String,
    /// The line of the script that said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Which record of a bulk request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Which record was denied; for the audit log, never sent.
    #[serde(skip)]
    pub(crate) record: Option<Uuid>,
}

impl Refusal {
    /// A refusal without field, rule and index.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, path: None, rule: None, message: message.into(), line: None, index: None, record: None }
    }

    /// A value that may not be written, at its field.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(Code::Validation, message) }
    }

    /// The same about a record that is there.
    pub(crate) fn about(mut self, record: Uuid) -> Self {
        self.record = Some(record);
        self
    }

    /// The same with the name of the rule that said no.
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }
}

/// The kinds of refusal that stand in a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// A value cannot be written: wrong, missing, not writable, leads nowhere.
    Validation,
    /// A rule of the business says no.
    Refused,
    /// Somebody else was there first: another record with the unique value, another version, another request under the same key.
    Conflict,
    /// There is no such record for this caller.
    NotFound,
    /// The caller sees the record but may not do this to it.
    Forbidden,
    /// A script failed for one of several records that stand for themselves.
    ScriptError,
}

impl Code {
    /// As it stands in a payload.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Validation => "VALIDATION",
            Code::Refused => "REFUSED",
            Code::Conflict => "CONFLICT",
            Code::NotFound => "NOT_FOUND",
            Code::Forbidden => "FORBIDDEN",
            Code::ScriptError => "SCRIPT_ERROR",
        }
    }
}

/// One thing that a write did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// What kind of thing.
    pub kind: EffectKind,
    /// On a record of which object.
    pub object: Name,
    /// On which record.
    pub id: Uuid,
    /// The field, for updates: one effect for each changed field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Name>,
    /// Its former value; null when there was none.
    #[serde(default)]
    pub from: serde_json::Value,
    /// Its new value; null when there is none.
    #[serde(default)]
    pub to: serde_json::Value,
}

/// The kinds of effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EffectKind {
    /// A record was made.
    Created,
    /// A field was changed.
    Updated,
    /// A record was taken to another stage of its lifecycle.
    Moved,
    /// A record was deleted and can be restored.
    Deleted,
    /// A deleted record was brought back.
    Restored,
    /// A record is gone for good.
    Destroyed,
    /// Work on the record waits for a worker: its name stands in `to`.
    Queued,
    /// A user was told something: it stands in `to`.
    Notified,
    /// The record was written, and the caller may not see what became of it.
    Hidden,
}

impl EffectKind {
    /// As it stands in payloads, in the history and in the outbox.
    pub fn as_str(self) -> &'static str {
        match self {
            EffectKind::Created => "created",
            EffectKind::Updated => "updated",
            EffectKind::Moved => "moved",
            EffectKind::Deleted => "deleted",
            EffectKind::Restored => "restored",
            EffectKind::Destroyed => "destroyed",
            EffectKind::Queued => "queued",
            EffectKind::Notified => "notified",
            EffectKind::Hidden => "hidden",
        }
    }
}
