//! The old log against the new rules: past moves that a changed transition would have refused, judged by the records as they are now.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use metadata::catalog::{FieldType, Lifecycle, Transition};
use metadata::layout::{Column, Role};
use serde::Serialize;
use sql::{Cells, Compare, Fold, From, Ident, Join, JoinKind, Order, Query, Relation, Scalar};

use super::carry::LOG;
use super::held::Demand;
use crate::error::DeployError;
use crate::plan::{Effect, Judged, Verdict, effect};
use crate::statements::{
    SAMPLE, column, compare, constant, id_text, integer, list, print, results, select, table,
};

/// The alias of the log.
const STAY: &str = "h";

/// Most owners that are told.
const MOST_OWNERS: i64 = 20;

/// Whose past moves they are, and what they are worth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// From when on the log was read.
    pub since: String,
    /// Whose records, most first.
    pub owners: Vec<Share>,
    /// Sums of the object's money, by currency.
    pub amounts: Vec<Amount>,
}

/// Moves of one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Id of the user; none of records without owner.
    pub owner: Option<String>,
    /// What the user is called.
    pub name: Option<String>,
    /// How many moves.
    pub count: u64,
}

/// A sum of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// ISO 4217 code, where it is known.
    pub currency: Option<String>,
    /// Exact.
    pub amount: String,
}

/// A column of the log.
pub fn stay(name: &str) -> Scalar {
    Scalar::Column(Ident::made(STAY), Ident::made(name))
}

/// Past moves by one transition, with the records that took it.
pub struct Moves<'a> {
    /// What is judged.
    pub judged: &'a Judged<'a>,
    /// The object.
    pub object: String,
    /// Its table.
    table: String,
    /// From when on they are told.
    pub since: DateTime<Utc>,
    filter: Scalar,
    values: Vec<Value>,
}

impl<'a> Moves<'a> {
    /// Those by a transition as it was; `None` when nothing of the past is asked, or records had no stage.
    pub fn new(
        judged: &'a Judged<'a>,
        (lifecycle, old): (&Lifecycle, &Transition),
        new: &Lifecycle,
    ) -> Option<Self> {
        let since = since(judged, judged.replay?)?;
        let table = judged.new.layout.tables.get(&new.object)?.name.clone();
        let rules = old.from.iter().map(|from| Value::Text(old.rule(&lifecycle.name, from))).collect();
        let text = |value: &str| constant(Value::Text(value.to_owned()), Encoding::Text);
        let began = constant(Value::DateTime(since), Encoding::DateTime);
        // A log that was imported tells the stages, and not by which transition.
        let stages = old.from.iter().map(|from| Value::Text(from.to_string())).collect();
        let imported = Scalar::And(vec![
            Scalar::IsNull(Box::new(stay("name"))),
            Scalar::InParam(Box::new(stay("from_stage")), list(stages, Encoding::Text)),
            compare(Compare::Equal, stay("to_stage"), text(&old.to)),
        ]);
        let taken = Scalar::InParam(Box::new(stay("name")), list(rules, Encoding::Text));
        let filter = Scalar::And(vec![
            compare(Compare::Equal, stay("object"), text(&lifecycle.object)),
            compare(Compare::Equal, stay("lifecycle"), text(&lifecycle.name)),
            Scalar::Or(vec![taken, imported]),
            compare(Compare::GreaterOrEqual, stay("entered"), began),
        ]);
        Some(Self { judged, object: new.object.to_string(), table, since, filter, values: Vec::new() })
    }

    /// Those of them that the demands would have refused.
    fn unmet(&self, demand: &Demand) -> Moves<'a> {
        Moves {
            judged: self.judged,
            object: self.object.clone(),
            table: self.table.clone(),
            since: self.since,
            filter: Scalar::And(vec![self.filter.clone(), demand.unmet()]),
            values: demand.values.clone(),
        }
    }
}

/// The past moves that the changed demands would have refused.
pub async fn refused(
    moves: &Moves<'_>,
    way: &Transition,
    demand: &Demand,
) -> Result<Option<Effect>, DeployError> {
    let moves = moves.unmet(demand);
    let rows = moves.rows(moves.query([Scalar::CountAll])).await?;
    let count = rows.first().map_or(0, |row| integer(&row.value(0, Encoding::Int)));
    if count == 0 {
        return Ok(None);
    }
    let rule = format!("replay:{}", way.name);
    let mut told = effect(&moves.object, rule, count, moves.sample().await?, Verdict::Told);
    told.replay = Some(Replay {
        since: moves.since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        owners: moves.owners().await?,
        amounts: moves.amounts().await?,
    });
    Ok(Some(told))
}

fn since(judged: &Judged<'_>, period: expr::Duration) -> Option<DateTime<Utc>> {
    let now = judged.moment.now.checked_sub_months(chrono::Months::new(period.months.unsigned_abs()))?;
    now.checked_sub_signed(chrono::Duration::microseconds(period.micros))
}

/// A column of an object that is there already.
pub fn kept_column<'a>(judged: &'a Judged<'_>, object: &str, field: &str) -> Option<&'a Column> {
    let mut there = judged.old.layout.tables.values().flat_map(|table| table.fields.values().flatten());
    let column = judged.new.layout.tables.get(object)?.column(field, &Role::Value)?;
    there.any(|old| old == column).then_some(column)
}

impl Moves<'_> {
    /// Over the records with the stays in question.
    pub fn query(&self, columns: impl IntoIterator<Item = Scalar>) -> Query {
        let log = From { source: Relation::Table(Ident::made(LOG)), alias: Ident::made(STAY) };
        let on = compare(Compare::Equal, stay("record"), column("id"));
        Query {
            columns: results(columns),
            from: Some(table(&self.table)),
            joins: vec![Join { kind: JoinKind::Inner, from: log, on: Some(on) }],
            filter: Some(self.filter.clone()),
            ..Query::default()
        }
    }

    /// What a query over them yields.
    pub async fn rows(&self, query: Query) -> Result<Vec<store::Row>, DeployError> {
        let tenant = self.judged.tenant;
        Ok(tenant.fetch(&print(&query, tenant), &self.values).await?)
    }

    async fn sample(&self) -> Result<Vec<String>, DeployError> {
        let mut query = self.query([column("id")]);
        query.group = vec![column("id")];
        query.order = vec![Order { by: column("id"), descending: false, nulls_first: false }];
        query.limit = Some(Scalar::Int(SAMPLE));
        let rows = self.rows(query).await?;
        Ok(rows.iter().map(|row| id_text(&row.value(0, Encoding::Id))).collect())
    }

    fn column_of(&self, object: &str, field: &str) -> Option<&Column> {
        kept_column(self.judged, object, field)
    }

    async fn owners(&self) -> Result<Vec<Share>, DeployError> {
        let Some(owner) = self.column_of(&self.object, "owner") else { return Ok(Vec::new()) };
        let mut query = self.query([column(&owner.name), Scalar::CountAll]);
        query.group = vec![column(&owner.name)];
        query.order = vec![
            Order { by: Scalar::CountAll, descending: true, nulls_first: false },
            Order { by: column(&owner.name), descending: false, nulls_first: false },
        ];
        query.limit = Some(Scalar::Int(MOST_OWNERS));
        let rows = self.rows(query).await?;
        let mut shares = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = row.value(0, Encoding::Id);
            let name = self.name(&id).await?;
            let owner = Some(id_text(&id)).filter(|text| !text.is_empty());
            shares.push(Share { owner, name, count: integer(&row.value(1, Encoding::Int)) });
        }
        Ok(shares)
    }

    /// What a user is called.
    pub async fn name(&self, user: &Value) -> Result<Option<String>, DeployError> {
        let users = self.judged.old.layout.tables.get("user");
        let (Some(users), Some(name)) = (users, users.and_then(|users| users.column("name", &Role::Value)))
        else {
            return Ok(None);
        };
        if user.is_null() {
            return Ok(None);
        }
        let same = compare(Compare::Equal, column("id"), constant(user.clone(), Encoding::Id));
        let tenant = self.judged.tenant;
        let rows =
            tenant.fetch(&print(&select(&users.name, [column(&name.name)], same), tenant), &[]).await?;
        Ok(rows.first().and_then(|row| match row.value(0, Encoding::Text) {
            Value::Text(name) => Some(name),
            _ => None,
        }))
    }

    /// The first money field that the object has, if it has had it before.
    pub fn money(&self) -> Option<String> {
        let object = self.judged.new.object(&self.object)?;
        let money = object.fields.values().find(|field| matches!(field.ty, FieldType::Money { .. }))?;
        self.column_of(&object.name, &money.name).map(|_| money.name.to_string())
    }

    /// Sums of that money.
    async fn amounts(&self) -> Result<Vec<Amount>, DeployError> {
        let Some(money) = self.money() else { return Ok(Vec::new()) };
        let Some(amount) = self.column_of(&self.object, &money) else { return Ok(Vec::new()) };
        let sum = Scalar::Aggregate(Fold::Sum, Box::new(column(&amount.name)), amount.encoding);
        let currency = self.column_of(&self.object, &format!("{money}Currency"));
        let mut query = self.query(currency.map(|currency| column(&currency.name)).into_iter().chain([sum]));
        if let Some(currency) = currency {
            query.group = vec![column(&currency.name)];
            query.order = vec![Order { by: column(&currency.name), descending: false, nulls_first: false }];
        }
        let rows = self.rows(query).await?;
        let at = usize::from(currency.is_some());
        let read = |row: &store::Row| {
            let amount = match row.value(at, amount.encoding) {
                Value::Decimal(amount) => amount.normalize().to_string(),
                _ => return None,
            };
            let currency = match row.value(0, Encoding::Text) {
                Value::Text(code) if at == 1 => Some(code),
                _ => None,
            };
            Some(Amount { currency, amount })
        };
        Ok(rows.iter().filter_map(read).collect())
    }
}
