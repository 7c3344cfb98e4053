//! Tests of the store against both databases.

mod access;
mod directory;
mod nodes;
mod tables;
mod transactions;
mod values;
