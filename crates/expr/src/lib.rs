//! The condition and formula language: values, types, one typed tree, its checker and its evaluator.
//!
//! Pure: no IO, clock, randomness, tokio or SQL. Knows nothing of GraphQL, tables or permissions; names are
//! resolved through the [`Scope`] that the caller passes, record values through its [`Environment`].
//! The filter of the API and the expression text of metadata are two syntaxes of the one [`Expr`] tree.

mod check;
pub mod decimal;
mod duration;
mod encoding;
mod evaluate;
pub mod filter;
mod fold;
mod function;
mod moment;
mod print;
mod problem;
mod reference;
mod scope;
pub mod stay;
mod syntax;
mod tree;
mod types;
mod value;
mod value_text;

pub use duration::{BadDuration, Duration};
pub use encoding::Encoding;
pub use evaluate::{
    Environment, EvalError, Period, Unit, apply, day_start, evaluate, holds, request_constant, text_matches,
};
pub use fold::{fold, fold_ascii, nfc};
pub use function::{FORMS, FUNCTIONS, Function, FunctionSpec, Signature};
pub use moment::Moment;
pub use problem::{FilterProblem, Problem, code, did_you_mean};
pub use reference::markdown as reference;
pub use scope::{Member, Scope, Staged};
pub use tree::{BinaryOp, Expr, FieldPath, ListOp, Node, Quantifier, Root, Slot, Span, TextOp};
pub use types::Type;
pub use value::Value;
pub use value_text::BadValue;

/// Parses and checks the text of an expression over records of `object`; `expected` is the type that it must yield (ints become
/// decimals or floats where those are expected).
pub fn parse(
    source: &str,
    scope: &dyn Scope,
    object: &str,
    expected: Option<&Type>,
) -> Result<Expr, Vec<Problem>> {
    let ast = syntax::parse(source).map_err(|problem| vec![problem])?;
    check::check(ast, scope, object, expected)
}

#[cfg(feature = "testing")]
pub mod arbitrary;
#[cfg(feature = "testing")]
pub mod sample;
