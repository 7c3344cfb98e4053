//! The packages that ship with the program, so that `depends` finds them wherever it runs.

use metadata::source::SourceFile;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../metadata"]
#[include = "*.json"]
#[exclude = "schema/*"]
#[exclude = "*/maps/*"]
#[exclude = "*/data/*"]
struct Packages;

/// The documents of a shipped package, with paths that begin with its name; empty when there is none of that name.
pub fn package(name: &str) -> Vec<SourceFile> {
    let prefix = format!("{name}/");
    let mut paths: Vec<_> = Packages::iter().filter(|path| path.starts_with(&prefix)).collect();
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
