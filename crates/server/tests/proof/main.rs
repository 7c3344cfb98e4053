//! Proofs about permissions, from outside, on both databases: what one may not see cannot be told from what is not there.

mod data;
mod matrix;
mod package;
mod schema;
mod stage;
mod twin;
