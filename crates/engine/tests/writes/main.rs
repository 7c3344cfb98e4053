//! Writes through the engine, on both databases.

mod operations;
mod races;
mod rights;
mod support;
