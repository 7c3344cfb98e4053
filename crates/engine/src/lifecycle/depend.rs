//! Whose changes may open a transition that records take by themselves: worked out from what its conditions name, once for a catalog.
//!
//! A condition that reaches beyond its record (`record.account.tier`, a roll-up over `tasks`) depends on records of other objects. For each
//! field that is named on the way there is the way back: from the record that was changed to those that it may move. What a
//! script looks at is not known; a transition with a scripted guard is tried when its own record is written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::{Expr, FieldPath, Node, Root};
use metadata::catalog::{Auto, FieldType, Guard, Lifecycle, Many, Object, Transition, Via};
use metadata::{Catalog, Name};

use crate::run::{Act, Job};

/// Changes of one object's records that may move records of another one, or of the same.
#[derive(Debug)]
pub(crate) struct Source {
    /// The object whose records may move.
    pub(crate) target: Name,
    /// The way back to them.
    pub(crate) route: Vec<Back>,
    /// Fields of the changed record that matter. Its coming and going always does.
    fields: HashSet<Name>,
}

/// One step of a way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// To the records of an object that point here by a field.
    Pointing(Name, Name),
    /// To the record, of that object, that this one's field points at.
    Pointed(Name, Name),
}

impl Source {
    /// Whether a job is such a change.
    pub(crate) fn matters(&self, job: &Job) -> bool {
        match job.act {
            // Nobody points at what is new; what is joined to it says so itself.
            Act::Create => matches!(self.route.first(), Some(Back::Pointed(..))),
            Act::Delete | Act::Restore | Act::Destroy => true,
            Act::Update => job.changed.iter().any(|slot| {
                job.shape.columns.get(*slot).is_some_and(|stored| self.fields.contains(&stored.field.name))
            }),
        }
    }
}

/// All sources by the object whose records are changed.
#[derive(Debug, Default)]
pub(crate) struct Sources(HashMap<Name, Vec<Arc<Source>>>);

impl Sources {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let mut walk = Walk { catalog, found: Vec::new(), target: None };
        for lifecycle in catalog.lifecycles.values() {
            walk.lifecycle(lifecycle);
        }
        let mut sources: HashMap<Name, Vec<Arc<Source>>> = HashMap::new();
        for (object, source) in walk.found {
            sources.entry(object).or_default().push(Arc::new(source));
        }
        Self(sources)
    }

    /// What changes of an object's records may move.
    pub(crate) fn of_object(&self, object: &str) -> &[Arc<Source>] {
        self.0.get(object).map_or(&[], Vec::as_slice)
    }
}

/// Whether a transition is taken as soon as it is open.
pub(crate) fn by_itself(transition: &Transition) -> bool {
    transition.auto == Some(Auto::Condition)
}

struct Walk<'a> {
    catalog: &'a Catalog,
    found: Vec<(Name, Source)>,
    target: Option<Name>,
}

impl<'a> Walk<'a> {
    fn lifecycle(&mut self, lifecycle: &Lifecycle) {
        let Some(object) = self.catalog.object(&lifecycle.object) else { return };
        self.target = Some(object.name.clone());
        for transition in lifecycle.transitions.iter().filter(|transition| by_itself(transition)) {
            let guard = match &transition.guard {
                Some(Guard::Expr(expr)) => Some(expr),
                Some(Guard::Script(_)) | None => None,
            };
            for expr in guard.into_iter().chain(&transition.needs) {
                self.expr(expr, object, &[]);
            }
            for field in &transition.requires {
                self.steps(&[field.shared()], object, &[]);
            }
            let steps = transition.from.iter().filter_map(|stage| lifecycle.stages.get(stage));
            if steps.flat_map(|stage| &stage.sop).any(|step| step.required) {
                self.tasks(object);
            }
        }
    }

    /// Tasks that belong to the record.
    fn tasks(&mut self, object: &Object) {
        let related = self.catalog.object("task").and_then(|task| task.field("related"));
        if let Some(FieldType::Polymorphic { to, .. }) = related.map(|field| &field.ty)
            && to.contains(&object.name)
            && let (Ok(task), Ok(related)) = (Name::new("task"), Name::new("related"))
        {
            let route = vec![Back::Pointed(object.name.clone(), related)];
            for field in ["related", "subject", "done"] {
                self.note(&task, field, &route);
            }
        }
    }

    fn expr(&mut self, expr: &Expr, object: &'a Object, route: &[Back]) {
        match &expr.node {
            Node::Field(FieldPath { root: Root::Record, steps }) => {
                self.steps(steps, object, route);
            }
            Node::Exists { relation, condition, .. } | Node::Count { relation, condition } => {
                if relation.root == Root::Record
                    && let Some((far, route)) = self.steps(&relation.steps, object, route)
                    && let Some(condition) = condition
                {
                    self.expr(condition, far, &route);
                }
            }
            _ => expr.children().for_each(|child| self.expr(child, object, route)),
        }
    }

    /// Follows names from a record; where they lead to records, their object and the way back from there.
    fn steps(
        &mut self,
        steps: &[Arc<str>],
        object: &'a Object,
        route: &[Back],
    ) -> Option<(&'a Object, Vec<Back>)> {
        let (mut at, mut back) = (object, route.to_vec());
        let mut steps = steps.iter();
        while let Some(step) = steps.next() {
            let field = at.field(step)?;
            self.note(&at.name, step, &back);
            let pointing = Back::Pointing(at.name.clone(), field.name.clone());
            match &field.ty {
                FieldType::Lookup(lookup) => {
                    at = self.catalog.object(&lookup.to)?;
                    back.insert(0, pointing);
                }
                FieldType::Polymorphic { .. } => {
                    at = self.catalog.object(steps.next()?)?;
                    back.insert(0, pointing);
                }
                FieldType::Many(many) => (at, back) = self.many(many, at, &back)?,
                FieldType::Formula { expr, .. } | FieldType::Score { expr, .. } => {
                    self.expr(expr, at, &back);
                    return None;
                }
                FieldType::Rollup { of, field, filter, .. } => {
                    let (far, back) = self.steps(&[of.shared()], at, &back)?;
                    if let Some(field) = field {
                        self.steps(&[field.shared()], far, &back);
                    }
                    if let Some(filter) = filter {
                        self.expr(filter, far, &back);
                    }
                    return None;
                }
                _ => return None,
            }
        }
        Some((at, back))
    }

    fn many(&mut self, many: &Many, near: &Object, route: &[Back]) -> Option<(&'a Object, Vec<Back>)> {
        let far = self.catalog.object(&many.to)?;
        let mut back = route.to_vec();
        match &many.via {
            Via::Field(by) => {
                back.insert(0, Back::Pointed(near.name.clone(), by.clone()));
                self.note(&far.name, by, &back);
            }
            Via::Link { object: link, near: here, far: there } => {
                back.insert(0, Back::Pointed(near.name.clone(), here.clone()));
                self.note(link, here, &back);
                self.note(link, there, &back);
                back.insert(0, Back::Pointing(link.clone(), there.clone()));
            }
        }
        Some((far, back))
    }

    /// Changes of the record itself are always looked at.
    fn note(&mut self, object: &Name, field: &str, route: &[Back]) {
        let (Some(target), false) = (&self.target, route.is_empty()) else { return };
        let Ok(field) = Name::new(field) else { return };
        let same = |(of, source): &&mut (Name, Source)| {
            of == object && source.target == *target && source.route == route
        };
        if let Some((_, source)) = self.found.iter_mut().find(same) {
            source.fields.insert(field);
            return;
        }
        let fields = HashSet::from([field]);
        let source = Source { target: target.clone(), route: route.to_vec(), fields };
        self.found.push((object.clone(), source));
    }
}
