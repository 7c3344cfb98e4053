//! Tests of the store against both databases.

mod access;
mod directory;
mod nodes;
mod queue;
mod tables;
mod transactions;
mod values;
