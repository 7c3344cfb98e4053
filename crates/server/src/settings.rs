//! What can be set about the server. The address, the database and the log are the program's own.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::Options;

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
    /// Most connections to a PostgreSQL database.
    pub connections: u32,
    /// Most of them that work for one tenant at the same time; its further statements wait.
    pub tenant_connections: u32,
    /// Longest run of a statement.
    pub statement_ms: u64,
    /// Longest wait for a lock; on SQLite for the file's writer.
    pub lock_ms: u64,
    /// Longest pause inside a transaction.
    pub idle_in_transaction_ms: u64,
    /// Longest wait for a connection.
    pub acquire_ms: u64,
    /// Requests of one tenant that may be in work at the same time; further ones wait.
    pub requests_per_tenant: usize,
    /// Requests that tenants which ask at the same time may have in work together, one for each at least; a tenant that is alone is not held to it. 0 is one for each processor.
    pub shared_requests: usize,
    /// Requests of one tenant that may wait for their turn; further ones are answered 503 at once.
    pub waiting_per_tenant: usize,
    /// Longest wait for a turn; then 503.
    pub waiting_ms: u64,
    /// Imports and exports of all tenants that may run at the same time, of which one tenant may have half; further ones are answered 503.
    pub concurrent_transfers: usize,
    /// What one tenant may ask for in a second, in rows that its requests may touch; five seconds' worth at once. 0 is without limit.
    pub rate_per_tenant: u32,
    /// The same for one key.
    pub rate_per_key: u32,
    /// Days for which the audit log is kept; 0 keeps it for ever.
    pub audit_days: u32,
    /// Days for which the history of records is kept; 0 keeps it for ever.
    pub history_days: u32,
    /// Days for which runs of automations are kept; 0 keeps them for ever.
    pub run_days: u32,
    /// Jobs that are carried out at the same time; 0 leaves them to other processes.
    pub workers: usize,
    /// Those of one tenant.
    pub workers_per_tenant: usize,
    /// Longest time that a job may take; a worker that was lost has lost its job then.
    pub job_ms: u64,
    /// How often a job is tried before it is dead.
    pub job_attempts: u32,
    /// The pause before a job's second attempt; doubled before each further one, up to an hour.
    pub job_pause_ms: u64,
    /// How often all tenants are looked at for jobs that nobody told of.
    pub job_round_ms: u64,
    /// Whether the clock can be moved through the metadata API. Only the command line says so.
    #[serde(skip)]
    pub test_clock: bool,
    /// How long requests in flight may take to finish once the server stops.
    pub shutdown_ms: u64,
    /// Bytes of document text kept prepared for each schema.
    pub documents: u64,
    /// Schemas kept.
    pub schemas: u64,
    /// Keys kept.
    pub keys: u64,
    /// How browsers reach the server, e.g. `https://crm.example.com`: cookies are bound to https then, and login providers lead back
    /// there. Empty: by the address that a request names.
    pub public_url: String,
}

impl Default for Settings {
    fn default() -> Settings {
        let store = Options::default();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Settings {
            time_zone: "UTC".into(),
            body_bytes: 8 << 20,
            request_ms: 30_000,
            metadata_ms: 3_600_000,
            concurrent_requests: 512,
            idempotency_hours: 24,
            connections: store.connections,
            tenant_connections: store.tenant_connections,
            statement_ms: millis(store.statement_timeout),
            lock_ms: millis(store.lock_timeout),
            idle_in_transaction_ms: millis(store.idle_in_transaction_timeout),
            acquire_ms: millis(store.acquire_timeout),
            requests_per_tenant: 12,
            shared_requests: 0,
            waiting_per_tenant: 256,
            waiting_ms: 2_000,
            concurrent_transfers: 4,
            rate_per_tenant: 10_000_000,
            rate_per_key: 5_000_000,
            audit_days: 0,
            history_days: 0,
            run_days: 30,
            workers: 4,
            workers_per_tenant: 3,
            job_ms: 300_000,
            job_attempts: 8,
            job_pause_ms: 10_000,
            job_round_ms: 300_000,
            test_clock: false,
            shutdown_ms: 10_000,
            documents: 1 << 20,
            schemas: 200,
            keys: 100_000,
            public_url: String::new(),
        }
    }
}

impl Settings {
    /// How the database is opened.
    pub fn store_options(&self) -> Options {
        Options {
            connections: self.connections,
            tenant_connections: self.tenant_connections,
            statement_timeout: Duration::from_millis(self.statement_ms),
            lock_timeout: Duration::from_millis(self.lock_ms),
            idle_in_transaction_timeout: Duration::from_millis(self.idle_in_transaction_ms),
            acquire_timeout: Duration::from_millis(self.acquire_ms),
            ..Options::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_reference_names_every_setting_with_its_default() {
        let page = include_str!("../../../docs/reference/settings.md");
        let told: BTreeMap<String, String> = page
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
                let name = cells.next()?.trim_matches('`').to_owned();
                Some((name, cells.next()?.trim_matches('`').to_owned()))
            })
            .collect();
        let serde_json::Value::Object(settings) =
            serde_json::to_value(Settings::default()).expect("settings are JSON")
        else {
            unreachable!("a struct is an object")
        };
        let known: BTreeMap<String, String> =
            settings.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        assert_eq!(told, known);
    }
}
