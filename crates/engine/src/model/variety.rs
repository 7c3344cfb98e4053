//! Which columns a single new record is written with: those that have a value, as long as the statements that this makes stay few.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use metadata::Name;

use super::{Shape, Slot};

/// Sets of columns for each object; whoever comes with another one writes all columns. Each is a statement that every connection prepares.
const MOST: usize = 16;

/// The sets in use.
#[derive(Debug, Default)]
pub(crate) struct Variety(Mutex<HashMap<Name, Vec<Vec<Slot>>>>);

impl Variety {
    /// The columns to write where these have a value, or may not be null.
    pub(crate) fn columns(&self, shape: &Shape, used: impl Fn(Slot) -> bool) -> Vec<Slot> {
        let all = 0..shape.columns.len();
        let wanted: Vec<Slot> = all.clone().filter(|slot| used(*slot)).collect();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sets = known.entry(shape.object.name.clone()).or_default();
        if sets.contains(&wanted) {
            return wanted;
        }
        if sets.len() < MOST {
            sets.push(wanted.clone());
            return wanted;
        }
        all.collect()
    }
}
