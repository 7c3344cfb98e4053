//! The platform's tables that get rows with every write: which columns, and how rows are written to them.

use expr::Encoding;
use sql::{Conflict, Delete, Ident, Insert, Scalar, Update, Write};

use super::statements::{Batch, Slots, alias, equals, rows};

/// A table beside those of the records, and what is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Log {
    /// What happened to records.
    History,
    /// Events that wait for their receivers.
    Outbox,
    /// Stays in stages that begin.
    Stays,
    /// One stay that ends: `left_at left_to id`.
    Leaving,
    /// Stays that end, told by their rows, and stays that begin.
    Passages,
    /// Runs of automations.
    Runs,
    /// What users are told.
    Told,
}

const HISTORY: [(&str, Encoding); 10] = [
    ("id", Encoding::Id),
    ("object", Encoding::Text),
    ("record", Encoding::Id),
    ("version", Encoding::Int),
    ("at", Encoding::DateTime),
    ("actor", Encoding::Text),
    ("user_id", Encoding::Id),
    ("door", Encoding::Text),
    ("kind", Encoding::Text),
    ("changes", Encoding::Text),
];

const OUTBOX: [(&str, Encoding); 7] = [
    ("id", Encoding::Id),
    ("at", Encoding::DateTime),
    ("object", Encoding::Text),
    ("record", Encoding::Id),
    ("version", Encoding::Int),
    ("kind", Encoding::Text),
    ("payload", Encoding::Text),
];

const STAY: [(&str, Encoding); 17] = [
    ("id", Encoding::Id),
    ("object", Encoding::Text),
    ("record", Encoding::Id),
    ("lifecycle", Encoding::Text),
    ("name", Encoding::Text),
    ("from_stage", Encoding::Text),
    ("to_stage", Encoding::Text),
    ("pass", Encoding::Int),
    ("entered", Encoding::DateTime),
    ("left_at", Encoding::DateTime),
    ("left_to", Encoding::Text),
    ("actor", Encoding::Text),
    ("user_id", Encoding::Id),
    ("cause", Encoding::Text),
    ("detail", Encoding::Text),
    ("reason", Encoding::Text),
    ("version", Encoding::Int),
];

const RUN: [(&str, Encoding); 13] = [
    ("id", Encoding::Id),
    ("at", Encoding::DateTime),
    ("automation", Encoding::Text),
    ("object", Encoding::Text),
    ("record", Encoding::Id),
    ("job", Encoding::Id),
    ("key", Encoding::Text),
    ("outcome", Encoding::Text),
    ("operations", Encoding::Int),
    ("micros", Encoding::Int),
    ("input", Encoding::Text),
    ("effects", Encoding::Text),
    ("error", Encoding::Text),
];

const TOLD: [(&str, Encoding); 7] = [
    ("id", Encoding::Id),
    ("at", Encoding::DateTime),
    ("user_id", Encoding::Id),
    ("message", Encoding::Text),
    ("object", Encoding::Text),
    ("record", Encoding::Id),
    ("sender", Encoding::Text),
];

impl Log {
    /// The write of one row, or of lists by column; its values in the order of the columns.
    pub(crate) fn write(self, batch: Batch, slots: &mut Slots) -> Write {
        match self {
            Log::History => append("history", &HISTORY, batch, slots),
            Log::Outbox => append("outbox", &OUTBOX, batch, slots),
            Log::Stays => append("transition", &STAY, batch, slots),
            Log::Runs => append("automation_run", &RUN, batch, slots),
            Log::Told => append("notification", &TOLD, batch, slots),
            Log::Leaving => leave(slots),
            Log::Passages => match append("transition", &STAY, batch, slots) {
                Write::Insert(insert) => Write::Insert(Insert { conflict: Some(ended()), ..insert }),
                other => other,
            },
        }
    }
}

fn append(table: &str, columns: &[(&str, Encoding)], batch: Batch, slots: &mut Slots) -> Write {
    Write::Insert(Insert {
        table: Ident::made(table),
        columns: columns.iter().map(|(name, _)| Ident::made(name)).collect(),
        rows: rows(batch, columns.iter().map(|(_, encoding)| *encoding), slots),
        conflict: None,
        returning: Vec::new(),
    })
}

fn column(name: &str) -> Scalar {
    Scalar::Column(alias(), Ident::made(name))
}

/// Ends one stay.
fn leave(slots: &mut Slots) -> Write {
    Write::Update(Update {
        table: Ident::made("transition"),
        alias: alias(),
        set: vec![
            (Ident::made("left_at"), slots.one(Encoding::DateTime)),
            (Ident::made("left_to"), slots.one(Encoding::Text)),
        ],
        filter: equals(column("id"), slots.one(Encoding::Id)),
        returning: Vec::new(),
    })
}

/// A stay that is there already ends.
fn ended() -> Conflict {
    let set = ["left_at", "left_to"].map(|name| (Ident::made(name), Scalar::Excluded(Ident::made(name))));
    Conflict { columns: vec![Ident::made("id")], set: set.to_vec() }
}

/// Removal of the log of destroyed records: a list of their ids, their object.
pub(crate) fn forget_stays(slots: &mut Slots) -> Write {
    let records = Scalar::InParam(Box::new(column("record")), slots.list(Encoding::Id));
    let object = equals(column("object"), slots.one(Encoding::Text));
    Write::Delete(Delete {
        table: Ident::made("transition"),
        alias: alias(),
        filter: Scalar::And(vec![object, records]),
    })
}
