//! What is done in administration, as the audit log has it. Every act is noted here once, whichever door it came by, also one that was
//! not allowed.

use std::future::Future;

use deploy::DeployError;
use engine::audit::{Act, Entry, Verdict};
use engine::{Erase, Erased};
use futures::future::BoxFuture;
use metadata::Name;
use metadata::catalog::Right;
use query::access::Access;
use serde_json::json;
use uuid::Uuid;

use super::{Admin, AdminError};

/// The entry of an act on records of an object, or on one of them.
pub(crate) fn deed(act: Act, object: &str, record: Option<Uuid>) -> Entry {
    Entry { object: Name::new(object).ok(), record, ..Entry::done(act) }
}

impl Admin<'_> {
    /// Carries out an act and notes it.
    pub(crate) fn noted<'a, T: Send + 'a>(
        &'a self,
        deed: Entry,
        work: impl Future<Output = Result<T, AdminError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, AdminError>> {
        self.noted_as(deed, |entry, _| entry, work)
    }

    /// Carries out an act and notes it with what came of it. Boxed, as all that stands around it would carry its size along.
    pub(crate) fn noted_as<'a, T: Send + 'a>(
        &'a self,
        deed: Entry,
        told: impl FnOnce(Entry, &T) -> Entry + Send + 'a,
        work: impl Future<Output = Result<T, AdminError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, AdminError>> {
        let work = Box::pin(work);
        Box::pin(async move {
            let done = work.await;
            let entry = match &done {
                Ok(made) => told(deed, made),
                Err(error) if self.denies(error) => Entry { verdict: Verdict::Denied, ..deed },
                Err(_) => return done,
            };
            self.engine.audit_or_log(self.caller, entry).await;
            done
        })
    }

    /// Refuses callers without the right for an act before anything of it is looked at, and notes that.
    pub(crate) async fn must_for(&self, deed: Entry, right: Right) -> Result<(), AdminError> {
        let held = self.must(right);
        if held.is_err() {
            self.engine.audit_or_log(self.caller, Entry { verdict: Verdict::Denied, ..deed }).await;
        }
        held
    }

    /// Changes metadata, which needs the right `apply`; `version` is the one that was published.
    pub async fn deploy<T>(
        &self,
        act: Act,
        version: impl FnOnce(&T) -> i64 + Send,
        work: impl Future<Output = Result<T, DeployError>> + Send,
    ) -> Result<T, AdminError>
    where
        T: Send,
    {
        let told = |entry: Entry, done: &T| entry.with(json!({ "version": version(done) }));
        let work = async {
            self.must(Right::Apply)?;
            Ok(work.await?)
        };
        self.noted_as(Entry::done(act), told, work).await
    }

    /// Erases the record of a person; the engine notes it. Nobody erases a user who has more rights than they have.
    pub async fn erase(&self, wanted: &Erase) -> Result<Erased, AdminError> {
        let permitted = self.may_erase(wanted).await;
        if permitted.is_err() {
            let entry = deed(Act::Erase, &wanted.object, Some(wanted.id));
            self.engine.audit_or_log(self.caller, Entry { verdict: Verdict::Denied, ..entry }).await;
        }
        permitted?;
        Box::pin(self.engine.erase(self.caller, wanted)).await?.map_err(AdminError::refused)
    }

    async fn may_erase(&self, wanted: &Erase) -> Result<(), AdminError> {
        self.must(Right::Erase)?;
        if wanted.object.as_str() == "user" { self.must_cover_user(wanted.id).await } else { Ok(()) }
    }

    /// Whether an act failed for want of rights: what is out of sight is as good as forbidden.
    fn denies(&self, error: &AdminError) -> bool {
        match error {
            AdminError::Forbidden { .. } => true,
            AdminError::NotFound { .. } => self.caller.access != Access::Everything,
            _ => false,
        }
    }
}
