//! The evaluator in memory. PostgreSQL and SQLite are held equal to it by the differential test of `query`.

mod arithmetic;
mod calendar;
mod functions;
mod matching;
mod period;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::decimal;
use crate::function::Function;
use crate::moment::Moment;
use crate::tree::{Expr, FieldPath, ListOp, Node, Quantifier, Root, Slot, TextOp};
use crate::value::Value;

use matching::Folding;
pub use period::{Period, Unit, day_start};

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

/// Computes the value of a checked expression. Operands of `&&` and `||` are computed from left to right until the result is known, so
/// that an overflow behind that place is not met; a database may meet it.
pub fn evaluate(expr: &Expr, env: &dyn Environment) -> Result<Value, EvalError> {
    Evaluator { record: env, request: env }.value(expr)
}

/// Two environments: that of the record judged (or a related one), and the outermost one.
#[derive(Clone, Copy)]
struct Evaluator<'a> {
    record: &'a dyn Environment,
    request: &'a dyn Environment,
}

impl Evaluator<'_> {
    fn value(self, expr: &Expr) -> Result<Value, EvalError> {
        Ok(match &expr.node {
            Node::Literal(value) => value.clone(),
            Node::Slot(slot) => self.request.slot(*slot)?,
            Node::Field(path) => self.of(path).field(path)?,
            Node::Not(inner) => Value::Bool(!self.holds(inner)?),
            Node::Negate(inner) => negated(&self.value(inner)?)?,
            Node::And(items) => Value::Bool(self.all(items)?),
            Node::Or(items) => Value::Bool(self.any(items)?),
            Node::Binary(op, a, b) => arithmetic::binary(*op, self.value(a)?, self.value(b)?)?,
            Node::IsNull(inner) => Value::Bool(self.value(inner)?.is_null()),
            Node::In(subject, list) => {
                let subject = self.value(subject)?;
                Value::Bool(!subject.is_null() && self.list(list)?.contains(&subject))
            }
            Node::List(items) => {
                Value::List(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)
            }
            Node::Text(op, subject, pattern) => {
                let folding = match &subject.node {
                    Node::Field(path) if self.of(path).folded(path) => Folding::Unicode,
                    _ => Folding::Ascii,
                };
                match (self.value(subject)?, self.value(pattern)?) {
                    (Value::Text(subject), Value::Text(pattern)) => {
                        Value::Bool(matching::matches(*op, &subject, &pattern, folding))
                    }
                    (Value::Null, _) | (_, Value::Null) => Value::Bool(false),
                    _ => return Err(EvalError::Malformed("a text test on what is no text")),
                }
            }
            Node::ListTest(op, list, operand) => {
                Value::Bool(self.list_test(*op, list, operand.as_deref())?)
            }
            Node::If(condition, then, other) => {
                self.value(if self.holds(condition)? { then } else { other })?
            }
            Node::Coalesce(first, second) => match self.value(first)? {
                Value::Null => self.value(second)?,
                value => value,
            },
            Node::Call(function, arguments) => self.call(*function, arguments)?,
            Node::Exists { quantifier, relation, condition } => {
                Value::Bool(self.exists(*quantifier, relation, condition.as_deref())?)
            }
            Node::Count { relation, condition } => {
                let count = self.meeting(relation, condition.as_deref(), usize::MAX)?.0;
                Value::Int(i64::try_from(count).map_err(|_| EvalError::Overflow)?)
            }
            // Only the database has the log.
            Node::Stays { .. } => return Err(EvalError::Unavailable("the log of stages".to_owned())),
        })
    }

    fn of(&self, path: &FieldPath) -> &dyn Environment {
        match path.root {
            Root::Record => self.record,
            Root::Old | Root::User | Root::Settings => self.request,
        }
    }

    fn holds(self, expr: &Expr) -> Result<bool, EvalError> {
        match self.value(expr)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null => Ok(false),
            _ => Err(EvalError::Malformed("a condition that is neither true nor false")),
        }
    }

    fn all(self, items: &[Expr]) -> Result<bool, EvalError> {
        for item in items {
            if !self.holds(item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn any(self, items: &[Expr]) -> Result<bool, EvalError> {
        for item in items {
            if self.holds(item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The elements of a list; none where it is null.
    fn list(self, expr: &Expr) -> Result<Vec<Value>, EvalError> {
        match self.value(expr)? {
            Value::List(values) => Ok(values),
            Value::Null => Ok(Vec::new()),
            _ => Err(EvalError::Malformed("a list test on what is no list")),
        }
    }

    fn list_test(self, op: ListOp, list: &Expr, operand: Option<&Expr>) -> Result<bool, EvalError> {
        let list = self.list(list)?;
        Ok(match (op, operand) {
            (ListOp::IsEmpty, _) => list.is_empty(),
            (ListOp::Has, Some(operand)) => {
                let wanted = self.value(operand)?;
                !wanted.is_null() && list.contains(&wanted)
            }
            (ListOp::HasAny, Some(operand)) => self.list(operand)?.iter().any(|wanted| list.contains(wanted)),
            (ListOp::HasAll, Some(operand)) => self.list(operand)?.iter().all(|wanted| list.contains(wanted)),
            (ListOp::Has | ListOp::HasAny | ListOp::HasAll, None) => {
                return Err(EvalError::Malformed("a list test without its value"));
            }
        })
    }

    fn call(self, function: Function, arguments: &[Expr]) -> Result<Value, EvalError> {
        if function.is_request_constant() {
            let period = match arguments.first().map(|argument| &argument.node) {
                Some(Node::Literal(Value::Text(text))) => Some(text.as_str()),
                _ => None,
            };
            let moment = Moment { now: self.request.now(), zone: self.request.zone() };
            return request_constant(function, period, &moment);
        }
        let values = arguments.iter().map(|argument| self.value(argument)).collect::<Result<_, _>>()?;
        functions::call(function, values)
    }

    fn exists(
        self,
        quantifier: Quantifier,
        relation: &FieldPath,
        condition: Option<&Expr>,
    ) -> Result<bool, EvalError> {
        Ok(match quantifier {
            Quantifier::Some => self.meeting(relation, condition, 1)?.0 > 0,
            Quantifier::None => self.meeting(relation, condition, 1)?.0 == 0,
            Quantifier::Every => {
                let (met, all) = self.meeting(relation, condition, usize::MAX)?;
                met == all
            }
        })
    }

    /// How many related records meet the condition (counting stops at `enough`), and how many there are.
    fn meeting(
        self,
        relation: &FieldPath,
        condition: Option<&Expr>,
        enough: usize,
    ) -> Result<(usize, usize), EvalError> {
        let related = self.of(relation).related(relation)?;
        let mut met = 0;
        for record in &related {
            let within = Evaluator { record: &**record, request: self.request };
            if condition.map_or(Ok(true), |condition| within.holds(condition))? {
                met += 1;
                if met >= enough {
                    break;
                }
            }
        }
        Ok((met, related.len()))
    }
}

fn negated(value: &Value) -> Result<Value, EvalError> {
    Ok(match value {
        Value::Null => Value::Null,
        Value::Int(v) => Value::Int(v.checked_neg().ok_or(EvalError::Overflow)?),
        Value::Decimal(v) => Value::Decimal(decimal::settle(-*v).ok_or(EvalError::Overflow)?),
        // There is one zero.
        Value::Float(v) => Value::Float(-*v + 0.0),
        _ => return Err(EvalError::Malformed("a negation of what is no number")),
    })
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
    let days = || -> Result<_, EvalError> {
        let period = period.and_then(Period::parse).ok_or(EvalError::Malformed("a period that is none"))?;
        Ok(period.days(moment.today()))
    };
    Ok(match function {
        Function::Now => Value::DateTime(moment.now),
        Function::Today => Value::Date(moment.today()),
        Function::DateFrom => Value::Date(days()?.0),
        Function::DateTo => Value::Date(days()?.1),
        Function::InstantFrom => Value::DateTime(day_start(days()?.0, moment.zone)),
        Function::InstantTo => Value::DateTime(day_start(days()?.1, moment.zone)),
        _ => return Err(EvalError::Malformed("a function that is no request constant")),
    })
}

/// The value of a function of the table over values of one of its signatures, for languages beside this one. Request constants are
/// computed by [`request_constant`].
pub fn apply(function: Function, arguments: Vec<Value>) -> Result<Value, EvalError> {
    functions::call(function, arguments)
}

/// Whether a text matches; without case means by Unicode. For languages beside this one.
pub fn text_matches(op: TextOp, subject: &str, pattern: &str) -> bool {
    matching::matches(op, subject, pattern, Folding::Unicode)
}
