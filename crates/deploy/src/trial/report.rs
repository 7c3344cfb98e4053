//! What came of the tests of some packages.

use std::collections::BTreeMap;

use metadata::Catalog;
use metadata::catalog::{Lifecycle, Transition};
use serde::Serialize;

/// The whole report, as `armature test --json` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Cases that came out as expected.
    pub passed: usize,
    /// Cases that did not.
    pub failed: usize,
    /// Every case, in the order of files.
    pub cases: Vec<CaseReport>,
    /// Every declared transition, and how often it was seen allowed and refused.
    pub transitions: Vec<Seen>,
    /// What the automations and scripts took.
    pub cost: Vec<Cost>,
}

impl Report {
    /// Whether everything came out as expected.
    pub fn ok(&self) -> bool {
        self.failed == 0
    }

    pub(super) fn add(&mut self, case: CaseReport) {
        if case.passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
        self.cases.push(case);
    }
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseReport {
    /// The file it stands in.
    pub file: String,
    /// The test it belongs to.
    pub test: String,
    /// Its name.
    pub name: String,
    /// Whether it came out as expected.
    pub passed: bool,
    /// What was otherwise: each with its place below the case, what was expected and what was found.
    pub problems: Vec<Problem>,
}

/// Something that came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where in the case: `when/2`, `expect/records/l/stage`.
    pub place: String,
    /// What it is, for people.
    pub message: String,
    /// What was expected, as JSON, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<serde_json::Value>,
    /// What was found, as JSON, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<serde_json::Value>,
}

impl Problem {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into(), expected: None, found: None }
    }

    pub(super) fn other(
        place: impl Into<String>,
        message: impl Into<String>,
        expected: serde_json::Value,
        found: serde_json::Value,
    ) -> Self {
        Self { expected: Some(expected), found: Some(found), ..Self::new(place, message) }
    }
}

/// A declared transition. One that was never seen refused is a rule that nobody has tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The lifecycle.
    pub lifecycle: String,
    /// The transition's name.
    pub name: String,
    /// The stages it leads out of, joined by commas.
    pub from: String,
    /// The stage it leads to.
    pub to: String,
    /// How often it was taken.
    pub allowed: u64,
    /// How often it was refused.
    pub refused: u64,
}

/// What an automation, or a guard that is a script, took over all cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The automation's name, or the guard's path.
    pub script: String,
    /// How often it ran.
    pub runs: u64,
    /// Operations of its script, all runs together.
    pub operations: u64,
    /// Microseconds, all runs together.
    pub micros: u64,
}

/// Counts of transitions, while cases run.
#[derive(Debug)]
pub(super) struct Tally {
    seen: Vec<Seen>,
    places: BTreeMap<(String, String, String), usize>,
    cost: BTreeMap<String, Cost>,
}

impl Tally {
    /// All transitions of the lifecycles that these packages bring, unseen.
    pub(super) fn new(catalog: &Catalog, packages: &[String]) -> Self {
        let own = |lifecycle: &&std::sync::Arc<Lifecycle>| packages.contains(&lifecycle.package);
        let (mut seen, mut places) = (Vec::new(), BTreeMap::new());
        for lifecycle in catalog.lifecycles.values().filter(own) {
            for way in &lifecycle.transitions {
                for from in &way.from {
                    let key = (lifecycle.name.to_string(), from.to_string(), way.rule(&lifecycle.name, from));
                    places.insert(key, seen.len());
                }
                seen.push(unseen(lifecycle, way));
            }
        }
        Self { seen, places, cost: BTreeMap::new() }
    }

    /// A transition was taken.
    pub(super) fn allowed(&mut self, lifecycle: &str, from: &str, rule: &str) {
        if let Some(seen) = self.entry(lifecycle, from, rule) {
            seen.allowed += 1;
        }
    }

    /// A rule has said no; whether it is that of a transition is found here.
    pub(super) fn refused(&mut self, rule: &str) {
        let place = self.places.iter().find(|((_, _, name), _)| name == rule).map(|(_, place)| *place);
        if let Some(seen) = place.and_then(|place| self.seen.get_mut(place)) {
            seen.refused += 1;
        }
    }

    /// An automation ran, or a guard was asked.
    pub(super) fn ran(&mut self, more: &Cost) {
        let fresh = || Cost { script: more.script.clone(), ..Cost::default() };
        let cost = self.cost.entry(more.script.clone()).or_insert_with(fresh);
        cost.runs += more.runs;
        cost.operations += more.operations;
        cost.micros += more.micros;
    }

    fn entry(&mut self, lifecycle: &str, from: &str, rule: &str) -> Option<&mut Seen> {
        let place = self.places.get(&(lifecycle.to_owned(), from.to_owned(), rule.to_owned()))?;
        self.seen.get_mut(*place)
    }

    pub(super) fn finish(self, report: &mut Report) {
        report.transitions = self.seen;
        report.cost = self.cost.into_values().collect();
    }
}

fn unseen(lifecycle: &Lifecycle, way: &Transition) -> Seen {
    let from: Vec<&str> = way.from.iter().map(|stage| &**stage).collect();
    Seen {
        lifecycle: lifecycle.name.to_string(),
        name: way.name.clone(),
        from: from.join(","),
        to: way.to.to_string(),
        allowed: 0,
        refused: 0,
    }
}
