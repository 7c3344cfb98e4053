//! `armature new`: a package to begin from, which checks clean.

use std::path::Path;

use metadata::source::SourceFile;
use serde_json::json;

use crate::console::Console;
use crate::failure::Failure;
use crate::folder;

/// Writes the files of a new package into a folder that is not there yet, or empty.
pub fn new(dir: &Path, console: &Console) -> Result<u8, Failure> {
    let occupied = dir.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Failure::Usage(format!(
            "{} is not empty; `new` writes into a new folder",
            dir.display()
        )));
    }
    let files = files(&package_name(dir));
    folder::write(dir, &files)?;
    let names: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    console.result(&json!({ "dir": dir, "files": names }), |console| {
        console.say(&format!("Wrote a package into {}:", dir.display()));
        for name in &names {
            console.say(&format!("  {name}"));
        }
        console.say(&format!("Next: armature check {}", dir.display()));
    })?;
    Ok(0)
}

/// A package name from the folder's name: lower-case letters, digits and hyphens.
fn package_name(dir: &Path) -> String {
    let folder = dir.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let name: String = folder.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches(|c: char| c == '-' || c.is_ascii_digit()).to_owned();
    if name.is_empty() { "my-crm".to_owned() } else { name }
}

fn files(package: &str) -> Vec<SourceFile> {
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    vec![
        file("package.json", &include_str!("new/package.json").replace("PACKAGE", package)),
        file("objects/visit.json", include_str!("new/visit.json")),
        file("roles/host.json", include_str!("new/host.json")),
        file("choices/visitPurpose.json", include_str!("new/visitPurpose.json")),
        file("lifecycles/visit.json", include_str!("new/lifecycle.json")),
        file("scripts/visit.rhai", include_str!("new/visit.rhai")),
        file("tests/visits.json", include_str!("new/test.json")),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use metadata::{Base, resolve};

    use super::{files, package_name};

    #[test]
    fn the_package_is_clean() {
        let resolved = resolve(&files("my-crm"), &Base::default());
        let resolved = resolved.unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(resolved.warnings, []);
        assert_eq!(resolved.tests.len(), 1);
        assert_eq!(resolved.catalog.lifecycles.len(), 1);
    }

    #[test]
    fn package_names_come_from_the_folder() {
        assert_eq!(package_name(Path::new("/tmp/My CRM")), "my-crm");
        assert_eq!(package_name(Path::new("2024")), "my-crm");
    }
}
