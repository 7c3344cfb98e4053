//! Conditions whose truth changes though no record is written: they look at the time.

use expr::{Expr, FieldPath, Function, Node};

use super::{Auto, Catalog, FieldType, Guard, Lifecycle, Transition};

/// How often a condition that looks at the time has to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tick {
    /// It knows days only.
    Daily,
    /// It may come true at any instant.
    Always,
}

impl Transition {
    /// What it demands of a record, as far as the database can be asked.
    pub fn conditions(&self) -> impl Iterator<Item = &Expr> {
        let guard = match &self.guard {
            Some(Guard::Expr(guard)) => Some(guard),
            Some(Guard::Script(_)) | None => None,
        };
        self.needs.iter().chain(guard)
    }
}

impl Catalog {
    /// Whether a condition on records of an object looks at the time, by itself or through what is computed of a record.
    pub fn tick(&self, object: &str, expr: &Expr) -> Option<Tick> {
        let own = match &expr.node {
            Node::Call(Function::Now, _) => Some(Tick::Always),
            Node::Call(function, _) if function.is_request_constant() => Some(Tick::Daily),
            Node::Field(path) => self.tick_of(object, path),
            _ => None,
        };
        let below = match &expr.node {
            // What a condition on related records names is a field of theirs.
            Node::Exists { relation, condition, .. } | Node::Count { relation, condition } => {
                let related = self.target(object, relation);
                condition.as_deref().zip(related).and_then(|(condition, of)| self.tick(&of, condition))
            }
            _ => expr.children().filter_map(|child| self.tick(object, child)).max(),
        };
        own.max(below)
    }

    /// Whether a clock takes a transition: its time comes, or its condition looks at the time.
    pub fn waits(&self, lifecycle: &Lifecycle, way: &Transition) -> bool {
        match way.auto {
            Some(Auto::StageAge(_) | Auto::Date { .. }) => true,
            Some(Auto::Condition) => self.tick_of_way(lifecycle, way).is_some(),
            None => false,
        }
    }

    /// How often the conditions of a transition have to be asked again while no record is written.
    pub fn tick_of_way(&self, lifecycle: &Lifecycle, way: &Transition) -> Option<Tick> {
        way.conditions().filter_map(|condition| self.tick(&lifecycle.object, condition)).max()
    }

    /// The same of a computed field at the end of a path.
    fn tick_of(&self, object: &str, path: &FieldPath) -> Option<Tick> {
        let (last, before) = path.steps.split_last()?;
        let object = self.through(object, before)?;
        match &self.object(&object)?.field(last)?.ty {
            FieldType::Formula { expr, .. } | FieldType::Score { expr, .. } => self.tick(&object, expr),
            FieldType::Rollup { of, filter: Some(filter), .. } => {
                let FieldType::Many(many) = &self.object(&object)?.field(of)?.ty else { return None };
                self.tick(&many.to, filter)
            }
            _ => None,
        }
    }

    /// The object at the end of a to-many path.
    fn target(&self, object: &str, path: &FieldPath) -> Option<String> {
        let (last, before) = path.steps.split_last()?;
        let object = self.through(object, before)?;
        match &self.object(&object)?.field(last)?.ty {
            FieldType::Many(many) => Some(many.to.to_string()),
            _ => None,
        }
    }

    /// The object behind to-one relations.
    fn through(&self, object: &str, steps: &[std::sync::Arc<str>]) -> Option<String> {
        steps.iter().try_fold(object.to_owned(), |object, step| {
            match &self.object(&object)?.field(step)?.ty {
                FieldType::Lookup(lookup) => Some(lookup.to.to_string()),
                _ => None,
            }
        })
    }
}
