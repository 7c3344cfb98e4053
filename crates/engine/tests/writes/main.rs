//! Writes through the engine, on both databases.

mod operations;
mod past;
mod races;
mod rights;
mod support;
