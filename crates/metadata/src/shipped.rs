//! The plugins that come with the platform, from `plugins/` at the top of the repository.

use rust_embed::RustEmbed;

use crate::source::{SourceFile, ending};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../plugins"]
struct Plugins;

/// Their documents and scripts, as `plugins/roundRobin/plugin.json`. Their own tests are not among them.
pub fn plugins() -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = Plugins::iter()
        .filter(|path| path.split('/').count() == 2 && matches!(ending(path), "json" | "rhai"))
        .filter_map(|path| {
            let text = String::from_utf8_lossy(&Plugins::get(&path)?.data).into_owned();
            Some(SourceFile { path: format!("plugins/{path}"), text })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
