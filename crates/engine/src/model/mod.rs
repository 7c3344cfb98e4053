//! What the engine works out of a catalog once: the columns of each object in a fixed order, who points at whom, and the
//! statements that it needs over and over.

mod crossing;
mod links;
mod logs;
mod record;
mod shape;
mod statements;
mod variety;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use metadata::{Catalog, Name};
use script::Library;
use sql::{Dialect, Lock, Statement};

pub(crate) use links::Pointer;
pub(crate) use logs::{Log, forget_stays};
pub(crate) use record::Record;
pub(crate) use shape::{Shape, Slot};
pub(crate) use statements::{
    Batch, Slots, alias, by_column, by_id, by_ids, delete, equals, insert, keys_by_column, living,
    select_columns, select_records, sequence, system_column, update_many, update_one,
};

use crate::automation::Automations;
use crate::error::WriteError;
use crate::lifecycle::depend::{Sources, by_itself};
use crossing::Crossing;
use variety::Variety;

/// A catalog as the engine uses it. Tenants on equal catalogs share one.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) dialect: Dialect,
    shapes: HashMap<Name, Arc<Shape>>,
    pointers: HashMap<Name, Vec<Pointer>>,
    statements: Mutex<HashMap<StatementKey, Arc<Printed>>>,
    pub(crate) variety: Variety,
    /// What may move records by themselves.
    pub(crate) sources: Sources,
    /// The scripts, compiled.
    pub(crate) library: Library,
    /// What runs in transactions.
    pub(crate) automations: Automations,
    /// What depends on other records.
    pub(crate) crossing: Crossing,
}

/// What a kept statement depends on, beside the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StatementKey {
    /// Records of an object by id, locked or not.
    Load(Name, Option<Lock>),
    /// Ids of living records by a column.
    Keys(Name, Slot, Option<Lock>),
    /// One record with all that belongs to it, if the records of these objects are there; what is noted of it.
    Quick(GroupKey, Vec<Name>, Vec<(Log, Batch)>),
    /// The stays of some records.
    Stays,
    /// A flush: what is written to which columns of which object, in order, and what is noted of it.
    Flush(Vec<GroupKey>, Vec<(Log, Batch)>),
}

/// A group of rows that are written alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupKey {
    pub(crate) object: Name,
    pub(crate) verb: Verb,
    pub(crate) columns: Vec<Slot>,
}

/// What is done to a group of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Insert(Batch),
    Update(Batch),
    Delete,
}

/// One statement, or several that belong together.
pub(crate) type Printed = Vec<Statement>;

/// Statements that are kept for a catalog.
const KEPT: usize = 4_096;

impl Model {
    pub(crate) fn new(catalog: &Catalog, dialect: Dialect) -> Result<Self, WriteError> {
        let mut shapes = HashMap::new();
        for (name, object) in &catalog.objects {
            shapes.insert(name.clone(), Arc::new(Shape::new(catalog, Arc::clone(object))?));
        }
        let pointers = links::pointers(catalog);
        let (statements, variety) = (Mutex::default(), Variety::default());
        let sources = Sources::of(catalog);
        let (library, automations) = (crate::script::library(catalog), Automations::new(catalog));
        let crossing = Crossing::of(catalog);
        Ok(Self { dialect, shapes, pointers, statements, variety, sources, library, automations, crossing })
    }

    /// Whether several writes are one statement that holds the catalog's version.
    pub(crate) fn one_statement(&self) -> bool {
        self.dialect.writes_together()
    }

    /// Whether more may follow, in the same write, from what is done to records of an object.
    pub(crate) fn has_tail(&self, object: &str) -> bool {
        let moves = |shape: &Arc<Shape>| {
            let lifecycles = shape.flow.iter().flat_map(|flow| &flow.lifecycles);
            lifecycles.flat_map(|lifecycle| &lifecycle.transitions).any(by_itself)
        };
        !self.sources.of_object(object).is_empty()
            || self.shapes.get(object).is_some_and(moves)
            || self.automations.any(object)
            || !self.library.is_empty()
    }

    /// The shape of an object.
    pub(crate) fn shape(&self, object: &str) -> Result<&Arc<Shape>, WriteError> {
        self.shapes.get(object).ok_or_else(|| WriteError::internal(format!("no object `{object}`")))
    }

    /// The statement of that key, printed once.
    pub(crate) fn kept(&self, key: StatementKey, print: impl FnOnce() -> Printed) -> Arc<Printed> {
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(printed) = statements.get(&key) {
            return Arc::clone(printed);
        }
        if statements.len() >= KEPT {
            statements.clear();
        }
        let printed = Arc::new(print());
        statements.insert(key, Arc::clone(&printed));
        printed
    }

    /// Reads records by a list of ids.
    pub(crate) fn load_statement(&self, shape: &Shape, lock: Option<Lock>) -> Statement {
        let key = StatementKey::Load(shape.object.name.clone(), lock);
        let print = || sql::print_query(&by_ids(shape, lock), self.dialect);
        let printed = self.kept(key, || vec![print()]);
        printed.first().cloned().unwrap_or_else(print)
    }

    /// Reads the ids of living records and one column of theirs, by a list of its values.
    pub(crate) fn keys_statement(&self, shape: &Shape, slot: Slot, lock: Option<Lock>) -> Statement {
        let key = StatementKey::Keys(shape.object.name.clone(), slot, lock);
        let print = || sql::print_query(&keys_by_column(shape, slot, lock), self.dialect);
        let printed = self.kept(key, || vec![print()]);
        printed.first().cloned().unwrap_or_else(print)
    }

    /// The fields of all objects that may point at records of this one.
    pub(crate) fn pointers(&self, object: &str) -> &[Pointer] {
        self.pointers.get(object).map_or(&[], Vec::as_slice)
    }
}
