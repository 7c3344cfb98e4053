//! When a catalog changes: plan, effects on records, apply, backfill, index building, pull, history, revert, purge; and the tests that packages bring.
//!
//! The published catalog of a tenant changes in one transaction that holds the catalog lock, and nowhere else: whatever fails or
//! is killed before it leaves the old version, whatever comes after it the new one. Never drops data (only `purge` does), never
//! lets a reader or writer queue behind a definition for longer than the lock timeout, never makes SQL text (that is `sql`).

mod apply;
mod catalogs;
mod convert;
mod error;
mod history;
mod initialise;
mod lifecycle;
mod local;
mod observe;
mod options;
mod plan;
mod published;
mod pull;
mod purge;
mod revert;
mod roles;
mod rows;
mod scripts;
mod statements;
mod structure;
mod trial;
mod work;

pub use apply::{Applied, apply};
pub use catalogs::Catalogs;
pub use error::DeployError;
pub use history::{HistoryEntry, history};
pub use initialise::initialise;
pub use lifecycle::{Amount, Replay, Share};
pub use local::{add_field, apply_documents, create_object, plan_documents};
pub use observe::{Observer, Progress, Silent, Stage};
pub use options::{ApplyOptions, Mapping, PlanOptions};
pub use plan::{ChangeLine, Class, Effect, Plan, Step, plan};
pub use pull::pull;
pub use purge::{Purged, purge};
pub use revert::{plan_revert, revert};
pub use scripts::resolve;
pub use trial::{CaseReport, Cost, Problem, Report, Seen, TestError, test};
