//! The doors over HTTP: keys, limits, GraphQL over HTTP, the metadata API, health, GraphiQL.
//!
//! Never: SQL, permissions, or a decision about a record. The tenant comes from the key, never from the request.

mod settings;

pub use settings::{Limits, Settings};
