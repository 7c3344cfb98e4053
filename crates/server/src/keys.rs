//! API keys: from the header to the tenant. Only hashes are compared and kept.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use store::{KeyRow, Store, StoreError, Tenant};

/// How long a key is believed without being told of a change. Changes are told within a second.
const KEPT: Duration = Duration::from_mins(1);
/// How long it is believed that there is no such key.
const UNKNOWN_KEPT: Duration = Duration::from_secs(1);
/// Longest key that is looked at.
const LONGEST: usize = 512;

/// The hash by which a key is stored and found.
pub fn key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Who asks: the key and the tenant that it opens.
pub(crate) struct Principal {
    pub(crate) key: KeyRow,
    pub(crate) tenant: Tenant,
}

impl Principal {
    /// As it stands in the history.
    pub(crate) fn label(&self) -> String {
        format!("key:{}", self.key.name)
    }
}

/// Keys that were seen.
pub(crate) struct Keys {
    known: Cache<[u8; 32], Arc<Principal>>,
    unknown: Cache<[u8; 32], ()>,
}

impl Keys {
    pub(crate) fn new(most: u64) -> Keys {
        Keys {
            known: Cache::builder().max_capacity(most).time_to_live(KEPT).build(),
            unknown: Cache::builder().max_capacity(most).time_to_live(UNKNOWN_KEPT).build(),
        }
    }

    /// Forgets all of them: some key has changed.
    pub(crate) fn forget(&self) {
        self.known.invalidate_all();
        self.unknown.invalidate_all();
    }

    /// The principal of a request; `None` without a valid key.
    pub(crate) async fn principal(
        &self,
        store: &Store,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Principal>>, StoreError> {
        let Some(key) = bearer(headers) else { return Ok(None) };
        let hash = key_hash(key);
        let found = match self.known.get(&hash) {
            Some(found) => Some(found),
            None => self.look_up(store, hash).await?,
        };
        Ok(found.filter(|principal| principal.key.expires.is_none_or(|end| now < end)))
    }

    async fn look_up(&self, store: &Store, hash: [u8; 32]) -> Result<Option<Arc<Principal>>, StoreError> {
        if self.unknown.contains_key(&hash) {
            return Ok(None);
        }
        let found = match store.key_find(&hash).await? {
            None => None,
            Some(key) => match store.tenant(&key.tenant).await {
                Ok(tenant) => Some(Arc::new(Principal { key, tenant })),
                Err(StoreError::NoTenant(_)) => None,
                Err(error) => return Err(error),
            },
        };
        match &found {
            Some(principal) => self.known.insert(hash, Arc::clone(principal)),
            None => self.unknown.insert(hash, ()),
        }
        Ok(found)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() && key.len() <= LONGEST).then_some(key)
}
