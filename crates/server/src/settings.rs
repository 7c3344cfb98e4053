//! What can be set about the server.

use serde::{Deserialize, Serialize};

/// Settings of `serve`. Times are in milliseconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// `sqlite:FOLDER` or `postgres://…`.
    pub database: String,
    /// The address to listen at.
    pub host: String,
    /// The port to listen at; 0 takes a free one.
    pub port: u16,
    /// The tenants' time zone where neither user nor tenant has one.
    pub time_zone: String,
    /// Limits.
    pub limits: Limits,
}

/// Limits of `serve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Largest request body.
    pub body_bytes: usize,
    /// Longest time that a request may take.
    pub request_ms: u64,
    /// Requests that may be in work at the same time; further ones are answered 503.
    pub concurrent_requests: usize,
    /// How long requests in flight may take to finish once the server stops.
    pub shutdown_ms: u64,
    /// Prepared documents kept per schema.
    pub documents: u64,
    /// Schemas kept.
    pub schemas: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            database: "sqlite:./armature-data".into(),
            host: "127.0.0.1".into(),
            port: 8080,
            time_zone: "UTC".into(),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 8 << 20,
            request_ms: 30_000,
            concurrent_requests: 512,
            shutdown_ms: 10_000,
            documents: 2_000,
            schemas: 200,
        }
    }
}

impl Settings {
    /// The same without secrets, for `--print-config`: a password in the database's URL becomes `***`.
    pub fn masked(&self) -> Settings {
        Settings { database: mask_password(&self.database), ..self.clone() }
    }
}

fn mask_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (address, query) = match rest.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (rest, None),
    };
    let address = match address.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            let secret = if address.contains(':') { ":***" } else { "" };
            format!("{user}{secret}@{host}")
        }
        None => address.to_owned(),
    };
    match query {
        Some(query) => {
            let shown: Vec<String> = query
                .split('&')
                .map(|pair| match pair.split_once('=') {
                    Some((key, _)) if key.eq_ignore_ascii_case("password") => format!("{key}=***"),
                    _ => pair.to_owned(),
                })
                .collect();
            format!("{scheme}://{address}?{}", shown.join("&"))
        }
        None => format!("{scheme}://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (url, masked) in [
            ("sqlite:./data", "sqlite:./data"),
            ("postgres://ann:p%40ss@db:5432/x", "postgres://ann:***@db:5432/x"),
            ("postgres://db/x?user=ann&password=secret", "postgres://db/x?user=ann&password=***"),
            ("postgres://ann:a@b@db/x", "postgres://ann:***@db/x"),
        ] {
            let settings = Settings { database: url.into(), ..Settings::default() };
            assert_eq!(settings.masked().database, masked);
        }
    }
}
