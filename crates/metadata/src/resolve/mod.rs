//! Documents to catalog, in stages that collect what is wrong.

use crate::canonical::CanonicalDocument;
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::layout::Layout;
use crate::source::SourceFile;

/// What is there already: the rest of the tenant's published metadata.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// Documents of published packages. A package that is among the files being resolved replaces its published self, so the whole published
    /// set may be given.
    pub files: Vec<SourceFile>,
    /// Where fields are stored now; they stay where they are.
    pub layout: Layout,
    /// Number that the resolved catalog carries.
    pub version: i64,
}

/// A folder that resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The checked metadata, layout and hash included.
    pub catalog: Catalog,
    /// What deserves a look and hinders nothing.
    pub warnings: Vec<Diagnostic>,
    /// Every document of every package but the platform's own, in a stable order: what is stored with the version and what `pull` writes.
    pub documents: Vec<CanonicalDocument>,
}

/// Resolves the packages in `files` together with those published before.
pub fn resolve(files: &[SourceFile], base: &Base) -> Result<Resolved, Vec<Diagnostic>> {
    let _ = (files, base);
    Err(Vec::new())
}
