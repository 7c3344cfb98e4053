//! What a change of lifecycles means for the records that stand in them, and for their log.

mod carry;
mod effects;
mod held;
mod replay;
mod scripted;

use std::collections::BTreeMap;
use std::sync::Arc;

use expr::{Encoding, Value};
use metadata::catalog::{Lifecycle, Object, Transition};
use metadata::difference::{Change, Detail};
use metadata::layout::{Column, Role, Table};
use metadata::{Catalog, Name};
use sql::{Compare, Scalar};

use crate::options::Mapping;
use crate::plan::{Class, Step};
use crate::statements::{column, compare, constant, list, living};

pub use carry::carry;
pub use effects::effects;
pub use replay::{Amount, Replay, Share};

/// The work on the records of one object.
#[derive(Clone, Debug)]
pub struct StageWork {
    /// The object as it will be.
    pub object: Arc<Object>,
    /// Its table.
    pub table: String,
    /// Where records keep their lifecycle, stage, its beginning, and pass.
    pub columns: Columns,
    /// Lifecycles that have another name: old one, new one.
    pub renamed: Vec<(String, String)>,
    /// By lifecycle, stages that have another name: old one, new one. The log takes it, too.
    pub stages: BTreeMap<String, BTreeMap<String, String>>,
    /// By lifecycle, stages whose records go elsewhere: a new stay begins.
    pub moved: BTreeMap<String, BTreeMap<String, String>>,
    /// Stages, by lifecycle as it was, and lifecycles that go while nobody says what becomes of their records.
    pub lost: Vec<Lost>,
    /// Whether records without lifecycle may take one.
    pub begins: bool,
}

/// A stage, or a whole lifecycle, that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The lifecycle as it was called.
    pub lifecycle: String,
    /// The stage; `None` for all of them.
    pub stage: Option<String>,
}

/// Where a record keeps where it stands.
#[derive(Clone, Debug)]
pub struct Columns {
    pub lifecycle: Column,
    pub stage: Column,
    pub entered: Column,
    pub pass: Column,
}

impl Columns {
    fn of(table: &Table) -> Option<Self> {
        let column = |name: &str| table.column(name, &Role::Value).cloned();
        Some(Self {
            lifecycle: column("lifecycle")?,
            stage: column("stage")?,
            entered: column("stageEnteredAt")?,
            pass: column("pass")?,
        })
    }

    /// The living records in the stages that a transition leads out of.
    fn waiting(&self, before: &Lifecycle, way: &Transition) -> Scalar {
        let name = constant(Value::Text(before.name.to_string()), Encoding::Text);
        let from = way.from.iter().map(|stage| Value::Text(stage.to_string())).collect();
        Scalar::And(vec![
            living(),
            compare(Compare::Equal, column(&self.lifecycle.name), name),
            Scalar::InParam(Box::new(column(&self.stage.name)), list(from, Encoding::Text)),
        ])
    }
}

/// What is compared.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    /// The catalog as it was.
    pub old: &'a Catalog,
    /// The catalog as it will be.
    pub new: &'a Catalog,
    /// What changes.
    pub changes: &'a [Change],
    /// What the caller says beside the documents.
    pub mapping: &'a Mapping,
}

/// Whether the platform keeps the field because of lifecycles: what becomes of its values is decided here and nowhere else.
pub fn keeps(object: &Object, field: &str) -> bool {
    matches!(field, "lifecycle" | "stage") && object.field(field).is_some_and(|field| field.system)
}

impl StageWork {
    /// The work on the records of an object whose table is there; `None` when there is none.
    pub fn new(
        sides: Sides<'_>,
        object: &Arc<Object>,
        before: Option<&Object>,
        table: &Table,
    ) -> Option<Self> {
        let columns = Columns::of(table).filter(|_| keeps(object, "stage"))?;
        let mut work = Self {
            object: Arc::clone(object),
            table: table.name.clone(),
            columns,
            renamed: Vec::new(),
            stages: BTreeMap::new(),
            moved: BTreeMap::new(),
            lost: Vec::new(),
            begins: false,
        };
        let mut gone: Vec<&Lifecycle> = match before {
            Some(before) => sides.old.lifecycles_of(&before.name).map(|lifecycle| &**lifecycle).collect(),
            None => Vec::new(),
        };
        for lifecycle in sides.new.lifecycles_of(&object.name) {
            let former = former(sides, lifecycle);
            gone.retain(|other| Some(&other.name) != former.map(|former| &former.name));
            match former {
                Some(former) => work.changed(sides, former, lifecycle),
                None => work.begins = true,
            }
            let again = Detail::LifecycleChanged { lifecycle: lifecycle.name.clone() };
            work.begins |= sides.changes.iter().any(|change| change.detail == again);
        }
        for lifecycle in gone {
            work.dropped(sides, lifecycle);
        }
        let idle = work.renamed.is_empty()
            && work.stages.is_empty()
            && work.moved.is_empty()
            && work.lost.is_empty()
            && !work.begins;
        (!idle).then_some(work)
    }

    fn changed(&mut self, sides: Sides<'_>, former: &Lifecycle, lifecycle: &Lifecycle) {
        if former.name != lifecycle.name {
            self.renamed.push((former.name.to_string(), lifecycle.name.to_string()));
        }
        for stage in former.stages.keys().filter(|stage| !lifecycle.stages.contains_key(*stage)) {
            let had = former.stages.get(stage).and_then(|stage| stage.renamed_from.as_deref());
            // It has another name now, or gets the one back that it had.
            let renamed = lifecycle.stages.values().find(|other| {
                (other.renamed_from.as_deref() == Some(stage) || had == Some(&*other.name))
                    && !former.stages.contains_key(&other.name)
            });
            let name = lifecycle.name.to_string();
            if let Some(other) = renamed {
                self.stages.entry(name).or_default().insert(stage.to_string(), other.name.to_string());
            } else if let Some(to) = self.place(sides, lifecycle, stage) {
                self.moved.entry(name).or_default().insert(stage.to_string(), to);
            } else {
                self.lost.push(Lost { lifecycle: former.name.to_string(), stage: Some(stage.to_string()) });
            }
        }
    }

    /// Where the records of a stage go that is gone: as the document says, or the caller.
    fn place(&self, sides: Sides<'_>, lifecycle: &Lifecycle, stage: &str) -> Option<String> {
        let mapped = || {
            let to = sides.mapping.value(&self.object.name, "stage", stage)??;
            lifecycle.stages.contains_key(to).then(|| to.to_owned())
        };
        lifecycle.moved.get(stage).map(ToString::to_string).or_else(mapped)
    }

    /// A lifecycle that goes while the object keeps others: the caller may say which one takes its records.
    fn dropped(&mut self, sides: Sides<'_>, lifecycle: &Lifecycle) {
        let name = lifecycle.name.to_string();
        let heir = sides.mapping.value(&self.object.name, "lifecycle", &name).flatten();
        let heir = heir.and_then(|heir| sides.new.lifecycles.get(heir));
        let Some(heir) = heir.filter(|heir| heir.object == self.object.name) else {
            self.lost.push(Lost { lifecycle: name, stage: None });
            return;
        };
        self.renamed.push((name, heir.name.to_string()));
        for stage in lifecycle.stages.keys().filter(|stage| !heir.stages.contains_key(*stage)) {
            if let Some(to) = self.place(sides, heir, stage) {
                self.moved.entry(heir.name.to_string()).or_default().insert(stage.to_string(), to);
            } else {
                self.lost
                    .push(Lost { lifecycle: lifecycle.name.to_string(), stage: Some(stage.to_string()) });
            }
        }
    }

    /// The lifecycles that records without one may take, in the order in which they are asked.
    pub fn takers<'a>(&'a self, new: &'a Catalog) -> impl Iterator<Item = &'a Arc<Lifecycle>> {
        new.lifecycles_of(&self.object.name).filter(|_| self.begins)
    }

    /// The steps on its records, as people see them.
    pub fn steps(&self, new: &Catalog) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut push = |what: String| {
            steps.push(Step { class: Class::Backfill, object: self.object.name.to_string(), what });
        };
        for (old, name) in &self.renamed {
            push(format!("put records of the lifecycle {old} into {name}"));
        }
        for (lifecycle, stages) in &self.stages {
            for (old, name) in stages {
                push(format!("rename the stage {old} of {lifecycle} to {name}, in the log too"));
            }
        }
        for (lifecycle, stages) in &self.moved {
            for (old, name) in stages {
                push(format!("move records from the stage {old} of {lifecycle} to {name}"));
            }
        }
        if self.begins {
            let takers: Vec<&str> = self.takers(new).map(|lifecycle| lifecycle.name.as_str()).collect();
            push(format!("put records without a lifecycle into {}", takers.join(", ")));
        }
        steps
    }
}

/// The lifecycle that this one goes on from, by name or by its stated former name.
pub fn former<'a>(sides: Sides<'a>, lifecycle: &Lifecycle) -> Option<&'a Lifecycle> {
    let renamed = |change: &Change| match &change.detail {
        Detail::LifecycleRenamed { lifecycle: name, from } if *name == lifecycle.name => Some(from.clone()),
        _ => None,
    };
    let name: Name = sides.changes.iter().find_map(renamed).unwrap_or_else(|| lifecycle.name.clone());
    sides.old.lifecycles.get(&name).map(|lifecycle| &**lifecycle)
}
