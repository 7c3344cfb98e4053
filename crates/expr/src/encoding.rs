//! How values are written down in the databases. Belongs to the field type; both databases must agree on what is read back.

use serde::{Deserialize, Serialize};

/// How values are written: on PostgreSQL, on SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Encoding {
    /// `text collate "C"`, `text`
    Text,
    /// `boolean`, `integer` 0 or 1
    Bool,
    /// `bigint`, `integer`
    Int,
    /// `numeric`, `integer` scaled by ten to this power
    Decimal(u8),
    /// `double precision`, `real`
    Float,
    /// `date`, text `YYYY-MM-DD`
    Date,
    /// `time`, text `HH:MM:SS.ffffff`
    Time,
    /// `timestamptz`, text `YYYY-MM-DDTHH:MM:SS.ffffffZ`
    DateTime,
    /// `bigint` seconds, `integer` seconds
    Duration,
    /// `uuid`, text
    Id,
    /// `jsonb`, text
    Json,
    /// `text[]`, text holding a JSON array
    TextList,
}
