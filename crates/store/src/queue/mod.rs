//! The queue of a tenant: work that waits for a worker, in the database of the records that it is about.
//!
//! A job is put in by the transaction that wants it done ([`Part`]), taken by a worker for a time ([`Tenant::jobs_take`]), and struck out in the
//! transaction of its effects. Each taking has a number, the fence: whoever was late finds another number, and nothing of theirs stays. What a
//! job means is not known here.

mod board;
mod due;
mod list;
mod part;
mod row;

pub(crate) use board::Board;
pub use board::{Awaited, Note};
pub use due::Due;
pub use list::{JobFilter, RunFilter};
pub use part::{Part, Settled};
pub use row::{JobRow, JobState, NewJob, RunRow};
