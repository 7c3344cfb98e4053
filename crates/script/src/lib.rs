//! Scripts: compiled once per catalog version, run within a budget, with nothing at hand but what the caller hands in.
//!
//! Pure: no IO, clock, randomness, tokio or SQL; what a script may ask of the world goes through the host that the caller passes. The only
//! user of rhai.
