//! The statements of the engine as SQL trees. Each builder also says which values it takes, in order, by taking slots from a
//! [`Slots`] counter; callers push values in the same order.

use expr::Encoding;
use query::request::Deleted;
use sql::{
    Compare, Conflict, Delete, From, Ident, Insert, Lock, Order, Param, Query, Relation, Rows, Scalar,
    Source, Update, Write,
};

use super::shape::{Shape, Slot};

/// Hands out the numbers of the values of a statement.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    next: u16,
}

impl Slots {
    /// Behind the values of a request.
    pub(crate) fn after(count: usize) -> Self {
        Self { next: u16::try_from(count).unwrap_or(u16::MAX) }
    }

    fn take(&mut self) -> u16 {
        let slot = self.next;
        self.next = self.next.saturating_add(1);
        slot
    }

    pub(crate) fn param(&mut self, encoding: Encoding) -> Param {
        Param { source: Source::Slot(self.take()), encoding, list: false }
    }

    pub(crate) fn one(&mut self, encoding: Encoding) -> Scalar {
        Scalar::Param(self.param(encoding))
    }

    pub(crate) fn list(&mut self, encoding: Encoding) -> Param {
        Param { source: Source::Slot(self.take()), encoding, list: true }
    }
}

/// Alias of the one table in each of these statements.
pub(crate) fn alias() -> Ident {
    Ident::made("t")
}

fn column(shape: &Shape, slot: Slot) -> Option<Scalar> {
    shape.columns.get(slot).map(|stored| Scalar::Column(alias(), stored.name.clone()))
}

/// Column of a system field, by its fixed place.
pub(crate) fn system_column(shape: &Shape, slot: Slot) -> Scalar {
    column(shape, slot).unwrap_or(Scalar::Bool(false))
}

/// `left = right`
pub(crate) fn equals(left: Scalar, right: Scalar) -> Scalar {
    Scalar::Compare(Compare::Equal, Box::new(left), Box::new(right))
}

/// Which records take part by their deletion.
pub(crate) fn living(shape: &Shape, deleted: Deleted) -> Option<Scalar> {
    let gone = Scalar::IsNull(Box::new(system_column(shape, shape.system.deleted_at)));
    match deleted {
        Deleted::Without => Some(gone),
        Deleted::Only => Some(Scalar::Not(Box::new(gone))),
        Deleted::With => None,
    }
}

/// All columns of the records that match, by id.
pub(crate) fn select_records(shape: &Shape, filter: Vec<Scalar>, lock: Option<Lock>) -> Query {
    let columns = shape
        .columns
        .iter()
        .enumerate()
        .map(|(place, stored)| {
            (Scalar::Column(alias(), stored.name.clone()), Ident::made(&format!("c{place}")))
        })
        .collect();
    Query {
        columns,
        from: Some(From { source: Relation::Table(shape.table.clone()), alias: alias() }),
        filter: Some(Scalar::And(filter)),
        order: vec![by_id(shape)],
        lock,
        ..Query::default()
    }
}

/// The listed columns of the records that match, by id.
pub(crate) fn select_columns(shape: &Shape, slots: &[Slot], filter: Vec<Scalar>) -> Query {
    let columns = slots
        .iter()
        .enumerate()
        .filter_map(|(place, slot)| Some((column(shape, *slot)?, Ident::made(&format!("c{place}")))))
        .collect();
    Query {
        columns,
        from: Some(From { source: Relation::Table(shape.table.clone()), alias: alias() }),
        filter: Some(Scalar::And(filter)),
        ..Query::default()
    }
}

/// By id, upwards.
pub(crate) fn by_id(shape: &Shape) -> Order {
    Order { by: system_column(shape, shape.system.id), descending: false, nulls_first: false }
}

/// Records by a list of ids (one value), locked in the order of their ids.
pub(crate) fn by_ids(shape: &Shape, lock: Option<Lock>) -> Query {
    let mut slots = Slots::default();
    let id = system_column(shape, shape.system.id);
    select_records(shape, vec![Scalar::InParam(Box::new(id), slots.list(Encoding::Id))], lock)
}

/// Records whose column holds one of a list of values.
pub(crate) fn by_column(shape: &Shape, slot: Slot, deleted: Deleted, lock: Option<Lock>) -> Query {
    let mut slots = Slots::default();
    select_records(shape, in_column(shape, slot, deleted, &mut slots), lock)
}

/// Id and the column itself, of living records whose column holds one of a list of values; locked in the order of their ids.
pub(crate) fn keys_by_column(shape: &Shape, slot: Slot, lock: Option<Lock>) -> Query {
    let mut slots = Slots::default();
    let filter = in_column(shape, slot, Deleted::Without, &mut slots);
    let order = vec![by_id(shape)];
    Query { lock, order, ..select_columns(shape, &[shape.system.id, slot], filter) }
}

fn in_column(shape: &Shape, slot: Slot, deleted: Deleted, slots: &mut Slots) -> Vec<Scalar> {
    let encoding = shape.columns.get(slot).map_or(Encoding::Id, |stored| stored.encoding);
    let subject = column(shape, slot).unwrap_or(Scalar::Bool(false));
    let mut filter = vec![Scalar::InParam(Box::new(subject), slots.list(encoding))];
    filter.extend(living(shape, deleted));
    filter
}

/// How many rows a statement writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Batch {
    /// One: plain values.
    One,
    /// Any number: one list per column.
    Many,
}

pub(super) fn rows(batch: Batch, encodings: impl Iterator<Item = Encoding>, slots: &mut Slots) -> Rows {
    match batch {
        Batch::One => Rows::Values(vec![encodings.map(|encoding| slots.one(encoding)).collect()]),
        Batch::Many => Rows::Unnest(encodings.map(|encoding| slots.list(encoding)).collect()),
    }
}

/// New rows: one value (or list) for each of the columns.
pub(crate) fn insert(shape: &Shape, columns: &[Slot], batch: Batch, slots: &mut Slots) -> Write {
    Write::Insert(Insert {
        table: shape.table.clone(),
        columns: names(shape, columns),
        rows: rows(batch, encodings(shape, columns), slots),
        conflict: None,
        returning: Vec::new(),
    })
}

/// Changes of one row: a value for each of the columns, then the id.
pub(crate) fn update_one(shape: &Shape, columns: &[Slot], slots: &mut Slots) -> Write {
    let set = columns
        .iter()
        .filter_map(|slot| shape.columns.get(*slot))
        .map(|stored| (stored.name.clone(), slots.one(stored.encoding)))
        .collect();
    Write::Update(Update {
        table: shape.table.clone(),
        alias: alias(),
        set,
        filter: equals(system_column(shape, shape.system.id), slots.one(Encoding::Id)),
        returning: Vec::new(),
    })
}

/// Changes of many rows in one statement: rows that are known to be there are "inserted" with all columns that may not be null, and
/// the conflict on the id sets `changed`. A list for each of `columns`.
pub(crate) fn update_many(shape: &Shape, columns: &[Slot], changed: &[Slot], slots: &mut Slots) -> Write {
    let set = names(shape, changed).into_iter().map(|name| (name.clone(), Scalar::Excluded(name))).collect();
    Write::Insert(Insert {
        table: shape.table.clone(),
        columns: names(shape, columns),
        rows: rows(Batch::Many, encodings(shape, columns), slots),
        conflict: Some(Conflict { columns: names(shape, &[shape.system.id]), set }),
        returning: Vec::new(),
    })
}

/// Removal of rows by a list of ids.
pub(crate) fn delete(shape: &Shape, slots: &mut Slots) -> Write {
    Write::Delete(Delete {
        table: shape.table.clone(),
        alias: alias(),
        filter: Scalar::InParam(Box::new(system_column(shape, shape.system.id)), slots.list(Encoding::Id)),
    })
}

/// Takes the next numbers of a sequence: its name, how many; answers the last of them.
pub(crate) fn sequence() -> Write {
    let mut slots = Slots::default();
    let value = Ident::made("value");
    let sum = Scalar::Arithmetic(
        sql::Arithmetic::Add,
        Encoding::Int,
        Box::new(Scalar::Column(Ident::made("sequence"), value.clone())),
        Box::new(Scalar::Excluded(value.clone())),
    );
    Write::Insert(Insert {
        table: Ident::made("sequence"),
        columns: vec![Ident::made("name"), value.clone()],
        rows: Rows::Values(vec![vec![slots.one(Encoding::Text), slots.one(Encoding::Int)]]),
        conflict: Some(Conflict { columns: vec![Ident::made("name")], set: vec![(value.clone(), sum)] }),
        returning: vec![(Scalar::Bare(value), Ident::made("last"))],
    })
}

fn names(shape: &Shape, slots: &[Slot]) -> Vec<Ident> {
    slots.iter().filter_map(|slot| shape.columns.get(*slot)).map(|stored| stored.name.clone()).collect()
}

fn encodings<'a>(shape: &'a Shape, slots: &'a [Slot]) -> impl Iterator<Item = Encoding> + 'a {
    slots.iter().filter_map(|slot| shape.columns.get(*slot)).map(|stored| stored.encoding)
}
