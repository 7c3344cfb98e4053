//! Errors while lowering, with their place.

use async_graphql::parser::types::SelectionSet;
use expr::{Slot, Value};
use metadata::catalog::Object;
use serde_json::{Map, Value as Json};

use super::Lowering;
use crate::document::Collected;
use crate::error::{Error, PathSegment};

pub(super) type Failures = Vec<Error>;

/// The arguments of a field, already of their types.
pub(super) type Arguments = Map<String, Json>;

impl<'d> Lowering<'_, 'd> {
    /// An error at a field of the response.
    pub(super) fn error(&self, field: &Collected<'d>, message: impl Into<String>) -> Error {
        Error { path: self.path.clone(), ..Error::validation(message).at(field.location) }
    }

    /// An error at an argument, or at a place within its value (`orderBy[0].name`).
    pub(super) fn argument_error(
        &self,
        field: &Collected<'d>,
        argument: &str,
        message: impl Into<String>,
    ) -> Error {
        let name = argument.split(['.', '[']).next().unwrap_or(argument);
        let place = field.argument_location(name);
        Error { path: self.path.clone(), ..Error::validation(message).at(place).with("argument", argument) }
    }

    pub(super) fn arguments(&self, ty: &str, field: &Collected<'d>) -> Result<Arguments, Failures> {
        self.running.arguments(ty, field).map_err(|mut error| {
            error.path.clone_from(&self.path);
            vec![error]
        })
    }

    pub(super) fn collect(
        &self,
        ty: &str,
        sets: impl IntoIterator<Item = &'d SelectionSet>,
    ) -> Result<Vec<Collected<'d>>, Failures> {
        self.running.collect(ty, sets).map_err(|error| vec![error])
    }

    /// Takes a value in; the slot it has from now on.
    pub(super) fn slot(&mut self, value: Value) -> Result<Slot, Failures> {
        let slot = Slot::try_from(self.values.len()).map_err(|_| {
            vec![Error::validation("The request has too many values: at most 65,535 are allowed")]
        })?;
        self.values.push(value);
        Ok(slot)
    }

    /// Does something one step further down the path of the response.
    pub(super) fn within<T>(
        &mut self,
        field: &Collected<'d>,
        act: impl FnOnce(&mut Self) -> Result<T, Failures>,
    ) -> Result<T, Failures> {
        self.path.push(PathSegment::Key(field.key.clone()));
        let result = act(self);
        self.path.pop();
        result
    }

    pub(super) fn object(&self, name: &str) -> Result<&'d Object, Failures> {
        match self.catalog.object(name) {
            Some(object) => Ok(object),
            None => Err(vec![Error::validation(format!("There is no object {name}"))]),
        }
    }

    /// Validation keeps unknown fields out; should one come through, it is refused and not guessed.
    pub(super) fn unknown(&self, ty: &str, field: &Collected<'d>) -> Failures {
        vec![self.error(field, format!("{ty} has no field {}", field.name))]
    }
}
