//! The published version of a tenant's catalog.

use expr::{Encoding, Value};
use sql::{Cells, Fold, From, Ident, Query, Relation, Scalar};

use crate::Row;

/// The greatest version in `metadata_version`.
pub(crate) fn published() -> Query {
    let (alias, version) = (Ident::made("v"), Ident::made("version"));
    Query {
        columns: vec![(
            Scalar::Aggregate(
                Fold::Max,
                Box::new(Scalar::Column(alias.clone(), version.clone())),
                Encoding::Int,
            ),
            version,
        )],
        from: Some(From { source: Relation::Table(Ident::made("metadata_version")), alias }),
        ..Query::default()
    }
}

/// What [`published`] says; 0 when nothing was published.
pub(crate) fn of(rows: &[Row]) -> i64 {
    match rows.first().map(|row| row.value(0, Encoding::Int)) {
        Some(Value::Int(version)) => version,
        _ => 0,
    }
}
