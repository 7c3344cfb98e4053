//! Comparison and arithmetic over values.

use std::cmp::Ordering;

use super::{EvalError, calendar};
use crate::decimal;
use crate::tree::BinaryOp;
use crate::value::Value;

/// The value of a binary operation.
pub fn binary(op: BinaryOp, a: Value, b: Value) -> Result<Value, EvalError> {
    let truth = match op {
        BinaryOp::Equal => equal(&a, &b),
        BinaryOp::NotEqual => !equal(&a, &b),
        BinaryOp::Different => !a.is_null() && !b.is_null() && !equal(&a, &b),
        BinaryOp::Less => order(&a, &b)? == Some(Ordering::Less),
        BinaryOp::LessOrEqual => matches!(order(&a, &b)?, Some(Ordering::Less | Ordering::Equal)),
        BinaryOp::Greater => order(&a, &b)? == Some(Ordering::Greater),
        BinaryOp::GreaterOrEqual => matches!(order(&a, &b)?, Some(Ordering::Greater | Ordering::Equal)),
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
            return arithmetic(op, a, b);
        }
    };
    Ok(Value::Bool(truth))
}

/// Null-safe equality.
fn equal(a: &Value, b: &Value) -> bool {
    a == b
}

/// The order of two values of one type; none where one is null.
pub fn order(a: &Value, b: &Value) -> Result<Option<Ordering>, EvalError> {
    Ok(match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        // UTF-8 keeps the order of code points.
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.micros.cmp(&b.micros)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Id(a), Value::Id(b)) => Some(a.cmp(b)),
        _ => return Err(EvalError::Malformed("values of two types are compared")),
    })
}

fn arithmetic(op: BinaryOp, a: Value, b: Value) -> Result<Value, EvalError> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Int(a), Value::Int(b)) => int(op, a, b),
        (Value::Decimal(a), Value::Decimal(b)) => {
            let zero = b.is_zero();
            let result = match op {
                BinaryOp::Add => decimal::add(a, b),
                BinaryOp::Subtract => decimal::subtract(a, b),
                BinaryOp::Multiply => decimal::multiply(a, b),
                BinaryOp::Divide | BinaryOp::Remainder if zero => return Ok(Value::Null),
                BinaryOp::Divide => decimal::divide(a, b),
                BinaryOp::Remainder => decimal::remainder(a, b),
                _ => return Err(NOT_ARITHMETIC),
            };
            result.map(Value::Decimal).ok_or(EvalError::Overflow)
        }
        (Value::Float(a), Value::Float(b)) => float(op, a, b),
        (Value::Text(a), Value::Text(b)) if op == BinaryOp::Add => Ok(Value::Text(a + &b)),
        (Value::DateTime(instant), Value::Duration(by)) => {
            let micros = match op {
                BinaryOp::Add => Some(by.micros),
                BinaryOp::Subtract => by.micros.checked_neg(),
                _ => return Err(NOT_ARITHMETIC),
            };
            let moved = micros.and_then(|micros| calendar::add_micros(instant, micros));
            Ok(moved.map_or(Value::Null, Value::DateTime))
        }
        _ => Err(NOT_ARITHMETIC),
    }
}

const NOT_ARITHMETIC: EvalError = EvalError::Malformed("an operation over values that do not have it");

fn int(op: BinaryOp, a: i64, b: i64) -> Result<Value, EvalError> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        BinaryOp::Remainder if b == 0 => return Ok(Value::Null),
        BinaryOp::Remainder => Some(a.wrapping_rem(b)),
        _ => return Err(NOT_ARITHMETIC),
    };
    result.map(Value::Int).ok_or(EvalError::Overflow)
}

/// PostgreSQL calls a product or quotient that vanishes an error; so is it here.
fn float(op: BinaryOp, a: f64, b: f64) -> Result<Value, EvalError> {
    let (result, vanished) = match op {
        BinaryOp::Add => (a + b, false),
        BinaryOp::Subtract => (a - b, false),
        BinaryOp::Multiply => (a * b, a != 0.0 && b != 0.0),
        BinaryOp::Divide if b == 0.0 => return Ok(Value::Null),
        BinaryOp::Divide => (a / b, a != 0.0),
        _ => return Err(NOT_ARITHMETIC),
    };
    if !result.is_finite() || (vanished && result == 0.0) {
        return Err(EvalError::Overflow);
    }
    // There is one zero.
    Ok(Value::Float(result + 0.0))
}
