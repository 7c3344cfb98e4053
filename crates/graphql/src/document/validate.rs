//! Validation by async-graphql, and its errors in our form: with a code, and with the legal names where a name is not known.

use async_graphql::dynamic::Schema;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{Request, ServerError};
use expr::did_you_mean;

use super::location;
use crate::error::Error;
use crate::schema::ValidateOnly;

/// Legal names are left out of errors when there are more than this.
const MOST_NAMES: usize = 60;

/// Validates a document without running it.
pub(crate) fn validate(schema: &Schema, document: &ExecutableDocument) -> Result<(), Vec<Error>> {
    let mut request = Request::new("").data(ValidateOnly);
    request.set_parsed_query(document.clone());
    if let DocumentOperations::Multiple(operations) = &document.operations {
        // Which one is told only so that it finds one: all of them are validated.
        if let Some(name) = operations.keys().next() {
            request = request.operation_name(name.as_str());
        }
    }
    let response = futures::executor::block_on(schema.execute(request));
    if response.errors.is_empty() {
        return Ok(());
    }
    let mut errors: Vec<Error> = Vec::new();
    for error in &response.errors {
        let explained = explain(schema.registry(), error);
        // Two rules may say the same of one place.
        if !errors.contains(&explained) {
            errors.push(explained);
        }
    }
    Err(errors)
}

/// The error in our form.
fn explain(registry: &Registry, error: &ServerError) -> Error {
    let message = error.message.trim_end_matches(['.', ' ']);
    let mut explained = match legal_names(registry, message) {
        Some((wrong, names)) => {
            let hint = did_you_mean(wrong, names.iter().copied());
            let listed = (names.len() <= MOST_NAMES).then(|| names.join(", "));
            let told = match (&hint, &listed) {
                (Some(hint), _) => format!("{message}; {hint}"),
                (None, Some(listed)) => format!("{message}; there are: {listed}"),
                (None, None) => message.to_owned(),
            };
            Error::validation(told).explained(listed, hint)
        }
        None => Error::validation(message),
    };
    explained.locations = error.locations.iter().map(|place| location(*place)).collect();
    explained
}

/// The name that is not known and those that would have been legal, when the message is about that. async-graphql has only the text; a
/// test holds the forms that are relied on here.
fn legal_names<'m>(registry: &'m Registry, message: &'m str) -> Option<(&'m str, Vec<&'m str>)> {
    let quoted: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    let first = *quoted.first()?;
    let (wrong, names) = if message.starts_with("Unknown field ") {
        (first, field_names(registry.types.get(*quoted.get(1)?)?))
    } else if message.starts_with("Unknown argument ") && message.contains(" on field ") {
        let of = registry.types.get(*quoted.get(2)?)?;
        (first, of.field_by_name(quoted.get(1)?)?.args.keys().map(String::as_str).collect())
    } else if message.contains(" unknown field ") {
        (*quoted.iter().rev().nth(1)?, field_names(registry.types.get(*quoted.last()?)?))
    } else if message.contains(" does not contain the value ") {
        match registry.types.get(*quoted.iter().rev().nth(1)?)? {
            MetaType::Enum { enum_values, .. } => {
                (*quoted.last()?, enum_values.keys().map(String::as_str).collect())
            }
            _ => return None,
        }
    } else {
        return None;
    };
    (!names.is_empty()).then_some((wrong, names))
}

/// Fields of an output or input type.
pub(crate) fn field_names(ty: &MetaType) -> Vec<&str> {
    match ty {
        MetaType::Object { fields, .. } | MetaType::Interface { fields, .. } => {
            fields.keys().map(String::as_str).filter(|name| !name.starts_with("__")).collect()
        }
        MetaType::InputObject { input_fields, .. } => input_fields.keys().map(String::as_str).collect(),
        MetaType::Union { .. } => vec!["__typename"],
        MetaType::Scalar { .. } | MetaType::Enum { .. } => Vec::new(),
    }
}
