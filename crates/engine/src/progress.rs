//! How far a long piece of work has come, noted in the table `import_progress` in the transaction of the records that it writes.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use sql::{
    Cells, Conflict, Delete, Dialect, From, Ident, Insert, Query, Relation, Rows, Scalar, Statement, Write,
};

use crate::caller::Caller;
use crate::engine::Note;
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

/// Notes a state on its own.
pub async fn put_down(caller: &Caller, note: &Note) -> Result<(), WriteError> {
    for (statement, values) in statements(caller.tenant.dialect(), note, caller.clock.now()) {
        caller.tenant.run_write(&[statement], &values).await?;
    }
    Ok(())
}

/// Statements that put a note down.
pub(crate) fn statements(dialect: Dialect, note: &Note, at: DateTime<Utc>) -> Vec<(Statement, Vec<Value>)> {
    let key = Value::Text(note.key.clone());
    let (write, values) = match &note.state {
        Some(state) => (keep(), vec![key, Value::Text(state.clone()), Value::DateTime(at)]),
        None => (forget(), vec![key]),
    };
    sql::print_write(&write, dialect).into_iter().map(|statement| (statement, values.clone())).collect()
}

fn keep() -> Write {
    let mut slots = Slots::default();
    let columns = [("key", Encoding::Text), ("state", Encoding::Text), ("at", Encoding::DateTime)];
    Write::Insert(Insert {
        table: Ident::made("import_progress"),
        columns: columns.map(|(name, _)| Ident::made(name)).to_vec(),
        rows: Rows::Values(vec![columns.map(|(_, encoding)| slots.one(encoding)).to_vec()]),
        conflict: Some(Conflict {
            columns: vec![Ident::made("key")],
            set: ["state", "at"]
                .map(|name| (Ident::made(name), Scalar::Excluded(Ident::made(name))))
                .to_vec(),
        }),
        returning: Vec::new(),
    })
}

fn forget() -> Write {
    Write::Delete(Delete {
        table: Ident::made("import_progress"),
        alias: alias(),
        filter: equals(column("key"), Slots::default().one(Encoding::Text)),
    })
}
