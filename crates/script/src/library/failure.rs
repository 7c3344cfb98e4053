//! Errors of the interpreter in words of the platform, with their innermost place.

use rhai::{EvalAltResult, Position};

use super::{Function, Module};
use crate::data::type_word;
use crate::error::{ErrorKind, Place, ScriptError};
use crate::frame::{Frame, Stop};
use crate::profile::place_of;

/// The function that failed.
pub(super) struct Failing<'a> {
    pub(super) module: &'a Module,
    pub(super) function: Option<&'a Function>,
}

impl Failing<'_> {
    /// Where it is likely that it failed when nothing else is known.
    fn likely(&self) -> Place {
        let known = self
            .function
            .map(|function| function.looped.clone().unwrap_or_else(|| function.signature.place.clone()));
        known.unwrap_or_else(|| place_of(&self.module.file, Position::NONE))
    }
}

/// A run that the platform stopped.
pub(super) fn stopped(frame: &Frame, failing: &Failing<'_>) -> ScriptError {
    let asked = frame.last().filter(|at| !at.is_none()).map(|at| place_of(&failing.module.file, at));
    let place = asked.unwrap_or_else(|| failing.likely());
    let (kind, message) = match frame.stop.borrow().clone() {
        Some(Stop::Out(out)) => (ErrorKind::Budget, out.to_string()),
        Some(Stop::Unavailable(path)) => {
            let message = format!("`record.{path}` is not at hand");
            (ErrorKind::Unavailable(path), message)
        }
        Some(Stop::Ended) | None => (ErrorKind::Ended, "the run was ended".to_owned()),
    };
    ScriptError { kind, place, message }
}

/// A run that ended with an error of the interpreter.
pub(super) fn of(frame: &Frame, failing: &Failing<'_>, error: &EvalAltResult) -> ScriptError {
    if frame.stop.borrow().is_some() {
        return stopped(frame, failing);
    }
    let (file, inner) = innermost(&failing.module.file, error);
    let position = inner.position();
    let place = if position.is_none() { failing.likely() } else { place_of(file, position) };
    let kind = if is_limit(inner) { ErrorKind::Budget } else { ErrorKind::Failed };
    ScriptError { kind, place, message: message(error) }
}

/// The error at the bottom, and the file that it happened in.
fn innermost<'a>(file: &'a str, error: &'a EvalAltResult) -> (&'a str, &'a EvalAltResult) {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, source, inner, _) => {
            innermost(if source.is_empty() { file } else { source }, inner)
        }
        EvalAltResult::ErrorInModule(_, inner, _) => innermost(file, inner),
        other => (file, other),
    }
}

fn is_limit(error: &EvalAltResult) -> bool {
    matches!(
        error,
        EvalAltResult::ErrorTooManyOperations(_)
            | EvalAltResult::ErrorTooManyVariables(_)
            | EvalAltResult::ErrorTooManyModules(_)
            | EvalAltResult::ErrorStackOverflow(_)
            | EvalAltResult::ErrorDataTooLarge(..)
    )
}

/// What is told of an error.
pub(super) fn message(error: &EvalAltResult) -> String {
    match error.unwrap_inner() {
        EvalAltResult::ErrorRuntime(value, _) => {
            if value.is_unit() {
                "the script threw nothing".to_owned()
            } else {
                value.to_string()
            }
        }
        EvalAltResult::ErrorFunctionNotFound(call, _) => format!("there is no function `{}`", in_words(call)),
        EvalAltResult::ErrorPropertyNotFound(name, _) => {
            format!("the map has no `{name}`; `\"{name}\" in map` asks first")
        }
        EvalAltResult::ErrorIndexingType(what, _) => format!("nothing can be read out of {}", in_words(what)),
        EvalAltResult::ErrorDotExpr(what, _) => format!("`{what}` cannot be read here"),
        EvalAltResult::ErrorStackOverflow(_) => "functions call each other more than 32 deep".to_owned(),
        EvalAltResult::ErrorTooManyOperations(_) => {
            format!("the script took more than {} steps", crate::budget::OPERATIONS_OF_A_RUN)
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            format!("{} is beyond its limit: text 64 KB, lists 1,000, maps 500", what.to_lowercase())
        }
        EvalAltResult::ErrorTooManyVariables(_) => "the script has more than 200 variables".to_owned(),
        other => in_words(&plain(other)),
    }
}

/// The interpreter's message without its place.
fn plain(error: &EvalAltResult) -> String {
    let text = error.to_string();
    match text.rfind(" (line ") {
        Some(at) => text.get(..at).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// A message or the types of a call by their names in the platform.
fn in_words(call: &str) -> String {
    let mut out = call.replace("&str | ImmutableString | String", "text");
    for name in ["i64", "rust_decimal::decimal::Decimal", "rust_decimal::Decimal", "ImmutableString", "array"]
    {
        out = out.replace(name, type_word(name));
    }
    out
}
