//! The table of the audit log.

use expr::Encoding;
use sql::{Ident, Insert, Rows, Write};

use crate::model::Slots;

/// Its columns.
pub(super) const COLUMNS: [(&str, Encoding); 11] = [
    ("id", Encoding::Id),
    ("at", Encoding::DateTime),
    ("actor", Encoding::Text),
    ("user_id", Encoding::Id),
    ("door", Encoding::Text),
    ("act", Encoding::Text),
    ("object", Encoding::Text),
    ("record", Encoding::Id),
    ("outcome", Encoding::Text),
    ("detail", Encoding::Text),
    ("trace", Encoding::Text),
];

pub(super) fn table() -> Ident {
    Ident::made("audit")
}

/// A new entry: a value for each column.
pub(super) fn insert() -> Write {
    let mut slots = Slots::default();
    Write::Insert(Insert {
        table: table(),
        columns: COLUMNS.iter().map(|(name, _)| Ident::made(name)).collect(),
        rows: Rows::Values(vec![COLUMNS.iter().map(|(_, encoding)| slots.one(*encoding)).collect()]),
        conflict: None,
        returning: Vec::new(),
    })
}
