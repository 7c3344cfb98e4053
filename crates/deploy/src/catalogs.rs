//! The catalogs that this process serves, at most a second behind what is published.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use metadata::{Catalog, Layout};
use store::{Tenant, TenantName};

use crate::apply::apply;
use crate::error::DeployError;
use crate::initialise::initialise;
use crate::options::ApplyOptions;
use crate::published;

/// How long a catalog is served before the published version is asked for again.
const FRESH: Duration = Duration::from_millis(400);
/// How long it may be served while that question is under way.
const STALE: Duration = Duration::from_millis(900);

/// The same where the database tells of publications and has told of none.
const FRESH_UNTOLD: Duration = Duration::from_secs(15);

/// Published catalogs by tenant. One a process; share it by `Arc`.
pub struct Catalogs {
    now: fn() -> DateTime<Utc>,
    served: Mutex<HashMap<TenantName, Served>>,
    /// Tenants whose metadata and layout are equal share one catalog.
    shared: Mutex<HashMap<(String, i64), Weak<Catalog>>>,
}

#[derive(Clone)]
struct Served {
    catalog: Arc<Catalog>,
    checked: Instant,
    /// [`Tenant::publication_mark`] before the version was asked for.
    mark: Option<u64>,
    /// Whether somebody is asking for the version already.
    asking: Option<Instant>,
}

impl Catalogs {
    /// An empty cache. `now` is what the history says when a fresh tenant gets its platform objects.
    pub fn new(now: fn() -> DateTime<Utc>) -> Self {
        Self { now, served: Mutex::default(), shared: Mutex::default() }
    }

    /// The published catalog, at most a second old. A tenant that has none yet gets the platform's objects as version 1.
    pub async fn get(&self, tenant: &Tenant) -> Result<Arc<Catalog>, DeployError> {
        if let Some(catalog) = self.fresh(tenant) {
            return Ok(catalog);
        }
        self.reload(tenant).await
    }

    /// The published catalog as it is now: after an apply of one's own, or when a write was refused as stale.
    pub async fn reload(&self, tenant: &Tenant) -> Result<Arc<Catalog>, DeployError> {
        let (asked, mark) = (Instant::now(), tenant.publication_mark());
        let mut version = tenant.published_version().await?;
        if version == 0 {
            version = initialise(tenant, (self.now)()).await?;
        }
        let known = self.serving(tenant.name()).filter(|catalog| catalog.version == version);
        let catalog = match known {
            Some(catalog) => catalog,
            None => self.load(tenant).await?,
        };
        let served = Served { catalog: Arc::clone(&catalog), checked: asked, mark, asking: None };
        let mut all = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = all.get(tenant.name()).is_some_and(|other| other.catalog.version > catalog.version);
        if !newer {
            all.insert(tenant.name().clone(), served);
        }
        Ok(catalog)
    }

    /// Forgets a tenant, when it was dropped.
    pub fn forget(&self, tenant: &TenantName) {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    /// Lets the next `get` of every tenant ask for the version: something was published somewhere.
    pub fn invalidate(&self) {
        let mut all = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let long_ago = Instant::now().checked_sub(STALE);
        for served in all.values_mut() {
            served.checked = long_ago.unwrap_or(served.checked);
            served.mark = None;
            served.asking = None;
        }
    }

    fn serving(&self, tenant: &TenantName) -> Option<Arc<Catalog>> {
        let all = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(tenant).map(|served| Arc::clone(&served.catalog))
    }

    /// The catalog if it may be served as it is. Of several callers that come late one asks, the others go on for a moment.
    fn fresh(&self, tenant: &Tenant) -> Option<Arc<Catalog>> {
        let mut all = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let served = all.get_mut(tenant.name())?;
        let age = served.checked.elapsed();
        if age < FRESH_UNTOLD && served.mark.is_some() && served.mark == tenant.publication_mark() {
            return Some(Arc::clone(&served.catalog));
        }
        let others_ask = served.asking.is_some_and(|since| since.elapsed() < FRESH);
        if age < FRESH || (age < STALE && others_ask) {
            return Some(Arc::clone(&served.catalog));
        }
        served.asking = Some(Instant::now());
        None
    }

    async fn load(&self, tenant: &Tenant) -> Result<Arc<Catalog>, DeployError> {
        let mut published = published::current(tenant).await?;
        let mut catalog = published.resolve()?.catalog;
        if lacks_columns(&catalog.layout, &published.layout) {
            // This program knows more of the platform's own objects than the one that published.
            apply(tenant, &[], ApplyOptions::new("platform", (self.now)())).await?;
            published = published::current(tenant).await?;
            catalog = published.resolve()?.catalog;
        }
        let key = (catalog.hash.clone(), catalog.version);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(equal) = shared.get(&key).and_then(Weak::upgrade) {
            return Ok(equal);
        }
        shared.retain(|_, catalog| catalog.strong_count() > 0);
        let catalog = Arc::new(catalog);
        shared.insert(key, Arc::downgrade(&catalog));
        Ok(catalog)
    }
}

/// Whether the catalog stores something that the published tables have no column for.
fn lacks_columns(wanted: &Layout, there: &Layout) -> bool {
    wanted.tables.iter().any(|(name, table)| {
        let columns = there.tables.get(name).map(|there| &there.fields);
        table
            .fields
            .iter()
            .any(|(field, stored)| columns.and_then(|columns| columns.get(field)) != Some(stored))
    })
}
