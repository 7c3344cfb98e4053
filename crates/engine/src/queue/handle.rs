//! The handler of an automation, run for a job: computed values are written to the record, in one transaction with the job's end.

use std::sync::Arc;

use expr::{Encoding, Moment, Value};
use metadata::Name;
use metadata::catalog::{Automation, FieldType};
use query::access::Access;
use query::lower::Lowering;
use query::request::{Batch, Deleted, Input, Operation, RecordData, RecordRef, Write};
use sql::{Cells, From, Ident, Query, Relation, Scalar};
use uuid::Uuid;

use crate::caller::Caller;
use crate::engine::{Engine, Rider};
use crate::error::WriteError;
use crate::model::{Shape, Slots, alias, equals, living, system_column};
use crate::outcome::{Code, Outcome, Refusal};
use crate::queue::Duty;

/// How often values are computed anew because the record was changed meanwhile.
const ATTEMPTS: usize = 5;

/// What came of a handler.
#[derive(Clone, Debug, PartialEq)]
pub enum Handled {
    /// It ran; the rider's note is written, unless something was refused.
    Ran(Outcome),
    /// There was nothing to do: the record is gone, or `when` does not hold of it. Nothing is noted.
    Idle,
}

/// What a handler computed of a record.
struct Computed {
    version: i64,
    values: Vec<Value>,
}

impl Engine {
    /// Runs the handler of an automation on a record with the rights of the caller, who is the automation's principal. What `when` and `set`
    /// look at is not limited by these rights; what is written is.
    pub async fn handle(
        &self,
        caller: &Caller,
        automation: &Automation,
        (object, id): (&Name, Uuid),
        (rider, duty): (&dyn Rider, Option<&Duty<'_>>),
    ) -> Result<Handled, WriteError> {
        for _ in 0..ATTEMPTS {
            let Some(computed) = self.computed(caller, automation, (object, id)).await? else {
                return Ok(Handled::Idle);
            };
            let write = write(caller, automation, (object, id), &computed)?;
            // Where nothing is set, the record is only looked at, and no right is needed for that.
            let looking = Caller { access: Access::Everything, ..caller.clone() };
            let writer = if automation.set.is_empty() { &looking } else { caller };
            let outcome = self.write_riding(writer, write, None, (Some(rider), duty)).await?;
            // A conflict without rule is one of versions.
            let outdated = |refusal: &Refusal| refusal.code == Code::Conflict && refusal.rule.is_none();
            if !outcome.errors.iter().any(outdated) {
                return Ok(Handled::Ran(outcome));
            }
        }
        Err(WriteError::Store(store::StoreError::Retryable))
    }

    /// Runs a function that is about no record.
    ///
    /// # Errors
    /// It failed, or the database did.
    pub async fn run_function(
        &self,
        platform: &Caller,
        duty: &Duty<'_>,
        rider: &dyn Rider,
    ) -> Result<Outcome, WriteError> {
        let object = Name::new("user").map_err(WriteError::internal)?;
        let operation = Operation::Create(Vec::new(), Batch::AllOrNone);
        let write = Write { object, operation, dry_run: false, idempotency_key: None };
        self.write_riding(platform, write, None, (Some(rider), Some(duty))).await
    }

    /// What is to be set, and the version of the record of which it was computed; nothing where the automation does not concern the record.
    async fn computed(
        &self,
        caller: &Caller,
        automation: &Automation,
        (object, id): (&Name, Uuid),
    ) -> Result<Option<Computed>, WriteError> {
        let model = self.model(caller)?;
        let shape = Arc::clone(model.shape(object)?);
        let dialect = caller.tenant.dialect();
        let mut lowering = Lowering::new(&caller.catalog, dialect, 1);
        let mut filter =
            vec![equals(system_column(&shape, shape.system.id), Slots::default().one(Encoding::Id))];
        filter.extend(living(&shape, Deleted::Without));
        if let Some(when) = &automation.when {
            filter.push(lowering.condition(when, object, &alias()).map_err(WriteError::internal)?);
        }
        let version = system_column(&shape, shape.system.version);
        let mut columns = vec![(version, Ident::made("version"))];
        let mut encodings = Vec::new();
        for (place, (field, expr)) in automation.set.iter().enumerate() {
            let (value, encoding) = lowering.scalar(expr, object, &alias()).map_err(WriteError::internal)?;
            let stored = stored(&shape, field).unwrap_or(encoding);
            columns.push((converted(value, encoding, stored), Ident::made(&format!("s{place}"))));
            encodings.push(stored);
        }
        let query = Query {
            columns,
            from: Some(From { source: Relation::Table(shape.table.clone()), alias: alias() }),
            filter: Some(Scalar::And(filter)),
            ..Query::default()
        };
        let moment = Moment { now: caller.clock.now(), zone: caller.zone };
        let values = lowering.into_slots().bind(&[Value::Id(id)], &moment, &caller.facts);
        let values = values.map_err(WriteError::internal)?;
        let rows = caller.tenant.fetch(&sql::print_query(&query, dialect), &values).await?;
        let read = |row: &store::Row| {
            let Value::Int(version) = row.value(0, Encoding::Int) else { return None };
            let values =
                encodings.iter().enumerate().map(|(place, encoding)| row.value(place + 1, *encoding));
            Some(Computed { version, values: values.collect() })
        };
        Ok(rows.first().and_then(read))
    }
}

/// How a field's value is stored.
fn stored(shape: &Shape, field: &str) -> Option<Encoding> {
    let slot = shape.value_slot(field)?;
    shape.columns.get(slot).map(|stored| stored.encoding)
}

/// A number in the kind that the field holds.
fn converted(value: Scalar, from: Encoding, to: Encoding) -> Scalar {
    match (from, to) {
        (Encoding::Int | Encoding::Decimal(_), Encoding::Decimal(_)) if from != to => {
            Scalar::Convert(Box::new(value), from, to)
        }
        _ => value,
    }
}

fn write(
    caller: &Caller,
    automation: &Automation,
    (object, id): (&Name, Uuid),
    computed: &Computed,
) -> Result<Write, WriteError> {
    let known = caller.catalog.object(object);
    let known = known.ok_or_else(|| WriteError::internal(format!("no object `{object}`")))?;
    let mut data = RecordData::default();
    for ((field, _), value) in automation.set.iter().zip(&computed.values) {
        let input = match (known.field(field).map(|field| &field.ty), value) {
            (Some(FieldType::Lookup(_)), Value::Id(id)) => Input::One(RecordRef::Id(*id)),
            (_, value) => Input::Value(value.clone()),
        };
        data.fields.push((field.clone(), input));
    }
    let operation = Operation::Update { id, data, expected_version: Some(computed.version) };
    Ok(Write { object: object.clone(), operation, dry_run: false, idempotency_key: None })
}
