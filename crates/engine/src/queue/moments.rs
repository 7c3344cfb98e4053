//! Records that wait for a moment: those whose date has come, and when the next one comes. Asked by workers, on nobody's behalf.

use std::sync::Arc;

use expr::{Encoding, Expr, Moment, Value};
use metadata::Name;
use query::lower::Lowering;
use query::request::Deleted;
use sql::{Cells, Compare, Fold, From, Ident, Order, Query, Relation, Scalar};
use uuid::Uuid;

use super::Kind;
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::WriteError;
use crate::model::{Shape, Slots, alias, equals, living, system_column};

/// Which records are looked for.
#[derive(Clone, Debug)]
pub struct Awaiting<'a> {
    /// Of which object.
    pub object: &'a Name,
    /// A date or date-time of theirs, where one decides.
    pub field: Option<&'a str>,
    /// Its value lies behind this.
    pub after: Value,
    /// Its value lies not behind this.
    pub until: Value,
    /// They are in one of these stages; in any where none is named.
    pub stages: Vec<Arc<str>>,
    /// They take this lifecycle.
    pub lifecycle: Option<&'a str>,
    /// What else holds of them, as far as the database can be asked: the others are left to whoever acts.
    pub conditions: Vec<&'a Expr>,
    /// No job of this kind waits for them.
    pub unless: Option<Kind>,
    /// It is this one.
    pub only: Option<Uuid>,
}

impl<'a> Awaiting<'a> {
    /// All living records of an object.
    pub fn all(object: &'a Name) -> Self {
        Self {
            object,
            field: None,
            after: Value::Null,
            until: Value::Null,
            stages: Vec::new(),
            lifecycle: None,
            conditions: Vec::new(),
            unless: None,
            only: None,
        }
    }
}

/// A record that was found, with the value of the field.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// The record.
    pub id: Uuid,
    /// The field's value; null without field.
    pub value: Value,
}

/// A query in the making: the values come first, what expressions need behind them.
struct Asking<'a> {
    shape: &'a Shape,
    slots: Slots,
    values: Vec<Value>,
    filter: Vec<Scalar>,
}

impl Asking<'_> {
    fn value(&mut self, value: Value, encoding: Encoding) -> Scalar {
        self.values.push(value);
        self.slots.one(encoding)
    }

    fn compare(&mut self, column: Scalar, compare: Compare, value: Value, encoding: Encoding) {
        let value = self.value(value, encoding);
        self.filter.push(Scalar::Compare(compare, Box::new(column), Box::new(value)));
    }

    /// The column of a field, where it is stored in one.
    fn column(&self, field: &str) -> Option<(Scalar, Encoding)> {
        let slot = self.shape.value_slot(field)?;
        Some((system_column(self.shape, slot), self.shape.columns.get(slot)?.encoding))
    }

    fn awaiting(&mut self, wanted: &Awaiting<'_>) -> Result<Option<(Scalar, Encoding)>, WriteError> {
        self.filter.extend(living(self.shape, Deleted::Without));
        let missing =
            |field: &str| WriteError::internal(format!("`{}.{field}` is not stored", wanted.object));
        if !wanted.stages.is_empty() {
            let (stage, encoding) = self.column("stage").ok_or_else(|| missing("stage"))?;
            self.values.push(Value::List(
                wanted.stages.iter().map(|stage| Value::Text(stage.to_string())).collect(),
            ));
            let among = self.slots.list(encoding);
            self.filter.push(Scalar::InParam(Box::new(stage), among));
        }
        if let Some(lifecycle) = wanted.lifecycle {
            let (column, encoding) = self.column("lifecycle").ok_or_else(|| missing("lifecycle"))?;
            self.compare(column, Compare::Equal, Value::Text(lifecycle.to_owned()), encoding);
        }
        if let Some(kind) = wanted.unless {
            let waits = self.waits(wanted.object, kind);
            self.filter.push(Scalar::Not(Box::new(waits)));
        }
        if let Some(only) = wanted.only {
            let id = system_column(self.shape, self.shape.system.id);
            self.compare(id, Compare::Equal, Value::Id(only), Encoding::Id);
        }
        let Some(field) = wanted.field else { return Ok(None) };
        let (column, encoding) = self.column(field).ok_or_else(|| missing(field))?;
        if !wanted.after.is_null() {
            self.compare(column.clone(), Compare::Greater, wanted.after.clone(), encoding);
        }
        if !wanted.until.is_null() {
            self.compare(column.clone(), Compare::LessOrEqual, wanted.until.clone(), encoding);
        }
        self.filter.push(Scalar::Not(Box::new(Scalar::IsNull(Box::new(column.clone())))));
        Ok(Some((column, encoding)))
    }

    /// Whether a job of that kind waits for the record.
    fn waits(&mut self, object: &Name, kind: Kind) -> Scalar {
        let job = Ident::made("j");
        let of = |name: &str| Scalar::Column(job.clone(), Ident::made(name));
        let object = self.value(Value::Text(object.as_str().to_owned()), Encoding::Text);
        let kind = self.value(Value::Text(kind.as_str().to_owned()), Encoding::Text);
        let filter = vec![
            equals(of("object"), object),
            equals(of("record"), system_column(self.shape, self.shape.system.id)),
            equals(of("kind"), kind),
        ];
        Scalar::Exists(Box::new(Query {
            columns: vec![(Scalar::Int(1), Ident::made("one"))],
            from: Some(From { source: Relation::Table(Ident::made("job")), alias: job.clone() }),
            filter: Some(Scalar::And(filter)),
            ..Query::default()
        }))
    }

    /// The rows of the query, with all conditions that can be asked.
    async fn rows(
        self,
        caller: &Caller,
        conditions: &[&Expr],
        query: Query,
    ) -> Result<Vec<store::Row>, WriteError> {
        let (dialect, catalog) = (caller.tenant.dialect(), &caller.catalog);
        let given = u16::try_from(self.values.len()).map_err(WriteError::internal)?;
        let mut lowering = Lowering::new(catalog, dialect, given);
        let mut filter = self.filter;
        for condition in conditions {
            // One that names what only the engine knows is judged when somebody acts.
            if let Ok(condition) = lowering.condition(condition, &self.shape.object.name, &alias()) {
                filter.push(condition);
            }
        }
        let query = Query { filter: Some(Scalar::And(filter)), ..query };
        let moment = Moment { now: caller.clock.now(), zone: caller.zone };
        let bound = lowering.into_slots().bind(&self.values, &moment, &caller.facts);
        let values = bound.map_err(WriteError::internal)?;
        Ok(caller.tenant.fetch(&sql::print_query(&query, dialect), &values).await?)
    }
}

fn from(shape: &Shape) -> From {
    From { source: Relation::Table(shape.table.clone()), alias: alias() }
}

impl Engine {
    /// Some of the records that are looked for, by id, behind one.
    pub async fn matching(
        &self,
        caller: &Caller,
        wanted: &Awaiting<'_>,
        (behind, first): (Option<Uuid>, i64),
    ) -> Result<Vec<Matched>, WriteError> {
        let model = self.model(caller)?;
        let shape = Arc::clone(model.shape(wanted.object)?);
        let mut asking =
            Asking { shape: &shape, slots: Slots::default(), values: Vec::new(), filter: Vec::new() };
        let id = || system_column(&shape, shape.system.id);
        let field = asking.awaiting(wanted)?;
        if let Some(behind) = behind {
            asking.compare(id(), Compare::Greater, Value::Id(behind), Encoding::Id);
        }
        let mut columns = vec![(id(), Ident::made("id"))];
        columns.extend(field.iter().map(|(column, _)| (column.clone(), Ident::made("value"))));
        let limit = asking.value(Value::Int(first), Encoding::Int);
        let query = Query {
            columns,
            from: Some(from(&shape)),
            order: vec![Order { by: id(), descending: false, nulls_first: false }],
            limit: Some(limit),
            ..Query::default()
        };
        let rows = asking.rows(caller, &wanted.conditions, query).await?;
        let one = |row: &store::Row| match row.value(0, Encoding::Id) {
            Value::Id(id) => {
                let value = field.as_ref().map_or(Value::Null, |(_, encoding)| row.value(1, *encoding));
                Some(Matched { id, value })
            }
            _ => None,
        };
        Ok(rows.iter().filter_map(one).collect())
    }

    /// The least value of the field among the records that are looked for; null where there is none.
    pub async fn earliest(&self, caller: &Caller, wanted: &Awaiting<'_>) -> Result<Value, WriteError> {
        let model = self.model(caller)?;
        let shape = Arc::clone(model.shape(wanted.object)?);
        let mut asking =
            Asking { shape: &shape, slots: Slots::default(), values: Vec::new(), filter: Vec::new() };
        let Some((column, encoding)) = asking.awaiting(wanted)? else { return Ok(Value::Null) };
        let least = Scalar::Aggregate(Fold::Min, Box::new(column), encoding);
        let query = Query {
            columns: vec![(least, Ident::made("least"))],
            from: Some(from(&shape)),
            ..Query::default()
        };
        let rows = asking.rows(caller, &wanted.conditions, query).await?;
        Ok(rows.first().map_or(Value::Null, |row| row.value(0, encoding)))
    }
}
