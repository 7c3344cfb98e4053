//! The GraphQL surface of a catalog: its schema, and the way from a document to requests.
//!
//! Pure: no store, no engine, no tokio, clock or IO. async-graphql parses, validates and answers introspection; record queries and
//! mutations are *never* executed by it: this crate selects the operation, merges fields, coerces variables and lowers each root
//! field to a [`query::request::Read`] or [`query::request::Write`]. Roles and tenants are not known here.

mod document;
mod error;
mod lower;
#[cfg(test)]
mod sample;
mod schema;
mod surface;
#[cfg(test)]
mod tests;

pub use document::{OperationKind, Prepared, check_document, check_text};
pub use error::{Code, Error, Location, PathSegment};
pub use lower::{
    ChangePart, Context, EffectPart, ErrorPart, Explain, ExplainPart, FieldChangePart, GroundPart, History,
    Lowered, MePart, Payload, PayloadPart, Root, RootItem,
};
pub use surface::{BuildError, Surface};
