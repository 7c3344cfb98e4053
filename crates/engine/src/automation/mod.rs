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

use metadata::catalog::{Automation, RunAt, Trigger};
use metadata::{Catalog, Name};
use script::{Place, ScriptError, Spent};
use uuid::Uuid;

pub(crate) use cascade::Cascade;
pub(crate) use fire::{after, before, discharge, follows};
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

    /// Whether handlers may run on behalf of a write to the object.
    pub(crate) fn handled(&self, object: &str) -> bool {
        let in_transaction =
            |automation: &Arc<Automation>| automation.run != RunAt::Job && automation.then.is_some();
        self.by_object.get(object).is_some_and(|all| all.iter().any(in_transaction))
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
}

impl Failed {
    pub(crate) fn new(automation: &str, error: ScriptError, record: Option<(Name, Uuid)>) -> Self {
        Self {
            automation: automation.to_owned(),
            place: Some(error.place),
            record,
            message: error.message,
            spent: Spent::default(),
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
        write!(f, ": {}", self.message)
    }
}
