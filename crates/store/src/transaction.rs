//! A transaction of one tenant. Dropping it rolls back.

use expr::Value;
use sql::{Ident, Statement};

use crate::store::Backend;
use crate::tenant::Loan;
use crate::text::named;
use crate::{Row, StoreError, Tenant, version};

/// How long a transaction that publishes waits for each lock: whoever comes after it waits behind it.
const SHORT_WAIT: &str = "SET LOCAL lock_timeout = '300ms'";

/// An open transaction. Dropped without commit, it is rolled back; dropped in the middle of a statement, that is stopped first.
pub struct Transaction {
    tenant: Tenant,
    loan: Loan,
    publishes: bool,
    /// When the first of the jobs is due that were put into the queue.
    work: Option<chrono::DateTime<chrono::Utc>>,
}

impl Transaction {
    pub(crate) fn new(tenant: Tenant, loan: Loan) -> Self {
        Self { tenant, loan, publishes: false, work: None }
    }

    /// The tenant that it belongs to.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Runs a statement; its rows.
    pub async fn run(&mut self, statement: &Statement, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.loan.run(self.tenant.schema(), statement, values).await
    }

    async fn command(&mut self, text: String) -> Result<(), StoreError> {
        match &mut self.loan {
            Loan::Postgres(connection) => connection.command(text).await,
            Loan::Sqlite(connection) => connection.command(text).await,
        }
    }

    /// Sets a savepoint.
    pub async fn savepoint(&mut self, name: &Ident) -> Result<(), StoreError> {
        self.command(named("SAVEPOINT ", name)).await
    }

    /// Undoes all since the savepoint, which stays.
    pub async fn rollback_to(&mut self, name: &Ident) -> Result<(), StoreError> {
        self.command(named("ROLLBACK TO SAVEPOINT ", name)).await?;
        if let Loan::Postgres(connection) = &mut self.loan {
            connection.mended();
        }
        Ok(())
    }

    /// Forgets the savepoint, keeping its work.
    pub async fn release(&mut self, name: &Ident) -> Result<(), StoreError> {
        self.command(named("RELEASE SAVEPOINT ", name)).await
    }

    async fn published(&mut self) -> Result<i64, StoreError> {
        match &mut self.loan {
            Loan::Postgres(connection) => connection.hold_version(self.tenant.name()).await,
            // The writer holds the whole file.
            Loan::Sqlite(_) => {
                let statement = sql::print_query(&version::published(), self.tenant.dialect());
                Ok(version::of(&self.run(&statement, &[]).await?))
            }
        }
    }

    /// Holds the published version until the end of the transaction; [`StoreError::Stale`] unless it is the expected one.
    pub async fn check_version(&mut self, expected: i64) -> Result<(), StoreError> {
        let published = self.published().await?;
        if published == expected { Ok(()) } else { Err(StoreError::Stale { published }) }
    }

    /// Keeps all writers out until the end of the transaction, to publish a version; the version published so far. Waits for this
    /// and all further locks only shortly ([`StoreError::LockTimeout`]). Committing it tells [`crate::Store::changes`].
    pub async fn lock_catalog(&mut self) -> Result<i64, StoreError> {
        self.publishes = true;
        match &mut self.loan {
            Loan::Postgres(connection) => {
                connection.command(SHORT_WAIT.to_owned()).await?;
                connection.lock_catalog(self.tenant.name()).await
            }
            Loan::Sqlite(_) => self.published().await,
        }
    }

    /// Committing it tells [`crate::Store::changes`].
    pub fn tell(&mut self) {
        self.publishes = true;
    }

    /// Committing it tells workers.
    pub(crate) fn bring_work(&mut self, due: chrono::DateTime<chrono::Utc>) {
        self.work = Some(self.work.map_or(due, |known| known.min(due)));
    }

    /// Makes it so.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        match &mut self.loan {
            Loan::Postgres(connection) => {
                // Announcing fails where anything failed before; commit says so better.
                if self.publishes && !connection.has_failed() {
                    connection.announce(self.tenant.name()).await?;
                }
                connection.commit().await?;
            }
            Loan::Sqlite(connection) => connection.end("COMMIT").await?,
        }
        if let Some(due) = self.work
            && let Err(error) = self.tenant.work_came(due).await
        {
            tracing::warn!(%error, tenant = %self.tenant.name(), "workers were not told of work; they will find it");
        }
        if self.publishes {
            let inner = &self.tenant.store().inner;
            inner.watch.changed();
            if let Backend::Sqlite(sqlite) = &inner.backend
                && let Err(error) = sqlite.announce(self.tenant.name()).await
            {
                // It is published; who polls the version sees it within a second.
                tracing::warn!(%error, tenant = %self.tenant.name(), "a publication was not announced");
            }
        }
        Ok(())
    }

    /// Undoes all.
    pub async fn rollback(mut self) -> Result<(), StoreError> {
        match &mut self.loan {
            Loan::Postgres(connection) => connection.rollback().await,
            Loan::Sqlite(connection) => connection.end("ROLLBACK").await,
        }
    }
}
