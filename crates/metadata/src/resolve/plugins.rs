//! Plugins: which of them are read, and the scripts of packages and plugins with their settings.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use expr::Value;
use indexmap::IndexMap;
use serde_json::Map;

use super::load::{Documents, Loaded, LoadedScript, Typed, read_file, read_script};
use super::packages::{setting_of, settings_of};
use super::report::{At, Report};
use crate::canonical::Kind;
use crate::catalog::{Package, Script};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{PluginDocument, PluginUse};
use crate::hint::did_you_mean;
use crate::json::escape;
use crate::name::Name;
use crate::shipped;
use crate::source::{SourceFile, ending};

/// What the documents of plugins have as their package.
pub const SHARED: &str = "plugins";

/// The files of each plugin: its document, and its script.
type Found = BTreeMap<String, Vec<SourceFile>>;

/// Reads the plugins that lie among the files, and those that packages name: one of the files goes before one that ships, and that before
/// the published one, where a package among the files wants it.
pub fn read(
    files: &[SourceFile],
    published: &[SourceFile],
    own_packages: &HashSet<String>,
    report: &mut Report,
    documents: &mut Documents,
) {
    let (own, before, shipped) = (found(files), found(published), found(&shipped::plugins()));
    let mut wanted: BTreeMap<String, bool> = own.keys().map(|name| (name.clone(), true)).collect();
    for loaded in &documents.all {
        let Typed::Package(doc) = &loaded.typed else { continue };
        for used in doc.plugins.each() {
            *wanted.entry(used.name.to_owned()).or_default() |= own_packages.contains(&loaded.package);
        }
    }
    for (name, by_own) in wanted {
        let (first, second) = if by_own { (&shipped, &before) } else { (&before, &shipped) };
        let Some(files) = own.get(&name).or_else(|| first.get(&name)).or_else(|| second.get(&name)) else {
            continue;
        };
        for file in files {
            if ending(&file.path) == "rhai" {
                read_script(SHARED, file, report, documents);
            } else {
                read_file(Kind::Plugin, SHARED, file, report, documents);
            }
        }
    }
}

/// The plugins below folders called `plugins`, at the top or within a package.
fn found(files: &[SourceFile]) -> Found {
    let mut found = Found::new();
    for file in files {
        let parts: Vec<&str> = file.path.split('/').collect();
        let below = match parts.as_slice() {
            [SHARED, name, inside] | [_, SHARED, name, inside] => Some((*name, *inside)),
            _ => None,
        };
        let Some((name, inside)) = below else { continue };
        if inside == "plugin.json" || inside.strip_suffix(".rhai") == Some(name) {
            found.entry(name.to_owned()).or_default().push(file.clone());
        }
    }
    found
}

/// The scripts that packages see: their own, and those of their plugins as they set them.
pub fn scripts(
    documents: &Documents,
    packages: &IndexMap<String, Package>,
    report: &mut Report,
) -> Vec<Script> {
    let plugins = plugins(documents, report);
    let mut scripts: Vec<Script> = Vec::new();
    let mut places: Vec<(usize, &LoadedScript)> = Vec::new();
    for script in documents.scripts.iter().filter(|script| script.package != SHARED) {
        places.extend(packages.get_index_of(&script.package).map(|place| (place, script)));
    }
    places.sort_by_key(|(place, script)| (*place, &script.module));
    for (place, script) in places {
        let Some((_, package)) = packages.get_index(place) else { continue };
        let settings = package.settings.iter().map(|(name, set)| (name.clone(), set.value.clone())).collect();
        if scripts.iter().any(|other| other.package == script.package && other.module == script.module) {
            let message = format!("The package has another script `{}`", script.module);
            report.error(&script.at, Finding::new(codes::DUPLICATE_NAME, "", message));
            continue;
        }
        scripts.push(made(&script.package, script, settings));
    }
    for loaded in &documents.all {
        let Typed::Package(doc) = &loaded.typed else { continue };
        for PluginUse { name, below, settings: set } in doc.plugins.each() {
            let at = loaded.at.below(&format!("/plugins/{below}"));
            let Some((plugin, script)) = plugins.get(name) else {
                unknown(name, set.is_some(), &plugins, documents, &at, report);
                continue;
            };
            let settings = set_by(plugin, set, &at, report);
            let Some(script) = script else { continue };
            if scripts.iter().any(|other| other.package == doc.name && other.module == name) {
                let message = format!("The package has a script `{name}`, as the plugin is called");
                report.error(&at, Finding::new(codes::DUPLICATE_NAME, "", message));
                continue;
            }
            scripts.push(made(&doc.name, script, settings));
        }
    }
    scripts
}

fn made(package: &str, script: &LoadedScript, settings: IndexMap<Name, Value>) -> Script {
    let (module, file) = (script.module.clone(), script.path.clone());
    Script { package: package.to_owned(), module, file, text: Arc::from(script.text.as_str()), settings }
}

/// A plugin's document, and its script.
type Plugin<'a> = ((&'a Loaded, &'a PluginDocument), Option<&'a LoadedScript>);

fn plugins<'a>(documents: &'a Documents, report: &mut Report) -> BTreeMap<&'a str, Plugin<'a>> {
    let mut plugins: BTreeMap<&str, Plugin<'_>> = BTreeMap::new();
    for loaded in &documents.all {
        let Typed::Plugin(doc) = &loaded.typed else { continue };
        let path = report.source(loaded.at.file).map(|source| source.path.clone()).unwrap_or_default();
        let folder = path.rsplit('/').nth(1).unwrap_or_default();
        if folder != doc.name || Name::new(folder).is_err() {
            let message = format!("The plugin `{}` lies in the folder `{folder}`", doc.name);
            let mut finding = Finding::new(codes::BAD_NAME, "/name", message);
            finding.expected = Some("the name of its folder, [a-z][A-Za-z0-9]{0,59}".to_owned());
            finding.found = Some(doc.name.clone());
            report.error(&loaded.at, finding);
            continue;
        }
        let script =
            documents.scripts.iter().find(|script| script.package == SHARED && script.module == doc.name);
        if script.is_none() {
            let message = format!("The plugin has no script `{}.rhai` beside it", doc.name);
            report.error(&loaded.at, Finding::new(codes::UNKNOWN_SCRIPT, "", message));
        }
        plugins.insert(&doc.name, ((loaded, doc), script));
    }
    plugins
}

fn unknown(
    name: &str,
    key: bool,
    plugins: &BTreeMap<&str, Plugin<'_>>,
    documents: &Documents,
    at: &At,
    report: &mut Report,
) {
    if documents.broken.contains(name) {
        return;
    }
    let shipped: BTreeSet<String> = found(&shipped::plugins()).into_keys().collect();
    let mut finding = Finding::new(codes::UNKNOWN_PLUGIN, "", format!("There is no plugin `{name}`"));
    finding.key = key;
    finding.found = Some(name.to_owned());
    finding.expected = Some(format!(
        "one in `plugins/{name}/` beside the package, or one that ships: {}",
        shipped.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    ));
    let known = plugins.keys().copied().chain(shipped.iter().map(String::as_str));
    finding.hint = did_you_mean(name, known).map(|meant| format!("did you mean `{meant}`?"));
    report.error(at, finding);
}

/// The plugin's settings as a package sets them.
fn set_by(
    (loaded, doc): &(&Loaded, &PluginDocument),
    set: Option<&Map<String, serde_json::Value>>,
    at: &At,
    report: &mut Report,
) -> IndexMap<Name, Value> {
    let mut settings: IndexMap<Name, Value> = settings_of(&doc.settings, &loaded.at, report)
        .into_iter()
        .map(|(name, of)| (name, of.value))
        .collect();
    for (name, json) in set.into_iter().flatten() {
        let place = at.below(&format!("/{}", escape(name)));
        let Some(setting) = doc.settings.get(name) else {
            let message = format!("The plugin `{}` has no setting `{name}`", doc.name);
            let mut finding = Finding::new(codes::UNKNOWN_SETTING, "", message);
            finding.key = true;
            finding.found = Some(name.clone());
            finding.hint = did_you_mean(name, doc.settings.keys().map(String::as_str))
                .map(|meant| format!("did you mean `{meant}`?"));
            report.error(&place, finding);
            continue;
        };
        if let (Ok(name), Some((_, value))) = (Name::new(name), setting_of(setting.ty, json)) {
            settings.insert(name, value);
        } else {
            let mut finding =
                Finding::new(codes::BAD_VALUE, "", format!("`{name}` is not of the setting's type"));
            finding.expected = Some(format!("{:?}", setting.ty).to_lowercase());
            finding.found = Some(json.to_string());
            report.error(&place, finding);
        }
    }
    settings
}
