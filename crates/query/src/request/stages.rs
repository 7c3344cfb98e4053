//! What is read of lifecycles: where a record stands, its stays in stages, and what the log tells of many records.

use std::sync::Arc;

use expr::{Expr, Slot};
use metadata::Name;
use sql::Bucket;

use super::Keyed;

/// Where a record stands in its lifecycle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LifecycleRead {
    /// Slot of the instant at which it stood there; now without it.
    pub as_of: Option<Slot>,
    /// What of it.
    pub parts: Vec<Keyed<LifecyclePart>>,
}

/// What is selected of a record's lifecycle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LifecyclePart {
    /// `__typename`
    TypeName(Arc<str>),
    /// Its name.
    Name,
    /// Its title.
    Title,
    /// The stage.
    Stage,
    /// Since when.
    EnteredAt,
    /// The how manyth time.
    Pass,
    /// What may come next: told by the engine, which is given the record's id in its place.
    Moves(Vec<Keyed<MovePart>>),
    /// The stays so far.
    History(StayList),
}

/// What is selected of a move.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MovePart {
    /// `__typename`
    TypeName(Arc<str>),
    /// The stage it leads to.
    To,
    /// Whether it would pass now.
    Allowed,
    /// What is missing.
    Missing(Vec<Keyed<MissingPart>>),
}

/// What is selected of something that is missing for a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields of a refusal, by their names")]
pub enum MissingPart {
    TypeName,
    Code,
    Path,
    Rule,
    Message,
    ScriptLine,
    Index,
}

/// A page of the stays of a record, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StayList {
    /// Slot of the greatest number of stays (Int).
    pub size: Slot,
    /// The last ones instead of the first ones; shown in their order.
    pub backward: bool,
    /// Slot of the id of the stay that they follow.
    pub after: Option<Slot>,
    /// Slot of the id of the stay that they precede.
    pub before: Option<Slot>,
    /// What of each.
    pub parts: Vec<Keyed<StayPart>>,
}

/// What is selected of a stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the columns of the log, by their names in the API")]
pub enum StayPart {
    TypeName,
    Id,
    Lifecycle,
    Transition,
    From,
    To,
    Pass,
    EnteredAt,
    LeftAt,
    LeftTo,
    Days,
    Actor,
    User,
    Cause,
    Detail,
    Reason,
}

/// What the log tells of the records of an object in one lifecycle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StageRead {
    /// Of which object.
    pub object: Name,
    /// In which lifecycle.
    pub lifecycle: Name,
    /// Which records.
    pub filter: Option<Expr>,
    /// Slot of the instant up to which the log is read; now without it.
    pub as_of: Option<Slot>,
    /// What is told.
    pub told: Told,
}

/// What is told of stages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// Of each stage, who came and what became of them.
    Funnel {
        /// Of those who came in this time.
        period: Period,
        /// What of each stage.
        parts: Vec<Keyed<FunnelPart>>,
    },
    /// Of each transition, how long those who took it had stayed.
    Velocity(Velocity),
    /// Of each stage, how long those who are in it have been there.
    Aging(Vec<Keyed<AgingPart>>),
}

/// From an instant, included, to another, which is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Period {
    /// Slot of the first instant.
    pub from: Option<Slot>,
    /// Slot of the one behind the last.
    pub to: Option<Slot>,
}

/// How long those who took a transition had stayed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Velocity {
    /// Transitions that were taken in this time.
    pub period: Period,
    /// By which stretches of time; all of it as one without.
    pub by: Option<Bucket>,
    /// Slot of the time zone's IANA name (Text).
    pub zone: Slot,
    /// Slot of the pass in the stage that was left (Int).
    pub pass: Option<Slot>,
    /// Slot of the stage that was left (Text).
    pub from_stage: Option<Slot>,
    /// Slot of the stage that was entered (Text).
    pub to_stage: Option<Slot>,
    /// Slot of the greatest number of rows (Int).
    pub size: Slot,
    /// What of each.
    pub parts: Vec<Keyed<VelocityPart>>,
}

/// What is said of a stage itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the properties of a stage, by their names in metadata")]
pub enum StageFact {
    Name,
    Title,
    Kind,
    Journey,
    Phase,
    Probability,
    Expected,
}

/// What is selected of a stage of a funnel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FunnelPart {
    /// `__typename`
    TypeName(Arc<str>),
    /// Of the stage itself.
    Fact(StageFact),
    /// Records that came, each once.
    Entered,
    /// How often they came.
    Stays,
    /// Records that are in it.
    Present,
    /// Those of the ones who came that were in a later stage afterwards.
    Advanced,
    /// The same as a part of them.
    Conversion,
    /// Those of the ones who came that won then or afterwards.
    Won,
    /// Those of the ones who came that were lost then or afterwards.
    Lost,
}

/// What is selected of a transition's velocity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VelocityPart {
    /// `__typename`
    TypeName(Arc<str>),
    /// The stage that was left.
    From,
    /// The stage that was entered.
    To,
    /// First day of the stretch of time.
    Bucket,
    /// How often.
    Count,
    /// A length in days.
    Days(Length),
}

/// What is selected of a stage's age.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AgingPart {
    /// `__typename`
    TypeName(Arc<str>),
    /// Of the stage itself.
    Fact(StageFact),
    /// Records that are in it.
    Count,
    /// A length in days.
    Days(Length),
    /// Records that have been in it for longer than expected.
    Overdue,
    /// Since when the first of them has been in it.
    Oldest,
}

/// Of many lengths of time, one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// The mean.
    Mean,
    /// That which half of them do not pass.
    Median,
    /// That which nine tenths of them do not pass.
    NinetyPercent,
}
