//! The packages that ship resolve, and what is pulled of them resolves to the same.

use std::fs;
use std::path::Path;

use metadata::{Base, SourceFile, resolve};

fn folder(root: &Path) -> Vec<SourceFile> {
    fn walk(root: &Path, at: &Path, files: &mut Vec<SourceFile>) {
        let mut entries: Vec<_> =
            fs::read_dir(at).expect("the folder is there").map(|e| e.expect("an entry").path()).collect();
        entries.sort();
        for path in entries {
            let relative = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            if path.is_dir() {
                walk(root, &path, files);
            } else if SourceFile::wanted(&relative) {
                files.push(SourceFile { path: relative, text: fs::read_to_string(&path).expect("a text") });
            }
        }
    }
    let mut files = Vec::new();
    walk(root, root, &mut files);
    files
}

#[test]
fn the_shipped_packages_resolve_and_pull_is_stable() {
    let files = folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../metadata/core"));
    let first = match resolve(&files, &Base::default()) {
        Ok(resolved) => resolved,
        Err(diagnostics) => panic_with(&diagnostics),
    };
    assert!(first.warnings.is_empty(), "{:#?}", first.warnings);
    let pulled: Vec<SourceFile> = first.documents.iter().map(metadata::CanonicalDocument::source).collect();
    let second = resolve(&pulled, &Base::default()).expect("pulled documents resolve");
    assert_eq!(first.catalog.hash, second.catalog.hash);
    let again: Vec<SourceFile> = second.documents.iter().map(metadata::CanonicalDocument::source).collect();
    assert_eq!(pulled, again);
}

#[expect(clippy::panic, reason = "a failed resolution ends the test with its diagnostics")]
fn panic_with(diagnostics: &[metadata::Diagnostic]) -> ! {
    panic!("{diagnostics:#?}")
}

#[test]
fn shipped_roles_and_the_example_resolve_without_a_warning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../metadata");
    let mut files: Vec<SourceFile> = folder(&root.join("core"))
        .into_iter()
        .map(|file| SourceFile { path: format!("core/{}", file.path), ..file })
        .collect();
    let beside = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    files.push(beside("own/package.json", r#"{"name": "own", "version": "1.0.0", "depends": ["core"]}"#));
    files.push(beside("own/roles/example.json", metadata::reference::ROLE_EXAMPLE));
    files.push(beside("own/lifecycles/example.json", metadata::reference::LIFECYCLE_EXAMPLE));
    files.push(beside("own/automations/example.json", metadata::reference::AUTOMATION_EXAMPLE));
    let resolved = match resolve(&files, &Base::default()) {
        Ok(resolved) => resolved,
        Err(diagnostics) => panic_with(&diagnostics),
    };
    assert_eq!(resolved.warnings, []);
    let roles = &resolved.catalog.roles;
    assert!(
        roles.values().filter(|role| role.package == "core").all(|role| role.titles.contains_key("zh-CN"))
    );
    let chinese = |titles: &indexmap::IndexMap<String, String>| titles.contains_key("zh-CN");
    for lifecycle in resolved.catalog.lifecycles.values().filter(|lifecycle| lifecycle.package == "core") {
        assert!(chinese(&lifecycle.titles), "{}", lifecycle.name);
        assert!(lifecycle.stages.values().all(|stage| chinese(&stage.titles)), "{}", lifecycle.name);
    }
    let of =
        |object| resolved.catalog.lifecycles_of(object).map(|one| one.name.to_string()).collect::<Vec<_>>();
    assert_eq!(of("opportunity"), ["newBusiness", "renewal"]);
    assert_eq!(of("lead"), ["leadMtl", "leadQualification"], "those that take all come last");
    let page = metadata::reference::roles();
    for role in roles.values().filter(|role| role.package == "core") {
        assert!(page.contains(&format!("`{}`", role.name)), "the page does not name `{}`", role.name);
    }
}
