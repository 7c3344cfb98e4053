//! Each folder under tests/golden/check is a case: the files of a package folder, and `expected.txt`, what `check` says of it.
//! `UPDATE_GOLDEN=1` writes the expectation of every case anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use metadata::diagnostic::Severity;
use metadata::{Base, Diagnostic, SourceFile, resolve};

fn files_below(root: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let relative = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if relative != "expected.txt" && SourceFile::wanted(&relative) {
                let text = fs::read_to_string(&path).expect("a text");
                files.push(SourceFile { path: relative, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn said(files: &[SourceFile]) -> String {
    let (summary, diagnostics) = match resolve(files, &Base::default()) {
        Ok(resolved) => (format!("clean: {} objects", resolved.catalog.objects.len()), resolved.warnings),
        Err(diagnostics) => {
            let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
            (format!("{errors} errors"), diagnostics)
        }
    };
    let mut text = format!("{summary}\n");
    for diagnostic in &diagnostics {
        text.push_str(&line(diagnostic));
    }
    text
}

fn line(diagnostic: &Diagnostic) -> String {
    let Diagnostic { code, severity, file, line, column, pointer, message, .. } = diagnostic;
    let severity = if *severity == Severity::Error { "error" } else { "warning" };
    let mut text = format!("\n{file}:{line}:{column} {severity} {code} at {pointer}\n  {message}\n");
    for (word, part) in
        [("expected", &diagnostic.expected), ("found", &diagnostic.found), ("hint", &diagnostic.hint)]
    {
        if let Some(part) = part {
            let part: String = part.chars().take(160).collect();
            let _ = writeln!(text, "  {word}: {part}");
        }
    }
    text
}

#[test]
fn every_case_says_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/check");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut cases: BTreeMap<PathBuf, (String, String)> = BTreeMap::new();
    for entry in fs::read_dir(&root).expect("there are cases") {
        let case = entry.expect("an entry").path();
        if !case.is_dir() {
            continue;
        }
        let now = said(&files_below(&case));
        let file = case.join("expected.txt");
        if update {
            fs::write(&file, &now).expect("the expectation can be written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        cases.insert(case, (expected, now));
    }
    assert!(cases.len() >= 10, "only {} cases were found", cases.len());
    for (case, (expected, now)) in cases {
        assert_eq!(expected, now, "{}", case.display());
    }
}
