//! Reading the audit log: pages, the newest entry first.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use serde_json::Value as Json;
use sql::{Cells, Compare, From, Ident, Order, Query, Relation, Scalar};
use uuid::Uuid;

use super::table::{COLUMNS, table};
use super::{Act, Verdict};
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::WriteError;
use crate::model::{Slots, alias};

/// Most entries of one page.
const LARGEST_PAGE: usize = 1_000;

/// Which entries are asked for; what is absent is not asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// How many, at most 1,000.
    pub first: usize,
    /// Those older than this one.
    pub after: Option<Uuid>,
    /// Of that actor, by label.
    pub actor: Option<String>,
    /// Of that user.
    pub user: Option<Uuid>,
    /// Of that kind.
    pub act: Option<Act>,
    /// About that object.
    pub object: Option<String>,
    /// About that record.
    pub record: Option<Uuid>,
    /// That came to this.
    pub verdict: Option<Verdict>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

/// One entry as it was noted.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its id, by which a page goes on.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// The user record, if there is one.
    pub user: Option<Uuid>,
    /// The way in.
    pub door: String,
    /// What.
    pub act: String,
    /// To a record of which object.
    pub object: Option<String>,
    /// To which record.
    pub record: Option<Uuid>,
    /// What came of it.
    pub outcome: String,
    /// More about it.
    pub detail: Option<Json>,
    /// The request's trace.
    pub trace: Option<String>,
}

/// Some entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The entries.
    pub lines: Vec<Line>,
    /// Whether there are older ones.
    pub more: bool,
}

impl Engine {
    /// A page of the log. Whether the caller may read it is asked by the door ([`metadata::catalog::Right::Audit`]).
    pub async fn audit_page(&self, caller: &Caller, asked: &Asked) -> Result<Page, WriteError> {
        let first = asked.first.min(LARGEST_PAGE);
        let (query, values) = query(asked, first + 1)?;
        let statement = sql::print_query(&query, caller.tenant.dialect());
        let rows = caller.tenant.fetch(&statement, &values).await?;
        let lines = rows.iter().take(first).filter_map(line).collect();
        Ok(Page { lines, more: rows.len() > first })
    }
}

fn query(asked: &Asked, limit: usize) -> Result<(Query, Vec<Value>), WriteError> {
    let text = |text: &str| Value::Text(text.to_owned());
    let wanted = [
        ("id", Compare::Less, asked.after.map(Value::Id)),
        ("actor", Compare::Equal, asked.actor.as_deref().map(text)),
        ("user_id", Compare::Equal, asked.user.map(Value::Id)),
        ("act", Compare::Equal, asked.act.map(|act| text(act.as_str()))),
        ("object", Compare::Equal, asked.object.as_deref().map(text)),
        ("record", Compare::Equal, asked.record.map(Value::Id)),
        ("outcome", Compare::Equal, asked.verdict.map(|verdict| text(verdict.as_str()))),
        ("at", Compare::GreaterOrEqual, asked.from.map(Value::DateTime)),
        ("at", Compare::Less, asked.to.map(Value::DateTime)),
    ];
    let mut slots = Slots::default();
    let mut values = Vec::new();
    let mut filter = Vec::new();
    for (column, compare, value) in wanted {
        let Some(value) = value else { continue };
        let encoding = COLUMNS
            .iter()
            .find(|(name, _)| *name == column)
            .map_or(Encoding::Text, |(_, encoding)| *encoding);
        filter.push(Scalar::Compare(compare, Box::new(self::column(column)), Box::new(slots.one(encoding))));
        values.push(value);
    }
    let limit_slot = slots.one(Encoding::Int);
    values.push(Value::Int(i64::try_from(limit).map_err(WriteError::internal)?));
    let query = Query {
        columns: COLUMNS.iter().map(|(name, _)| (column(name), Ident::made(name))).collect(),
        from: Some(From { source: Relation::Table(table()), alias: alias() }),
        filter: Some(Scalar::And(filter)),
        order: vec![Order { by: column("id"), descending: true, nulls_first: false }],
        limit: Some(limit_slot),
        ..Query::default()
    };
    Ok((query, values))
}

fn column(name: &str) -> Scalar {
    Scalar::Column(alias(), Ident::made(name))
}

fn line(row: &store::Row) -> Option<Line> {
    let text = |place: usize| match row.value(place, Encoding::Text) {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let id = |place: usize| match row.value(place, Encoding::Id) {
        Value::Id(id) => Some(id),
        _ => None,
    };
    let Value::DateTime(at) = row.value(1, Encoding::DateTime) else { return None };
    Some(Line {
        id: id(0)?,
        at,
        actor: text(2)?,
        user: id(3),
        door: text(4)?,
        act: text(5)?,
        object: text(6),
        record: id(7),
        outcome: text(8)?,
        detail: text(9).and_then(|detail| serde_json::from_str(&detail).ok()),
        trace: text(10),
    })
}
