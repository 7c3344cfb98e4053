//! What people and programs see: text on stderr, data on stdout, progress bars on whatever takes over a second.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use deploy::DeployError;
use indicatif::{ProgressBar, ProgressStyle};
use metadata::Diagnostic;
use metadata::diagnostic::Severity;
use serde::Serialize;

use crate::failure::Failure;

/// The two output streams of one run.
pub struct Console {
    json: bool,
}

impl Console {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether data is wanted as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// A line for people.
    #[expect(clippy::unused_self, reason = "whoever writes to the streams holds the console")]
    pub fn say(&self, line: &str) {
        // A closed stderr must not end a server or an import.
        let _closed = writeln!(io::stderr(), "{line}");
    }

    /// A line of data.
    #[expect(clippy::unused_self, reason = "whoever writes to the streams holds the console")]
    pub fn data(&self, line: &str) -> Result<(), Failure> {
        writeln!(io::stdout(), "{line}").map_err(|source| Failure::io("write to stdout", source))
    }

    /// The command's result: as JSON on stdout, or told to people.
    pub fn result(&self, value: &impl Serialize, told: impl FnOnce(&Self)) -> Result<(), Failure> {
        if self.json {
            let line =
                serde_json::to_string(value).map_err(|source| Failure::Internal(source.to_string()))?;
            return self.data(&line);
        }
        told(self);
        Ok(())
    }

    /// Findings about documents, one paragraph each, with a count at the end.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            let severity = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            self.say(&format!("{severity}[{}]: {}", diagnostic.code, diagnostic.message));
            self.say(&format!(
                "  --> {}:{}:{}  {}",
                diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.pointer
            ));
            let details = [
                ("expected", &diagnostic.expected),
                ("found", &diagnostic.found),
                ("hint", &diagnostic.hint),
            ];
            for (label, text) in details {
                if let Some(text) = text {
                    self.say(&format!("  {label}: {text}"));
                }
            }
            self.say("");
        }
        let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        if !diagnostics.is_empty() {
            self.say(&format!("{errors} error(s), {} warning(s)", diagnostics.len() - errors));
        }
    }

    /// What went wrong, in full.
    pub fn failure(&self, failure: &Failure) {
        if self.json
            && let Ok(line) = serde_json::to_string(&failure.as_json())
        {
            let _closed = writeln!(io::stdout(), "{line}");
        }
        if let Failure::Deploy(DeployError::Documents(diagnostics)) = failure {
            self.diagnostics(diagnostics);
        }
        self.say(&format!("error: {failure}"));
    }

    /// A progress bar that appears after a second; silent when stderr is not a terminal.
    #[expect(clippy::unused_self, reason = "whoever writes to the streams holds the console")]
    pub fn progress(&self, what: &str, total: Option<u64>) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = if total.is_some() {
            "{msg} [{bar:30}] {human_pos} of {human_len} ({per_sec}, {eta} left)"
        } else {
            "{msg} {spinner} {human_pos} ({per_sec})"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}
