//! Scripts: compiled once per catalog version, run within a budget, with nothing at hand but what the caller hands in.
//!
//! Pure: no IO, clock, randomness, tokio or SQL; what a script may ask of the world goes through the [`Host`] that the caller passes, and
//! what it may spend through the [`Budget`]. The only user of rhai, whose types never leave this crate.

mod budget;
mod data;
mod error;
mod frame;
mod functions;
mod handle;
mod host;
mod library;
mod moments;
mod profile;
mod reference;
mod scene;
mod view;

pub use budget::{Budget, Limits, Spent};
pub use data::Data;
pub use error::{ErrorKind, Place, Problem, ScriptError, Severity};
pub use host::{Host, HostCall, HostError};
pub use library::{Changed, Entry, Judged, Library, Mistake, Path, Ran, Signature, Source, Verdict};
pub use reference::markdown as reference;
pub use scene::{PARAMETERS, Scene};
pub use view::{Fixed, View, ViewError};
