//! Small changes on a live system: they become documents of the tenant's own package `local`.

use std::collections::BTreeSet;

use metadata::SourceFile;
use serde_json::{Map, Value, json};
use store::Tenant;

use crate::apply::{Applied, carry_out, settled};
use crate::error::DeployError;
use crate::options::{ApplyOptions, PlanOptions};
use crate::plan::{Draft, Plan, Target};
use crate::published::{self, Published};

/// The package of what was made on the live system.
pub const LOCAL: &str = "local";

/// Applies documents (as they stand in files: objects, extensions, choice lists, lifecycles, automations) as part of the package `local`: a document replaces
/// the one of its kind and name, the others stay.
pub async fn apply_documents(
    tenant: &Tenant,
    documents: Vec<Value>,
    options: ApplyOptions,
) -> Result<Applied, DeployError> {
    let base = settled(tenant).await?;
    let mut local = Local::of(&base)?;
    for document in documents {
        local.put(document)?;
    }
    local.apply(tenant, base, &options).await
}

/// What applying these documents would do.
pub async fn plan_documents(
    tenant: &Tenant,
    documents: Vec<Value>,
    options: PlanOptions,
) -> Result<Plan, DeployError> {
    let base = published::current(tenant).await?;
    let mut local = Local::of(&base)?;
    for document in documents {
        local.put(document)?;
    }
    let target = Target::beside_published(&base, &local.files(&base)?);
    Ok(Draft::new(tenant, base, target, options.asked(), PlanOptions::moment()).await?.plan)
}

/// Creates an object from its document.
pub async fn create_object(
    tenant: &Tenant,
    document: Value,
    options: ApplyOptions,
) -> Result<Applied, DeployError> {
    let base = settled(tenant).await?;
    let name = text(&document, "name")?;
    if base.resolve()?.catalog.object(name).is_some() {
        return Err(DeployError::Document(format!("there is an object `{name}` already")));
    }
    let mut local = Local::of(&base)?;
    local.put(document)?;
    local.apply(tenant, base, &options).await
}

/// Adds a field to an object of any package: to its document when it is of the package `local`, as an extension in `local` otherwise.
pub async fn add_field(
    tenant: &Tenant,
    object: &str,
    field: &str,
    schema: Value,
    options: ApplyOptions,
) -> Result<Applied, DeployError> {
    let base = settled(tenant).await?;
    let catalog = base.resolve()?.catalog;
    let target = catalog
        .object(object)
        .ok_or_else(|| DeployError::Document(format!("there is no object `{object}`")))?;
    if target.field(field).is_some() {
        return Err(DeployError::Document(format!("`{object}` has a field `{field}` already")));
    }
    let mut local = Local::of(&base)?;
    let key = if target.package == LOCAL {
        Key::Object(object.to_owned())
    } else {
        Key::Extension(object.to_owned())
    };
    local.add_field(&key, &format!("{}/{object}", target.package), field, schema);
    local.apply(tenant, base, &options).await
}

/// The documents of the package.
struct Local {
    package: Option<Value>,
    documents: Vec<(Key, Value)>,
    /// Its scripts.
    others: Vec<SourceFile>,
}

/// What a document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Object(String),
    Extension(String),
    Choices(String),
    /// Anything else, kept under its path.
    Other(String),
}

impl Key {
    fn of(document: &Value) -> Result<Self, DeployError> {
        let has = |key: &str| document.get(key).is_some();
        if has("extends") {
            let named = text(document, "extends")?;
            let name = named.rsplit('/').next().unwrap_or(named).to_owned();
            let of_lifecycle = has("stages") || has("transitions") || has("moved");
            return Ok(if of_lifecycle {
                Self::Other(format!("{LOCAL}/lifecycles/{name}.extension.json"))
            } else {
                Self::Extension(name)
            });
        }
        let name = text(document, "name")?.to_owned();
        Ok(match () {
            () if has("choices") => Self::Choices(name),
            () if has("stages") => Self::Other(format!("{LOCAL}/lifecycles/{name}.json")),
            () if has("on") => Self::Other(format!("{LOCAL}/automations/{name}.json")),
            () => Self::Object(name),
        })
    }

    fn path(&self) -> String {
        match self {
            Key::Object(name) => format!("{LOCAL}/objects/{name}.json"),
            Key::Extension(name) => format!("{LOCAL}/objects/{name}.extension.json"),
            Key::Choices(name) => format!("{LOCAL}/choices/{name}.json"),
            Key::Other(path) => path.clone(),
        }
    }
}

impl Local {
    fn of(base: &Published) -> Result<Self, DeployError> {
        let mut local = Self { package: None, documents: Vec::new(), others: Vec::new() };
        for file in &base.files {
            let Some(path) = file.path.strip_prefix("local/") else { continue };
            if std::path::Path::new(path).extension().is_none_or(|ending| ending != "json") {
                local.others.push(file.clone());
                continue;
            }
            let document: Value = serde_json::from_str(&file.text)
                .map_err(|error| DeployError::Stored { version: base.version, reason: error.to_string() })?;
            if path == "package.json" {
                local.package = Some(document);
            } else if path.starts_with("objects/") || path.starts_with("choices/") {
                local.documents.push((Key::of(&document)?, document));
            } else {
                local.documents.push((Key::Other(file.path.clone()), document));
            }
        }
        Ok(local)
    }

    fn put(&mut self, document: Value) -> Result<(), DeployError> {
        let key = Key::of(&document)?;
        match self.documents.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => *old = document,
            None => self.documents.push((key, document)),
        }
        Ok(())
    }

    fn add_field(&mut self, key: &Key, extends: &str, field: &str, schema: Value) {
        if !self.documents.iter().any(|(other, _)| other == key) {
            self.documents.push((key.clone(), json!({ "extends": extends, "properties": {} })));
        }
        let document =
            self.documents.iter_mut().find(|(other, _)| other == key).map(|(_, document)| document);
        if let Some(Value::Object(document)) = document {
            let properties = document.entry("properties").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(properties) = properties {
                properties.insert(field.to_owned(), schema);
            }
        }
    }

    /// All files of the package; it depends on every other one, since it may extend and point at all of them.
    fn files(&self, base: &Published) -> Result<Vec<SourceFile>, DeployError> {
        let others: BTreeSet<&str> = base
            .files
            .iter()
            .filter_map(|file| file.path.strip_suffix("/package.json"))
            .filter(|package| *package != LOCAL)
            .collect();
        let mut package = self.package.clone().unwrap_or_else(
            || json!({ "name": LOCAL, "version": "1.0.0", "title": "Changes made on the live system" }),
        );
        if let Value::Object(package) = &mut package
            && !others.is_empty()
        {
            package.insert("depends".to_owned(), json!(others));
        }
        let mut files = vec![source(format!("{LOCAL}/package.json"), &package)?];
        for (key, document) in &self.documents {
            files.push(source(key.path(), document)?);
        }
        files.extend(self.others.iter().cloned());
        Ok(files)
    }

    async fn apply(
        &self,
        tenant: &Tenant,
        base: Published,
        options: &ApplyOptions,
    ) -> Result<Applied, DeployError> {
        let target = Target::beside_published(&base, &self.files(&base)?);
        let draft = Draft::new(tenant, base, target, options.asked(), options.at).await?;
        carry_out(tenant, draft, options).await
    }
}

fn source(path: String, document: &Value) -> Result<SourceFile, DeployError> {
    let text =
        serde_json::to_string_pretty(document).map_err(|error| DeployError::Document(error.to_string()))?;
    Ok(SourceFile { path, text })
}

fn text<'a>(document: &'a Value, key: &str) -> Result<&'a str, DeployError> {
    let found = document.get(key).and_then(Value::as_str);
    found.ok_or_else(|| DeployError::Document(format!("the document has no text under `{key}`")))
}
