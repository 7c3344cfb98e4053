//! The statements that `deploy` runs, as trees: short ways to write what it needs again and again.

use expr::{Encoding, Value};
use metadata::layout::Column;
use sql::{
    Compare, Ddl, From, Ident, Order, Param, Query, Relation, Scalar, Source, Statement, Update, Write,
};
use store::{Tenant, Transaction};

use crate::error::DeployError;

/// The alias under which a table is read.
pub const ROW: &str = "r";

/// A constant as a bound value.
pub fn constant(value: Value, encoding: Encoding) -> Scalar {
    Scalar::Param(Param { source: Source::Constant(value), encoding, list: false })
}

/// A list of constants as one bound value.
pub fn list(values: Vec<Value>, encoding: Encoding) -> Param {
    Param { source: Source::Constant(Value::List(values)), encoding, list: true }
}

/// `r.column`
pub fn column(name: &str) -> Scalar {
    Scalar::Column(Ident::made(ROW), Ident::made(name))
}

/// `r.column IS NOT NULL`
pub fn known(name: &str) -> Scalar {
    Scalar::Not(Box::new(Scalar::IsNull(Box::new(column(name)))))
}

/// The rows that hold something in one of the columns.
pub fn holding<'a>(columns: impl IntoIterator<Item = &'a Column>) -> Scalar {
    Scalar::Or(columns.into_iter().map(|column| known(&column.name)).collect())
}

/// Neither deleted nor anything else.
pub fn living() -> Scalar {
    Scalar::IsNull(Box::new(column("deleted_at")))
}

/// `a <op> b`
pub fn compare(op: Compare, left: Scalar, right: Scalar) -> Scalar {
    Scalar::Compare(op, Box::new(left), Box::new(right))
}

/// The table under the alias [`ROW`].
pub fn table(name: &str) -> From {
    From { source: Relation::Table(Ident::made(name)), alias: Ident::made(ROW) }
}

/// Upwards by `id`.
pub fn by_id() -> Vec<Order> {
    vec![Order { by: column("id"), descending: false, nulls_first: false }]
}

/// Result columns named `c0, c1 …`.
pub fn results(columns: impl IntoIterator<Item = Scalar>) -> Vec<(Scalar, Ident)> {
    columns.into_iter().enumerate().map(|(at, scalar)| (scalar, Ident::made(&format!("c{at}")))).collect()
}

/// `SELECT columns FROM table WHERE filter`
pub fn select(name: &str, columns: impl IntoIterator<Item = Scalar>, filter: Scalar) -> Query {
    Query { columns: results(columns), from: Some(table(name)), filter: Some(filter), ..Query::default() }
}

/// The stored columns as result columns.
pub fn stored<'a>(columns: impl IntoIterator<Item = &'a Column>) -> Vec<Scalar> {
    columns.into_iter().map(|of| column(&of.name)).collect()
}

/// Runs a write within a transaction.
pub async fn run(tenant: &Tenant, transaction: &mut Transaction, write: &Write) -> Result<(), DeployError> {
    for statement in sql::print_write(write, tenant.dialect()) {
        transaction.run(&statement, &[]).await?;
    }
    Ok(())
}

/// Runs definitions within a transaction.
pub async fn define(tenant: &Tenant, transaction: &mut Transaction, ddl: &[Ddl]) -> Result<(), DeployError> {
    for statement in ddl.iter().flat_map(|ddl| sql::print_ddl(ddl, tenant.dialect())) {
        transaction.run(&statement, &[]).await?;
    }
    Ok(())
}

/// `UPDATE table SET column = value WHERE filter`; columns of the filter under [`ROW`].
pub fn update(name: &str, set: &str, value: Scalar, filter: Scalar) -> Write {
    Write::Update(Update {
        table: Ident::made(name),
        alias: Ident::made(ROW),
        set: vec![(Ident::made(set), value)],
        filter,
        returning: Vec::new(),
    })
}

/// Prints for the tenant's database.
pub fn print(query: &Query, tenant: &Tenant) -> Statement {
    sql::print_query(query, tenant.dialect())
}

/// How many rows satisfy the condition.
pub async fn count(
    tenant: &Tenant,
    name: &str,
    filter: Scalar,
    values: &[Value],
) -> Result<u64, DeployError> {
    let query = select(name, [Scalar::CountAll], filter);
    number(tenant, &query, values).await
}

/// The one number that a query yields; null is 0.
pub async fn number(tenant: &Tenant, query: &Query, values: &[Value]) -> Result<u64, DeployError> {
    let rows = tenant.fetch(&print(query, tenant), values).await?;
    Ok(rows.first().map_or(0, |row| integer(&sql::Cells::value(row, 0, Encoding::Int))))
}

/// A count as it comes back.
pub fn integer(value: &Value) -> u64 {
    match value {
        Value::Int(number) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

/// How many rows the table has, counted no further than one above the limit.
pub async fn count_up_to(tenant: &Tenant, name: &str, limit: u64) -> Result<u64, DeployError> {
    let mut inner = select(name, [Scalar::Int(1)], Scalar::Bool(true));
    inner.limit = Some(Scalar::Int(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)));
    let from = Some(From { source: Relation::Query(Box::new(inner)), alias: Ident::made("few") });
    number(tenant, &Query { columns: results([Scalar::CountAll]), from, ..Query::default() }, &[]).await
}

/// The ids of the first few rows that satisfy the condition.
pub async fn sample(
    tenant: &Tenant,
    name: &str,
    filter: Scalar,
    values: &[Value],
) -> Result<Vec<String>, DeployError> {
    let mut query = select(name, [column("id")], filter);
    query.order = by_id();
    query.limit = Some(Scalar::Int(SAMPLE));
    let rows = tenant.fetch(&print(&query, tenant), values).await?;
    Ok(rows.iter().map(|row| id_text(&sql::Cells::value(row, 0, Encoding::Id))).collect())
}

/// How many ids an effect shows.
pub const SAMPLE: i64 = 5;

/// An id as text.
pub fn id_text(value: &Value) -> String {
    match value {
        Value::Id(id) => id.to_string(),
        _ => String::new(),
    }
}
