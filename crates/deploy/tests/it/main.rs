//! Plan, apply and what follows, on both databases.
#![expect(clippy::panic, reason = "a test that cannot go on says why")]
#![expect(clippy::needless_pass_by_value, reason = "documents written in place read best by value")]

mod apply;
mod bed;
mod catalogs;
mod crash;
mod effects;
mod kinds;
mod lifecycles;
mod live;
mod local;
mod return_ways;
mod roles;
mod scripts;
mod trial;
