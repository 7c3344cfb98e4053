//! From documents to a resolved [`Catalog`]: names, diagnostics, field types, storage layout, difference, hash.
//!
//! Pure: no IO beyond the texts it is handed, no clock, randomness, tokio or SQL. Never stops at the first fault: it collects
//! every [`Diagnostic`] with its place. Never derives where a field is stored from its name: that is recorded in [`Layout`].

pub mod canonical;
pub mod catalog;
pub mod codes;
pub mod diagnostic;
pub mod difference;
pub mod document;
pub mod field;
mod hint;
pub mod json;
pub mod layout;
pub mod name;
pub mod reference;
mod resolve;
pub mod schema;
pub mod scope;
mod shipped;
pub mod source;
pub mod validate;

pub use canonical::CanonicalDocument;
pub use catalog::Catalog;
pub use diagnostic::Diagnostic;
pub use difference::difference;
pub use layout::Layout;
pub use name::Name;
pub use resolve::{Base, Resolved, resolve};
pub use source::SourceFile;
pub use validate::{RecordValues, Violation, validate};
