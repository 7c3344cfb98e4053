//! Lifecycles: where new records begin, which moves are allowed, and the log of stays.
//!
//! A move is a change of the field `stage`, whichever door it comes through; `step/transit.rs` decides it. Nothing here writes: what comes of
//! a move is data on its [`Job`](crate::run::Job), which `flush` carries out with the record.

pub(crate) mod auto;
pub(crate) mod begin;
pub(crate) mod condition;
pub(crate) mod demand;
pub(crate) mod depend;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod preview;
pub(crate) mod race;
mod sop;
pub(crate) mod way;

use std::sync::Arc;

use expr::Value;
use metadata::Catalog;
use metadata::catalog::{LIFECYCLE_FIELDS, Lifecycle};

pub(crate) use log::Stay;
pub(crate) use way::Way;

use crate::error::WriteError;
use crate::model::{Record, Slot};

/// The lifecycles of one object, and the columns in which a record keeps where it is.
#[derive(Debug)]
pub(crate) struct Flow {
    /// In the order in which they are asked whether they take a record.
    pub(crate) lifecycles: Vec<Arc<Lifecycle>>,
    pub(crate) lifecycle: Slot,
    pub(crate) stage: Slot,
    pub(crate) entered: Slot,
    pub(crate) pass: Slot,
}

impl Flow {
    /// What the catalog says; `None` where the object has no lifecycle. `column` tells where a field is kept.
    pub(crate) fn of(
        catalog: &Catalog,
        object: &str,
        column: impl Fn(&str) -> Result<Slot, WriteError>,
    ) -> Result<Option<Self>, WriteError> {
        let lifecycles: Vec<_> = catalog.lifecycles_of(object).cloned().collect();
        if lifecycles.is_empty() {
            return Ok(None);
        }
        let [lifecycle, stage, entered, pass] = LIFECYCLE_FIELDS.map(column);
        Ok(Some(Self { lifecycles, lifecycle: lifecycle?, stage: stage?, entered: entered?, pass: pass? }))
    }

    /// The lifecycle that a record is in.
    pub(crate) fn lifecycle(&self, record: &Record) -> Option<&Arc<Lifecycle>> {
        let Value::Text(name) = record.get(self.lifecycle) else { return None };
        self.lifecycles.iter().find(|lifecycle| *lifecycle.name == **name)
    }

    /// The stage that a record is in.
    pub(crate) fn stage<'r>(&self, record: &'r Record) -> Option<&'r str> {
        match record.get(self.stage) {
            Value::Text(stage) => Some(stage),
            _ => None,
        }
    }
}

/// What is to be done to a record's place in its lifecycle, and what comes of it.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    /// Whether a move is asked for, so that one back into the same stage is one, too.
    pub(crate) wanted: bool,
    /// Why, as somebody said.
    pub(crate) reason: Option<String>,
    /// The transition that the record takes without being asked to.
    pub(crate) auto: Option<Way>,
    /// Of equal stays of the past in its source, how many stand before the one that is told.
    pub(crate) repeats: usize,
    /// Whether it was to move by itself and cannot: the record is left as it was, and nothing else suffers.
    pub(crate) given_up: bool,
    /// The stay that ends, by its row in the log.
    pub(crate) ends: Option<log::End>,
    /// The stays that begin: in the order in which they do, all but the last ended already.
    pub(crate) stays: Vec<Stay>,
}
