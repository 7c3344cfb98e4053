//! What a caller says beside the documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::Duration;
use serde::{Deserialize, Serialize};

use crate::observe::{Observer, Silent};

/// What becomes of values that the new documents have no room for: `{"lead.source": {"fax": "phone", "pigeon": null}}`. Keys are
/// stored values (for choices) or the text of the value (for a field whose type changes).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<String, BTreeMap<String, Option<String>>>);

impl Mapping {
    /// What a value of `object.field` becomes, if something is said about it.
    pub fn value(&self, object: &str, field: &str, old: &str) -> Option<Option<&str>> {
        self.field(object, field)?.get(old).map(Option::as_deref)
    }

    /// All that is said about `object.field`.
    pub fn field(&self, object: &str, field: &str) -> Option<&BTreeMap<String, Option<String>>> {
        self.0.get(&format!("{object}.{field}"))
    }
}

/// What is asked of a plan beside the documents.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What becomes of values without room.
    pub mapping: &'a Mapping,
    /// How far back the log of moves is held against changed transitions; not at all when absent.
    pub replay: Option<Duration>,
}

/// For `plan`.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// What becomes of values without room.
    pub mapping: Mapping,
    /// How far back the log of moves is held against changed transitions.
    pub replay: Duration,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { mapping: Mapping::default(), replay: Duration { months: 0, micros: 90 * DAY } }
    }
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

impl PlanOptions {
    /// The same as it is handed on.
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked { mapping: &self.mapping, replay: Some(self.replay) }
    }

    /// The instant for which effects are told. A plan leaves no trace, so that its moment is no parameter.
    pub(crate) fn moment() -> DateTime<Utc> {
        DateTime::from(std::time::SystemTime::now())
    }
}

/// For `apply` and `revert`.
#[derive(Clone)]
pub struct ApplyOptions {
    /// The hash of the plan that the caller has seen; any plan will do when absent.
    pub plan: Option<String>,
    /// Whether fields and objects may go away.
    pub allow_destructive: bool,
    /// What becomes of values without room.
    pub mapping: Mapping,
    /// Whether the packages' tests are left out. Else a change is refused whose tests fail.
    pub skip_tests: bool,
    /// Who does it, for the history.
    pub actor: String,
    /// When, for the history.
    pub at: DateTime<Utc>,
    /// Who is told.
    pub observer: Arc<dyn Observer>,
    /// Tables with more rows than this are changed in batches before the publish instead of in its transaction.
    pub large: u64,
}

impl ApplyOptions {
    /// What is asked of the plan that is applied: nothing of the past.
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked { mapping: &self.mapping, replay: None }
    }

    /// Neither hash nor permission to destroy; tests are run.
    pub fn new(actor: impl Into<String>, at: DateTime<Utc>) -> Self {
        Self {
            plan: None,
            allow_destructive: false,
            mapping: Mapping::default(),
            skip_tests: false,
            actor: actor.into(),
            at,
            observer: Arc::new(Silent),
            large: 50_000,
        }
    }
}
