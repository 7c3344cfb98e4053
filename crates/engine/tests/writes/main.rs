//! Writes through the engine, on both databases.

mod apart;
mod automation;
mod lifecycle;
mod operations;
mod past;
mod plugins;
mod races;
mod rights;
mod scripts;
mod skew;
mod support;
