//! Settings: flags over `ARMATURE_*` environment over `armature.toml` over defaults; read once, here.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cli::Cli;
use crate::failure::Failure;

/// The settings in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `sqlite:FOLDER` or `postgres://…`
    pub database: String,
    /// Address that `serve` listens on.
    pub host: String,
    /// Port that `serve` listens on.
    pub port: u16,
    /// What is logged, in the syntax of `RUST_LOG`.
    pub log: String,
    /// Limits and time-outs of the server.
    pub server: server::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database: "sqlite:./armature-data".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 8080,
            log: "warn,armature=info,server=info".to_owned(),
            server: server::Settings::default(),
        }
    }
}

/// One setting that the environment may give.
fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Settings {
    /// File, environment and flags, in this order.
    pub fn read(arguments: &Cli) -> Result<Self, Failure> {
        let mut settings = Self::from_file(arguments.config.as_ref())?;
        if let Some(url) = variable("ARMATURE_DATABASE").or_else(|| variable("DATABASE_URL")) {
            settings.database = url;
        }
        if let Some(host) = variable("ARMATURE_HOST") {
            settings.host = host;
        }
        if let Some(port) = variable("ARMATURE_PORT") {
            settings.port = port.parse().map_err(|_| {
                Failure::Usage(format!("ARMATURE_PORT: expected a port number, found `{port}`"))
            })?;
        }
        if let Some(log) = variable("ARMATURE_LOG").or_else(|| variable("RUST_LOG")) {
            settings.log = log;
        }
        if let Some(url) = &arguments.database {
            settings.database.clone_from(url);
        }
        Ok(settings)
    }

    fn from_file(named: Option<&PathBuf>) -> Result<Self, Failure> {
        let file = named.cloned().unwrap_or_else(|| PathBuf::from("armature.toml"));
        if named.is_none() && !file.exists() {
            return Ok(Self::default());
        }
        let text =
            fs::read_to_string(&file).map_err(|e| Failure::io(format!("read {}", file.display()), e))?;
        toml::from_str(&text).map_err(|e| Failure::Settings { file, message: e.to_string() })
    }

    /// To be shown: with the password of the database masked.
    pub fn masked(&self) -> Self {
        Self { database: mask_password(&self.database), ..self.clone() }
    }

    /// As TOML.
    pub fn as_toml(&self) -> Result<String, Failure> {
        toml::to_string(self).map_err(|e| Failure::Internal(e.to_string()))
    }
}

/// `postgres://user:secret@host/db` as `postgres://user:***@host/db`; a password given as a parameter is masked too.
fn mask_password(url: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let mut shown = match base.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((login, place)) => {
                let user = login.split(':').next().unwrap_or_default();
                let secret = if login.contains(':') { ":***" } else { "" };
                format!("{scheme}://{user}{secret}@{place}")
            }
            None => base.to_owned(),
        },
        None => base.to_owned(),
    };
    if let Some(query) = query {
        let pairs: Vec<_> = query
            .split('&')
            .map(|pair| if pair.starts_with("password=") { "password=***" } else { pair })
            .collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    shown
}

/// Starts logging to stderr, as JSON lines where stderr is not a terminal.
pub fn log(settings: &Settings) -> Result<(), Failure> {
    use std::io::IsTerminal;
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log)
        .map_err(|e| Failure::Usage(format!("log: {e}")))?;
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        base.compact().init();
    } else {
        base.json().init();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::mask_password;

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        assert_eq!(mask_password("postgres://ann:s3cret@db/crm"), "postgres://ann:***@db/crm");
        assert_eq!(mask_password("postgres://ann:a@b@db/crm"), "postgres://ann:***@db/crm");
        assert_eq!(mask_password("postgres://db/crm?password=x&a=b"), "postgres://db/crm?password=***&a=b");
        assert_eq!(mask_password("sqlite:./data"), "sqlite:./data");
    }
}
