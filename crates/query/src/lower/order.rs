//! Orders and positions in them: keys, `ORDER BY` both ways, and what lies beyond a cursor.

use std::sync::Arc;

use expr::Encoding;
use metadata::catalog::{Catalog, FieldType};
use metadata::layout::Role;
use sql::{CellType, Compare, Dialect, Order, Scalar};

use super::LowerError;
use super::context::{Cx, Rows, equal, unsupported};
use super::expression::returned;
use crate::cursor::{fingerprint, key_name};
use crate::request::{CursorKey, OrderKey};
use crate::slots::{Rounding, Transform};

/// One key of an order, the id included.
#[derive(Clone)]
pub(super) struct Key {
    pub scalar: Scalar,
    pub encoding: Encoding,
    descending: bool,
    nulls_first: bool,
    nullable: bool,
}

impl Key {
    /// The same key over rows that all have a value there.
    pub fn known(self) -> Self {
        Self { nullable: false, ..self }
    }
}

/// Which way one walks along an order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Backward,
}

/// Columns that the platform always fills.
const NEVER_NULL: [&str; 4] = ["id", "createdAt", "updatedAt", "version"];

impl Cx<'_> {
    /// The keys of an order, and the id, which runs the way of the last key so that one index serves both.
    pub fn keys(&mut self, rows: &mut Rows, order: &[OrderKey]) -> Result<Vec<Key>, LowerError> {
        let place = rows.place.clone();
        let mut keys = Vec::with_capacity(order.len() + 1);
        for key in order {
            let typed = self.steps(&mut rows.frame, &place, &key.path)?;
            let nullable = !matches!(key.path.as_slice(), [only] if NEVER_NULL.contains(&&**only));
            keys.push(Key {
                scalar: typed.scalar,
                encoding: typed.encoding,
                descending: key.descending,
                nulls_first: key.nulls_first,
                nullable,
            });
        }
        let descending = order.last().is_some_and(|key| key.descending);
        let id = self.column(&place, "id", &Role::Value)?;
        keys.push(Key {
            scalar: id.scalar,
            encoding: id.encoding,
            descending,
            nulls_first: false,
            nullable: false,
        });
        Ok(keys)
    }

    /// `ORDER BY` for the keys, each read from `by`.
    pub fn order_by(&self, keys: &[Key], way: Way, by: impl Fn(usize, &Key) -> Scalar) -> Vec<Order> {
        let turned = way == Way::Backward;
        keys.iter()
            .enumerate()
            .map(|(place, key)| {
                let descending = key.descending != turned;
                // Where there are no nulls the database's own default lets plain indexes serve.
                let default = match self.dialect {
                    Dialect::Postgres => descending,
                    Dialect::Sqlite => !descending,
                };
                let nulls_first = if key.nullable { key.nulls_first != turned } else { default };
                Order { by: by(place, key), descending, nulls_first }
            })
            .collect()
    }

    /// What lies beyond a position, on that way.
    pub fn beyond(&mut self, keys: &[Key], position: &[CursorKey], way: Way) -> Result<Scalar, LowerError> {
        if keys.len() != position.len() {
            return Err(unsupported("a position of another order"));
        }
        let mut rest: Option<Scalar> = None;
        for (key, at) in keys.iter().zip(position).rev() {
            rest = Some(self.beyond_key(key, *at, way, rest));
        }
        Ok(rest.unwrap_or(Scalar::Bool(false)))
    }

    /// Whether a position has a value at the first key, and records without one follow it on that way: a condition that no single range of an index
    /// answers.
    pub fn has_nulls_behind(keys: &[Key], position: &[CursorKey], way: Way) -> bool {
        match (keys.first(), position.first()) {
            (Some(key), Some(CursorKey::Slot(_))) => {
                key.nullable
                    && key.nulls_first == (way == Way::Backward)
                    && matches!(key.scalar, Scalar::Column(..))
            }
            _ => false,
        }
    }

    /// Beyond the value of one key, or equal there and beyond by the rest.
    fn beyond_key(&mut self, key: &Key, at: CursorKey, way: Way, rest: Option<Scalar>) -> Scalar {
        let turned = way == Way::Backward;
        let descending = key.descending != turned;
        let nulls_first = key.nulls_first != turned;
        let subject = || Box::new(key.scalar.clone());
        let is_null = Scalar::IsNull(subject());
        let slot = match at {
            CursorKey::Null => {
                let tied = rest.map(|rest| Scalar::And(vec![is_null.clone(), rest]));
                let known = nulls_first.then(|| Scalar::Not(Box::new(is_null)));
                return Scalar::Or(known.into_iter().chain(tied).collect());
            }
            CursorKey::Slot(slot) => slot,
        };
        let transform = match key.encoding {
            Encoding::Decimal(scale) => Some(Transform::Scale(scale, Rounding::Down)),
            _ => None,
        };
        let value = Scalar::Param(self.slot(slot, transform, key.encoding, false));
        let (strict, bound) = if descending {
            (Compare::Less, Compare::LessOrEqual)
        } else {
            (Compare::Greater, Compare::GreaterOrEqual)
        };
        let beyond = Scalar::Compare(strict, subject(), Box::new(value.clone()));
        let tied = rest.map(|rest| Scalar::And(vec![equal(key.scalar.clone(), value.clone()), rest]));
        let nulls_follow = key.nullable && !nulls_first;
        let Some(tied) = tied else {
            return if nulls_follow { Scalar::Or(vec![beyond, is_null]) } else { beyond };
        };
        if nulls_follow {
            return Scalar::Or(vec![beyond, tied, is_null]);
        }
        // The bound says nothing new, but it is what an index scan can start from.
        let bound = Scalar::Compare(bound, subject(), Box::new(value));
        Scalar::And(vec![bound, Scalar::Or(vec![beyond, tied])])
    }
}

/// The position of a row as a JSON object: what [`crate::cursor::decode`] reads.
pub(super) fn position_pairs(
    object: &str,
    order: &[OrderKey],
    keys: impl Iterator<Item = (Scalar, Encoding)>,
) -> Vec<(String, Scalar, CellType)> {
    let mut pairs =
        vec![("o".to_owned(), Scalar::Text(fingerprint(object, order)), CellType::Plain(Encoding::Text))];
    for (place, (scalar, encoding)) in keys.enumerate() {
        let name = if place == order.len() { "id".to_owned() } else { key_name(place) };
        pairs.push((name, scalar, CellType::Plain(encoding)));
    }
    pairs
}

/// How the value at the end of a path is written; `None` when the path leads to no single value.
pub(crate) fn path_encoding(catalog: &Catalog, object: &str, path: &[Arc<str>]) -> Option<Encoding> {
    let (first, rest) = path.split_first()?;
    let field = catalog.object(object)?.field(first)?;
    let column =
        |role: &Role| catalog.layout.tables.get(object)?.column(first, role).map(|column| column.encoding);
    match (&field.ty, rest) {
        (FieldType::Lookup(_), []) | (FieldType::Polymorphic { .. }, [] | [_]) => Some(Encoding::Id),
        (FieldType::Lookup(lookup), rest) => path_encoding(catalog, &lookup.to, rest),
        (FieldType::Polymorphic { .. }, [target, rest @ ..]) => path_encoding(catalog, target, rest),
        (
            FieldType::Formula { returns, .. }
            | FieldType::Rollup { returns, .. }
            | FieldType::Score { returns, .. },
            [],
        ) => Some(returned(returns)),
        (_, []) => column(&Role::Value),
        (_, [part]) => column(&Role::Part(part.to_string())),
        (_, _) => None,
    }
}
