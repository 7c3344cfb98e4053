//! Where the stages put what they find: findings become diagnostics with file, line and column.

use crate::codes;
use crate::diagnostic::{Diagnostic, Finding, Severity};
use crate::json::{Fault, Lines, Node, parse};
use crate::source::{SourceFile, ending};

/// A file that was read.
#[derive(Debug)]
pub struct Source {
    /// Relative path.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Where its lines begin.
    lines: Lines,
    /// Its JSON, when it is some.
    pub node: Option<Node>,
}

/// A place in a file: the pointer of a document or of something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// Number of the file.
    pub file: usize,
    /// From the top of the file.
    pub pointer: String,
}

impl At {
    /// A place below this one.
    pub fn below(&self, pointer: &str) -> At {
        At { file: self.file, pointer: format!("{}{pointer}", self.pointer) }
    }
}

/// All files and all findings.
#[derive(Debug, Default)]
pub struct Report {
    sources: Vec<Source>,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Names a file that is not read; the place of its beginning.
    pub fn unread(&mut self, path: &str) -> At {
        let source = Source { path: path.to_owned(), text: String::new(), lines: Lines::of(""), node: None };
        self.sources.push(source);
        At { file: self.sources.len() - 1, pointer: String::new() }
    }

    /// Reads a file; its number. What is no JSON is reported.
    pub fn open(&mut self, file: &SourceFile) -> usize {
        let (node, faults) =
            if ending(&file.path) == "json" { parse(&file.text) } else { (None, Vec::new()) };
        let lines = Lines::of(&file.text);
        let number = self.sources.len();
        self.sources.push(Source { path: file.path.clone(), text: file.text.clone(), lines, node });
        for fault in faults {
            self.bad_json(number, fault);
        }
        number
    }

    fn bad_json(&mut self, file: usize, fault: Fault) {
        let Some(source) = self.sources.get(file) else { return };
        let (line, column) = source.lines.place(&source.text, fault.at);
        self.diagnostics.push(Diagnostic {
            code: codes::BAD_JSON,
            severity: Severity::Error,
            file: source.path.clone(),
            line,
            column,
            pointer: String::new(),
            message: fault.message,
            expected: fault.expected,
            found: None,
            hint: None,
        });
    }

    /// A file by its number.
    pub fn source(&self, file: usize) -> Option<&Source> {
        self.sources.get(file)
    }

    /// Reports an error whose pointer begins at `at`.
    pub fn error(&mut self, at: &At, finding: Finding) {
        self.put(at, finding, Severity::Error, None);
    }

    /// Reports something that hinders nothing.
    pub fn warn(&mut self, at: &At, finding: Finding) {
        self.put(at, finding, Severity::Warning, None);
    }

    /// Reports an error inside a string: `offset` counts bytes of the string's value.
    pub fn error_in_text(&mut self, at: &At, finding: Finding, offset: usize) {
        self.put(at, finding, Severity::Error, Some(offset));
    }

    /// An error with a message alone.
    pub fn fault(&mut self, at: &At, code: &'static str, message: impl Into<String>) {
        self.error(at, Finding::new(code, "", message));
    }

    fn put(&mut self, at: &At, finding: Finding, severity: Severity, offset: Option<usize>) {
        let pointer = format!("{}{}", at.pointer, finding.pointer);
        let Some(source) = self.sources.get(at.file) else { return };
        let start = source.node.as_ref().map_or(0, |node| node.locate(&pointer, finding.key));
        let byte = offset.map_or(start, |offset| crate::json::within_text(&source.text, start, offset));
        let (line, column) = source.lines.place(&source.text, byte);
        let diagnostic = Diagnostic {
            code: finding.code,
            severity,
            file: source.path.clone(),
            line,
            column,
            pointer,
            message: finding.message,
            expected: finding.expected,
            found: finding.found,
            hint: finding.hint,
        };
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether an error was reported.
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether a package cannot be told because its manifest cannot be read: nothing in it could be judged rightly.
    pub fn lacks_manifest(&self) -> bool {
        let manifest = |file: &str| file.rsplit('/').next() == Some("package.json");
        self.diagnostics.iter().any(|found| found.code == codes::BAD_JSON && manifest(&found.file))
    }

    /// Everything reported, by file and line.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        self.diagnostics
    }
}
