//! Legal, free and readable SQL names: at most 50 bytes, never one that was in use before.

use std::collections::HashSet;

/// Longest table or column name, so that index names made from it stay within PostgreSQL's 63 bytes.
pub const LONGEST: usize = 50;

/// Names of the platform's own tables in a tenant's schema.
pub const PLATFORM_TABLES: [&str; 11] = [
    "metadata_version",
    "metadata_pending",
    "history",
    "outbox",
    "idempotency",
    "sequence",
    "transition",
    "job",
    "share",
    "audit",
    "import_progress",
];

/// Names that a database gives to columns of its own.
pub const DATABASE_COLUMNS: [&str; 9] =
    ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "rowid", "oid", "_rowid_"];

/// The first free name that begins like `wanted`; it is taken from then on.
pub fn free(wanted: &str, taken: &mut HashSet<String>) -> String {
    let legal = if wanted.starts_with("sqlite") { format!("o_{wanted}") } else { wanted.to_owned() };
    let mut name: String = legal.chars().take(LONGEST).collect();
    let mut number = 2_u32;
    while taken.contains(&name) {
        let tail = format!("_{number}");
        name = legal.chars().take(LONGEST - tail.len()).chain(tail.chars()).collect();
        number += 1;
    }
    taken.insert(name.clone());
    name
}
