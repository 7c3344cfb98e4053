//! How far a long piece of work has come, kept beside the records that it writes: statements on the table `import_progress`.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use sql::{Cells, Conflict, Delete, Dialect, From, Ident, Insert, Query, Relation, Rows, Scalar, Statement, Write};

use crate::caller::Caller;
use crate::error::WriteError;
use crate::model::{Slots, alias, equals};

fn column(name: &str) -> Scalar {
    Scalar::Column(alias(), Ident::made(name))
}

/// What is noted under a key.
pub async fn recall(caller: &Caller, key: &str) -> Result<Option<String>, WriteError> {
    let query = Query {
        columns: vec![(column("state"), Ident::made("state"))],
        from: Some(From { source: Relation::Table(Ident::made("import_progress")), alias: alias() }),
        filter: Some(equals(column("key"), Slots::default().one(Encoding::Text))),
        ..Query::default()
    };
    let statement = sql::print_query(&query, caller.tenant.dialect());
    let rows = caller.tenant.fetch(&statement, &[Value::Text(key.to_owned())]).await?;
    Ok(rows.first().and_then(|row| match row.value(0, Encoding::Text) {
        Value::Text(text) => Some(text),
        _ => None,
    }))
}

/// Statements that note a state under a key, to ride along with a write.
pub fn note(dialect: Dialect, key: &str, state: &str, at: DateTime<Utc>) -> Vec<(Statement, Vec<Value>)> {
    let mut slots = Slots::default();
    let columns = [("key", Encoding::Text), ("state", Encoding::Text), ("at", Encoding::DateTime)];
    let write = Write::Insert(Insert {
        table: Ident::made("import_progress"),
        columns: columns.map(|(name, _)| Ident::made(name)).to_vec(),
        rows: Rows::Values(vec![columns.map(|(_, encoding)| slots.one(encoding)).to_vec()]),
        conflict: Some(Conflict {
            columns: vec![Ident::made("key")],
            set: ["state", "at"].map(|name| (Ident::made(name), Scalar::Excluded(Ident::made(name)))).to_vec(),
        }),
        returning: Vec::new(),
    });
    let values = vec![Value::Text(key.to_owned()), Value::Text(state.to_owned()), Value::DateTime(at)];
    sql::print_write(&write, dialect).into_iter().map(|statement| (statement, values.clone())).collect()
}

/// Statements that forget a key.
pub fn forget(dialect: Dialect, key: &str) -> Vec<(Statement, Vec<Value>)> {
    let write = Write::Delete(Delete {
        table: Ident::made("import_progress"),
        alias: alias(),
        filter: equals(column("key"), Slots::default().one(Encoding::Text)),
    });
    let values = vec![Value::Text(key.to_owned())];
    sql::print_write(&write, dialect).into_iter().map(|statement| (statement, values.clone())).collect()
}

/// Runs such statements on their own.
pub async fn carry_out(caller: &Caller, statements: Vec<(Statement, Vec<Value>)>) -> Result<(), WriteError> {
    for (statement, values) in statements {
        caller.tenant.run_write(&[statement], &values).await?;
    }
    Ok(())
}
