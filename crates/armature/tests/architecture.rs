//! The dependencies between the rooms, held against the list in `docs/architecture.md`. A new edge is a commit of its own that edits `ALLOWED`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crate, and the crates of ours that it may use. Development dependencies are free.
const ALLOWED: &[(&str, &[&str])] = &[
    ("expr", &[]),
    ("sql", &["expr"]),
    ("script", &["expr"]),
    ("metadata", &["expr"]),
    ("query", &["expr", "metadata", "sql"]),
    ("store", &["expr", "sql"]),
    ("engine", &["expr", "metadata", "query", "script", "sql", "store"]),
    ("work", &["engine", "expr", "metadata", "query", "script", "sql", "store"]),
    ("deploy", &["engine", "expr", "metadata", "query", "script", "sql", "store", "work"]),
    ("graphql", &["expr", "metadata", "query", "sql"]),
    ("server", &["deploy", "engine", "expr", "graphql", "metadata", "query", "store", "work"]),
    ("armature", &["deploy", "engine", "expr", "graphql", "metadata", "query", "server", "store", "work"]),
];

/// Libraries that stay in their rooms.
const HOUSED: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "bench", "testing"]),
    ("async-graphql", &["graphql", "server"]),
    ("axum", &["server", "bench"]),
    ("rhai", &["script"]),
    ("tokio", &["store", "engine", "work", "deploy", "server", "armature", "bench", "testing"]),
    ("clap", &["armature", "bench"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Normal dependencies of each workspace crate.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let names = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().expect("name").to_owned())
                .collect();
            (package["name"].as_str().expect("name").to_owned(), names)
        })
        .collect()
}

#[test]
fn rooms_depend_downwards_only() {
    let all = dependencies();
    for (name, allowed) in ALLOWED {
        let used =
            all.get(*name).unwrap_or_else(|| panic!("crate {name} is on the list but not in the workspace"));
        for dependency in used.iter().filter(|dependency| ALLOWED.iter().any(|(ours, _)| ours == dependency))
        {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
    let known =
        |name: &String| ALLOWED.iter().any(|(ours, _)| ours == name) || name == "testing" || name == "bench";
    for name in all.keys() {
        assert!(known(name), "crate {name} is new: give it a place in ALLOWED and in docs/architecture.md");
    }
}

#[test]
fn libraries_stay_in_their_rooms() {
    for (name, used) in dependencies() {
        for (library, rooms) in HOUSED {
            if used.iter().any(|dependency| dependency == library) {
                assert!(
                    rooms.contains(&name.as_str()),
                    "{name} must not use {library}: that is for {rooms:?}"
                );
            }
        }
    }
}

/// Rust files below a folder.
fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn dynamic_sql_becomes_a_statement_in_one_file() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    let wrapper = concat!("AssertSql", "Safe(");
    let makers: Vec<_> = files
        .iter()
        .filter(|path| !path.components().any(|c| c.as_os_str() == "testing" || c.as_os_str() == "tests"))
        .filter(|path| std::fs::read_to_string(path).expect("a readable file").contains(wrapper))
        .collect();
    assert_eq!(makers.len(), 1, "one audited function makes dynamic statements; found {makers:?}");
    assert!(makers[0].to_string_lossy().contains("crates/store/"), "{makers:?}");
}

#[test]
fn every_source_file_says_what_it_is() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        assert!(text.starts_with("//!"), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn the_map_names_what_is_there() {
    let map = std::fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
    for (name, _) in ALLOWED {
        assert!(map.contains(&format!("**{name}**")), "docs/architecture.md has no paragraph on {name}");
    }
    for path in map.split('`').skip(1).step_by(2).filter(|word| word.starts_with("crates/")) {
        assert!(root().join(path).exists(), "docs/architecture.md names `{path}`, which is not there");
    }
}
