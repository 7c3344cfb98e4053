//! The packages that ship with the program, so that `depends` finds them wherever it runs.

use std::collections::BTreeSet;

use metadata::source::SourceFile;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../metadata"]
struct Packages;

/// The documents of a shipped package, with paths that begin with its name; empty when there is none of that name.
pub fn package(name: &str) -> Vec<SourceFile> {
    let prefix = format!("{name}/");
    let mut paths: Vec<_> =
        Packages::iter().filter(|path| path.starts_with(&prefix) && SourceFile::wanted(path)).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| {
            let file = Packages::get(path)?;
            let text = String::from_utf8_lossy(&file.data).into_owned();
            Some(SourceFile { path: path.to_string(), text })
        })
        .collect()
}

/// The documents of several shipped packages.
pub fn packages(names: &[&str]) -> Vec<SourceFile> {
    names.iter().flat_map(|name| package(name)).collect()
}

/// The shipped packages that these documents depend on, directly or through each other, and that are neither among the documents nor
/// `present` already.
pub fn dependencies(files: &[SourceFile], present: &[String]) -> Vec<SourceFile> {
    let mut known: BTreeSet<String> = present.iter().cloned().collect();
    known.extend(manifests(files).into_iter().map(|(name, _)| name));
    let mut wanted: Vec<String> = manifests(files).into_iter().flat_map(|(_, depends)| depends).collect();
    let mut found = Vec::new();
    while let Some(name) = wanted.pop() {
        if known.insert(name.clone()) {
            let package = package(&name);
            wanted.extend(manifests(&package).into_iter().flat_map(|(_, depends)| depends));
            found.extend(package);
        }
    }
    found
}

/// Name and dependencies of each package among the files. A manifest that cannot be read is left to resolution, which says why.
fn manifests(files: &[SourceFile]) -> Vec<(String, Vec<String>)> {
    files
        .iter()
        .filter(|file| file.path.rsplit('/').next() == Some("package.json"))
        .filter_map(|file| {
            let manifest: serde_json::Value = serde_json::from_str(&file.text).ok()?;
            let depends = match &manifest["depends"] {
                serde_json::Value::Object(map) => map.keys().cloned().collect(),
                serde_json::Value::Array(list) => {
                    list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
                }
                _ => Vec::new(),
            };
            Some((manifest["name"].as_str()?.to_owned(), depends))
        })
        .collect()
}
