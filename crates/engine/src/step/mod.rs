//! The steps of the order of execution, one a file.

mod change;
mod circle;
pub(crate) mod close;
pub(crate) mod fill;
pub(crate) mod find;
pub(crate) mod flush;
pub(crate) mod grant;
pub(crate) mod judge;
pub(crate) mod notes;
pub(crate) mod open;
pub(crate) mod permission;
pub(crate) mod quick;
pub(crate) mod reach;
pub(crate) mod react;
pub(crate) mod relate;
pub(crate) mod retry;
pub(crate) mod tail;
pub(crate) mod take;
pub(crate) mod transit;
pub(crate) mod unique;
