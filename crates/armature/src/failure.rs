//! Why a command could not be carried out. Findings about documents are not failures: commands print those themselves.

use std::io;
use std::path::PathBuf;

use deploy::DeployError;
use serde_json::json;

/// A failed command: one sentence of what, and what to do about it where that is known.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("could not {what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error("{file}: {message}")]
    Settings { file: PathBuf, message: String },
    #[error("{0}")]
    Store(#[from] store::StoreError),
    #[error("{0}")]
    Deploy(#[from] DeployError),
    #[error("{0}")]
    Untested(#[from] deploy::TestError),
    #[error("{0}")]
    Import(#[from] work::ImportError),
    #[error("{0}")]
    Export(#[from] work::ExportError),
    #[error("{}", advised(.0))]
    Admin(#[from] server::admin::AdminError),
    #[error("the server answered: {0}")]
    Remote(String),
    /// What the server found wrong with the documents, as it said it.
    #[error("{}", told(.0))]
    RemoteDocuments(serde_json::Value),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    /// The failure for programs: the message, and what the documents or the plan say.
    pub fn as_json(&self) -> serde_json::Value {
        match self {
            Self::Deploy(DeployError::Documents(diagnostics)) => {
                json!({ "ok": false, "diagnostics": diagnostics, "error": { "message": self.to_string() } })
            }
            Self::RemoteDocuments(diagnostics) => {
                json!({ "ok": false, "diagnostics": diagnostics, "error": { "message": self.to_string() } })
            }
            Self::Deploy(DeployError::Refused(plan) | DeployError::Destructive(plan)) => {
                let mut shown = json!(plan);
                shown["error"] = json!({ "message": self.to_string() });
                shown
            }
            Self::Deploy(DeployError::Tests(report)) => {
                let mut shown = json!(report);
                shown["error"] = json!({ "message": self.to_string() });
                shown
            }
            _ => json!({ "error": { "message": self.to_string() } }),
        }
    }
}

/// What was wrong, and what to do.
fn advised(error: &server::admin::AdminError) -> String {
    match error.advice() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}

/// Diagnostics that came as JSON, a line each.
fn told(diagnostics: &serde_json::Value) -> String {
    let line = |d: &serde_json::Value| {
        let text = |key: &str| d[key].as_str().unwrap_or_default().to_owned();
        format!("{}:{}:{}: {}", text("file"), d["line"], d["column"], text("message"))
    };
    diagnostics.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}
