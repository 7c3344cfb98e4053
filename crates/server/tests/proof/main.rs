//! Proofs about permissions, from outside, on both databases: what one may not see cannot be told from what is not there.

mod canary;
mod coverage;
mod data;
mod denied;
mod foreign;
mod hidden;
mod matrix;
mod package;
mod schema;
mod stage;
mod twin;
