//! Memory, PostgreSQL and SQLite agree: random expressions, filters, orders and pages over random records.
//!
//! `ARMATURE_DIFFERENTIAL_CASES` sets how many expressions are tried (300), `ARMATURE_DIFFERENTIAL_SEED` from which seed. A failure tells the
//! expression and the seed that made it.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use expr::sample::{Record, World};
use expr::{EvalError, Expr, Moment, Value};
use metadata::catalog::Catalog;
use query::access::{Access, permit};
use query::lower::{Lowering, lower};
use query::request::Read;
use sql::{Cells, From, Ident, Query, Relation, Scalar};
use testing::{Handles, each_database};

use crate::world;
use crate::world::generate;
use crate::world::records::{Records, Stored};
use crate::world::shape::*;
use testing::Chance;

#[expect(clippy::disallowed_methods, reason = "how many cases are tried is set from outside")]
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

pub fn moment() -> Moment {
    Moment {
        now: chrono::DateTime::from_timestamp(1_710_000_000, 0).expect("an instant"),
        zone: Tz::Asia__Shanghai,
    }
}

/// A catalog with its tables filled.
pub async fn filled(bed: &Handles, catalog: &Catalog, records: &Records) {
    let dialect = bed.tenant.dialect();
    let tables: Vec<_> =
        world::tables(catalog).iter().flat_map(|table| sql::print_ddl(table, dialect)).collect();
    bed.tenant.execute_ddl(&tables).await.expect("tables");
    for write in records.inserts(catalog) {
        bed.tenant.run_write(&sql::print_write(&write, dialect), &[]).await.expect("records");
    }
}

fn world_of(records: &Records, stored: &Stored) -> World {
    World {
        record: records.record("deal", stored, 3),
        old: Record::default(),
        user: Record::default(),
        settings: BTreeMap::new(),
        slots: Vec::new(),
        moment: moment(),
        folded: vec!["name".to_owned()],
    }
}

/// The value of an expression over every living deal by id; `None` when memory refuses (an overflow).
fn in_memory(records: &Records, expr: &Expr) -> Option<BTreeMap<String, Value>> {
    let mut all = BTreeMap::new();
    for stored in records.living("deal") {
        match expr::evaluate(expr, &world_of(records, stored)) {
            Ok(value) => all.insert(stored["id"].to_text(), value),
            Err(other) => {
                assert_eq!(other, EvalError::Overflow, "the checker made the tree");
                return None;
            }
        };
    }
    Some(all)
}

async fn in_database(
    bed: &Handles,
    catalog: &Catalog,
    expr: &Expr,
) -> Result<BTreeMap<String, Value>, store::StoreError> {
    let dialect = bed.tenant.dialect();
    let mut lowering = Lowering::new(catalog, dialect, 0);
    let alias = Ident::made("d");
    let (scalar, encoding) = lowering.scalar(expr, "deal", &alias).expect("lowered");
    let column = |name: &str| Scalar::Column(alias.clone(), Ident::made(name));
    let query = Query {
        columns: vec![(column("id"), Ident::made("id")), (scalar, Ident::made("v"))],
        filter: Some(Scalar::IsNull(Box::new(column("deleted_at")))),
        from: Some(From { source: Relation::Table(Ident::made("deal")), alias: alias.clone() }),
        ..Query::default()
    };
    let values = lowering.into_slots().bind(&[], &moment(), &query::access::Facts::default()).expect("bound");
    let rows = bed.tenant.fetch(&sql::print_query(&query, dialect), &values).await?;
    Ok(rows.iter().map(|row| (row.value(0, expr::Encoding::Id).to_text(), row.value(1, encoding))).collect())
}

/// The answer of a read as JSON text, or why there is none.
pub async fn answer(
    bed: &Handles,
    catalog: &Catalog,
    read: Read,
    values: &[Value],
) -> Result<String, String> {
    let read = permit(catalog, &Access::Everything, read).expect("permitted");
    let lowered = lower(&read, catalog, bed.tenant.dialect()).expect("lowered");
    let bound = lowered.slots.bind(values, &moment(), &query::access::Facts::default()).expect("bound");
    let rows = bed.tenant.fetch(&lowered.statement, &bound).await;
    let rows = rows.map_err(|error| format!("{error:?}\n{}", lowered.statement.shown()))?;
    let mut out = Vec::new();
    query::response::write(&lowered.response, &rows, values, &mut out).map_err(|error| error.to_string())?;
    String::from_utf8(out).map_err(|error| error.to_string())
}

pub async fn json(bed: &Handles, catalog: &Catalog, read: Read, values: &[Value]) -> serde_json::Value {
    let text = answer(bed, catalog, read, values).await.expect("answered");
    serde_json::from_str(&text).map_err(|error| format!("{error}: {text}")).expect("JSON")
}

pub fn ids(json: &serde_json::Value) -> Vec<String> {
    let nodes = json["nodes"].as_array().expect("nodes");
    nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn expressions_mean_the_same_in_memory_and_in_both_databases() {
    let cases = setting("ARMATURE_DIFFERENTIAL_CASES", 300);
    let first = setting("ARMATURE_DIFFERENTIAL_SEED", 1);
    let catalog = world::catalog();
    let records = Records::random(&mut Chance::new(first));
    each_database(|bed| {
        let (catalog, records) = (&catalog, &records);
        async move {
            filled(&bed, catalog, records).await;
            let mut compared = 0;
            for seed in first..first + cases {
                compared += u64::from(one_expression(&bed, catalog, records, seed).await);
            }
            assert!(
                compared * 2 > cases,
                "only {compared} of {cases} expressions were of legal types and in range"
            );
        }
    })
    .await;
}

/// Whether the expression could be compared: it is of legal types, and memory has no overflow.
async fn one_expression(bed: &Handles, catalog: &Catalog, records: &Records, seed: u64) -> bool {
    let chance = &mut Chance::new(seed);
    let depth = 1 + u32::try_from(chance.below(3)).expect("small");
    let text = match chance.below(8) {
        0 => generate::decimal(chance, depth),
        1 => generate::int(chance, depth),
        2 => generate::text(chance, depth),
        3 => generate::date(chance, depth),
        _ => generate::condition(chance, depth),
    };
    let Ok(expr) = expr::parse(&text, &catalog.scope(), "deal", None) else { return false };
    let Some(expected) = in_memory(records, &expr) else { return false };
    let found = in_database(bed, catalog, &expr).await;
    let found = found.map_err(|error| format!("seed {seed}: {text}\n{error:?}")).expect("answered");
    assert_eq!(found, expected, "seed {seed}: {text}");
    if expr.ty == expr::Type::Bool {
        let filter = args(Some(expr), vec![], page(0));
        let read = read(list("deal", filter, vec![total(), nodes(values(&["id"]))]));
        let json = json(bed, catalog, read, &[Value::Int(1000)]).await;
        let holding =
            expected.iter().filter(|(_, value)| **value == Value::Bool(true)).map(|(id, _)| id.clone());
        assert_eq!(ids(&json), holding.collect::<Vec<_>>(), "seed {seed}: filter {text}");
        assert_eq!(json["totalCount"], ids(&json).len(), "seed {seed}: {text}");
    }
    true
}
