//! Objects while they are being resolved: fields with the places where they were written, and the sections that documents and extensions
//! add to an object.

use std::collections::{HashMap, HashSet};

use expr::Expr;
use indexmap::IndexMap;

use super::lifecycles::DraftLifecycle;
use super::load::{Documents, Loaded, PLATFORM, Typed, bare};
use super::report::{At, Report};
use super::roles::DraftRole;
use crate::catalog::{Field, FieldType, Package, Rule, Unique};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{DuplicateDocument, FieldDocument, RuleDocument, UniqueDocument};
use crate::field::{Known, made_label};
use crate::hint::did_you_mean;
use crate::name::Name;

/// Where a field was written, and what.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The field's value in its document.
    pub at: At,
    /// What its author wrote.
    pub doc: FieldDocument,
    /// The keys as written.
    pub raw: serde_json::Value,
    /// The package that it was written in.
    pub package: String,
}

/// A field being resolved.
#[derive(Clone, Debug)]
pub struct DraftField {
    /// What is known of it.
    pub field: Field,
    /// Absent for what the platform makes.
    pub origin: Option<Origin>,
}

/// What one document says of an object.
#[derive(Clone, Debug)]
pub struct Section {
    /// The document.
    pub at: At,
    /// Its package.
    pub package: String,
    /// Fields, with the keys as written.
    pub properties: Vec<(String, FieldDocument, serde_json::Value)>,
    /// Pointers of fields that are faulty.
    pub hidden: HashSet<String>,
    pub required: Vec<String>,
    pub display: Option<String>,
    pub search: Option<Vec<String>>,
    pub indexes: Vec<Vec<String>>,
    pub unique: Vec<UniqueDocument>,
    pub rules: Vec<RuleDocument>,
    pub duplicates: Vec<DuplicateDocument>,
}

/// An object being resolved.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own that a document states")]
pub struct DraftObject {
    pub name: Name,
    pub plural: Name,
    pub title: String,
    pub titles: IndexMap<String, String>,
    pub description: Option<String>,
    pub package: String,
    pub renamed_from: Option<Name>,
    pub owned: bool,
    pub history: bool,
    pub link: bool,
    /// The document, or the relation that it was made for.
    pub at: At,
    /// The document first, then extensions.
    pub sections: Vec<Section>,
    pub fields: IndexMap<Name, DraftField>,
    /// Fields that are there but faulty.
    pub broken: HashSet<String>,
    /// Whether a faulty file may have given it further fields.
    pub open: bool,
    pub display: Option<Name>,
    pub search: Vec<Name>,
    pub indexes: Vec<Vec<Name>>,
    pub uniques: Vec<Unique>,
    pub rules: Vec<Rule>,
}

/// All objects being resolved.
#[derive(Debug, Default)]
pub struct Draft {
    pub objects: IndexMap<Name, DraftObject>,
    pub known: Known,
    /// Roles, in the order of packages and names.
    pub roles: IndexMap<Name, DraftRole>,
    /// Roles that are there but faulty.
    pub broken_roles: HashSet<String>,
    /// Lifecycles, in the order in which they are asked.
    pub lifecycles: IndexMap<Name, DraftLifecycle>,
    /// Lifecycles that are there but faulty.
    pub broken_lifecycles: HashSet<String>,
    /// Titles that translations give to automations: automation, language, title.
    pub automation_titles: HashMap<String, IndexMap<String, String>>,
    /// Far ends that faulty relations would have made.
    pub broken_inverses: HashSet<String>,
}

impl Draft {
    /// The type of a field.
    pub fn ty(&self, object: &str, field: &str) -> Option<&FieldType> {
        Some(&self.objects.get(object)?.fields.get(field)?.field.ty)
    }

    /// Whether the absence of a name has been reported already: the object, or the field, is faulty.
    pub fn is_broken(&self, object: &str, field: &str) -> bool {
        match self.objects.get(object) {
            Some(object) => {
                object.open || object.broken.contains(field) || self.broken_inverses.contains(field)
            }
            None => self.known.broken_objects.contains(object),
        }
    }

    /// Puts the checked expression of a formula in its place.
    pub fn set_formula(&mut self, object: &Name, field: &Name, checked: Expr) {
        let ty = self.objects.get_mut(object).and_then(|o| o.fields.get_mut(field)).map(|f| &mut f.field.ty);
        if let Some(FieldType::Formula { expr, .. }) = ty {
            *expr = checked;
        }
    }
}

impl DraftObject {
    /// Reports that there is no such field, unless it is there and faulty.
    pub fn unknown_field(&self, name: &str, at: &At, report: &mut Report) {
        if self.open || self.broken.contains(name) {
            return;
        }
        let mut finding =
            Finding::new(codes::UNKNOWN_FIELD, "", format!("`{}` has no field `{name}`", self.name));
        finding.found = Some(name.to_owned());
        finding.hint = did_you_mean(name, self.fields.keys().map(Name::as_str))
            .map(|meant| format!("did you mean `{meant}`?"));
        report.error(at, finding);
    }
}

/// The objects of all documents with their sections; fields come later.
pub fn draft(documents: &Documents, packages: &IndexMap<String, Package>, report: &mut Report) -> Draft {
    let mut draft = Draft::default();
    draft.known.broken_objects.clone_from(&documents.broken);
    draft.broken_inverses.clone_from(&documents.broken_inverses);
    let mut first: HashMap<Name, At> = HashMap::new();
    // The platform's own come first, so that a package that defines `user` is told to extend it; then packages behind those that they
    // depend on. Names decide within a package, so that the order is that of the pulled documents, too.
    let place = |loaded: &Loaded| match packages.get_index_of(&loaded.package) {
        _ if loaded.package == PLATFORM => 0,
        Some(index) => index + 1,
        None => usize::MAX,
    };
    let mut all: Vec<&Loaded> = documents.all.iter().collect();
    all.sort_by_key(|loaded| (place(loaded), sort_name(loaded)));
    for loaded in &all {
        let loaded = *loaded;
        let Typed::Object(_) = &loaded.typed else { continue };
        let Some(object) = object(loaded, documents, report) else {
            let name = loaded.json.get("name").and_then(serde_json::Value::as_str);
            draft.known.broken_objects.extend(name.map(str::to_owned));
            continue;
        };
        if let Some(other) = draft.objects.get(&object.name) {
            let place = first
                .get(&object.name)
                .and_then(|at| report.source(at.file))
                .map(|source| source.path.clone());
            let mut finding = Finding::new(
                codes::DUPLICATE_NAME,
                "/name",
                format!("The object `{}` is defined already, by package `{}`", object.name, other.package),
            );
            finding.found = place;
            finding.hint = Some(format!(
                "to add to it, write {{\"extends\": \"{}/{}\", …}}",
                other.package, object.name
            ));
            report.error(&loaded.at, finding);
            continue;
        }
        first.insert(object.name.clone(), loaded.at.clone());
        draft.known.objects.insert(object.name.clone(), object.package.clone());
        draft.objects.insert(object.name.clone(), object);
    }
    for loaded in all {
        if let Typed::Extension(_) = &loaded.typed {
            extend(&mut draft, loaded, report);
        }
    }
    draft
}

fn sort_name(loaded: &Loaded) -> &str {
    match &loaded.typed {
        Typed::Object(doc) => &doc.name,
        Typed::Extension(doc) => bare(&doc.extends),
        Typed::Package(_)
        | Typed::Choices(_)
        | Typed::Role(_)
        | Typed::Translation(_)
        | Typed::Lifecycle(_)
        | Typed::LifecycleExtension(_)
        | Typed::Automation(_)
        | Typed::Test(_)
        | Typed::Plugin(_) => "",
    }
}

fn object(loaded: &Loaded, documents: &Documents, report: &mut Report) -> Option<DraftObject> {
    let Typed::Object(doc) = &loaded.typed else { return None };
    let name = checked_name(&doc.name, &loaded.at, "/name", report);
    let plural = checked_name(&doc.plural, &loaded.at, "/plural", report);
    let renamed_from = match &doc.renamed_from {
        None => None,
        Some(former) => checked_name(former, &loaded.at, "/renamedFrom", report),
    };
    let (name, plural) = (name?, plural?);
    let section = Section {
        at: loaded.at.clone(),
        package: loaded.package.clone(),
        properties: properties(&doc.properties, &loaded.sound),
        hidden: loaded.hidden.clone(),
        required: doc.required.clone(),
        display: doc.display.clone(),
        search: doc.search.clone(),
        indexes: doc.indexes.clone(),
        unique: doc.unique.clone(),
        rules: doc.rules.clone(),
        duplicates: doc.duplicates.clone(),
    };
    Some(DraftObject {
        open: documents.open.contains(name.as_str()),
        name,
        plural,
        title: if doc.title.trim().is_empty() { made_label(&doc.name) } else { doc.title.clone() },
        titles: doc.titles.clone(),
        description: doc.description.clone(),
        package: loaded.package.clone(),
        renamed_from,
        owned: doc.owned,
        history: doc.history,
        link: false,
        at: loaded.at.clone(),
        sections: vec![section],
        fields: IndexMap::new(),
        broken: HashSet::new(),
        display: None,
        search: Vec::new(),
        indexes: Vec::new(),
        uniques: Vec::new(),
        rules: Vec::new(),
    })
}

/// Fields in the order in which they were written, with their keys.
pub fn properties(
    typed: &IndexMap<String, FieldDocument>,
    sound: &serde_json::Value,
) -> Vec<(String, FieldDocument, serde_json::Value)> {
    let raw = sound.get("properties");
    typed
        .iter()
        .map(|(name, doc)| {
            let raw = raw.and_then(|raw| raw.get(name)).cloned().unwrap_or_default();
            (name.clone(), doc.clone(), raw)
        })
        .collect()
}

fn extend(draft: &mut Draft, loaded: &Loaded, report: &mut Report) {
    let Typed::Extension(doc) = &loaded.typed else { return };
    let name = bare(&doc.extends);
    let package = doc.extends.rsplit_once('/').map(|(package, _)| package);
    let target =
        draft.objects.get_mut(name).filter(|object| package.is_none_or(|package| package == object.package));
    let Some(target) = target else {
        if !draft.known.broken_objects.contains(name) {
            let mut finding = Finding::new(
                codes::UNKNOWN_OBJECT,
                "/extends",
                format!("There is no object `{}`", doc.extends),
            );
            finding.found = Some(doc.extends.clone());
            finding.hint = match draft.objects.get(name) {
                Some(object) => Some(format!("did you mean `{}/{name}`?", object.package)),
                None => did_you_mean(name, draft.objects.keys().map(Name::as_str))
                    .map(|meant| format!("did you mean `{meant}`?")),
            };
            report.error(&loaded.at, finding);
        }
        return;
    };
    target.sections.push(Section {
        at: loaded.at.clone(),
        package: loaded.package.clone(),
        properties: properties(&doc.properties, &loaded.sound),
        hidden: loaded.hidden.clone(),
        required: doc.required.clone(),
        display: doc.display.clone(),
        search: (!doc.search.is_empty()).then(|| doc.search.clone()),
        indexes: doc.indexes.clone(),
        unique: doc.unique.clone(),
        rules: doc.rules.clone(),
        duplicates: doc.duplicates.clone(),
    });
}

/// A name of the right form, or a diagnostic.
pub fn checked_name(text: &str, at: &At, pointer: &str, report: &mut Report) -> Option<Name> {
    match Name::new(text) {
        Ok(name) => Some(name),
        Err(bad) => {
            let mut finding = Finding::new(codes::BAD_NAME, pointer, bad.to_string());
            finding.expected = Some("[a-z][A-Za-z0-9]{0,59}".to_owned());
            finding.found = Some(text.to_owned());
            finding.hint = made_name(text).map(|name| format!("`{name}` would do"));
            report.error(at, finding);
            None
        }
    }
}

/// `Close Date` as `closeDate`.
fn made_name(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut upper = false;
    for c in text.chars() {
        match c {
            _ if !c.is_ascii_alphanumeric() => upper = !name.is_empty(),
            _ if name.is_empty() => name.extend(c.to_lowercase().filter(char::is_ascii_lowercase)),
            _ if upper => {
                name.extend(c.to_uppercase());
                upper = false;
            }
            _ => name.push(c),
        }
    }
    name.truncate(60);
    Name::new(&name).ok().map(String::from)
}
