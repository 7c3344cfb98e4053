//! Which writes depend on other records than their own, as far as they say themselves: by rules of the object, by what transitions demand.

use std::collections::HashSet;
use std::sync::Arc;

use metadata::{Catalog, Name};
use query::request::{Operation, Write};

/// Worked out of a catalog once.
#[derive(Debug, Default)]
pub(crate) struct Crossing {
    /// Objects with rules that look at other records.
    objects: HashSet<Name>,
    /// Objects with the stages to which transitions lead whose conditions do.
    stages: HashSet<(Name, Arc<str>)>,
}

impl Crossing {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut crossing = Self::default();
        for object in catalog.objects.values() {
            if object.rules.iter().any(|rule| catalog.crosses(&object.name, &rule.check)) {
                crossing.objects.insert(object.name.clone());
            }
        }
        for lifecycle in catalog.lifecycles.values() {
            for way in &lifecycle.transitions {
                if way.conditions().any(|condition| catalog.crosses(&lifecycle.object, condition)) {
                    crossing.stages.insert((lifecycle.object.clone(), Arc::clone(&way.to)));
                }
            }
        }
        crossing
    }

    pub(crate) fn foresees(&self, write: &Write) -> bool {
        match &write.operation {
            Operation::Delete(..) | Operation::Restore(..) | Operation::Destroy(..) => false,
            Operation::Move { to, .. } => {
                self.objects.contains(&write.object)
                    || self.stages.contains(&(write.object.clone(), Arc::clone(to)))
            }
            _ => self.objects.contains(&write.object),
        }
    }
}
