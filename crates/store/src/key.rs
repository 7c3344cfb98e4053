//! API keys as the control database keeps them. Only hashes are stored; making and reading the secret is the caller's matter.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::name::TenantName;

/// A stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id.
    pub id: Uuid,
    /// The tenant that it opens.
    pub tenant: TenantName,
    /// First characters of the secret, to recognise it by.
    pub prefix: String,
    /// What people call it.
    pub name: String,
    /// The role that it acts with; all rights when absent.
    pub role: Option<String>,
    /// The user that it acts as.
    pub user: Option<Uuid>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it ends.
    pub expires: Option<DateTime<Utc>>,
    /// When it was last seen, to the minute.
    pub last_used: Option<DateTime<Utc>>,
}
