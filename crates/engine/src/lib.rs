//! The one way in which records are written, and the short way in which they are read for a caller.
//!
//! Every door (GraphQL, import, scripts, package tests) hands over a [`query::request::Write`]; [`Engine::write`] takes it through the
//! order of execution, which stands in `order.rs` and nowhere else. Never prints SQL (that is `sql`), never decides who
//! may (that is `query::access`), never opens a connection (that is `store`), never asks for the time or a random number except
//! through the ports of its [`Caller`].

pub mod audit;
mod automation;
mod caller;
mod engine;
mod environment;
mod erase;
mod error;
mod explain;
mod history;
mod holes;
mod idempotency;
mod json;
mod lifecycle;
mod model;
mod number;
mod order;
mod outcome;
mod person;
mod port;
pub mod progress;
mod queue;
mod read;
pub mod retention;
mod returning;
mod run;
mod script;
mod sight;
mod step;

pub use automation::Failed;
pub use caller::{Actor, Caller, Cause, Door};
pub use engine::{Engine, Note, Noted, Returning, Rider};
pub use erase::{Erase, Erased};
pub use error::{ReadError, WriteError};
pub use explain::{Explanation, Ground, Question};
pub use history::{Changed, Happened, LARGEST_PAGE as LARGEST_HISTORY, Past};
pub use idempotency::forget_requests;
pub use lifecycle::preview::Move;
pub use outcome::{Code, Effect, EffectKind, Outcome, Refusal};
pub use person::{Person, UserRecord};
pub use port::{Clock, Ids, SystemClock, SystemIds};
pub use queue::{Awaiting, Duty, Errand, Handled, Kind, Matched, Principal, Queued, link};
pub use read::Ready;
