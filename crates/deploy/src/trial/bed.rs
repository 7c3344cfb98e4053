//! The database that the cases of a test begin with, and its copies.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use engine::{Actor, Caller, Door, Engine, SystemIds};
use indexmap::IndexMap;
use metadata::document::{PackageTest, TestRecord};
use metadata::{Catalog, SourceFile};
use query::access::Access;
use store::{Options, Store, Tenant, TenantName};
use tempfile::TempDir;
use uuid::Uuid;

use super::clock::Turned;
use super::report::Problem;
use super::{TestError, step};
use crate::apply::apply;
use crate::catalogs::Catalogs;
use crate::initialise::initialise;
use crate::options::ApplyOptions;

const TENANT: &str = "test";

/// What all cases of a test begin with.
pub(super) struct Ground {
    folder: TempDir,
    /// Records and users of the test, by the names that it gives them.
    pub(super) names: HashMap<String, (String, Uuid)>,
    /// When the test begins.
    pub(super) at: DateTime<Utc>,
    /// What went wrong with the given records; then no case can be tried.
    pub(super) problems: Vec<Problem>,
}

/// A database in which things are done.
pub(super) struct Bed {
    pub(super) engine: Engine,
    pub(super) clock: Arc<Turned>,
    pub(super) names: HashMap<String, (String, Uuid)>,
    /// Somebody with all rights.
    pub(super) everything: Caller,
    store: Store,
    /// Goes with the bed.
    _folder: Option<TempDir>,
}

impl Ground {
    /// Applies the packages, with all that they build on, to an empty database and makes the test's users and records.
    pub(super) async fn new(
        files: &[SourceFile],
        test: &PackageTest,
        at: DateTime<Utc>,
    ) -> Result<Self, TestError> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&url(folder.path()), Options::default()).await?;
        let tenant = store.tenant_create(&name()?).await?;
        let whole = |error| TestError::Apply(Box::new(error));
        initialise(&tenant, at).await.map_err(whole)?;
        let options = ApplyOptions { skip_tests: true, ..ApplyOptions::new("test", at) };
        apply(&tenant, files, options).await.map_err(whole)?;
        let mut bed = Bed::on(store, tenant, at, None).await?;
        let mut problems = Vec::new();
        for (user, told) in &test.users {
            problems.extend(step::make_user(&mut bed, user, told, &test.given).await?);
        }
        problems.extend(bed.given("given", &test.given).await?);
        if problems.is_empty() {
            for (user, told) in &test.users {
                problems.extend(step::place_user(&bed, user, told, &test.given).await?);
            }
        }
        let names = std::mem::take(&mut bed.names);
        bed.close().await;
        Ok(Self { folder, names, at, problems })
    }

    /// A copy of the database, at that moment.
    pub(super) async fn copy(&self, at: DateTime<Utc>) -> Result<Bed, TestError> {
        let folder = tempfile::tempdir()?;
        copy_folder(self.folder.path(), folder.path())?;
        let store = Store::open(&url(folder.path()), Options::default()).await?;
        let tenant = store.tenant(&name()?).await?;
        let mut bed = Bed::on(store, tenant, at, Some(folder)).await?;
        bed.names.clone_from(&self.names);
        Ok(bed)
    }
}

impl Bed {
    async fn on(
        store: Store,
        tenant: Tenant,
        at: DateTime<Utc>,
        folder: Option<TempDir>,
    ) -> Result<Self, TestError> {
        let clock = Arc::new(Turned::at(at));
        let catalog = Catalogs::new(|| DateTime::UNIX_EPOCH).get(&tenant).await;
        let catalog = catalog.map_err(|error| TestError::Apply(Box::new(error)))?;
        let everything = Caller {
            tenant,
            catalog,
            actor: Actor { label: "test".to_owned(), user: None },
            access: Access::Everything,
            facts: Arc::default(),
            cause: Arc::default(),
            door: Door::Test,
            clock: Arc::clone(&clock) as Arc<dyn engine::Clock>,
            ids: Arc::new(SystemIds::default()),
            trace: None,
            zone: chrono_tz::UTC,
        };
        let engine = Engine::new();
        Ok(Self { engine, clock, names: HashMap::new(), everything, store, _folder: folder })
    }

    pub(super) fn catalog(&self) -> &Arc<Catalog> {
        &self.everything.catalog
    }

    /// Makes records by somebody with all rights, in their order.
    pub(super) async fn given(
        &mut self,
        place: &str,
        records: &IndexMap<String, TestRecord>,
    ) -> Result<Vec<Problem>, TestError> {
        let mut problems = Vec::new();
        for (called, record) in records {
            let caller = self.everything.clone();
            let made = step::create(self, &caller, &record.object, Some(&record.data)).await?;
            match made {
                Ok(id) => {
                    self.names.insert(called.clone(), (record.object.clone(), id));
                }
                Err(refusals) => {
                    let place = format!("{place}/{called}");
                    problems.extend(refusals.iter().map(|refusal| {
                        Problem::new(&place, format!("the record is refused: {}", refusal.message))
                    }));
                }
            }
        }
        Ok(problems)
    }

    /// Whoever acts under that name; somebody with all rights where nobody is named.
    pub(super) async fn caller(&self, user: Option<&str>) -> Result<Caller, TestError> {
        let Some((_, id)) = user.and_then(|user| self.names.get(user)) else {
            return Ok(self.everything.clone());
        };
        let now = engine::Clock::now(&*self.clock);
        let person = self.engine.person(&self.everything.tenant, self.catalog(), *id, now).await?;
        Ok(match person {
            Some(person) => {
                let access = Access::of(self.catalog(), &person.roles, &person.facts.shares());
                self.everything.clone().acting(&person, access)
            }
            None => self.everything.clone(),
        })
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.display())
}

fn name() -> Result<TenantName, TestError> {
    TenantName::new(TENANT).map_err(|bad| TestError::Folder(std::io::Error::other(bad)))
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
