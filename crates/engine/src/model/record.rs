//! One record in memory: a value for each column of its shape.

use expr::Value;
use sql::Cells;
use uuid::Uuid;

use super::shape::{Shape, Slot};

/// The values of a record, parallel to [`Shape::columns`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    values: Vec<Value>,
}

static NOTHING: Value = Value::Null;

impl Record {
    /// Nothing is known yet.
    pub(crate) fn empty(shape: &Shape) -> Self {
        Self { values: vec![Value::Null; shape.columns.len()] }
    }

    /// From a row whose columns are those of the shape, from `offset` on.
    pub(crate) fn read(shape: &Shape, row: &impl Cells, offset: usize) -> Self {
        let cell =
            |(place, column): (usize, &super::shape::Stored)| row.value(place + offset, column.encoding);
        Self { values: shape.columns.iter().enumerate().map(cell).collect() }
    }

    pub(crate) fn get(&self, slot: Slot) -> &Value {
        self.values.get(slot).unwrap_or(&NOTHING)
    }

    pub(crate) fn set(&mut self, slot: Slot, value: Value) {
        if let Some(place) = self.values.get_mut(slot) {
            *place = value;
        }
    }

    /// The id in that column, unless it is null.
    pub(crate) fn id_in(&self, slot: Slot) -> Option<Uuid> {
        match self.get(slot) {
            Value::Id(id) => Some(*id),
            _ => None,
        }
    }

    pub(crate) fn version(&self, shape: &Shape) -> i64 {
        match self.get(shape.system.version) {
            Value::Int(version) => *version,
            _ => 0,
        }
    }

    pub(crate) fn deleted(&self, shape: &Shape) -> bool {
        !self.get(shape.system.deleted_at).is_null()
    }
}
