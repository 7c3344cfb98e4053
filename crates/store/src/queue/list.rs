//! Looking at the queue and at what was run.

use chrono::{DateTime, Utc};
use expr::Value;
use sql::{Compare, Fold, From, Ident, Order, Query, Relation, Scalar};
use uuid::Uuid;

use super::row::{DEAD, JOB, JobRow, JobState, RUN, RunRow, WAITING, job, run};
use crate::statement::{Table, Terms, alias, cell};
use crate::{Row, StoreError, Tenant};

/// Which jobs are wanted, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// How they stand; any way.
    pub state: Option<JobState>,
    /// Of which kinds; of all where none is named.
    pub kinds: Vec<String>,
    /// Those behind the one with this id.
    pub after: Option<Uuid>,
    /// How many.
    pub first: i64,
}

/// Which runs are wanted, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Of which automation or transition.
    pub automation: Option<String>,
    /// On records of which object.
    pub object: Option<String>,
    /// On which record.
    pub record: Option<Uuid>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Those older than the one with this id.
    pub before: Option<Uuid>,
    /// How many.
    pub first: i64,
}

impl Tenant {
    /// So many rows of a table, by id.
    pub(crate) async fn page(
        &self,
        table: &Table,
        mut terms: Terms,
        filter: Vec<Scalar>,
        (descending, first): (bool, i64),
    ) -> Result<Vec<Row>, StoreError> {
        let limit = terms.value(Value::Int(first), expr::Encoding::Int);
        let query = Query {
            order: vec![Order { by: table.column("id"), descending, nulls_first: false }],
            limit: Some(limit),
            ..table.select(filter)
        };
        self.fetch(&sql::print_query(&query, self.dialect()), &terms.values).await
    }

    /// Some jobs.
    pub async fn jobs(&self, wanted: &JobFilter, now: DateTime<Utc>) -> Result<Vec<JobRow>, StoreError> {
        let mut terms = Terms::default();
        let mut filter = Vec::new();
        if let Some(state) = wanted.state {
            let stored = if state == JobState::Dead { DEAD } else { WAITING };
            filter.push(JOB.is(&mut terms, "state", Value::Text(stored.to_owned())));
            let held = JOB.compare(&mut terms, "lease", Compare::Greater, Value::DateTime(now));
            match state {
                JobState::Running => filter.push(held),
                JobState::Waiting => filter.push(Scalar::IsNotTrue(Box::new(held))),
                JobState::Dead => {}
            }
        }
        if !wanted.kinds.is_empty() {
            filter.push(JOB.is_in(&mut terms, "kind", wanted.kinds.clone()));
        }
        if let Some(after) = wanted.after {
            filter.push(JOB.compare(&mut terms, "id", Compare::Greater, Value::Id(after)));
        }
        self.page(&JOB, terms, filter, (false, wanted.first)).await?.iter().map(job).collect()
    }

    /// One job.
    pub async fn job(&self, id: Uuid) -> Result<Option<JobRow>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![JOB.is(&mut terms, "id", Value::Id(id))];
        JOB.rows(self, terms, filter).await?.first().map(job).transpose()
    }

    /// Those of the keys under which a job is there or a run was noted.
    pub async fn jobs_known(&self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        let mut known = Vec::new();
        for table in [&JOB, &RUN] {
            let mut terms = Terms::default();
            let filter = table.is_in(&mut terms, "key", keys.to_vec());
            let query = Query {
                columns: vec![(table.column("key"), Ident::made("key"))],
                order: Vec::new(),
                ..table.select(vec![filter])
            };
            let rows = self.fetch(&sql::print_query(&query, self.dialect()), &terms.values).await?;
            for row in &rows {
                known.push(cell::text(row, 0)?);
            }
        }
        Ok(known)
    }

    /// When the next job can be taken: it is due, and nobody has it any more.
    pub async fn jobs_next(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let least = |column: Scalar| Scalar::Aggregate(Fold::Min, Box::new(column), expr::Encoding::DateTime);
        let terms = Terms::default();
        let waits = Scalar::Compare(
            Compare::Equal,
            Box::new(JOB.column("state")),
            Box::new(Scalar::Text(WAITING.to_owned())),
        );
        let only = |idle: Scalar, column: &str| Query {
            columns: vec![(least(JOB.column(column)), Ident::made("at"))],
            from: Some(From { source: Relation::Table(Ident::made(JOB.name)), alias: alias() }),
            filter: Some(Scalar::And(vec![waits.clone(), idle])),
            ..Query::default()
        };
        let held = Scalar::Not(Box::new(JOB.is_null("lease")));
        let mut next = None;
        for query in [only(JOB.is_null("lease"), "due"), only(held, "lease")] {
            let rows = self.fetch(&sql::print_query(&query, self.dialect()), &terms.values).await?;
            let at = rows.first().map(|row| cell::optional_instant(row, 0)).transpose()?.flatten();
            next = next.into_iter().chain(at).min();
        }
        Ok(next)
    }

    /// Some runs.
    pub async fn automation_runs(&self, wanted: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        let mut terms = Terms::default();
        let mut filter = Vec::new();
        let texts =
            [("automation", &wanted.automation), ("object", &wanted.object), ("outcome", &wanted.outcome)];
        for (column, text) in texts {
            if let Some(text) = text {
                filter.push(RUN.is(&mut terms, column, Value::Text(text.clone())));
            }
        }
        if let Some(record) = wanted.record {
            filter.push(RUN.is(&mut terms, "record", Value::Id(record)));
        }
        if let Some(before) = wanted.before {
            filter.push(RUN.compare(&mut terms, "id", Compare::Less, Value::Id(before)));
        }
        self.page(&RUN, terms, filter, (true, wanted.first)).await?.iter().map(run).collect()
    }
}
