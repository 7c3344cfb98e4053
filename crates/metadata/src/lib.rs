//! From documents to a resolved [`Catalog`]: names, diagnostics, field types, storage layout, difference, hash.
//!
//! Pure: no IO beyond the texts it is handed, no clock, randomness, tokio or SQL. Never stops at the first fault: it collects
//! every [`Diagnostic`] with its place. Never derives where a field is stored from its name: that is recorded in [`Layout`].

pub mod catalog;
pub mod diagnostic;
pub mod layout;
pub mod name;

pub use catalog::Catalog;
pub use diagnostic::Diagnostic;
pub use layout::Layout;
pub use name::Name;
