//! An automation: a trigger, and what is done when it fires.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::OneOrMany;
use crate::catalog::{RecordAct, RunAt};

/// A trigger, and what is done when it fires.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Automation")]
pub struct AutomationDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name: a lower-case letter, then up to 59 letters and digits.
    pub name: String,
    /// For people; made from the name when absent.
    pub title: Option<String>,
    /// Titles in other languages, by tag.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// The former name, when this automation was renamed.
    pub renamed_from: Option<String>,
    /// Whose records it is about; a schedule without `each` and a message can do without.
    pub object: Option<String>,
    /// What sets it off.
    pub on: TriggerDocument,
    /// When it runs; `after` where a record sets it off, `job` where a clock or a message does.
    pub run: Option<RunName>,
    /// An expression that must hold of the record, else nothing runs.
    pub when: Option<String>,
    /// Fields that are set: field, expression.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub set: IndexMap<String, String>,
    /// The script function that runs: `lead::createCall`.
    pub then: Option<String>,
    /// With whose rights: `system` for all of them, the name of a role, or, when absent, those of whoever set it off.
    #[serde(rename = "as")]
    pub principal: Option<String>,
}

/// What sets an automation off: one of `record`, `transition`, `schedule`, `date` and `message`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "Trigger")]
pub struct TriggerDocument {
    /// Something is done to a record of the object.
    pub record: Option<ActsDocument>,
    /// With `record`: only changes of one of these fields.
    pub fields: Option<Vec<String>>,
    /// A record of the object changes its stage.
    pub transition: Option<TransitionTrigger>,
    /// A moment comes again and again: minute, hour, day of month, month, day of week, e.g. `0 8 * * 1-5`.
    pub schedule: Option<String>,
    /// With `schedule`: in whose time, e.g. `Asia/Shanghai`; UTC when absent.
    pub time_zone: Option<String>,
    /// With `schedule`: one run for each record that this filter matches.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub each: Option<Map<String, Value>>,
    /// This date of the record comes.
    pub date: Option<String>,
    /// With `date`: added to it, e.g. `1d` or `-3d`.
    pub offset: Option<String>,
    /// A message of that name comes from outside.
    pub message: Option<String>,
}

/// One act or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Acts")]
pub enum ActsDocument {
    /// One.
    One(ActName),
    /// Several.
    Many(Vec<ActName>),
}

impl ActsDocument {
    /// All of them.
    pub fn all(&self) -> &[ActName] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A change of stage. Without `from` and `to` it is any.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TransitionTrigger {
    /// Only of this lifecycle.
    pub lifecycle: Option<String>,
    /// Only out of this stage, or one of these.
    pub from: Option<OneOrMany>,
    /// Only into this stage, or one of these.
    pub to: Option<OneOrMany>,
    /// Only the n-th time that the stage is entered.
    #[schemars(range(min = 1))]
    pub pass: Option<i64>,
}

/// What is done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ActName {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}

/// When an automation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunName {
    /// In the transaction, before the record is judged: assigning `record.x` changes it.
    Before,
    /// In the transaction, behind the write.
    After,
    /// By a worker, behind the commit, at least once, tried again when it fails.
    Job,
}

impl From<ActName> for RecordAct {
    fn from(act: ActName) -> Self {
        match act {
            ActName::Create => RecordAct::Create,
            ActName::Update => RecordAct::Update,
            ActName::Delete => RecordAct::Delete,
        }
    }
}

impl From<RunName> for RunAt {
    fn from(run: RunName) -> Self {
        match run {
            RunName::Before => RunAt::Before,
            RunName::After => RunAt::After,
            RunName::Job => RunAt::Job,
        }
    }
}
