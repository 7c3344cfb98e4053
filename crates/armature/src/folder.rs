//! Packages on disk: reading the documents of a folder, writing pulled ones.

use std::fs;
use std::path::{Path, PathBuf};

use metadata::source::SourceFile;

use crate::failure::Failure;

/// Every JSON and Rhai file of a package, or of a folder of packages, with paths relative to the folder, in a stable order.
pub fn read(dir: &Path) -> Result<Vec<SourceFile>, Failure> {
    if !dir.is_dir() {
        return Err(Failure::Usage(format!("{} is not a folder", dir.display())));
    }
    let mut paths = Vec::new();
    collect(dir, &mut paths)?;
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = fs::read(&path).map_err(|e| Failure::io(format!("read {}", path.display()), e))?;
        let relative = path.strip_prefix(dir).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        // Bytes that are not UTF-8 become the replacement character, and the document is then refused at that place.
        files.push(SourceFile { path: relative, text: String::from_utf8_lossy(&bytes).into_owned() });
    }
    Ok(files)
}

/// Folders of a package that hold no documents.
const NOT_DOCUMENTS: [&str; 4] = ["data", "maps", "schema", "node_modules"];

fn collect(dir: &Path, into: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(dir).map_err(|e| Failure::io(format!("read {}", dir.display()), e))?;
    for entry in entries {
        let path = entry.map_err(|e| Failure::io(format!("read {}", dir.display()), e))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if !NOT_DOCUMENTS.contains(&name.as_str()) {
                collect(&path, into)?;
            }
        } else if path.extension().is_some_and(|e| e == "json" || e == "rhai") {
            into.push(path);
        }
    }
    Ok(())
}

/// Writes pulled documents below a folder; files that are there already are overwritten.
pub fn write(dir: &Path, files: &[SourceFile]) -> Result<(), Failure> {
    for file in files {
        let path = dir.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| Failure::io(format!("create {}", parent.display()), e))?;
        }
        fs::write(&path, &file.text).map_err(|e| Failure::io(format!("write {}", path.display()), e))?;
    }
    Ok(())
}
