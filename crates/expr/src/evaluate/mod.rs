//! The evaluator in memory. PostgreSQL and SQLite are held equal to it by the differential test of `query`.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::function::Function;
use crate::moment::Moment;
use crate::tree::{Expr, FieldPath, Slot};
use crate::value::Value;

/// What an expression is computed over.
pub trait Environment {
    /// The value of a field, through to-one relations (`account.tier`, null where the relation is) and parts of composites. A
    /// to-one relation's own value is the id of the record it points at. Fails with [`EvalError::Unavailable`] where the
    /// caller has not loaded it.
    fn field(&self, path: &FieldPath) -> Result<Value, EvalError>;
    /// The records of a to-many relation. They are asked for `Root::Record` paths only; whatever else a condition names is asked
    /// of the outermost environment.
    fn related(&self, path: &FieldPath) -> Result<Vec<Box<dyn Environment + '_>>, EvalError>;
    /// A value of the request.
    fn slot(&self, slot: Slot) -> Result<Value, EvalError>;
    /// Whether the field has a folded side column, so that matching without case folds by Unicode instead of ASCII.
    fn folded(&self, path: &FieldPath) -> bool;
    /// The instant of the request.
    fn now(&self) -> DateTime<Utc>;
    /// The zone in which the request's days are counted.
    fn zone(&self) -> Tz;
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A result outside its type: integers of 64 bits, decimals below 9.2e12, floats that are finite.
    #[error("the result of a calculation is out of range")]
    Overflow,
    /// The environment does not have the field at hand.
    #[error("`{0}` is not available here")]
    Unavailable(String),
    /// The tree does not fit its types; the checker never makes such a tree.
    #[error("the expression is malformed: {0}")]
    Malformed(&'static str),
}

/// Computes the value of a checked expression.
pub fn evaluate(expr: &Expr, env: &dyn Environment) -> Result<Value, EvalError> {
    let _ = (expr, env);
    Err(EvalError::Malformed("expressions are not evaluated yet"))
}

/// Whether a condition holds; null is false.
pub fn holds(expr: &Expr, env: &dyn Environment) -> Result<bool, EvalError> {
    Ok(evaluate(expr, env)? == Value::Bool(true))
}

/// The value of a function that depends on nothing but the moment of the request ([`Function::is_request_constant`]); `period` is the
/// literal argument of those that take one.
pub fn request_constant(
    function: Function,
    period: Option<&str>,
    moment: &Moment,
) -> Result<Value, EvalError> {
    let _ = period;
    match function {
        Function::Now => Ok(Value::DateTime(moment.now)),
        Function::Today => Ok(Value::Date(moment.today())),
        _ => Err(EvalError::Malformed("periods are not computed yet")),
    }
}
