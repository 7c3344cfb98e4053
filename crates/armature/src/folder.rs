//! Packages on disk: reading the documents of a folder, writing pulled ones.

use std::fs;
use std::path::Path;

use metadata::source::SourceFile;

use crate::failure::Failure;

/// The documents of a package, or of a folder of packages, with paths relative to the folder, in a stable order.
pub fn read(dir: &Path) -> Result<Vec<SourceFile>, Failure> {
    if !dir.is_dir() {
        return Err(Failure::Usage(format!("{} is not a folder", dir.display())));
    }
    let mut paths = Vec::new();
    collect(dir, dir, &mut paths)?;
    if paths.is_empty() {
        return Err(Failure::Usage(format!(
            "{} holds no documents: a package has at least a package.json",
            dir.display()
        )));
    }
    paths.sort();
    paths
        .into_iter()
        .map(|relative| {
            let path = dir.join(&relative);
            let bytes = fs::read(&path).map_err(|e| Failure::io(format!("read {}", path.display()), e))?;
            // Bytes that are not UTF-8 become the replacement character, which resolution reports with its place.
            Ok(SourceFile { path: relative, text: String::from_utf8_lossy(&bytes).into_owned() })
        })
        .collect()
}

fn collect(root: &Path, dir: &Path, into: &mut Vec<String>) -> Result<(), Failure> {
    let cannot_read = |e| Failure::io(format!("read {}", dir.display()), e);
    for entry in fs::read_dir(dir).map_err(cannot_read)? {
        let path = entry.map_err(cannot_read)?.path();
        let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            // Asked with a file's name, because folders are wanted for the sake of the documents in them.
            if SourceFile::wanted(&format!("{relative}/document.json")) {
                collect(root, &path, into)?;
            }
        } else if SourceFile::wanted(&relative) {
            into.push(relative);
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
