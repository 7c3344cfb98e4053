//! What the engine works out of a catalog once: the columns of each object in a fixed order, who points at whom, and the
//! statements that it needs over and over.

mod links;
mod record;
mod shape;
mod statements;

use std::collections::HashMap;
use std::sync::Arc;

use metadata::{Catalog, Name};
use sql::Dialect;

pub(crate) use links::{Pointer, PointerKind};
pub(crate) use record::Record;
pub(crate) use shape::{Shape, Slot};
pub(crate) use statements::{
    Batch, InsertPlan, by_columns, by_ids, delete_plan, insert_many, insert_one, update_one, update_one_guarded,
};

use crate::error::WriteError;

/// A catalog as the engine uses it. Tenants on equal catalogs share one.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) dialect: Dialect,
    shapes: HashMap<Name, Arc<Shape>>,
    pointers: HashMap<Name, Vec<Pointer>>,
}

impl Model {
    pub(crate) fn new(catalog: &Catalog, dialect: Dialect) -> Result<Self, WriteError> {
        let mut shapes = HashMap::new();
        for (name, object) in &catalog.objects {
            shapes.insert(name.clone(), Arc::new(Shape::new(catalog, Arc::clone(object))?));
        }
        let pointers = links::pointers(catalog);
        Ok(Self { dialect, shapes, pointers })
    }

    /// The shape of an object.
    pub(crate) fn shape(&self, object: &str) -> Result<&Arc<Shape>, WriteError> {
        self.shapes.get(object).ok_or_else(|| WriteError::internal(format!("no object `{object}`")))
    }

    /// The fields of all objects that may point at records of this one.
    pub(crate) fn pointers(&self, object: &str) -> &[Pointer] {
        self.pointers.get(object).map_or(&[], Vec::as_slice)
    }
}
