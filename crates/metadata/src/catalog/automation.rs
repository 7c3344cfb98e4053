//! Automations: a trigger and what is done when it fires.

use std::fmt;
use std::sync::Arc;

use chrono_tz::Tz;
use expr::{Duration, Expr, Value};
use indexmap::IndexMap;

use crate::name::Name;

/// A trigger with its handler.
#[derive(Clone, Debug)]
pub struct Automation {
    /// `welcomeCall`
    pub name: Name,
    /// For people.
    pub title: String,
    /// Titles in other languages, by tag.
    pub titles: IndexMap<String, String>,
    /// For people.
    pub description: Option<String>,
    /// The package that defines it.
    pub package: String,
    /// Whose records it is about; only a schedule or a message can do without.
    pub object: Option<Name>,
    /// What sets it off.
    pub on: Trigger,
    /// When it runs.
    pub run: RunAt,
    /// Must hold of the record, else nothing runs.
    pub when: Option<Expr>,
    /// Fields that are set, computed from the record.
    pub set: Vec<(Name, Expr)>,
    /// The script function that runs.
    pub then: Option<FunctionPath>,
    /// With whose rights.
    pub principal: ActsAs,
    /// Its former name, when its author renamed it; without effect once the former name is gone.
    pub renamed_from: Option<Name>,
}

/// What sets an automation off.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// Something is done to a record.
    Record {
        /// What.
        acts: Vec<RecordAct>,
        /// Only changes of one of these fields; nothing named is any change.
        fields: Vec<Name>,
    },
    /// A record changes its stage.
    Transition {
        /// Only of this lifecycle.
        lifecycle: Option<Name>,
        /// Only out of one of these stages (`left`).
        from: Vec<Arc<str>>,
        /// Only into one of these stages (`entered`).
        to: Vec<Arc<str>>,
        /// Only the n-th time that the stage is entered.
        pass: Option<i64>,
    },
    /// A moment comes again and again.
    Schedule {
        /// Minute, hour, day of month, month, day of week; checked.
        cron: String,
        /// In whose time.
        zone: Option<Tz>,
        /// One run for each record that matches; one run without record when nothing is said.
        each: Option<Expr>,
    },
    /// A date of the record, moved by an offset, comes.
    Date {
        /// A date or date-time of the record.
        field: Name,
        /// Added to it; may be negative.
        offset: Duration,
    },
    /// A message of that name comes from outside.
    Message(String),
}

/// What is done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordAct {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}

impl RecordAct {
    /// All of them.
    pub const ALL: [RecordAct; 3] = [RecordAct::Create, RecordAct::Update, RecordAct::Delete];

    /// As it stands in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordAct::Create => "create",
            RecordAct::Update => "update",
            RecordAct::Delete => "delete",
        }
    }
}

/// When an automation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunAt {
    /// In the transaction, before the record is judged: it can change it.
    Before,
    /// In the transaction, after the record is written.
    After,
    /// By a worker, after the commit.
    Job,
}

impl RunAt {
    /// All of them.
    pub const ALL: [RunAt; 3] = [RunAt::Before, RunAt::After, RunAt::Job];

    /// As it stands in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            RunAt::Before => "before",
            RunAt::After => "after",
            RunAt::Job => "job",
        }
    }
}

/// With whose rights a handler acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActsAs {
    /// Those of whoever set it off; of nobody but the automation itself, with no rights, where a clock did.
    Caller,
    /// All of them (`"as": "system"`).
    System,
    /// Those of a role.
    Role(Name),
}

/// A function of a script: `lead::readyForSales`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionPath {
    /// The package whose scripts are meant.
    pub package: String,
    /// The module: a script's file name without its ending, or a plugin.
    pub module: String,
    /// The function.
    pub function: String,
}

impl fmt::Display for FunctionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.module, self.function)
    }
}

/// A script as a package or a plugin brings it. Its text is compiled by the crate `script`.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The package that sees it.
    pub package: String,
    /// Its module: the file's name without ending, or the plugin's name.
    pub module: String,
    /// The file, as shown in errors: `scripts/lead.rhai`, `plugins/roundRobin/roundRobin.rhai`.
    pub file: String,
    /// What it says.
    pub text: Arc<str>,
    /// `settings` as its functions see them: those of the package, or of the plugin as the package sets them.
    pub settings: IndexMap<Name, Value>,
}
