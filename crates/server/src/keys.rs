//! Who asks: from the header to the tenant and the credential. Only hashes are compared and kept.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use store::{KeyRow, SessionRow, Store, StoreError, Tenant, TenantName};
use uuid::Uuid;

use crate::fresh::{Fresh, Generation};
use crate::session;

/// How long a credential is believed without being told of a change. Changes are told within a second.
const KEPT: Duration = Duration::from_mins(1);
/// How long it is believed that there is no such credential.
const UNKNOWN_KEPT: Duration = Duration::from_secs(1);
/// Longest key that is looked at.
const LONGEST: usize = 512;

/// The hash by which a key is stored and found.
pub fn key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// What somebody proved to hold.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// An API key.
    Key(KeyRow),
    /// A session that began with a login.
    Session(SessionRow),
}

/// Who asks: the credential and the tenant that it opens.
pub(crate) struct Principal {
    pub(crate) credential: Credential,
    pub(crate) tenant: Tenant,
}

impl Principal {
    /// As it stands in the history, where there is no user behind it.
    pub(crate) fn label(&self) -> String {
        match &self.credential {
            Credential::Key(key) => format!("key:{}", key.name),
            Credential::Session(session) => format!("session:{}", session.id),
        }
    }

    /// Whose requests are counted together: a key's, or those of all sessions of a user.
    pub(crate) fn counted_as(&self) -> Uuid {
        match &self.credential {
            Credential::Key(key) => key.id,
            Credential::Session(session) => session.user,
        }
    }

    /// The user that it acts as.
    pub(crate) fn user(&self) -> Option<Uuid> {
        match &self.credential {
            Credential::Key(key) => key.user,
            Credential::Session(session) => Some(session.user),
        }
    }

    /// The one role that a key acts with.
    pub(crate) fn role(&self) -> Option<&str> {
        match &self.credential {
            Credential::Key(key) => key.role.as_deref(),
            Credential::Session(_) => None,
        }
    }

    fn holds(&self, now: DateTime<Utc>) -> bool {
        match &self.credential {
            Credential::Key(key) => key.expires.is_none_or(|end| now < end),
            Credential::Session(session) => now < session.expires && now < session.last_used + session::IDLE,
        }
    }

    fn tenant_of(credential: &Credential) -> &TenantName {
        match credential {
            Credential::Key(key) => &key.tenant,
            Credential::Session(session) => &session.tenant,
        }
    }

    /// Notes that it is in use, to the minute, without keeping the request waiting.
    fn note_use(&self, store: &Store, now: DateTime<Utc>) {
        let minute_ago = now - chrono::Duration::minutes(1);
        let (store, credential) = (store.clone(), self.credential.clone());
        let due = match &credential {
            Credential::Key(key) => key.last_used.is_none_or(|used| used < minute_ago),
            Credential::Session(session) => session.last_used < minute_ago,
        };
        if !due {
            return;
        }
        tokio::spawn(async move {
            let noted = match credential {
                Credential::Key(key) => store.key_used(key.id, now).await,
                Credential::Session(session) => store.session_used(session.id, now).await,
            };
            if let Err(error) = noted {
                tracing::warn!(%error, "the use of a key or session was not noted");
            }
        });
    }
}

/// What a credential is told apart by: keys and sessions never meet.
type Seen = (Kind, [u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Key,
    Session,
}

/// Credentials that were seen.
pub(crate) struct Keys {
    known: Fresh<Seen, Arc<Principal>>,
    unknown: Fresh<Seen, ()>,
}

impl Keys {
    pub(crate) fn new(most: u64, generation: &Generation) -> Keys {
        Keys {
            known: Fresh::new(most, KEPT, generation),
            unknown: Fresh::new(most, UNKNOWN_KEPT, generation),
        }
    }

    /// The principal of a request; `None` without a valid key or session.
    pub(crate) async fn principal(
        &self,
        store: &Store,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Principal>>, StoreError> {
        let seen = match (bearer(headers), session::cookie(headers)) {
            (Some(key), _) => (Kind::Key, key_hash(key)),
            (None, Some(secret)) => (Kind::Session, key_hash(secret)),
            (None, None) => return Ok(None),
        };
        let found = match self.known.get(&seen) {
            Some(found) => Some(found),
            None => self.look_up(store, seen, now).await?,
        };
        Ok(found.filter(|principal| principal.holds(now)))
    }

    async fn look_up(
        &self,
        store: &Store,
        seen: Seen,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Principal>>, StoreError> {
        if self.unknown.get(&seen).is_some() {
            return Ok(None);
        }
        let asked = self.known.now();
        let credential = match seen.0 {
            Kind::Key => store.key_find(&seen.1).await?.map(Credential::Key),
            Kind::Session => store.session_find(&seen.1).await?.map(Credential::Session),
        };
        let found = match credential {
            None => None,
            Some(credential) => match store.tenant(Principal::tenant_of(&credential)).await {
                Ok(tenant) => Some(Arc::new(Principal { credential, tenant })),
                Err(StoreError::NoTenant(_)) => None,
                Err(error) => return Err(error),
            },
        };
        match &found {
            Some(principal) => {
                self.known.insert(seen, asked, Arc::clone(principal));
                if principal.holds(now) {
                    principal.note_use(store, now);
                }
            }
            None => self.unknown.insert(seen, asked, ()),
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
