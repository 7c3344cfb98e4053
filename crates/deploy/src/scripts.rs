//! What is wrong with scripts: found when documents are resolved, beside what is wrong with the documents.
//!
//! The documents say which function is a guard and which one handles what; only then can its parameters and the fields that it reads be
//! looked at.

use std::collections::HashSet;
use std::sync::Arc;

use metadata::catalog::{FunctionPath, Guard};
use metadata::diagnostic::Severity;
use metadata::{Base, Catalog, Diagnostic, Resolved, SourceFile, codes};
use script::{Entry, Library, Path, Problem, Source};

/// Resolves documents and compiles their scripts; all findings of both are told.
pub fn resolve(files: &[SourceFile], base: &Base) -> Result<Resolved, Vec<Diagnostic>> {
    let mut resolved = metadata::resolve(files, base)?;
    let found = findings(&resolved.catalog, files);
    resolved.warnings.extend(found);
    if resolved.warnings.iter().any(|found| found.severity == Severity::Error) {
        return Err(resolved.warnings);
    }
    Ok(resolved)
}

/// What is wrong with the scripts of a catalog.
fn findings(catalog: &Catalog, files: &[SourceFile]) -> Vec<Diagnostic> {
    let sources: Vec<Source> = catalog.scripts.iter().map(source).collect();
    let (library, problems) = match Library::compile(&sources) {
        Ok((library, problems)) => (Some(library), problems),
        Err(problems) => (None, problems),
    };
    let mut out: Vec<Diagnostic> = problems.iter().map(diagnostic).collect();
    if let Some(library) = library {
        entries((catalog, files), &library, &mut out);
    }
    // A function may be named many times.
    let mut told = HashSet::new();
    out.retain(|found| told.insert((found.file.clone(), found.line, found.column, found.message.clone())));
    out
}

fn source(script: &metadata::catalog::Script) -> Source {
    Source {
        package: script.package.clone(),
        module: script.module.clone(),
        file: script.file.clone(),
        text: Arc::clone(&script.text),
        settings: script.settings.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
    }
}

/// Looks at each function that a document names.
fn entries(told: (&Catalog, &[SourceFile]), library: &Library, out: &mut Vec<Diagnostic>) {
    let (catalog, _) = told;
    for lifecycle in catalog.lifecycles.values() {
        for transition in &lifecycle.transitions {
            let by = || format!("the transition `{}` of `{}`", transition.name, lifecycle.name);
            if let Some(Guard::Script(path)) = &transition.guard {
                entry(told, library, (path, Entry::Guard, Some(&lifecycle.object)), &by, out);
            }
            if let Some(path) = &transition.then {
                entry(told, library, (path, Entry::Handler, Some(&lifecycle.object)), &by, out);
            }
        }
    }
    for automation in catalog.automations.values() {
        let by = || format!("the automation `{}`", automation.name);
        if let Some(path) = &automation.then {
            entry(told, library, (path, Entry::Handler, automation.object.as_ref()), &by, out);
        }
    }
}

fn entry(
    (catalog, files): (&Catalog, &[SourceFile]),
    library: &Library,
    (path, kind, object): (&FunctionPath, Entry, Option<&metadata::Name>),
    by: &dyn Fn() -> String,
    out: &mut Vec<Diagnostic>,
) {
    let scope = catalog.scope_of(&path.package);
    let about = object.map(|object| (&scope as &dyn expr::Scope, object.as_str()));
    let named = Path { package: &path.package, module: &path.module, function: &path.function };
    match library.check_entry(named, kind, about) {
        Ok(problems) => out.extend(problems.iter().map(diagnostic)),
        Err(mistake) => {
            let (file, line, column) = named_at(&format!("\"{path}\""), files).unwrap_or_default();
            out.push(Diagnostic {
                code: codes::UNKNOWN_SCRIPT,
                severity: Severity::Error,
                file,
                line,
                column,
                pointer: String::new(),
                message: format!("{}, which {} names", mistake.message, by()),
                expected: mistake.expected,
                found: Some(path.to_string()),
                hint: mistake.hint,
            });
        }
    }
}

/// Where a document names a function first: file, line and column.
fn named_at(text: &str, files: &[SourceFile]) -> Option<(String, u32, u32)> {
    let mut documents = files.iter().filter(|file| file.path.rsplit('.').next() == Some("json"));
    documents.find_map(|file| {
        let before = file.text.get(..file.text.find(text)?)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        Some((file.path.clone(), u32::try_from(line).ok()?, u32::try_from(column).ok()?))
    })
}

fn diagnostic(problem: &Problem) -> Diagnostic {
    Diagnostic {
        code: codes::BAD_SCRIPT,
        severity: match problem.severity {
            script::Severity::Error => Severity::Error,
            script::Severity::Warning => Severity::Warning,
        },
        file: problem.place.file.clone(),
        line: problem.place.line.unwrap_or(1),
        column: problem.place.column.unwrap_or(1),
        pointer: String::new(),
        message: problem.message.clone(),
        expected: None,
        found: None,
        hint: problem.hint.clone(),
    }
}
