//! The functions of the table over values, each as its `doc` says.

use std::cmp::Ordering;

use chrono::{Datelike, NaiveDate};
use rust_decimal::prelude::ToPrimitive;

use super::period::Unit;
use super::{EvalError, arithmetic, calendar};
use crate::decimal;
use crate::function::Function;
use crate::value::Value;
use crate::value_text::{decimal_text, instant_text};

const HOUR: i64 = 3_600_000_000;

/// The value of a call of a function that is no request constant.
pub fn call(function: Function, arguments: Vec<Value>) -> Result<Value, EvalError> {
    if function == Function::IsBlank {
        return match arguments.as_slice() {
            [Value::Null] => Ok(Value::Bool(true)),
            [Value::Text(text)] => Ok(Value::Bool(text.trim_matches(' ').is_empty())),
            _ => Err(MALFORMED),
        };
    }
    if arguments.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    match function {
        Function::Min => extreme(arguments, Ordering::Less),
        Function::Max => extreme(arguments, Ordering::Greater),
        _ => match arguments.as_slice() {
            [Value::Date(date)] => of_date(function, *date),
            [Value::Date(date), Value::Int(count)] => Ok(date_or_null(match function {
                Function::AddDays => calendar::add_days(*date, *count),
                Function::AddMonths => calendar::add_months(*date, *count),
                _ => return Err(MALFORMED),
            })),
            [Value::Date(from), Value::Date(to)] => Ok(Value::Int(match function {
                Function::Days => to.signed_duration_since(*from).num_days(),
                Function::Months => calendar::months_between(*from, *to),
                Function::Years => calendar::months_between(*from, *to) / 12,
                _ => return Err(MALFORMED),
            })),
            [Value::DateTime(from), Value::DateTime(to)] => {
                let micros = to.signed_duration_since(*from).num_microseconds().ok_or(EvalError::Overflow)?;
                Ok(Value::Int(match function {
                    Function::Days => micros / (24 * HOUR),
                    Function::Hours => micros / HOUR,
                    _ => return Err(MALFORMED),
                }))
            }
            [Value::Text(_), ..] => of_text(function, &arguments),
            _ => of_number(function, &arguments),
        },
    }
}

const MALFORMED: EvalError = EvalError::Malformed("a function over values that it does not take");

fn date_or_null(date: Option<NaiveDate>) -> Value {
    date.map_or(Value::Null, Value::Date)
}

fn extreme(arguments: Vec<Value>, wanted: Ordering) -> Result<Value, EvalError> {
    let mut arguments = arguments.into_iter();
    let mut best = arguments.next().ok_or(MALFORMED)?;
    for next in arguments {
        if arithmetic::order(&next, &best)? == Some(wanted) {
            best = next;
        }
    }
    Ok(best)
}

fn of_date(function: Function, date: NaiveDate) -> Result<Value, EvalError> {
    Ok(match function {
        Function::Year => Value::Int(i64::from(date.year())),
        Function::Month => Value::Int(i64::from(date.month())),
        Function::Day => Value::Int(i64::from(date.day())),
        Function::Weekday => Value::Int(i64::from(date.weekday().number_from_monday())),
        Function::StartOfWeek => Value::Date(Unit::Week.start(date)),
        Function::StartOfMonth => Value::Date(Unit::Month.start(date)),
        Function::StartOfQuarter => Value::Date(Unit::Quarter.start(date)),
        Function::StartOfYear => Value::Date(Unit::Year.start(date)),
        Function::Text => Value::Text(Value::Date(date).to_text()),
        _ => return Err(MALFORMED),
    })
}

fn of_text(function: Function, arguments: &[Value]) -> Result<Value, EvalError> {
    Ok(match (function, arguments) {
        (Function::Len, [Value::Text(text)]) => {
            Value::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
        }
        (Function::Lower, [Value::Text(text)]) => Value::Text(text.to_ascii_lowercase()),
        (Function::Upper, [Value::Text(text)]) => Value::Text(text.to_ascii_uppercase()),
        (Function::Trim, [Value::Text(text)]) => Value::Text(text.trim_matches(' ').to_owned()),
        (Function::Substring, [Value::Text(text), Value::Int(start), Value::Int(length)]) => {
            let place = |n: i64| usize::try_from(n.max(0)).unwrap_or(usize::MAX);
            Value::Text(text.chars().skip(place(*start)).take(place(*length)).collect())
        }
        (Function::Replace, [Value::Text(text), Value::Text(from), Value::Text(to)]) => {
            Value::Text(if from.is_empty() { text.clone() } else { text.replace(from.as_str(), to) })
        }
        _ => return Err(MALFORMED),
    })
}

fn of_number(function: Function, arguments: &[Value]) -> Result<Value, EvalError> {
    Ok(match (function, arguments) {
        (Function::Abs, [Value::Int(v)]) => Value::Int(v.checked_abs().ok_or(EvalError::Overflow)?),
        (Function::Abs, [Value::Decimal(v)]) => Value::Decimal(v.abs()),
        (Function::Abs, [Value::Float(v)]) => Value::Float(v.abs()),
        (Function::Round, [Value::Decimal(v), Value::Int(digits)]) => {
            let digits = u32::try_from(*digits).map_err(|_| MALFORMED)?;
            Value::Decimal(decimal::round(*v, digits).ok_or(EvalError::Overflow)?)
        }
        (Function::Floor, [Value::Decimal(v)]) => Value::Int(v.floor().to_i64().ok_or(EvalError::Overflow)?),
        (Function::Ceil, [Value::Decimal(v)]) => Value::Int(v.ceil().to_i64().ok_or(EvalError::Overflow)?),
        (Function::Int, [Value::Decimal(v)]) => Value::Int(v.trunc().to_i64().ok_or(EvalError::Overflow)?),
        (Function::Int, [Value::Float(v)]) => int_of_float(*v),
        (Function::Decimal, [Value::Int(v)]) => {
            let millionths = i128::from(*v) * i128::from(decimal::SCALE);
            Value::Decimal(decimal::from_millionths(millionths).ok_or(EvalError::Overflow)?)
        }
        (Function::Decimal, [Value::Float(v)]) => decimal_of_float(*v)?,
        (Function::Float, [Value::Int(v)]) => Value::Float(float_of(*v)),
        (Function::Float, [Value::Decimal(v)]) => {
            let millionths = decimal::to_millionths(*v).ok_or(EvalError::Overflow)?;
            Value::Float(float_of(millionths) / float_of(decimal::SCALE))
        }
        (Function::Text, [Value::Int(v)]) => Value::Text(v.to_string()),
        (Function::Text, [Value::Decimal(v)]) => Value::Text(decimal_text(*v)),
        (Function::Text, [Value::Bool(v)]) => Value::Text(v.to_string()),
        (Function::Text, [Value::DateTime(v)]) => Value::Text(instant_text(v)),
        (Function::Date, [Value::DateTime(v)]) => Value::Date(v.date_naive()),
        _ => return Err(MALFORMED),
    })
}

#[expect(clippy::cast_precision_loss, reason = "the nearest float is what `float` means")]
fn float_of(number: i64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the bound keeps it within 64 bits; cutting is what `int` means"
)]
fn int_of_float(number: f64) -> Value {
    if number.abs() < 9.2e18 { Value::Int(number as i64) } else { Value::Null }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the bound keeps it within 64 bits; the fraction is to be cut"
)]
fn decimal_of_float(number: f64) -> Result<Value, EvalError> {
    let millionths = number.abs() * 1e6 + 0.5;
    if millionths >= 9.2e18 {
        return Err(EvalError::Overflow);
    }
    let millionths = i128::from(millionths as i64) * if number < 0.0 { -1 } else { 1 };
    decimal::from_millionths(millionths).map(Value::Decimal).ok_or(EvalError::Overflow)
}
