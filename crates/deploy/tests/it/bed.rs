//! Packages in a few lines, and rows written past the platform.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use deploy::{Applied, ApplyOptions, DeployError, Effect, Plan, PlanOptions};
use expr::{Encoding, Value};
use metadata::layout::{Column, Role};
use metadata::{Base, Catalog, SourceFile};
use serde_json::json;
use sql::{Cells, Ident, Insert, Param, Query, Relation, Rows, Scalar, Source, Write};
use store::Tenant;
use uuid::Uuid;

/// The instant of all applies.
pub fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).expect("a legal instant")
}

/// Options of a careful caller.
pub fn options() -> ApplyOptions {
    ApplyOptions::new("tester", at())
}

/// The package `shop` with one object `deal` of these properties, and further keywords of the object.
pub fn shop(properties: serde_json::Value, more: serde_json::Value) -> Vec<SourceFile> {
    let mut object = json!({
        "name": "deal", "plural": "deals", "title": "Deal", "type": "object", "properties": properties
    });
    for (key, value) in more.as_object().expect("keywords") {
        object[key] = value.clone();
    }
    vec![
        file("package.json", &json!({ "name": "shop", "version": "1.0.0" })),
        file("objects/deal.json", &object),
    ]
}

/// A file of a package.
pub fn file(path: &str, document: &serde_json::Value) -> SourceFile {
    SourceFile { path: path.to_owned(), text: document.to_string() }
}

/// Applies as a careful caller would; must succeed.
pub async fn applied(tenant: &Tenant, files: &[SourceFile]) -> Applied {
    deploy::apply(tenant, files, options()).await.unwrap_or_else(|error| panic!("apply: {}", full(&error)))
}

/// Plans; must succeed.
pub async fn planned(tenant: &Tenant, files: &[SourceFile]) -> Plan {
    let plan = deploy::plan(tenant, files, PlanOptions::default()).await;
    plan.unwrap_or_else(|error| panic!("plan: {}", full(&error)))
}

/// The error with all of its causes and diagnostics.
pub fn full(error: &DeployError) -> String {
    format!("{error}: {error:?}")
}

/// The effects as (rule, count).
pub fn told(effects: &[Effect]) -> Vec<(String, u64)> {
    effects.iter().map(|effect| (effect.rule.clone(), effect.count)).collect()
}

/// The published catalog.
pub async fn catalog(tenant: &Tenant) -> Catalog {
    let catalogs = deploy::Catalogs::new(at);
    (*catalogs.get(tenant).await.expect("a catalog")).clone()
}

/// A field's value column.
pub fn value_column(catalog: &Catalog, field: &str) -> Column {
    let table = catalog.layout.tables.get("deal").expect("the table of deals");
    table.column(field, &Role::Value).unwrap_or_else(|| panic!("`{field}` has a column")).clone()
}

/// Writes deals, one for each list of values of these fields; their ids ascend.
pub async fn insert(tenant: &Tenant, fields: &[&str], rows: &[Vec<Value>]) {
    let catalog = catalog(tenant).await;
    let write = inserting(&catalog, fields, rows);
    tenant.run_write(&sql::print_write(&write, tenant.dialect()), &[]).await.expect("rows are inserted");
}

/// The statement for that.
pub fn inserting(catalog: &Catalog, fields: &[&str], rows: &[Vec<Value>]) -> Write {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let list = |values: Vec<Value>, encoding| Param {
        source: Source::Constant(Value::List(values)),
        encoding,
        list: true,
    };
    let ids = rows
        .iter()
        .map(|_| Value::Id(Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into())))
        .collect();
    let same = |value: Value| vec![value; rows.len()];
    let mut columns =
        vec!["id".to_owned(), "created_at".to_owned(), "updated_at".to_owned(), "version".to_owned()];
    let mut lists = vec![
        list(ids, Encoding::Id),
        list(same(Value::DateTime(at())), Encoding::DateTime),
        list(same(Value::DateTime(at())), Encoding::DateTime),
        list(same(Value::Int(1)), Encoding::Int),
    ];
    for (place, field) in fields.iter().enumerate() {
        let column = value_column(catalog, field);
        lists.push(list(rows.iter().map(|row| row[place].clone()).collect(), column.encoding));
        columns.push(column.name);
    }
    Write::Insert(Insert {
        table: Ident::made(&catalog.layout.tables["deal"].name),
        columns: columns.iter().map(|name| Ident::made(name)).collect(),
        rows: Rows::Unnest(lists),
        conflict: None,
        returning: Vec::new(),
    })
}

/// The values of a field of all deals, in the order in which they were written.
pub async fn values(tenant: &Tenant, field: &str) -> Vec<Value> {
    let catalog = catalog(tenant).await;
    let column = value_column(&catalog, field);
    cells(tenant, &catalog, &column).await
}

/// The cells of a column of all deals.
pub async fn cells(tenant: &Tenant, catalog: &Catalog, column: &Column) -> Vec<Value> {
    let alias = Ident::made("d");
    let query = Query {
        columns: vec![(Scalar::Column(alias.clone(), Ident::made(&column.name)), Ident::made("v"))],
        from: Some(sql::From {
            source: Relation::Table(Ident::made(&catalog.layout.tables["deal"].name)),
            alias: alias.clone(),
        }),
        order: vec![sql::Order {
            by: Scalar::Column(alias, Ident::made("id")),
            descending: false,
            nulls_first: false,
        }],
        ..Query::default()
    };
    let rows = tenant.fetch(&sql::print_query(&query, tenant.dialect()), &[]).await.expect("cells");
    rows.iter().map(|row| row.value(0, column.encoding)).collect()
}

/// Text values.
pub fn texts(values: &[&str]) -> Vec<Vec<Value>> {
    values.iter().map(|text| vec![Value::Text((*text).to_owned())]).collect()
}

/// Whether what is pulled resolves to the published catalog.
pub async fn is_whole(tenant: &Tenant) -> bool {
    let files = deploy::pull(tenant).await.expect("pull");
    let catalog = catalog(tenant).await;
    let base = Base { files, layout: catalog.layout.clone(), version: catalog.version };
    metadata::resolve(&[], &base).is_ok_and(|resolved| resolved.catalog.hash == catalog.hash)
}
