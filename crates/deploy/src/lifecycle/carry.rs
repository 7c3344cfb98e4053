//! Makes records and their log what the new lifecycles say, within the transaction that publishes: whoever dies before it leaves nothing.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use expr::{Encoding, Moment, Value};
use metadata::catalog::Lifecycle;
use metadata::layout::Column;
use query::lower::Lowering;
use sha2::{Digest, Sha256};
use sql::{Cells, Compare, Fold, Ident, Insert, Query, Rows, Scalar, Update, Write};
use store::{Tenant, Transaction};

use super::StageWork;
use crate::apply::{set_cells, tell};
use crate::error::DeployError;
use crate::observe::Stage;
use crate::options::ApplyOptions;
use crate::plan::Draft;
use crate::rows::{Batches, Read};
use crate::statements::{ROW, column, compare, constant, list, print, results, run, table};

/// The log of stays.
pub const LOG: &str = "transition";

/// Rows that are rewritten at a time.
const BATCH: i64 = 1_000;

/// All of it.
pub async fn carry(
    tenant: &Tenant,
    transaction: &mut Transaction,
    draft: &Draft,
    options: &ApplyOptions,
) -> Result<(), DeployError> {
    for work in &draft.work.stages {
        tell(options, Stage::Backfill, &work.table, 0, 0)?;
        let carrier = Carrier { tenant, draft, work, options };
        carrier.rename(transaction).await?;
        carrier.move_all(transaction).await?;
        carrier.begin(transaction).await?;
    }
    Ok(())
}

struct Carrier<'a> {
    tenant: &'a Tenant,
    draft: &'a Draft,
    work: &'a StageWork,
    options: &'a ApplyOptions,
}

/// A record that is put into a stage.
struct Put {
    record: Value,
    from: Option<String>,
    to: String,
    entered: DateTime<Utc>,
    pass: i64,
}

fn text(value: &str) -> Scalar {
    constant(Value::Text(value.to_owned()), Encoding::Text)
}

fn is(name: &str, value: &str) -> Scalar {
    compare(Compare::Equal, column(name), text(value))
}

/// One column of a table, with other values for those that are named.
fn replacing(name: &str, of: &str, values: &[(String, String)], filter: Scalar) -> Write {
    let whens = values.iter().map(|(old, new)| (is(of, old), text(new))).collect();
    let old = values.iter().map(|(old, _)| Value::Text(old.clone())).collect();
    let in_use = Scalar::InParam(Box::new(column(of)), list(old, Encoding::Text));
    Write::Update(Update {
        table: Ident::made(name),
        alias: Ident::made(ROW),
        set: vec![(Ident::made(of), Scalar::Case(whens, None))],
        filter: Scalar::And(vec![filter, in_use]),
        returning: Vec::new(),
    })
}

impl Carrier<'_> {
    /// Other names for lifecycles and stages, in records and log.
    async fn rename(&self, transaction: &mut Transaction) -> Result<(), DeployError> {
        let (work, columns) = (self.work, &self.work.columns);
        let of_object = || is("object", &work.object.name);
        if !work.renamed.is_empty() {
            let everywhere = Scalar::Bool(true);
            let write = replacing(&work.table, &columns.lifecycle.name, &work.renamed, everywhere);
            run(self.tenant, transaction, &write).await?;
            let write = replacing(LOG, "lifecycle", &work.renamed, of_object());
            run(self.tenant, transaction, &write).await?;
        }
        for (lifecycle, stages) in &work.stages {
            let stages: Vec<(String, String)> = stages.clone().into_iter().collect();
            let of_lifecycle = is(&columns.lifecycle.name, lifecycle);
            let write = replacing(&work.table, &columns.stage.name, &stages, of_lifecycle);
            run(self.tenant, transaction, &write).await?;
            for of in ["from_stage", "to_stage", "left_to"] {
                let filter = Scalar::And(vec![of_object(), is("lifecycle", lifecycle)]);
                run(self.tenant, transaction, &replacing(LOG, of, &stages, filter)).await?;
            }
        }
        Ok(())
    }

    /// Records of stages that are gone: their stay ends, another begins.
    async fn move_all(&self, transaction: &mut Transaction) -> Result<(), DeployError> {
        let columns = &self.work.columns;
        for (lifecycle, stages) in &self.work.moved {
            let old = stages.keys().map(|old| Value::Text(old.clone())).collect();
            let standing = Scalar::InParam(Box::new(column(&columns.stage.name)), list(old, Encoding::Text));
            let filter = Scalar::And(vec![is(&columns.lifecycle.name, lifecycle), standing]);
            let mut batches = Batches::new(&self.work.table, vec![columns.stage.clone()], filter, BATCH);
            loop {
                let rows = batches.lock(self.tenant, transaction).await?;
                if rows.is_empty() {
                    break;
                }
                let puts = self.moved(transaction, &rows, stages, lifecycle).await?;
                self.end(transaction, &puts).await?;
                self.put(transaction, lifecycle, &puts).await?;
            }
        }
        Ok(())
    }

    async fn moved(
        &self,
        transaction: &mut Transaction,
        rows: &[Read],
        stages: &BTreeMap<String, String>,
        lifecycle: &str,
    ) -> Result<Vec<Put>, DeployError> {
        let passes = self.passes(transaction, rows, lifecycle).await?;
        let put = |row: &Read| {
            let Some(Value::Text(from)) = row.cells.first() else { return None };
            let to = stages.get(from)?.clone();
            let pass = passes.get(&(row.id.clone(), to.clone())).map_or(1, |pass| pass + 1);
            let (record, from) = (row.id.clone(), Some(from.clone()));
            Some(Put { record, from, to, entered: self.options.at, pass })
        };
        Ok(rows.iter().filter_map(put).collect())
    }

    /// How often each record has been in each stage.
    async fn passes(
        &self,
        transaction: &mut Transaction,
        rows: &[Read],
        lifecycle: &str,
    ) -> Result<HashMap<(Value, String), i64>, DeployError> {
        let ids = rows.iter().map(|row| row.id.clone()).collect();
        let keys = [column("record"), column("to_stage")];
        let most = Scalar::Aggregate(Fold::Max, Box::new(column("pass")), Encoding::Int);
        let query = Query {
            columns: results(keys.iter().cloned().chain([most])),
            from: Some(table(LOG)),
            filter: Some(Scalar::And(vec![
                is("object", &self.work.object.name),
                is("lifecycle", lifecycle),
                Scalar::InParam(Box::new(column("record")), list(ids, Encoding::Id)),
            ])),
            group: keys.to_vec(),
            ..Query::default()
        };
        let rows = transaction.run(&print(&query, self.tenant), &[]).await?;
        let read = |row: &store::Row| match (row.value(1, Encoding::Text), row.value(2, Encoding::Int)) {
            (Value::Text(stage), Value::Int(pass)) => Some(((row.value(0, Encoding::Id), stage), pass)),
            _ => None,
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    /// Ends the stays that records are in.
    async fn end(&self, transaction: &mut Transaction, puts: &[Put]) -> Result<(), DeployError> {
        let mut targets: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for put in puts {
            targets.entry(&put.to).or_default().push(put.record.clone());
        }
        for (to, records) in targets {
            let at = constant(Value::DateTime(self.options.at), Encoding::DateTime);
            let write = Write::Update(Update {
                table: Ident::made(LOG),
                alias: Ident::made(ROW),
                set: vec![(Ident::made("left_at"), at), (Ident::made("left_to"), text(to))],
                filter: Scalar::And(vec![
                    is("object", &self.work.object.name),
                    Scalar::InParam(Box::new(column("record")), list(records, Encoding::Id)),
                    Scalar::IsNull(Box::new(column("left_at"))),
                ]),
                returning: Vec::new(),
            });
            run(self.tenant, transaction, &write).await?;
        }
        Ok(())
    }

    /// Records without lifecycle take the first whose condition holds: in their own stage if it has it, else at its entry.
    async fn begin(&self, transaction: &mut Transaction) -> Result<(), DeployError> {
        let catalog = &self.draft.resolved.catalog;
        for lifecycle in self.work.takers(catalog) {
            let (filter, values) = self.taken(lifecycle)?;
            let columns = &self.work.columns;
            let updated = Column {
                name: "updated_at".to_owned(),
                role: metadata::layout::Role::Value,
                encoding: Encoding::DateTime,
            };
            let reads = vec![columns.stage.clone(), updated];
            let mut batches = Batches::new(&self.work.table, reads, filter, BATCH).with_values(values);
            loop {
                let rows = batches.lock(self.tenant, transaction).await?;
                if rows.is_empty() {
                    break;
                }
                let puts: Vec<Put> = rows.into_iter().filter_map(|row| self.begun(lifecycle, row)).collect();
                self.put(transaction, &lifecycle.name, &puts).await?;
            }
        }
        Ok(())
    }

    /// The records that it takes.
    fn taken(&self, lifecycle: &Lifecycle) -> Result<(Scalar, Vec<Value>), DeployError> {
        let none = Scalar::IsNull(Box::new(column(&self.work.columns.lifecycle.name)));
        let Some(when) = &lifecycle.when else { return Ok((none, Vec::new())) };
        let catalog = &self.draft.resolved.catalog;
        let mut lowering = Lowering::new(catalog, self.tenant.dialect(), 0);
        let holds = lowering.condition(when, &self.work.object.name, &Ident::made(ROW))?;
        let moment = Moment { now: self.options.at, zone: chrono_tz::UTC };
        let values = lowering.into_slots().bind(&[], &moment, &query::access::Facts::default())?;
        Ok((Scalar::And(vec![none, holds]), values))
    }

    fn begun(&self, lifecycle: &Lifecycle, row: Read) -> Option<Put> {
        let mut cells = row.cells.into_iter();
        let own = match cells.next() {
            Some(Value::Text(stage)) if lifecycle.stages.contains_key(stage.as_str()) => Some(stage),
            _ => None,
        };
        let entered = match cells.next() {
            Some(Value::DateTime(at)) => at,
            _ => self.options.at,
        };
        let to = own.or_else(|| lifecycle.entry().map(|entry| entry.name.to_string()))?;
        Some(Put { record: row.id, from: None, to, entered, pass: 1 })
    }

    /// Puts records into stages, and notes it.
    async fn put(
        &self,
        transaction: &mut Transaction,
        lifecycle: &str,
        puts: &[Put],
    ) -> Result<(), DeployError> {
        let columns = &self.work.columns;
        let texts = |text: &str| Value::Text(text.to_owned());
        let cells = vec![
            (&columns.lifecycle, puts.iter().map(|_| texts(lifecycle)).collect()),
            (&columns.stage, puts.iter().map(|put| texts(&put.to)).collect()),
            (&columns.entered, puts.iter().map(|put| Value::DateTime(put.entered)).collect()),
            (&columns.pass, puts.iter().map(|put| Value::Int(put.pass)).collect()),
        ];
        let ids = puts.iter().map(|put| put.record.clone()).collect();
        set_cells(self.tenant, transaction, &self.work.table, ids, cells).await?;
        run(self.tenant, transaction, &self.stays(lifecycle, puts)).await
    }

    /// The stays as rows of the log.
    fn stays(&self, lifecycle: &str, puts: &[Put]) -> Write {
        let version = self.draft.resolved.catalog.version;
        let same = |value: Value| vec![value; puts.len()];
        let texts = |text: &str| same(Value::Text(text.to_owned()));
        let from = |put: &Put| put.from.clone().map_or(Value::Null, Value::Text);
        let columns: [(&str, Encoding, Vec<Value>); 11] = [
            ("id", Encoding::Id, puts.iter().map(|put| stay_id(&put.record, lifecycle, version)).collect()),
            ("object", Encoding::Text, texts(&self.work.object.name)),
            ("record", Encoding::Id, puts.iter().map(|put| put.record.clone()).collect()),
            ("lifecycle", Encoding::Text, texts(lifecycle)),
            ("from_stage", Encoding::Text, puts.iter().map(from).collect()),
            ("to_stage", Encoding::Text, puts.iter().map(|put| Value::Text(put.to.clone())).collect()),
            ("pass", Encoding::Int, puts.iter().map(|put| Value::Int(put.pass)).collect()),
            ("entered", Encoding::DateTime, puts.iter().map(|put| Value::DateTime(put.entered)).collect()),
            ("actor", Encoding::Text, texts(&self.options.actor)),
            ("cause", Encoding::Text, texts("apply")),
            ("version", Encoding::Int, same(Value::Int(version))),
        ];
        let (names, lists) = columns
            .into_iter()
            .map(|(name, encoding, values)| (Ident::made(name), list(values, encoding)))
            .unzip();
        Write::Insert(Insert {
            table: Ident::made(LOG),
            columns: names,
            rows: Rows::Unnest(lists),
            conflict: None,
            returning: Vec::new(),
        })
    }
}

/// The id of the stay that a version of the catalog puts a record into: made of both, so that it needs no randomness.
fn stay_id(record: &Value, lifecycle: &str, version: i64) -> Value {
    let mut digest = Sha256::new();
    if let Value::Id(id) = record {
        digest.update(id.as_bytes());
    }
    digest.update(lifecycle.as_bytes());
    digest.update(version.to_be_bytes());
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest.finalize()).for_each(|(byte, hashed)| *byte = hashed);
    Value::Id(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_record_and_a_version_have_one_stay() {
        let record = Value::Id(Uuid::from_u128(7));
        assert_eq!(stay_id(&record, "a", 1), stay_id(&record, "a", 1));
        assert_ne!(stay_id(&record, "a", 1), stay_id(&record, "a", 2));
        assert_ne!(stay_id(&record, "a", 1), stay_id(&Value::Id(Uuid::from_u128(8)), "a", 1));
    }
}
