//! Tests of the store against both databases.

mod directory;
mod nodes;
mod tables;
mod transactions;
mod values;
