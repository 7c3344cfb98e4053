//! Tests of the store against both databases.

mod directory;
mod tables;
mod transactions;
mod values;
