//! Lifecycles: the stages that records of an object pass through, and the ways between them.

use std::sync::Arc;

use expr::{Duration, Expr};
use indexmap::IndexMap;

use super::{Field, FunctionPath, Object};
use crate::name::Name;

/// The fields that a record has because its object has lifecycles.
pub const LIFECYCLE_FIELDS: [&str; 4] = ["lifecycle", "stage", "stageEnteredAt", "pass"];

impl Object {
    /// The field of that name, if it is there because the object has lifecycles.
    pub fn lifecycle_field(&self, name: &str) -> Option<&Arc<Field>> {
        self.field(name).filter(|field| field.system && LIFECYCLE_FIELDS.contains(&name))
    }

    /// Whether the log of its records' stages is there to be read: whoever sees all that it tells sees it.
    pub fn has_log(&self) -> bool {
        LIFECYCLE_FIELDS.iter().all(|name| self.lifecycle_field(name).is_some())
    }
}

/// Stages and transitions for one object. An object can have several; a record is in at most one.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    /// `leadMtl`
    pub name: Name,
    /// Whose records take it.
    pub object: Name,
    /// For people.
    pub title: String,
    /// Titles in other languages, by tag.
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// The package that defines it; its settings are those that the expressions name.
    pub package: String,
    /// Which records take it, asked once when they are made; `None` takes all.
    pub when: Option<Expr>,
    /// Stages by name; the first is the entry.
    pub stages: IndexMap<Arc<str>, Stage>,
    /// The ways between them, in the order in which they are tried.
    pub transitions: Vec<Transition>,
    /// Where records are put whose stage is gone: former stage, present one. `apply` carries it out.
    pub moved: IndexMap<String, Arc<str>>,
    /// Its former name, when its author renamed it; without effect once the former name is gone.
    pub renamed_from: Option<Name>,
}

impl Lifecycle {
    /// The stage in which records begin.
    pub fn entry(&self) -> Option<&Stage> {
        self.stages.first().map(|(_, stage)| stage)
    }

    /// The name of one of its transitions that no other lifecycle has: `leadMtl:cooledDown`.
    pub fn path_of(&self, way: &Transition) -> String {
        format!("{}:{}", self.name, way.name)
    }

    /// The transitions that lead from one stage to another, in the order in which they are tried.
    pub fn between<'a>(&'a self, from: &'a str, to: &'a str) -> impl Iterator<Item = &'a Transition> {
        self.leaving(from).filter(move |way| &*way.to == to)
    }

    /// The transitions that lead out of a stage.
    pub fn leaving<'a>(&'a self, from: &'a str) -> impl Iterator<Item = &'a Transition> {
        self.transitions.iter().filter(move |way| way.from.iter().any(|stage| &**stage == from))
    }
}

/// A named state.
#[derive(Clone, Debug)]
pub struct Stage {
    /// `[A-Za-z][A-Za-z0-9_]*`, as stored and as in the API.
    pub name: Arc<str>,
    /// For people.
    pub title: String,
    /// Titles in other languages, by tag.
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// What it means for the record.
    pub kind: StageKind,
    /// Where on the general journey it lies.
    pub journey: Option<Journey>,
    /// The phase of the firm's own way, e.g. `engage`.
    pub phase: Option<String>,
    /// How long records are expected to stay.
    pub expected: Option<Duration>,
    /// Chance of success in percent.
    pub probability: Option<u8>,
    /// Functions that take part, e.g. `SDR`.
    pub functions: Vec<String>,
    /// Systems and channels that carry it, e.g. `phone`.
    pub systems: Vec<String>,
    /// Names of metrics that belong to it.
    pub metrics: Vec<String>,
    /// What is done in it.
    pub sop: Vec<SopStep>,
    /// Fields that cannot be changed while a record is in it.
    pub locked: Vec<Name>,
    /// How long a record must have been out of it before it may enter again.
    pub cooldown: Option<Duration>,
    /// Its former name, when it was renamed.
    pub renamed_from: Option<String>,
}

/// What a stage means for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum StageKind {
    /// On the way.
    #[default]
    Open,
    /// Beside the way; records come back.
    Detour,
    /// The aim is reached.
    Won,
    /// It is given up.
    Lost,
}

impl StageKind {
    /// All of them.
    pub const ALL: [StageKind; 4] = [StageKind::Open, StageKind::Detour, StageKind::Won, StageKind::Lost];

    /// As it stands in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            StageKind::Open => "open",
            StageKind::Detour => "detour",
            StageKind::Won => "won",
            StageKind::Lost => "lost",
        }
    }
}

/// The general journey to which every stage is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Journey {
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

impl Journey {
    /// All steps, in their order.
    pub const ALL: [Journey; 6] = [
        Journey::Aware,
        Journey::Curious,
        Journey::Understand,
        Journey::Like,
        Journey::Buy,
        Journey::Recommend,
    ];

    /// As it stands in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Journey::Aware => "aware",
            Journey::Curious => "curious",
            Journey::Understand => "understand",
            Journey::Like => "like",
            Journey::Buy => "buy",
            Journey::Recommend => "recommend",
        }
    }
}

/// A step of a stage's standard procedure.
#[derive(Clone, Debug)]
pub struct SopStep {
    /// Its name within the stage.
    pub name: Name,
    /// For people.
    pub title: String,
    /// What to say.
    pub talk_track: Option<String>,
    /// Whether the stage cannot be left forward before it is done: a task with this title that is done belongs to the record.
    pub required: bool,
}

/// An allowed move.
#[derive(Clone, Debug)]
pub struct Transition {
    /// Given by its author, else `lifecycle.from.to`, with `*` or names joined by `,` as `from`.
    pub name: String,
    /// Whether its author named it.
    pub named: bool,
    /// The package that wrote it; its settings are those that the expressions name.
    pub package: String,
    /// For people.
    pub title: Option<String>,
    /// The stages it leads out of; `*` is spelled out.
    pub from: Vec<Arc<str>>,
    /// The stage it leads to.
    pub to: Arc<str>,
    /// Must hold of the record.
    pub guard: Option<Guard>,
    /// A filter that must match the record.
    pub needs: Option<Expr>,
    /// The filter as its author wrote it.
    pub needs_text: Option<String>,
    /// Fields that must have a value.
    pub requires: Vec<Name>,
    /// Who may take it; nobody named is everybody who may update the record.
    pub roles: Vec<Name>,
    /// Whether a reason must be given.
    pub reason: bool,
    /// Fields that are set on the way, computed from the record as it is then.
    pub set: Vec<(Name, Expr)>,
    /// A script function that runs after the move, in its transaction.
    pub then: Option<FunctionPath>,
    /// When it is taken without being asked for.
    pub auto: Option<Auto>,
    /// What the person is told when it is refused.
    pub message: Option<String>,
}

impl Transition {
    /// Its name in refusals and in the log when it is taken from that stage.
    pub fn rule(&self, lifecycle: &str, from: &str) -> String {
        if self.named { self.name.clone() } else { format!("{lifecycle}.{from}.{}", self.to) }
    }
}

/// What must hold before a transition is taken.
#[derive(Clone, Debug)]
pub enum Guard {
    /// An expression over `record`, `old`, `user`, `settings`.
    Expr(Expr),
    /// A pure script function that gives `true` or the refusal's text.
    Script(FunctionPath),
}

/// When a transition is taken without being asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Auto {
    /// As soon as the guard and what else it demands holds.
    Condition,
    /// When the record has been in its stage for so long.
    StageAge(Duration),
    /// When a date of the record, moved by the offset, has come.
    Date {
        /// A date or date-time of the record.
        field: Name,
        /// Added to it; may be negative.
        offset: Duration,
    },
}
