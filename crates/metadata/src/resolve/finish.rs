//! The last stage: limits, layout, canonical documents, hash.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::Resolved;
use super::draft::{Draft, DraftObject};
use super::load::{Documents, Loaded, LoadedScript, PLATFORM, Typed, bare};
use super::plugins::SHARED;
use super::report::Report;
use crate::Base;
use crate::canonical::{CanonicalDocument, Kind};
use crate::catalog::{Automation, Catalog, Lifecycle, Object, Package, Role, Script};
use crate::codes;
use crate::diagnostic::{Diagnostic, Finding, Severity};
use crate::document::PackageTest;
use crate::field;
use crate::layout::{self, Layout};
use crate::name::Name;

/// Most columns of an object's own fields: so that a full row always fits a page of PostgreSQL.
pub const MOST_COLUMNS: usize = 400;

/// Most columns in all, with those of system fields and the side columns without case.
pub const MOST_COLUMNS_IN_ALL: usize = 440;

/// Most objects of a tenant, beside the platform's own.
pub const MOST_OBJECTS: usize = 500;

/// What the stages before have made.
pub struct Parts {
    /// Objects.
    pub draft: Draft,
    /// Packages in their order.
    pub packages: IndexMap<String, Package>,
    /// Roles with what they inherit.
    pub roles: IndexMap<Name, Arc<Role>>,
    /// Lifecycles, in the order in which they are asked.
    pub lifecycles: IndexMap<Name, Arc<Lifecycle>>,
    /// Automations, in the order in which they run.
    pub automations: IndexMap<Name, Arc<Automation>>,
    /// Scripts of packages and of their plugins.
    pub scripts: Vec<Script>,
    /// Tests with their files.
    pub tests: Vec<(String, PackageTest)>,
}

/// Makes the catalog, unless something was wrong.
pub fn finish(
    documents: &Documents,
    parts: Parts,
    base: &Base,
    mut report: Report,
) -> Result<Resolved, Vec<Diagnostic>> {
    let Parts { draft, packages, roles, lifecycles, automations, scripts, tests } = parts;
    limits(&draft, &mut report);
    let canonical = canonical(documents, &packages);
    let failed = report.failed();
    let diagnostics = report.finish();
    if failed {
        return Err(diagnostics);
    }
    let choices = draft.known.choices.clone();
    let objects: IndexMap<_, _> =
        draft.objects.into_values().map(|object| (object.name.clone(), Arc::new(finished(object)))).collect();
    let layout = layout::allocate(&base.layout, objects.values().map(|object| &**object));
    let hash = hash(&canonical, &layout);
    let catalog = Catalog {
        version: base.version,
        hash,
        objects,
        choices,
        roles,
        lifecycles,
        automations,
        scripts,
        packages,
        layout,
    };
    let warnings = diagnostics.into_iter().filter(|d| d.severity == Severity::Warning).collect();
    Ok(Resolved { catalog, warnings, tests, documents: canonical })
}

fn limits(draft: &Draft, report: &mut Report) {
    let own = || draft.objects.values().filter(|object| object.package != PLATFORM);
    let count = own().count();
    if let Some(one_too_many) = own().nth(MOST_OBJECTS) {
        let message =
            format!("A tenant has at most {MOST_OBJECTS} objects; with these packages it would have {count}");
        let mut finding = Finding::new(codes::TOO_MANY, "", message);
        finding.expected = Some(format!("at most {MOST_OBJECTS} objects"));
        finding.found = Some(count.to_string());
        report.error(&one_too_many.at, finding);
    }
    for object in draft.objects.values() {
        let (mut own, mut all) = (0, 0);
        for drafted in object.fields.values() {
            let columns = field::columns(&drafted.field.ty, drafted.field.folded).len();
            all += columns;
            if !drafted.field.system {
                own += field::columns(&drafted.field.ty, false).len();
            }
        }
        let (columns, most, counted) = if own > MOST_COLUMNS {
            (own, MOST_COLUMNS, "columns for its fields")
        } else {
            (all, MOST_COLUMNS_IN_ALL, "columns, system fields and side columns without case included")
        };
        if columns > most {
            let message =
                format!("`{}` needs {columns} {counted}; an object has at most {most}", object.name);
            let mut finding = Finding::new(codes::TOO_MANY, "/properties", message);
            finding.key = true;
            finding.expected = Some(format!("at most {most} columns"));
            finding.found = Some(columns.to_string());
            finding.hint = Some(
                "move fields that are seldom filled to an object of their own, joined by a lookup".to_owned(),
            );
            report.error(&object.at, finding);
        }
    }
}

fn finished(object: DraftObject) -> Object {
    // System fields first, then authored ones, then the far ends of relations: the order in which they were added.
    let fields = object.fields.into_iter().map(|(name, drafted)| (name, Arc::new(drafted.field))).collect();
    Object {
        name: object.name,
        plural: object.plural,
        title: object.title,
        titles: object.titles,
        description: object.description,
        package: object.package,
        fields,
        display: object.display,
        search: object.search,
        indexes: object.indexes,
        uniques: object.uniques,
        rules: object.rules,
        owned: object.owned,
        history: object.history,
        link: object.link,
        renamed_from: object.renamed_from,
    }
}

/// All documents but the platform's, in the order of packages, kinds and names.
fn canonical(documents: &Documents, packages: &IndexMap<String, Package>) -> Vec<CanonicalDocument> {
    let mut extensions: HashMap<(String, String), u32> = HashMap::new();
    let used = used_plugins(documents);
    let is_used = |typed: &Typed| matches!(typed, Typed::Plugin(doc) if used.contains(doc.name.as_str()));
    let mut found: Vec<CanonicalDocument> = documents
        .all
        .iter()
        .filter(|loaded| loaded.package != PLATFORM && (loaded.package != SHARED || is_used(&loaded.typed)))
        .map(|loaded| document(loaded, &mut extensions))
        .collect();
    let of_package =
        |script: &&LoadedScript| script.package != SHARED || used.contains(script.module.as_str());
    found.extend(documents.scripts.iter().filter(of_package).map(script));
    let place = |document: &CanonicalDocument| packages.get_index_of(&document.package).unwrap_or(usize::MAX);
    found.sort_by(|a, b| (place(a), a.kind, &a.path).cmp(&(place(b), b.kind, &b.path)));
    found
}

/// The plugins that packages name; nobody misses the others.
fn used_plugins(documents: &Documents) -> HashSet<&str> {
    let packages = documents.all.iter().filter_map(|loaded| match &loaded.typed {
        Typed::Package(doc) => Some(doc),
        _ => None,
    });
    packages.flat_map(|doc| doc.plugins.each().into_iter().map(|used| used.name)).collect()
}

fn script(script: &LoadedScript) -> CanonicalDocument {
    let LoadedScript { package, module, .. } = script;
    let path = if package == SHARED {
        format!("{SHARED}/{module}/{module}.rhai")
    } else {
        format!("{package}/scripts/{module}.rhai")
    };
    let json = serde_json::Value::String(script.text.clone());
    CanonicalDocument { package: package.clone(), kind: Kind::Script, name: module.clone(), path, json }
}

fn document(loaded: &Loaded, extensions: &mut HashMap<(String, String), u32>) -> CanonicalDocument {
    let mut json = loaded.json.clone();
    if let Some(map) = json.as_object_mut() {
        map.shift_remove("$schema");
    }
    let package = loaded.package.clone();
    let (kind, name, inside) = match &loaded.typed {
        Typed::Package(doc) => (Kind::Package, doc.name.clone(), "package.json".to_owned()),
        Typed::Object(doc) => (Kind::Object, doc.name.clone(), format!("objects/{}.json", doc.name)),
        Typed::Choices(doc) => (Kind::Choices, doc.name.clone(), format!("choices/{}.json", doc.name)),
        Typed::Role(doc) => (Kind::Role, doc.name.clone(), format!("roles/{}.json", doc.name)),
        Typed::Lifecycle(doc) => (Kind::Lifecycle, doc.name.clone(), format!("lifecycles/{}.json", doc.name)),
        Typed::LifecycleExtension(doc) => {
            let number = numbered(extensions, (package.clone(), format!("lifecycle {}", bare(&doc.extends))));
            let inside = format!("lifecycles/{}.extension{number}.json", bare(&doc.extends));
            (Kind::LifecycleExtension, doc.extends.clone(), inside)
        }
        Typed::Automation(doc) => {
            (Kind::Automation, doc.name.clone(), format!("automations/{}.json", doc.name))
        }
        Typed::Test(doc) => (Kind::Test, doc.name.clone(), format!("tests/{}.json", doc.name)),
        Typed::Plugin(doc) => (Kind::Plugin, doc.name.clone(), format!("{}/plugin.json", doc.name)),
        Typed::Translation(doc) => {
            let language = doc.language.clone().unwrap_or_else(|| loaded.stem.clone());
            let inside = format!("translations/{language}.json");
            (Kind::Translation, language, inside)
        }
        Typed::Extension(doc) => {
            let number = numbered(extensions, (package.clone(), bare(&doc.extends).to_owned()));
            (
                Kind::Extension,
                doc.extends.clone(),
                format!("objects/{}.extension{number}.json", bare(&doc.extends)),
            )
        }
    };
    CanonicalDocument { path: format!("{package}/{inside}"), package, kind, name, json }
}

/// What tells the second extension of a package from the first.
fn numbered(extensions: &mut HashMap<(String, String), u32>, of: (String, String)) -> String {
    let count = extensions.entry(of).or_default();
    *count += 1;
    if *count == 1 { String::new() } else { format!("_{count}") }
}

/// SHA-256 over the canonical documents and the layout.
fn hash(documents: &[CanonicalDocument], layout: &Layout) -> String {
    let mut hasher = Sha256::new();
    for document in documents {
        hasher.update(document.path.as_bytes());
        hasher.update([0]);
        hasher.update(document.json.to_string().as_bytes());
        hasher.update([0]);
    }
    hasher.update(serde_json::to_string(layout).unwrap_or_default().as_bytes());
    hex::encode(hasher.finalize())
}
