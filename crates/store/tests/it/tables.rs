//! A table of every encoding, and short ways to write and read it.

use expr::{Encoding, Slot, Value};
use sql::{
    ColumnDef, Ddl, From, Ident, Insert, Order, Param, Query, Relation, Rows, Scalar, Source, Statement,
    Write, print_ddl, print_query, print_write,
};
use store::{Row, StoreError, Tenant};

pub fn ident(text: &str) -> Ident {
    Ident::new(text).expect("an identifier")
}

pub fn slot(slot: Slot, encoding: Encoding) -> Scalar {
    Scalar::Param(Param { source: Source::Slot(slot), encoding, list: false })
}

pub fn slots(slot: Slot, encoding: Encoding) -> Param {
    Param { source: Source::Slot(slot), encoding, list: true }
}

pub fn constant(value: Value, encoding: Encoding) -> Scalar {
    Scalar::Param(Param { source: Source::Constant(value), encoding, list: false })
}

/// A table `name` with an int key `k` and the columns.
pub async fn create(tenant: &Tenant, name: &str, columns: &[(&str, Encoding)]) {
    let mut defs = vec![ColumnDef { name: ident("k"), encoding: Encoding::Int, not_null: true }];
    defs.extend(columns.iter().map(|(name, encoding)| ColumnDef {
        name: ident(name),
        encoding: *encoding,
        not_null: false,
    }));
    let ddl = Ddl::CreateTable { table: ident(name), columns: defs, primary_key: vec![ident("k")] };
    let mut transaction = tenant.begin().await.expect("begins");
    for statement in print_ddl(&ddl, tenant.dialect()) {
        transaction.run(&statement, &[]).await.expect("the table is made");
    }
    transaction.commit().await.expect("commits");
}

/// `INSERT INTO table (k, column) VALUES (…)`
pub fn insert(tenant: &Tenant, table: &str, column: &str, encoding: Encoding) -> Vec<Statement> {
    let write = Write::Insert(Insert {
        table: ident(table),
        columns: vec![ident("k"), ident(column)],
        rows: Rows::Values(vec![vec![slot(0, Encoding::Int), slot(1, encoding)]]),
        conflict: None,
        returning: vec![(Scalar::Bare(ident("k")), ident("k"))],
    });
    print_write(&write, tenant.dialect())
}

/// All rows of the table by key: `k` and the column.
pub fn all(tenant: &Tenant, table: &str, column: &str) -> Statement {
    let alias = ident("t");
    let query = Query {
        columns: vec![
            (Scalar::Column(alias.clone(), ident("k")), ident("k")),
            (Scalar::Column(alias.clone(), ident(column)), ident("c")),
        ],
        from: Some(From { source: Relation::Table(ident(table)), alias: alias.clone() }),
        order: vec![Order { by: Scalar::Column(alias, ident("k")), descending: false, nulls_first: false }],
        ..Query::default()
    };
    print_query(&query, tenant.dialect())
}

/// The value of one scalar without any table.
pub async fn compute(tenant: &Tenant, scalar: &Scalar, values: &[Value]) -> Result<Row, StoreError> {
    let query = Query { columns: vec![(scalar.clone(), ident("x"))], ..Query::default() };
    let mut rows = tenant.fetch(&print_query(&query, tenant.dialect()), values).await?;
    Ok(rows.remove(0))
}
