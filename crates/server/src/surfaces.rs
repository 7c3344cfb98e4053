//! Schemas by catalog hash, and the documents prepared on each: tenants on equal metadata share both.

use std::sync::Arc;

use graphql::{BuildError, Prepared, Surface};
use metadata::Catalog;
use moka::sync::Cache;

/// A schema with the documents that were prepared on it.
pub(crate) struct Served {
    pub(crate) surface: Surface,
    /// Weighed by the length of the text.
    documents: Cache<Arc<str>, Arc<Prepared>>,
}

impl Served {
    /// The prepared document of a text.
    pub(crate) fn prepare(&self, text: &str) -> Result<Arc<Prepared>, Vec<graphql::Error>> {
        if let Some(prepared) = self.documents.get(text) {
            return Ok(prepared);
        }
        let prepared = self.surface.prepare(text)?;
        self.documents.insert(Arc::from(text), Arc::clone(&prepared));
        Ok(prepared)
    }
}

/// All schemas in use.
pub(crate) struct Surfaces {
    built: Cache<String, Arc<Served>>,
    document_bytes: u64,
}

impl Surfaces {
    pub(crate) fn new(schemas: u64, document_bytes: u64) -> Surfaces {
        Surfaces { built: Cache::builder().max_capacity(schemas).build(), document_bytes }
    }

    /// The schema of a catalog; built beside the async workers when it is new, once for all who wait.
    pub(crate) async fn get(&self, catalog: &Arc<Catalog>) -> Result<Arc<Served>, BuildError> {
        if let Some(served) = self.built.get(&catalog.hash) {
            return Ok(served);
        }
        let (cache, catalog, bytes) = (self.built.clone(), Arc::clone(catalog), self.document_bytes);
        let build = move || {
            cache.try_get_with(catalog.hash.clone(), || {
                let surface = Surface::build(&catalog)?;
                let weigh =
                    |text: &Arc<str>, _: &Arc<Prepared>| u32::try_from(text.len() + 256).unwrap_or(u32::MAX);
                let documents = Cache::builder().max_capacity(bytes).weigher(weigh).build();
                Ok::<_, BuildError>(Arc::new(Served { surface, documents }))
            })
        };
        match tokio::task::spawn_blocking(build).await {
            Ok(Ok(served)) => Ok(served),
            Ok(Err(error)) => Err(BuildError(error.0.clone())),
            Err(stopped) => Err(BuildError(stopped.to_string())),
        }
    }
}
