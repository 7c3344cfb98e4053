//! Why something was not administered.

use deploy::DeployError;
use engine::{Code, ReadError, Refusal, WriteError};
use store::StoreError;

/// Why something was not administered. Messages are safe to show.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The caller may not do this.
    #[error("{message}")]
    Forbidden {
        /// For people.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The request cannot be meant.
    #[error("{message}")]
    Wrong {
        /// For people.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// There is no such user, key or share.
    #[error("{message}")]
    NotFound {
        /// For people.
        message: String,
    },
    /// The record was refused.
    #[error("{}", told(.0))]
    Refused(Vec<Refusal>),
    /// The record was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The record was not read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The metadata was not changed.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// Too many passwords are being worked on.
    #[error("too many people are logging in; try again in a moment")]
    Busy,
    /// Our fault.
    #[error("{0}")]
    Internal(String),
}

impl AdminError {
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden { message: message.into(), hint: None }
    }

    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self::Wrong { message: message.into(), hint: None }
    }

    /// What a write refused; a record that is not there is not found.
    pub(crate) fn refused(refusals: Vec<Refusal>) -> Self {
        match refusals.as_slice() {
            [one] if one.code == Code::NotFound => Self::not_found(one.message.clone()),
            _ => Self::Refused(refusals),
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound { message: message.into() }
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Forbidden { hint, .. } | Self::Wrong { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// What to do, where that is known.
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Forbidden { hint, .. } | Self::Wrong { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }
}

fn told(refusals: &[Refusal]) -> String {
    let line = |refusal: &Refusal| match &refusal.path {
        Some(path) => format!("{path}: {}", refusal.message),
        None => refusal.message.clone(),
    };
    refusals.iter().map(line).collect::<Vec<_>>().join("; ")
}
