//! What would change: of the metadata, on the tables, and for the records that exist.

mod describe;
mod draft;
mod effects;
mod judge;
mod nullify;

use metadata::SourceFile;
use serde::{Deserialize, Serialize};
use store::Tenant;

use crate::error::DeployError;
use crate::lifecycle::Replay;
use crate::options::PlanOptions;

pub use draft::{Draft, Target};
pub use effects::{Judged, Verdict, effect};
pub use nullify::{Missing, nullify};

/// The difference between a folder and a tenant's catalog. Serialises to the form that the command line and the API print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Over base version, canonical documents and steps; never over effects.
    pub hash: String,
    /// Changes of metadata.
    pub changes: Vec<ChangeLine>,
    /// Steps on tables.
    pub steps: Vec<Step>,
    /// What it does to records that exist.
    pub effects: Vec<Effect>,
    /// The published version that it starts from.
    #[serde(skip)]
    pub base: i64,
    /// Warnings about the documents.
    #[serde(skip)]
    pub warnings: Vec<metadata::Diagnostic>,
}

/// One change of metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLine {
    /// `add`, `remove`, `rename`, `change` …
    pub kind: String,
    /// `lead.phone`
    pub path: String,
}

/// How much a step on a table costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Milliseconds, whatever the number of rows.
    Safe,
    /// Rows are read and written in batches.
    Backfill,
    /// Data is out of reach afterwards.
    Destructive,
}

impl Class {
    /// As it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Safe => "safe",
            Class::Backfill => "backfill",
            Class::Destructive => "destructive",
        }
    }
}

/// One step on the tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How much it costs.
    pub class: Class,
    /// The object whose table it is about.
    pub object: String,
    /// In a few words.
    pub what: String,
}

/// What the change does to records that exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// The object.
    pub object: String,
    /// `required:email`, `unique:number`, `type:amount`, `choices:stage`, `rule:margin`, `limit:name`, `drop:fax`; of lifecycles
    /// `stage:leadMtl.mql` (records in a stage that goes), `held:leadMtl.mql.sql` (records that wait for a move and that its new demands
    /// hold), `replay:leadMtl.mql.sql` (past moves that they would have refused)
    pub rule: String,
    /// How many records.
    pub count: u64,
    /// Ids of the first few.
    pub sample: Vec<String>,
    /// Whether it forbids the change.
    #[serde(skip)]
    pub refuses: bool,
    /// Of past moves that a changed transition would have refused: whose they are, and what they are worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.steps.is_empty()
    }

    /// The steps that need to be allowed.
    pub fn destructive(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.class == Class::Destructive)
    }

    /// Whether existing records forbid it.
    pub fn is_refused(&self) -> bool {
        self.effects.iter().any(|effect| effect.refuses)
    }
}

/// Plans the documents against what is published. Changes nothing.
pub async fn plan(tenant: &Tenant, files: &[SourceFile], options: PlanOptions) -> Result<Plan, DeployError> {
    let base = crate::published::current(tenant).await?;
    let target = Target::beside_published(&base, files);
    Ok(Draft::new(tenant, base, target, options.asked(), PlanOptions::moment()).await?.plan)
}
