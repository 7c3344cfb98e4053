//! A parsed and validated document, kept for as long as its text comes back.

use crate::error::Error;
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
pub struct Prepared {}

impl Prepared {
    /// What the named (or the only) operation does.
    pub fn kind(&self, operation: Option<&str>) -> Result<OperationKind, Error> {
        Err(Error::validation(format!("Unknown operation {}", operation.unwrap_or_default())))
    }

    /// Lowers the named (or the only) operation with these variables.
    pub fn lower(
        &self,
        _surface: &Surface,
        operation: Option<&str>,
        _variables: &serde_json::Map<String, serde_json::Value>,
        _context: &Context,
    ) -> Result<Lowered, Vec<Error>> {
        Err(vec![Error::validation(format!("Unknown operation {}", operation.unwrap_or_default()))])
    }
}
