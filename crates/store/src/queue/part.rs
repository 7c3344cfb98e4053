//! What belongs into the transaction of somebody else: new jobs, and the end of a job that was taken.

use chrono::{DateTime, Utc};
use expr::Value;
use sql::{
    Conflict, Dialect, From, Ident, Insert, Lock, Order, Param, Query, Relation, Rows, Scalar, Source,
    Statement, Update, Write,
};
use uuid::Uuid;

use super::row::{DEAD, JOB, JobRow, NewJob, RUN, RunRow, WAITING, job, optional_text};
use crate::statement::{Table, Terms, alias};
use crate::{Row, StoreError, Tenant, Transaction};

/// Statements on the tables of the queue, ready to be run in a transaction.
#[derive(Clone, Debug)]
pub struct Part {
    statements: Vec<Statement>,
    values: Vec<Value>,
    /// When the first of the jobs is due that it brings.
    due: Option<DateTime<Utc>>,
}

/// What becomes of a job that a worker has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is done, and goes.
    Done,
    /// It is to be done again.
    Again {
        /// Not before.
        due: DateTime<Utc>,
        /// How often it has been tried.
        attempts: i64,
        /// What there is to know now, where that has changed.
        payload: Option<String>,
        /// What went wrong.
        error: Option<String>,
    },
    /// It has failed for good.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// A statement in the making.
struct Making<'a> {
    terms: Terms,
    table: &'a Table,
}

impl Making<'_> {
    fn taken(&mut self, id: Uuid, fence: i64) -> Scalar {
        let id = self.table.is(&mut self.terms, "id", Value::Id(id));
        let fence = self.table.is(&mut self.terms, "fence", Value::Int(fence));
        Scalar::And(vec![id, fence, waiting()])
    }

    fn set(&mut self, column: &str, value: Value) -> (Ident, Scalar) {
        let encoding = self.table.encoding(column);
        (Ident::made(column), self.terms.value(value, encoding))
    }

    fn update(&self, set: Vec<(Ident, Scalar)>, filter: Scalar) -> Write {
        let returning =
            self.table.columns.iter().map(|(name, _)| (self.table.column(name), Ident::made(name)));
        Write::Update(Update {
            table: Ident::made(self.table.name),
            alias: alias(),
            set,
            filter,
            returning: returning.collect(),
        })
    }
}

/// `state = 'waiting'`, written out, so that the index of what waits serves.
fn waiting() -> Scalar {
    let state = Box::new(JOB.column("state"));
    Scalar::Compare(sql::Compare::Equal, state, Box::new(Scalar::Text(WAITING.to_owned())))
}

impl Part {
    /// Puts jobs into the queue.
    pub fn insert(dialect: Dialect, jobs: &[NewJob]) -> Self {
        let write = Write::Insert(Insert {
            table: Ident::made(JOB.name),
            columns: JOB.columns.iter().map(|(name, _)| Ident::made(name)).collect(),
            rows: Rows::Unnest(lists(&JOB)),
            conflict: Some(Conflict { columns: Vec::new(), set: Vec::new() }),
            returning: Vec::new(),
        });
        let values = columns(&JOB, jobs.iter().map(NewJob::values));
        let due = jobs.iter().map(|job| job.due).min();
        Self { statements: sql::print_write(&write, dialect), values, due }
    }

    /// Notes runs.
    pub fn note(dialect: Dialect, runs: &[RunRow]) -> Self {
        let write = Write::Insert(Insert {
            table: Ident::made(RUN.name),
            columns: RUN.columns.iter().map(|(name, _)| Ident::made(name)).collect(),
            rows: Rows::Unnest(lists(&RUN)),
            conflict: None,
            returning: Vec::new(),
        });
        let values = columns(&RUN, runs.iter().map(RunRow::values));
        Self { statements: sql::print_write(&write, dialect), values, due: None }
    }

    /// Settles a job and notes its run. Answers a row, unless the job has been taken by somebody else meanwhile.
    pub fn settle(dialect: Dialect, taken: &JobRow, settled: &Settled, run: Option<&RunRow>) -> Self {
        let mut making = Making { terms: Terms::default(), table: &JOB };
        let filter = making.taken(taken.job.id, taken.fence);
        let mut writes = match settled {
            Settled::Done => {
                // The rows that are answered are those of the run; without one, the row is touched before it goes.
                let touched = run.is_none().then(|| making.update(vec![making_idle()], filter.clone()));
                let gone = sql::Delete { table: Ident::made(JOB.name), alias: alias(), filter };
                touched.into_iter().chain([Write::Delete(gone)]).collect()
            }
            Settled::Again { due, attempts, payload, error } => {
                let mut set = vec![
                    making_idle(),
                    making.set("due", Value::DateTime(*due)),
                    making.set("attempts", Value::Int(*attempts)),
                    making.set("error", optional_text(error.as_ref())),
                ];
                set.extend(
                    payload.as_ref().map(|payload| making.set("payload", Value::Text(payload.clone()))),
                );
                vec![making.update(set, filter)]
            }
            Settled::Dead { error } => {
                let set = vec![
                    making_idle(),
                    making.set("state", Value::Text(DEAD.to_owned())),
                    making.set("error", Value::Text(error.clone())),
                ];
                vec![making.update(set, filter)]
            }
        };
        let mut terms = making.terms;
        let statements = match run {
            Some(run) => {
                writes.push(noted(&mut terms, run));
                sql::print_write(&Write::Together(writes), dialect)
            }
            // PostgreSQL does not change a row twice in one statement.
            None => writes.iter().flat_map(|write| sql::print_write(write, dialect)).collect(),
        };
        let due = match settled {
            Settled::Again { due, .. } => Some(*due),
            Settled::Done | Settled::Dead { .. } => None,
        };
        Self { statements, values: terms.values, due }
    }
}

/// `lease = NULL`
fn making_idle() -> (Ident, Scalar) {
    (Ident::made("lease"), Scalar::Null(expr::Encoding::DateTime))
}

/// A run, noted where the write before it found its row.
fn noted(terms: &mut Terms, run: &RunRow) -> Write {
    let row: Vec<(Scalar, Ident)> = run
        .values()
        .into_iter()
        .zip(RUN.columns)
        .map(|(value, (name, encoding))| (terms.value(value, *encoding), Ident::made(name)))
        .collect();
    Write::Insert(Insert {
        table: Ident::made(RUN.name),
        columns: RUN.columns.iter().map(|(name, _)| Ident::made(name)).collect(),
        rows: Rows::Query(Box::new(Query { columns: row, filter: Some(Scalar::Wrote), ..Query::default() })),
        conflict: None,
        returning: vec![(Scalar::Bare(Ident::made("id")), Ident::made("id"))],
    })
}

fn lists(table: &Table) -> Vec<Param> {
    let list = |(place, (_, encoding)): (usize, &(&str, expr::Encoding))| Param {
        source: Source::Slot(u16::try_from(place).unwrap_or(u16::MAX)),
        encoding: *encoding,
        list: true,
    };
    table.columns.iter().enumerate().map(list).collect()
}

fn columns(table: &Table, rows: impl Iterator<Item = Vec<Value>>) -> Vec<Value> {
    let mut columns: Vec<Vec<Value>> = table.columns.iter().map(|_| Vec::new()).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns.into_iter().map(Value::List).collect()
}

impl Transaction {
    /// Runs a part; the rows that it answers.
    pub async fn carry(&mut self, part: &Part) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for statement in &part.statements {
            rows.extend(self.run(statement, &part.values).await?);
        }
        if let Some(due) = part.due {
            self.bring_work(due);
        }
        Ok(rows)
    }
}

impl Tenant {
    /// Puts jobs into the queue on their own.
    pub async fn jobs_insert(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.carry(&Part::insert(self.dialect(), jobs)).await?;
        transaction.commit().await
    }

    /// Takes up to so many jobs that are due and that nobody has, those that have waited longest first, until `lease`.
    pub async fn jobs_take(
        &self,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<JobRow>, StoreError> {
        let mut making = Making { terms: Terms::default(), table: &JOB };
        let limit = making.terms.value(Value::Int(most), expr::Encoding::Int);
        let due = JOB.compare(&mut making.terms, "due", sql::Compare::LessOrEqual, Value::DateTime(now));
        let ended = JOB.compare(&mut making.terms, "lease", sql::Compare::LessOrEqual, Value::DateTime(now));
        let free = Scalar::Or(vec![JOB.is_null("lease"), ended]);
        let by = |column: &str| Order { by: JOB.column(column), descending: false, nulls_first: false };
        let chosen = Query {
            columns: vec![(JOB.column("id"), Ident::made("id"))],
            from: Some(From { source: Relation::Table(Ident::made(JOB.name)), alias: alias() }),
            filter: Some(Scalar::And(vec![waiting(), due, free])),
            order: vec![by("due"), by("id")],
            limit: Some(limit),
            lock: Some(Lock::Free),
            ..Query::default()
        };
        let next = |column: &str| {
            let value = Box::new(JOB.column(column));
            let next = Scalar::Arithmetic(
                sql::Arithmetic::Add,
                expr::Encoding::Int,
                value,
                Box::new(Scalar::Int(1)),
            );
            (Ident::made(column), next)
        };
        let set = vec![making.set("lease", Value::DateTime(lease)), next("fence"), next("attempts")];
        let write = making.update(set, Scalar::InQuery(Box::new(JOB.column("id")), Box::new(chosen)));
        let statements = sql::print_write(&write, self.dialect());
        let rows = self.run_write(&statements, &making.terms.values).await?;
        let mut taken = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
        taken.sort_by_key(|row| (row.job.due, row.job.id));
        Ok(taken)
    }

    /// Settles a job that was taken, with what follows from it: all or nothing. False where somebody else has taken it meanwhile.
    pub async fn job_settle(
        &self,
        taken: &JobRow,
        settled: &Settled,
        run: Option<&RunRow>,
        following: &[NewJob],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let part = Part::settle(self.dialect(), taken, settled, run);
        if transaction.carry(&part).await?.is_empty() {
            transaction.rollback().await?;
            return Ok(false);
        }
        if !following.is_empty() {
            transaction.carry(&Part::insert(self.dialect(), following)).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives a dead job to the workers again, as if it were new; false where there is no such dead job.
    pub async fn job_replay(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut making = Making { terms: Terms::default(), table: &JOB };
        let filter = vec![
            JOB.is(&mut making.terms, "id", Value::Id(id)),
            JOB.is(&mut making.terms, "state", Value::Text(DEAD.to_owned())),
        ];
        let set = vec![
            making.set("state", Value::Text(WAITING.to_owned())),
            making.set("due", Value::DateTime(now)),
            making.set("attempts", Value::Int(0)),
        ];
        let statements = sql::print_write(&making.update(set, Scalar::And(filter)), self.dialect());
        let part = Part { statements, values: making.terms.values, due: Some(now) };
        let mut transaction = self.begin().await?;
        let there = !transaction.carry(&part).await?.is_empty();
        transaction.commit().await?;
        Ok(there)
    }

    /// Lets the jobs of these kinds that nobody has be due now, not later.
    pub async fn jobs_wake(&self, kinds: &[&str], now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut making = Making { terms: Terms::default(), table: &JOB };
        let later = JOB.compare(&mut making.terms, "due", sql::Compare::Greater, Value::DateTime(now));
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let filter =
            vec![JOB.is_in(&mut making.terms, "kind", kinds), waiting(), later, JOB.is_null("lease")];
        let set = vec![making.set("due", Value::DateTime(now))];
        let statements = sql::print_write(&making.update(set, Scalar::And(filter)), self.dialect());
        self.run_write(&statements, &making.terms.values).await.map(|_| ())
    }

    /// Hands jobs back that were taken and not begun: as if they had not been.
    pub async fn jobs_hand_back(&self, taken: &[JobRow]) -> Result<(), StoreError> {
        for row in taken {
            let again = Settled::Again {
                due: row.job.due,
                attempts: row.attempts - 1,
                payload: None,
                error: row.error.clone(),
            };
            self.job_settle(row, &again, None, &[]).await?;
        }
        Ok(())
    }

    /// Strikes out a job that no worker has; false where there is none.
    pub async fn job_discard(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut making = Making { terms: Terms::default(), table: &JOB };
        let ended = JOB.compare(&mut making.terms, "lease", sql::Compare::LessOrEqual, Value::DateTime(now));
        let filter = Scalar::And(vec![
            JOB.is(&mut making.terms, "id", Value::Id(id)),
            Scalar::Or(vec![JOB.is_null("lease"), ended]),
        ]);
        let touched = making.update(vec![making_idle()], filter.clone());
        let gone = Write::Delete(sql::Delete { table: Ident::made(JOB.name), alias: alias(), filter });
        let mut statements = sql::print_write(&touched, self.dialect());
        statements.extend(sql::print_write(&gone, self.dialect()));
        let part = Part { statements, values: making.terms.values, due: None };
        let mut transaction = self.begin().await?;
        let there = !transaction.carry(&part).await?.is_empty();
        transaction.commit().await?;
        Ok(there)
    }
}
