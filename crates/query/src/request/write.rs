//! Writes: what a door wants done. The engine decides what comes of it.

use std::sync::Arc;

use expr::{Expr, Value};
use metadata::Name;
use uuid::Uuid;

/// A write to records of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Of which object.
    pub object: Name,
    /// What is done.
    pub operation: Operation,
    /// Do everything, then roll back.
    pub dry_run: bool,
    /// A repeated key answers with the first outcome.
    pub idempotency_key: Option<String>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// New records.
    Create(Vec<RecordData>, Batch),
    /// Change one record.
    Update {
        /// Which.
        id: Uuid,
        /// To what.
        data: RecordData,
        /// Refused when the record's version is another.
        expected_version: Option<i64>,
    },
    /// Take one record to another stage of its lifecycle.
    Move {
        /// Which.
        id: Uuid,
        /// To which stage.
        to: Arc<str>,
        /// Why, for the log.
        reason: Option<String>,
        /// Fields that are written along with it.
        data: RecordData,
        /// Refused when the record's version is another.
        expected_version: Option<i64>,
    },
    /// Change many records alike.
    UpdateMany(Which, RecordData, Batch),
    /// Create, or update the one whose key field has the same value.
    Upsert {
        /// A unique field.
        key: Name,
        /// The records.
        records: Vec<RecordData>,
        /// How failures of single records are taken.
        batch: Batch,
    },
    /// Soft deletion.
    Delete(Which, Batch),
    /// Undo of a soft deletion.
    Restore(Which, Batch),
    /// Deletion for good.
    Destroy(Which, Batch),
}

/// Whether this is about one record or many.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// One record.
    One(Uuid),
    /// All that match; the expression's slots are numbers into the values.
    Matching(Expr, Vec<Value>),
}

/// How failures of single records are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// One failure undoes all.
    AllOrNone,
    /// Each stands for itself.
    Each,
}

/// The fields given for a record, in the order in which they were given; absent fields are unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordData {
    /// Field and what is written to it.
    pub fields: Vec<(Name, Input)>,
    /// Of stays of the past that its source tells alike, to the instant: how many stand before this one.
    pub repeats: usize,
}

/// What is written to a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A value of the field's type, or null.
    Value(Value),
    /// Parts of a composite; parts that are not named are unchanged.
    Parts(Vec<(String, Value)>),
    /// A to-one relation.
    One(RecordRef),
    /// A polymorphic relation: the object and its record.
    OneOf(Name, RecordRef),
    /// A to-many relation.
    Many {
        /// Records to be joined.
        connect: Vec<RecordRef>,
        /// Records to be parted.
        disconnect: Vec<RecordRef>,
    },
    /// What the field cannot hold: the record is refused, and others of the request may still be written.
    Unreadable {
        /// Where: the field, or a part of it.
        path: String,
        /// What is wrong.
        message: String,
    },
}

/// How a related record is named.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordRef {
    /// By id.
    Id(Uuid),
    /// By the value of one of its unique fields.
    By(Name, Value),
}
