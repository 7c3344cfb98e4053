//! The texts that resolution is handed, and which files of a folder they are.

/// One file of a package folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the folder, with `/` between its parts: `objects/lead.json` or `core/objects/lead.json`.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl SourceFile {
    /// Whether a file of a folder is handed to resolution: JSON documents and scripts, but no data, maps or generated schemas.
    pub fn wanted(path: &str) -> bool {
        let mut parts = path.split('/');
        let file = parts.next_back().unwrap_or_default();
        let hidden = path.split('/').any(|part| part.starts_with('.'));
        let aside =
            parts.any(|part| matches!(part, "data" | "maps" | "docs" | "node_modules" | "target" | "schema"));
        !hidden && !aside && matches!(ending(file), "json" | "rhai")
    }
}

/// What stands behind the last dot of a path.
pub(crate) fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}
