//! Takes the traces of erased records out of the platform's tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use expr::{Encoding, Value};
use metadata::Name;
use sql::{Cells, Delete, From, Ident, Query, Relation, Scalar, Update, Write};
use uuid::Uuid;

use super::traces::{Traces, within, within_json};
use super::{Erased, Erasing};
use crate::audit;
use crate::error::WriteError;
use crate::model::{Slots, alias, equals};
use crate::run::{Act, Halt, Run};

/// Patterns of one statement.
const PATTERNS: usize = 50;
/// In the place of who acted.
const NOBODY: &str = "erased";
/// What users are let in by.
const OF_USERS: [&str; 4] = ["credential", "user_role", "invitation", "identity"];

/// Scrubs what was kept of the records that the run has destroyed, and notes that it was done.
pub(crate) async fn scrub(run: &mut Run<'_>, erasing: &Erasing<'_>) -> Result<(), Halt> {
    let mut scrubbing = Scrubbing::default();
    for job in run.jobs.iter().filter(|job| job.act == Act::Destroy) {
        let object = &job.shape.object.name;
        scrubbing.gone.entry(object.clone()).or_default().push(job.id);
        *scrubbing.erased.records.entry(object.clone()).or_default() += 1;
        if let Some(before) = &job.before {
            scrubbing.traces.of_record(&job.shape, before);
        }
    }
    scrubbing.history(run).await?;
    let reason = &erasing.wanted.reason;
    if scrubbing.traces.names.iter().any(|name| reason.contains(name)) {
        let message =
            "the reason holds what is to be erased, and it is kept: say it in other words".to_owned();
        return Err(WriteError::Usage { message }.into());
    }
    scrubbing.events(run).await?;
    scrubbing.work(run).await?;
    scrubbing.outcomes(run).await?;
    scrubbing.actors(run).await?;
    scrubbing.access(run).await?;
    let entry = scrubbing.erased.entry(erasing.wanted);
    let (statements, values) = audit::statements(run.model.dialect, audit::author(erasing.caller), entry);
    for statement in &statements {
        run.execute(statement, &values).await?;
    }
    // Set once a pass: one that lost its race is run again and leaves the same place empty.
    let _ = erasing.done.set(scrubbing.erased);
    Ok(())
}

#[derive(Default)]
struct Scrubbing {
    gone: BTreeMap<Name, Vec<Uuid>>,
    traces: Traces,
    erased: Erased,
}

fn column(name: &str) -> Scalar {
    Scalar::Column(alias(), Ident::made(name))
}

fn ids(ids: &[Uuid]) -> Value {
    Value::List(ids.iter().copied().map(Value::Id).collect())
}

fn count(rows: &[store::Row]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// A condition with the values of its slots, which come first in their statement.
struct Condition {
    filter: Scalar,
    slots: Slots,
    values: Vec<Value>,
}

impl Condition {
    fn none() -> Self {
        Self { filter: Scalar::Or(Vec::new()), slots: Slots::default(), values: Vec::new() }
    }

    /// The column holds one of these.
    fn among(name: &str, list: Value, encoding: Encoding) -> Self {
        let mut slots = Slots::default();
        let filter = Scalar::InParam(Box::new(column(name)), slots.list(encoding));
        Self { filter, slots, values: vec![list] }
    }

    /// Or the column matches one of these patterns.
    fn or_like(mut self, name: &str, patterns: &[String]) -> Self {
        let mut any = vec![self.filter];
        for pattern in patterns {
            any.push(Scalar::Like(Box::new(column(name)), Box::new(self.slots.one(Encoding::Text))));
            self.values.push(Value::Text(pattern.clone()));
        }
        Self { filter: Scalar::Or(any), ..self }
    }
}

impl Scrubbing {
    /// The history goes; what it holds is looked for elsewhere, too.
    async fn history(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        for (object, gone) in self.gone.clone() {
            let shape = Arc::clone(run.model.shape(&object)?);
            let mut slots = Slots::default();
            let of_record = Scalar::And(vec![
                equals(column("object"), slots.one(Encoding::Text)),
                Scalar::InParam(Box::new(column("record")), slots.list(Encoding::Id)),
            ]);
            let values = [Value::Text(object.as_str().to_owned()), ids(&gone)];
            let rows = select(run, "history", &["changes"], of_record.clone(), &values).await?;
            for row in &rows {
                if let Value::Text(changes) = row.value(0, Encoding::Text) {
                    self.traces.of_changes(&shape.object, &changes);
                }
            }
            delete(run, "history", of_record, &values).await?;
            self.erased.history += count(&rows);
        }
        Ok(())
    }

    /// Events that wait are still told, without content.
    async fn events(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        for gone in self.gone.values() {
            let of_record = Condition::among("record", ids(gone), Encoding::Id);
            let set = ("payload", Value::Text("{}".to_owned()), Encoding::Text);
            self.erased.events += update(run, "outbox", of_record, set).await?;
        }
        Ok(())
    }

    /// Work that waits for the records goes, and with it the notes of what was run on them. Work on others that names the person
    /// is done by nobody, and without content.
    async fn work(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        for gone in self.gone.values() {
            for (table, column) in [
                ("job", "record"),
                ("automation_run", "record"),
                ("notification", "record"),
                ("notification", "user_id"),
            ] {
                let of_record = Condition::among(column, ids(gone), Encoding::Id);
                delete(run, table, of_record.filter, &of_record.values).await?;
            }
        }
        let gone = self.gone.values().flatten().map(|id| within(&id.to_string()));
        let patterns: Vec<String> =
            gone.chain(self.traces.texts.iter().map(|text| within_json(text))).collect();
        for patterns in patterns.chunks(PATTERNS) {
            let told = |column: &str| Condition::none().or_like(column, patterns);
            let empty = ("payload", Value::Text("{}".to_owned()), Encoding::Text);
            update(run, "job", told("payload"), empty).await?;
            update(run, "job", told("error"), ("error", Value::Null, Encoding::Text)).await?;
            let told_of = told("message");
            delete(run, "notification", told_of.filter, &told_of.values).await?;
            for column in ["input", "effects", "error"] {
                update(run, "automation_run", told(column), (column, Value::Null, Encoding::Text)).await?;
            }
        }
        Ok(())
    }

    /// Outcomes that hold an id or a text of the records go.
    async fn outcomes(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        let gone = self.gone.values().flatten().map(|id| within(&id.to_string()));
        let patterns: Vec<String> =
            gone.chain(self.traces.texts.iter().map(|text| within_json(text))).collect();
        for patterns in patterns.chunks(PATTERNS) {
            let found = Condition::none().or_like("outcome", patterns);
            let rows = select(run, "idempotency", &["key"], found.filter, &found.values).await?;
            let keys = rows.iter().map(|row| row.value(0, Encoding::Text)).collect();
            let among = Condition::among("key", Value::List(keys), Encoding::Text);
            delete(run, "idempotency", among.filter, &among.values).await?;
            self.erased.outcomes += count(&rows);
        }
        Ok(())
    }

    /// What the audit log says beside the act, and who acted, where that names the person.
    async fn actors(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        let gone: Vec<Uuid> = self.gone.values().flatten().copied().collect();
        let of_record = Condition::among("record", ids(&gone), Encoding::Id);
        let nothing = || ("detail", Value::Null, Encoding::Text);
        self.erased.audit += update(run, "audit", of_record, nothing()).await?;
        let by_person = Condition::among("user_id", ids(&gone), Encoding::Id);
        let nobody = || ("actor", Value::Text(NOBODY.to_owned()), Encoding::Text);
        self.erased.audit += update(run, "audit", by_person, nobody()).await?;
        for table in ["history", "transition"] {
            update(run, table, Condition::among("user_id", ids(&gone), Encoding::Id), nobody()).await?;
        }
        let names: Vec<String> = self.traces.names.iter().map(|name| within(name)).collect();
        for patterns in names.chunks(PATTERNS) {
            let by = || Condition::none().or_like("actor", patterns);
            self.erased.audit += update(run, "audit", by(), nobody()).await?;
            update(run, "history", by(), nobody()).await?;
            update(run, "transition", by(), nobody()).await?;
            // Why a record was moved may name the person.
            let said = Condition::none().or_like("reason", patterns);
            update(run, "transition", said, ("reason", Value::Null, Encoding::Text)).await?;
            update(run, "metadata_version", by(), nobody()).await?;
        }
        let names: Vec<String> = self.traces.names.iter().map(|name| within_json(name)).collect();
        for patterns in names.chunks(PATTERNS) {
            let told = Condition::none().or_like("detail", patterns);
            self.erased.audit += update(run, "audit", told, nothing()).await?;
        }
        Ok(())
    }

    /// Users lose what let them in; shares of the records, and with the users, end.
    async fn access(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        let gone: Vec<Uuid> = self.gone.values().flatten().copied().collect();
        let texts = gone.iter().map(|id| Value::Text(id.to_string())).collect();
        let mut conditions: Vec<(&str, Condition)> = OF_USERS
            .iter()
            .map(|table| (*table, Condition::among("user_id", ids(&gone), Encoding::Id)))
            .collect();
        conditions.push(("share", Condition::among("record", ids(&gone), Encoding::Id)));
        conditions.push(("share", Condition::among("grantee", Value::List(texts), Encoding::Text)));
        let names: Vec<String> = self.traces.names.iter().map(|name| within(name)).collect();
        for (table, condition) in conditions {
            let one = if table == "share" { "id" } else { "user_id" };
            let rows = select(run, table, &[one], condition.filter.clone(), &condition.values).await?;
            delete(run, table, condition.filter, &condition.values).await?;
            self.erased.access += count(&rows);
        }
        for patterns in names.chunks(PATTERNS) {
            let by = Condition::none().or_like("created_by", patterns);
            let nobody = ("created_by", Value::Text(NOBODY.to_owned()), Encoding::Text);
            update(run, "share", by, nobody).await?;
        }
        Ok(())
    }
}

async fn select(
    run: &mut Run<'_>,
    table: &str,
    columns: &[&str],
    filter: Scalar,
    values: &[Value],
) -> Result<Vec<store::Row>, Halt> {
    let query = Query {
        columns: columns.iter().map(|name| (column(name), Ident::made(name))).collect(),
        from: Some(From { source: Relation::Table(Ident::made(table)), alias: alias() }),
        filter: Some(filter),
        ..Query::default()
    };
    let statement = sql::print_query(&query, run.model.dialect);
    Ok(run.execute(&statement, values).await?)
}

async fn delete(run: &mut Run<'_>, table: &str, filter: Scalar, values: &[Value]) -> Result<(), Halt> {
    let write = Write::Delete(Delete { table: Ident::made(table), alias: alias(), filter });
    for statement in sql::print_write(&write, run.model.dialect) {
        run.execute(&statement, values).await?;
    }
    Ok(())
}

/// Sets one column of the rows that meet a condition; how many there were.
async fn update(
    run: &mut Run<'_>,
    table: &str,
    condition: Condition,
    (name, value, encoding): (&str, Value, Encoding),
) -> Result<u64, Halt> {
    let Condition { filter, mut slots, mut values } = condition;
    let set = vec![(Ident::made(name), slots.one(encoding))];
    values.push(value);
    let returning = vec![(column(name), Ident::made(name))];
    let write = Write::Update(Update { table: Ident::made(table), alias: alias(), set, filter, returning });
    let mut written = 0;
    for statement in sql::print_write(&write, run.model.dialect) {
        written += count(&run.execute(&statement, &values).await?);
    }
    Ok(written)
}
