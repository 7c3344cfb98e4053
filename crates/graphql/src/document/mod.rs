//! A parsed and validated document, kept for as long as its text comes back.

mod collect;
mod input;
mod introspection;
mod limits;
mod validate;

use std::sync::Arc;

use async_graphql::Pos;
use async_graphql::dynamic::Schema;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::registry::Registry;
use serde_json::{Map, Value as Json};

pub(crate) use collect::Collected;
use input::{Coercion, Path, Source, Variables};
pub use limits::{check_document, check_text};

use crate::error::{Error, Location};
use crate::lower::{Context, Lowered};
use crate::surface::Surface;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
}

/// A document that has passed validation against one surface.
#[derive(Debug)]
pub struct Prepared {
    document: ExecutableDocument,
}

/// One run of an operation: the document with its coerced variables.
pub(crate) struct Running<'d> {
    pub(crate) document: &'d ExecutableDocument,
    pub(crate) schema: &'d Schema,
    pub(crate) registry: &'d Registry,
    pub(crate) variables: Variables,
}

pub(crate) fn location(pos: Pos) -> Location {
    Location { line: pos.line, column: pos.column }
}

/// Parses and validates a text.
pub(crate) fn prepare(schema: &Schema, text: &str) -> Result<Arc<Prepared>, Vec<Error>> {
    limits::check_text(text).map_err(|error| vec![error])?;
    let document = async_graphql::parser::parse_query(text).map_err(|error| {
        let mut refused =
            Error::validation(format!("The document cannot be read: {}", one_line(&error.to_string())));
        refused.locations = error.positions().map(location).collect();
        vec![refused]
    })?;
    limits::check_document(&document).map_err(|error| vec![error])?;
    validate::validate(schema, &document)?;
    Ok(Arc::new(Prepared { document }))
}

/// The parser draws the line with the fault over several lines; its last one says what was expected.
fn one_line(message: &str) -> String {
    match message.lines().last().map(|line| line.trim().trim_start_matches("= ").trim()) {
        Some(last) if !last.is_empty() => last.to_owned(),
        _ => message.to_owned(),
    }
}

impl Prepared {
    fn operation(&self, name: Option<&str>) -> Result<&OperationDefinition, Error> {
        let name = name.filter(|name| !name.is_empty());
        match (&self.document.operations, name) {
            (DocumentOperations::Single(operation), None) => Ok(&operation.node),
            (DocumentOperations::Multiple(operations), Some(name)) if operations.contains_key(name) => {
                Ok(&operations[name].node)
            }
            (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
                let only = operations.values().next();
                only.map(|operation| &operation.node)
                    .ok_or_else(|| Error::validation("There is no operation"))
            }
            (DocumentOperations::Multiple(operations), None) => {
                let mut names: Vec<&str> = operations.keys().map(async_graphql::Name::as_str).collect();
                names.sort_unstable();
                Err(Error::validation(
                    "The document has several operations: operationName says which one to run",
                )
                .explained(Some(names.join(", ")), None))
            }
            (_, Some(name)) => Err(Error::validation(format!("There is no operation {name}"))),
        }
    }

    /// What the named (or the only) operation does.
    pub fn kind(&self, operation: Option<&str>) -> Result<OperationKind, Error> {
        match self.operation(operation)?.ty {
            OperationType::Query => Ok(OperationKind::Query),
            OperationType::Mutation => Ok(OperationKind::Mutation),
            OperationType::Subscription => Err(Error::validation("There are no subscriptions yet")),
        }
    }

    /// Lowers the named (or the only) operation with these variables. `surface` is the one that prepared it.
    pub fn lower(
        &self,
        surface: &Surface,
        operation: Option<&str>,
        variables: &Map<String, Json>,
        context: &Context,
    ) -> Result<Lowered, Vec<Error>> {
        let kind = self.kind(operation).map_err(|error| vec![error])?;
        let operation = self.operation(operation).map_err(|error| vec![error])?;
        let schema = surface.schema();
        let variables = coerce_variables(schema.registry(), operation, variables)?;
        let running = Running { document: &self.document, schema, registry: schema.registry(), variables };
        crate::lower::operation(surface, &running, kind, &operation.selection_set.node, context)
    }
}

fn coerce_variables(
    registry: &Registry,
    operation: &OperationDefinition,
    given: &Map<String, Json>,
) -> Result<Variables, Vec<Error>> {
    let mut variables = Variables::new();
    let mut errors = Vec::new();
    let none = Variables::new();
    let coercion = Coercion { registry, variables: &none };
    for definition in &operation.variable_definitions {
        let (name, ty) = (definition.node.name.node.as_str(), definition.node.var_type.node.to_string());
        let default = definition.node.default_value.as_ref().map(|value| value.node.clone().into_value());
        let source = match (given.get(name), &default) {
            (Some(value), _) => Source::Json(value),
            (None, Some(default)) => Source::Literal(default),
            (None, None) if ty.ends_with('!') => {
                errors.push(
                    Error::validation(format!("The variable ${name} is missing"))
                        .at(location(definition.pos))
                        .with("variable", name)
                        .explained(Some(ty), None),
                );
                continue;
            }
            (None, None) => continue,
        };
        match coercion.coerce(&ty, source, &Path::Root) {
            Ok(Some(value)) => {
                variables.insert(name.to_owned(), value);
            }
            Ok(None) => {}
            Err(problem) => errors.push(
                Error::validation(format!("The variable ${name}{}: {}", problem.path, problem.message))
                    .at(location(definition.pos))
                    .with("variable", format!("{name}{}", problem.path))
                    .explained(problem.expected, problem.hint),
            ),
        }
    }
    if errors.is_empty() { Ok(variables) } else { Err(errors) }
}
