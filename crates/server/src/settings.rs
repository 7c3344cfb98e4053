//! What can be set about the server. The address, the database and the log are the program's own.

use serde::{Deserialize, Serialize};

/// Limits and times of the server; times in milliseconds, sizes in bytes. Holds no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The time zone of callers where neither user nor tenant has one, by its IANA name.
    pub time_zone: String,
    /// Largest request body.
    pub body_bytes: usize,
    /// Longest time that a request may take; the metadata API may take longer.
    pub request_ms: u64,
    /// Longest time that a request to the metadata API may take: an apply fills columns and builds indexes.
    pub metadata_ms: u64,
    /// Requests that may be in work at the same time; further ones are answered 503 at once.
    pub concurrent_requests: usize,
    /// Hours for which a request that carries an idempotency key is remembered; 0 remembers for ever.
    pub idempotency_hours: u32,
    /// How long requests in flight may take to finish once the server stops.
    pub shutdown_ms: u64,
    /// Bytes of document text kept prepared for each schema.
    pub documents: u64,
    /// Schemas kept.
    pub schemas: u64,
    /// Keys kept.
    pub keys: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            time_zone: "UTC".into(),
            body_bytes: 8 << 20,
            request_ms: 30_000,
            metadata_ms: 3_600_000,
            concurrent_requests: 512,
            idempotency_hours: 24,
            shutdown_ms: 10_000,
            documents: 1 << 20,
            schemas: 200,
            keys: 100_000,
        }
    }
}
