//! A lifecycle: the stages that records of an object pass through, and the ways between them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::OneOrMany;
use super::schema_of;
use crate::catalog::{Journey, StageKind};

/// The stages that records of an object pass through, and the ways between them. An object can have several; a record is in at most one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Lifecycle")]
pub struct LifecycleDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name: a lower-case letter, then up to 59 letters and digits.
    pub name: String,
    /// The object whose records take it.
    pub object: String,
    /// For people; made from the name when absent.
    pub title: Option<String>,
    /// Titles in other languages, by tag.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// The former name, when this lifecycle was renamed.
    pub renamed_from: Option<String>,
    /// An expression: which records take it. Decided when a record is made, behind the `before` scripts; of several lifecycles the first that
    /// holds is taken. All records when absent.
    pub when: Option<String>,
    /// The stages in their order; the first is the entry.
    pub stages: Vec<StageDocument>,
    /// The allowed moves. Of several between the same two stages the first that allows wins.
    #[serde(default)]
    pub transitions: Vec<TransitionDocument>,
    /// Where records go whose stage is gone: former stage, stage they are put into.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub moved: IndexMap<String, String>,
}

/// Additions to a lifecycle of this or another package. A stage or transition of a name that is there already changes the keys that are
/// given and leaves the others.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "LifecycleExtension")]
pub struct LifecycleExtensionDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// The lifecycle, `core/leadMtl` or `leadMtl`.
    pub extends: String,
    /// What these additions are for.
    pub description: Option<String>,
    /// Another title.
    pub title: Option<String>,
    /// Another condition.
    pub when: Option<String>,
    /// Stages that are added or changed.
    #[serde(default)]
    pub stages: Vec<StageDocument>,
    /// Transitions that are added or, by name, changed; one without a name is called `lifecycle.from.to`.
    #[serde(default)]
    pub transitions: Vec<TransitionDocument>,
    /// Where records go whose stage is gone: former stage, stage they are put into.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub moved: IndexMap<String, String>,
}

/// A named state.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Stage")]
pub struct StageDocument {
    /// As stored and as in the API: a letter, then letters, digits and `_`.
    pub name: String,
    /// For people; made from the name when absent.
    pub title: Option<String>,
    /// Titles in other languages, by tag.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// The former name, when this stage was renamed: its records and its log take the new one.
    pub renamed_from: Option<String>,
    /// In an extension: the stage behind which a new one stands; it stands last when absent.
    pub after: Option<String>,
    /// What it means for the record; `open` when absent.
    pub kind: Option<StageKindName>,
    /// Where on the general journey of a customer it lies.
    pub journey: Option<JourneyName>,
    /// The phase of the firm's own way, e.g. `engage`.
    pub phase: Option<String>,
    /// How long records are expected to stay, e.g. `7d`.
    pub expected: Option<String>,
    /// Chance of success in percent.
    #[schemars(range(min = 0, max = 100))]
    pub probability: Option<u8>,
    /// Functions that take part, e.g. `SDR`.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Systems and channels that carry it, e.g. `phone`.
    #[serde(default)]
    pub systems: Vec<String>,
    /// Names of metrics that belong to it.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// What is done in it.
    #[serde(default)]
    pub sop: Vec<SopDocument>,
    /// Fields that cannot be changed while a record is in it.
    #[serde(default)]
    pub locked: Vec<String>,
    /// How long a record must have been out of it before it may enter again, e.g. `7d`.
    pub cooldown: Option<String>,
}

/// What a stage means for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StageKindName {
    /// On the way.
    Open,
    /// Beside the way; records come back.
    Detour,
    /// The aim is reached. It may go on from there.
    Won,
    /// It is given up.
    Lost,
}

/// The general journey of a customer, to which every stage can be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JourneyName {
    /// Knows that we are there.
    Aware,
    /// Wants to know more.
    Curious,
    /// Knows what we offer.
    Understand,
    /// Is inclined.
    Like,
    /// Buys.
    Buy,
    /// Brings others.
    Recommend,
}

/// A step of a stage's standard procedure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "SopStep")]
pub struct SopDocument {
    /// Its name within the stage.
    pub name: String,
    /// For people; made from the name when absent. A done task with this title that belongs to the record and was made during the stay counts as the step.
    pub title: Option<String>,
    /// What to say.
    pub talk_track: Option<String>,
    /// Whether it must be done before the record moves on: to a later stage that is open, or one that is won.
    #[serde(default)]
    pub required: bool,
}

/// An allowed move, and what it demands.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Transition")]
pub struct TransitionDocument {
    /// Stable name; `lifecycle.from.to` when absent.
    pub name: Option<String>,
    /// For people.
    pub title: Option<String>,
    /// The stage that it leads out of, several, or `*`: every stage that is neither won nor lost.
    pub from: Option<OneOrMany>,
    /// The stage that it leads to.
    pub to: Option<String>,
    /// Must hold: an expression over `record`, `old`, `user` and `settings`, or a script function, `lead::readyForSales`.
    pub guard: Option<String>,
    /// A filter that must match the record.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub needs: Option<Map<String, Value>>,
    /// Fields that must have a value.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Who may take it, beside the right to update the record; everybody when empty.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Whether a reason must be given.
    #[serde(default)]
    pub reason: bool,
    /// Fields that are set on the way: field, expression.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub set: IndexMap<String, String>,
    /// A script function that runs behind the move, in its transaction: `lead::returnToPool`.
    pub then: Option<String>,
    /// When it is taken without being asked for: `true` as soon as all that it demands holds, `{"stageAge": "30d"}` or
    /// `{"date": "endDate", "offset": "1d"}` by time.
    pub auto: Option<AutoDocument>,
    /// What the person is told when it is refused.
    pub message: Option<String>,
}

/// When a transition is taken without being asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Auto")]
pub enum AutoDocument {
    /// As soon as all that it demands holds, or not at all.
    Flag(bool),
    /// By time, once all that it demands holds.
    Timed(TimedDocument),
}

/// A moment that a record carries.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Timed")]
pub struct TimedDocument {
    /// When the record has been in its stage for so long, e.g. `30d`.
    pub stage_age: Option<String>,
    /// When this date of the record has come.
    pub date: Option<String>,
    /// Added to the date, e.g. `1d` or `-3d`.
    pub offset: Option<String>,
}

/// The schema of a lifecycle, whose transitions say where they lead (those of an extension may leave it to the one that they change).
pub fn lifecycle_schema() -> Value {
    let mut schema = schema_of::<LifecycleDocument>();
    let transition = schema.pointer_mut("/$defs/Transition").and_then(Value::as_object_mut);
    if let Some(transition) = transition {
        transition.insert("required".to_owned(), serde_json::json!(["from", "to"]));
    }
    schema
}

impl From<StageKindName> for StageKind {
    fn from(kind: StageKindName) -> Self {
        match kind {
            StageKindName::Open => StageKind::Open,
            StageKindName::Detour => StageKind::Detour,
            StageKindName::Won => StageKind::Won,
            StageKindName::Lost => StageKind::Lost,
        }
    }
}

impl From<JourneyName> for Journey {
    fn from(step: JourneyName) -> Self {
        match step {
            JourneyName::Aware => Journey::Aware,
            JourneyName::Curious => Journey::Curious,
            JourneyName::Understand => Journey::Understand,
            JourneyName::Like => Journey::Like,
            JourneyName::Buy => Journey::Buy,
            JourneyName::Recommend => Journey::Recommend,
        }
    }
}
