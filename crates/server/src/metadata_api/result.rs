//! What planning and applying answer.

use async_graphql::{Json, SimpleObject};
use deploy::{Applied, Class, Plan};

use super::problem::Diagnostic;

/// One change of metadata.
#[derive(SimpleObject)]
pub(crate) struct Change {
    /// `add`, `remove`, `rename`, `change` …
    kind: String,
    /// `lead.phone`
    path: String,
}

/// One step on the tables.
#[derive(SimpleObject)]
pub(crate) struct Step {
    /// `safe`, `backfill` or `destructive`.
    class: String,
    /// The object whose table it is about.
    object: String,
    /// In a few words.
    what: String,
}

/// What it does to records that exist.
#[derive(SimpleObject)]
pub(crate) struct Effect {
    /// The object.
    object: String,
    /// `required:email`, `unique:number` …
    rule: String,
    /// How many records.
    count: u64,
    /// Ids of the first few.
    sample: Vec<String>,
    /// Whether it forbids the change.
    refuses: bool,
    /// Of past moves that a changed transition would have refused: `{since, owners: [{owner, name, count}], amounts: [{currency, amount}]}`.
    replay: Option<Json<serde_json::Value>>,
}

/// The difference between documents and what is published. `version` is null where nothing was applied: by `plan`, and when
/// there are diagnostics of severity error.
#[derive(SimpleObject, Default)]
pub(crate) struct Deployment {
    /// The published version.
    version: Option<i64>,
    /// Names the plan: `apply` refuses another one when it is told this. Null when the documents are at fault.
    hash: Option<String>,
    /// Changes of metadata.
    changes: Vec<Change>,
    /// Steps on tables.
    steps: Vec<Step>,
    /// What it does to records that exist.
    effects: Vec<Effect>,
    /// What is wrong with the documents.
    diagnostics: Vec<Diagnostic>,
}

impl Deployment {
    /// Nothing but faults.
    pub(crate) fn faulty(diagnostics: Vec<Diagnostic>) -> Deployment {
        Deployment { diagnostics, ..Deployment::default() }
    }
}

impl From<Plan> for Deployment {
    fn from(plan: Plan) -> Deployment {
        let class = |class: Class| match class {
            Class::Safe => "safe",
            Class::Backfill => "backfill",
            Class::Destructive => "destructive",
        };
        Deployment {
            version: None,
            hash: Some(plan.hash),
            changes: plan
                .changes
                .into_iter()
                .map(|line| Change { kind: line.kind, path: line.path })
                .collect(),
            steps: plan
                .steps
                .into_iter()
                .map(|step| Step {
                    class: class(step.class).to_owned(),
                    object: step.object,
                    what: step.what,
                })
                .collect(),
            effects: plan
                .effects
                .into_iter()
                .map(|effect| Effect {
                    object: effect.object,
                    rule: effect.rule,
                    count: effect.count,
                    sample: effect.sample,
                    refuses: effect.refuses,
                    replay: effect.replay.and_then(|replay| serde_json::to_value(replay).ok()).map(Json),
                })
                .collect(),
            diagnostics: plan.warnings.iter().map(Diagnostic::from).collect(),
        }
    }
}

impl From<Applied> for Deployment {
    fn from(applied: Applied) -> Deployment {
        Deployment { version: Some(applied.version), ..Deployment::from(applied.plan) }
    }
}
