//! Automations in the transaction of the write that sets them off: `before` a record is judged, and `after` it is written.
//!
//! They run in the order of the catalog. Each acts with the rights that it is declared with; what it writes takes the whole order again. One
//! that fails undoes everything, and only the note of its failure stays.

mod cascade;
pub(crate) mod condition;
mod fire;
mod log;
mod set;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use metadata::catalog::{Automation, RecordAct, RunAt, Trigger};
use metadata::{Catalog, Name};
use query::request::{Operation, RecordData, Write};
use script::{Place, ScriptError, Spent};
use uuid::Uuid;

pub(crate) use cascade::Cascade;
pub(crate) use fire::{after, before, discharge, goes_on};
pub(crate) use log::failed as note_failed;

/// The automations of a catalog that run in transactions, by object.
#[derive(Debug, Default)]
pub(crate) struct Automations {
    by_object: HashMap<Name, Vec<Arc<Automation>>>,
}

impl Automations {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        let mut by_object: HashMap<Name, Vec<Arc<Automation>>> = HashMap::new();
        for automation in catalog.automations.values() {
            let on_records = matches!(automation.on, Trigger::Record { .. } | Trigger::Transition { .. });
            if let Some(object) = automation.object.as_ref().filter(|_| on_records) {
                by_object.entry(object.clone()).or_default().push(Arc::clone(automation));
            }
        }
        Self { by_object }
    }

    /// Those that a write of a record of the object may set off at that time.
    pub(crate) fn of(&self, object: &str, run: RunAt) -> Vec<Arc<Automation>> {
        let all = self.by_object.get(object).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|automation| automation.run == run).cloned().collect()
    }

    /// Whether a write of a record of the object may set off any.
    pub(crate) fn any(&self, object: &str) -> bool {
        self.by_object.contains_key(object)
    }

    /// Whether a write sets off handlers in its transaction, as far as it says itself.
    pub(crate) fn foresees_handlers(&self, write: &Write) -> bool {
        self.of_write(write).any(|automation| automation.run != RunAt::Job && automation.then.is_some())
    }

    /// Whether nothing comes of a write but fields that are set before it, as far as it says itself.
    pub(crate) fn foresees_peace(&self, write: &Write) -> bool {
        self.of_write(write).all(|automation| automation.run == RunAt::Before && automation.then.is_none())
    }

    /// Those that a write sets off, as far as it says itself: what others set, and what moves by itself, may set off more.
    fn of_write(&self, write: &Write) -> impl Iterator<Item = &Arc<Automation>> {
        let all = self.by_object.get(&write.object).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|automation| concerns(&automation.on, &write.operation))
    }
}

fn names(data: &RecordData, field: &str) -> bool {
    data.fields.iter().any(|(name, _)| &**name == field)
}

/// Whether an operation writes a field that is wanted, as far as it says itself. A move writes `stage`; of whole records all fields are written.
fn writes(operation: &Operation, wanted: impl Fn(&str) -> bool) -> bool {
    let (data, moves) = match operation {
        Operation::Update { data, .. } | Operation::UpdateMany(_, data, _) => (data, false),
        Operation::Move { data, .. } => (data, true),
        _ => return true,
    };
    (moves && wanted("stage")) || data.fields.iter().any(|(name, _)| wanted(name))
}

/// Whether a trigger may be meant by an operation, as far as it says itself.
fn concerns(trigger: &Trigger, operation: &Operation) -> bool {
    let acts: &[RecordAct] = match operation {
        Operation::Create(..) => &[RecordAct::Create],
        Operation::Upsert { .. } => &[RecordAct::Create, RecordAct::Update],
        Operation::Update { .. } | Operation::Move { .. } | Operation::UpdateMany(..) => &[RecordAct::Update],
        Operation::Delete(..) => &[RecordAct::Delete],
        Operation::Restore(..) | Operation::Destroy(..) => &[],
    };
    match trigger {
        Trigger::Record { acts: on, fields } => {
            on.iter().any(|act| acts.contains(act))
                && (fields.is_empty()
                    || writes(operation, |name| fields.iter().any(|field| &**field == name)))
        }
        Trigger::Transition { from, to, .. } => match operation {
            Operation::Move { to: stage, .. } => to.is_empty() || to.contains(stage),
            // It comes to the entry, out of no stage, or to the one that it names.
            Operation::Create(records, _) => {
                from.is_empty() || records.iter().any(|data| names(data, "stage"))
            }
            Operation::Upsert { .. } => true,
            Operation::Update { .. } | Operation::UpdateMany(..) => writes(operation, |name| name == "stage"),
            Operation::Delete(..) | Operation::Restore(..) | Operation::Destroy(..) => false,
        },
        Trigger::Schedule { .. } | Trigger::Date { .. } | Trigger::Message(_) => false,
    }
}

/// An automation or a scripted guard that failed: the write did not happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The automation, or the guard's function.
    pub automation: String,
    /// Where in the script.
    pub place: Option<Place>,
    /// The record that it was about.
    pub record: Option<(Name, Uuid)>,
    /// What went wrong; for those who wrote the script.
    pub message: String,
    /// What was spent until then.
    pub spent: Spent,
    /// The record of the request for which it ran, by its place.
    pub index: Option<usize>,
}

impl Failed {
    pub(crate) fn new(automation: &str, error: ScriptError, record: Option<(Name, Uuid)>) -> Self {
        Self {
            automation: automation.to_owned(),
            place: Some(error.place),
            record,
            message: error.message,
            spent: Spent::default(),
            index: None,
        }
    }

    /// The file, where it is known.
    pub fn file(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.file.as_str()).filter(|file| !file.is_empty())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.automation)?;
        if let Some(place) = self.place.as_ref().filter(|place| !place.file.is_empty()) {
            write!(f, " ({place})")?;
        }
        if let Some((object, id)) = &self.record {
            write!(f, ", {object} {id}")?;
        }
        write!(f, ": {}", self.message)
    }
}
