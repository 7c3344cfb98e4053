//! Why a plan or an apply did not go through.

use metadata::Diagnostic;
use store::StoreError;

use crate::plan::Plan;

/// What can go wrong. Nothing has changed when one of these is returned, but where `Interrupted` says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The documents do not resolve.
    #[error("the documents have {} fault(s)", .0.len())]
    Documents(Vec<Diagnostic>),
    /// Records forbid the change and no mapping says what becomes of them.
    #[error("{}", refusal(.0))]
    Refused(Box<Plan>),
    /// Fields or objects would go away, and that was not allowed.
    #[error("{}", destructive(.0))]
    Destructive(Box<Plan>),
    /// Tests of the packages fail, and nobody said that they may.
    #[error("{}", failing(.0))]
    Tests(Box<crate::trial::Report>),
    /// The tests of the packages could not be carried out.
    #[error("the tests of the packages could not be carried out: {0}")]
    Untested(#[source] Box<crate::trial::TestError>),
    /// The plan that was asked for is not the one that would be applied now.
    #[error("the plan has changed: expected {expected}, it is {found}")]
    OtherPlan {
        /// The hash that was asked for.
        expected: String,
        /// The hash of the plan as it is now.
        found: String,
    },
    /// Another apply published in between.
    #[error("another change was published meanwhile: the tenant is at version {published}")]
    Conflict {
        /// The version that is published now.
        published: i64,
    },
    /// There is no such version.
    #[error("there is no version {0}")]
    UnknownVersion(i64),
    /// What is stored for this tenant cannot be read by this program.
    #[error("the stored catalog of version {version} cannot be read: {reason}")]
    Stored {
        /// The version.
        version: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// A document handed to the small-change functions is not of the right form.
    #[error("{0}")]
    Document(String),
    /// The observer stopped it (tests of crashes do).
    #[error("stopped at {0}")]
    Stopped(String),
    /// The condition of a rule or an index cannot be written in SQL.
    #[error(transparent)]
    Lowering(#[from] query::lower::LowerError),
    /// A calendar period in a rule cannot be worked out for this moment.
    #[error(transparent)]
    Moment(#[from] query::slots::BindError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn refusal(plan: &Plan) -> String {
    let mut lines: Vec<String> = Vec::new();
    for effect in plan.effects.iter().filter(|effect| effect.refuses) {
        lines.push(format!("{} {}: {} record(s)", effect.object, effect.rule, effect.count));
    }
    format!(
        "existing records forbid the change: {}; correct them, or say in a mapping what becomes of their values",
        lines.join("; ")
    )
}

fn failing(report: &crate::trial::Report) -> String {
    let failed = report.cases.iter().filter(|case| !case.passed);
    let told = failed.map(|case| {
        let first = case.problems.first().map_or("", |problem| problem.message.as_str());
        format!("{} / {}: {first}", case.test, case.name)
    });
    let told: Vec<String> = told.take(5).collect();
    format!(
        "{} of {} package tests fail, so nothing was applied: {}; `armature test` tells all, --skip-tests applies nevertheless",
        report.failed,
        report.cases.len(),
        told.join("; ")
    )
}

fn destructive(plan: &Plan) -> String {
    let what: Vec<&str> = plan.destructive().map(|step| step.what.as_str()).collect();
    format!("destructive steps need to be allowed (--allow-destructive): {}", what.join("; "))
}
