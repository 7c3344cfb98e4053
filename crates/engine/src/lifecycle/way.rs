//! One transition of one lifecycle, taken out of one stage.

use std::sync::Arc;

use metadata::catalog::{Lifecycle, Stage, Transition};

/// A way from one stage to another.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// The stage that it leads out of.
    pub(crate) from: Arc<str>,
    /// Its place among the lifecycle's transitions.
    place: usize,
}

impl Way {
    /// The ways from one stage to another, in the order in which they are tried.
    pub(crate) fn between(lifecycle: &Arc<Lifecycle>, from: &str, to: &str) -> Vec<Self> {
        Self::leaving(lifecycle, from, |transition| &*transition.to == to)
    }

    /// The ways out of a stage that are wanted.
    pub(crate) fn leaving(
        lifecycle: &Arc<Lifecycle>,
        from: &str,
        wanted: impl Fn(&Transition) -> bool,
    ) -> Vec<Self> {
        let Some((from, _)) = lifecycle.stages.get_key_value(from) else { return Vec::new() };
        let leads =
            |transition: &Transition| wanted(transition) && transition.from.iter().any(|stage| stage == from);
        let places = lifecycle.transitions.iter().enumerate().filter(|(_, transition)| leads(transition));
        places
            .map(|(place, _)| Self { lifecycle: Arc::clone(lifecycle), from: Arc::clone(from), place })
            .collect()
    }

    /// The transition; `None` never, for ways are made of those that there are.
    pub(crate) fn transition(&self) -> Option<&Transition> {
        self.lifecycle.transitions.get(self.place)
    }

    /// The stage that it leads to.
    pub(crate) fn to(&self) -> Arc<str> {
        self.transition().map_or_else(|| Arc::clone(&self.from), |transition| Arc::clone(&transition.to))
    }

    /// Its name in refusals and in the log.
    pub(crate) fn rule(&self) -> String {
        self.transition()
            .map(|transition| transition.rule(&self.lifecycle.name, &self.from))
            .unwrap_or_default()
    }

    /// Whether it goes on rather than back or aside: to a later stage on the way, or to one in which the aim is reached.
    pub(crate) fn forward(&self) -> bool {
        use metadata::catalog::StageKind;
        let stages = &self.lifecycle.stages;
        let place = |stage: &str| stages.get_index_of(stage);
        match stages.get(&*self.to()).map(|stage| stage.kind) {
            Some(StageKind::Won) => true,
            Some(StageKind::Open) => place(&self.to()) > place(&self.from),
            Some(StageKind::Detour | StageKind::Lost) | None => false,
        }
    }

    /// Whether another way is the same transition out of the same stage.
    pub(crate) fn same(&self, other: &Way) -> bool {
        Arc::ptr_eq(&self.lifecycle, &other.lifecycle) && self.from == other.from && self.place == other.place
    }

    /// A stage as people call it.
    pub(crate) fn called(lifecycle: &Lifecycle, stage: &str) -> String {
        lifecycle.stages.get(stage).map_or_else(|| stage.to_owned(), |stage: &Stage| stage.title.clone())
    }
}
