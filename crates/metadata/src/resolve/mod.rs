//! Documents to catalog, in stages that collect what is wrong.

mod automations;
mod choices;
mod computed;
mod conditions;
mod draft;
mod expressions;
mod fields;
mod finish;
mod kinds;
mod lifecycles;
mod load;
mod names;
mod packages;
mod plugins;
mod relations;
mod report;
mod roles;
mod scores;
mod sections;
mod tests;
mod translations;
mod walk;

use crate::canonical::CanonicalDocument;
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::document::PackageTest;
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
    /// The tests of all packages, each with the file it stands in.
    pub tests: Vec<(String, PackageTest)>,
    /// Every document of every package but the platform's own, in a stable order: what is stored with the version and what `pull` writes.
    pub documents: Vec<CanonicalDocument>,
}

/// Resolves the packages in `files` together with those published before. Without any file it is the platform's own objects and the
/// published packages.
pub fn resolve(files: &[SourceFile], base: &Base) -> Result<Resolved, Vec<Diagnostic>> {
    let mut report = report::Report::default();
    let documents = load::load(files, &base.files, &mut report);
    if report.lacks_manifest() {
        return Err(report.finish());
    }
    let packages = packages::packages(&documents, &mut report);
    let mut draft = draft::draft(&documents, &packages, &mut report);
    roles::draft(&documents, &packages, &mut draft, &mut report);
    lifecycles::draft(&documents, &packages, &mut draft, &mut report);
    choices::choices(&documents, &mut draft.known, &mut report);
    relations::link_objects(&mut draft, &mut report);
    fields::fields(&mut draft, &mut report);
    relations::far_ends(&mut draft, &mut report);
    translations::translations(&documents, &mut draft, &mut report);
    lifecycles::label(&mut draft);
    sections::required(&mut draft, &mut report);
    computed::computed(&mut draft, &packages, &mut report);
    sections::names(&mut draft, &mut report);
    conditions::conditions(&mut draft, &packages, &mut report);
    names::collisions(&draft, &mut report);
    let roles = roles::roles(&draft, &packages, &mut report);
    let scripts = plugins::scripts(&documents, &packages, &mut report);
    let lifecycles = lifecycles::lifecycles(&draft, &packages, (&roles, &scripts), &mut report);
    let automations = automations::automations(&documents, &draft, &packages, &scripts, &mut report);
    let tests = tests::tests(&documents, &draft, &packages, &mut report);
    let parts = finish::Parts { draft, packages, roles, lifecycles, automations, scripts, tests };
    finish::finish(&documents, parts, base, report)
}
