//! The condition and formula language: values, types, one typed tree, its checker and its evaluator.
//!
//! Pure: no IO, clock, randomness, tokio or SQL. Knows nothing of GraphQL, tables or permissions; names are
//! resolved through the [`Scope`] that the caller passes, record values through its [`Environment`].
//! The filter of the API and the expression text of metadata are two syntaxes of the one [`Expr`] tree.

mod duration;
mod encoding;
mod function;
mod scope;
mod tree;
mod types;
mod value;

pub use duration::Duration;
pub use encoding::Encoding;
pub use function::Function;
pub use scope::{Member, Scope};
pub use tree::{BinaryOp, Expr, FieldPath, ListOp, Node, Quantifier, Root, Slot, Span, TextOp};
pub use types::Type;
pub use value::Value;
