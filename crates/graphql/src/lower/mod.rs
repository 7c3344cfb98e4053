//! From a prepared document and its variables to requests, one a root field.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::Value;
use query::request::{Keyed, Read, Selection, Write};

use crate::document::OperationKind;
use crate::error::Location;

/// What lowering must know of the moment and the caller.
#[derive(Clone, Debug)]
pub struct Context {
    /// The instant of the request: relative dates are resolved against it.
    pub now: DateTime<Utc>,
    /// The caller's IANA time zone.
    pub zone: Arc<str>,
}

/// An operation, ready to be run: root fields in the order of the response.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Query or mutation.
    pub kind: OperationKind,
    /// Its root fields.
    pub roots: Vec<Root>,
}

/// One root field.
#[derive(Clone, Debug)]
pub struct Root {
    /// Response key.
    pub key: Arc<str>,
    /// Where it stands in the document.
    pub location: Location,
    /// What it asks.
    pub item: RootItem,
}

/// What a root field asks.
#[derive(Clone, Debug)]
pub enum RootItem {
    /// `__typename`
    TypeName(&'static str),
    /// A read with the values of its slots.
    Read(Read, Vec<Value>),
    /// A write and what is selected of its outcome.
    Write(Box<Write>, Payload),
    /// `__schema`, `__type`: JSON that is ready.
    Introspection(Vec<u8>),
    /// `me`
    Me(Vec<Keyed<MePart>>),
}

/// What is selected of a mutation's payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// Whether it is a bulk payload: `records` is a list.
    pub bulk: bool,
    /// In the order of the response.
    pub parts: Vec<Keyed<PayloadPart>>,
}

impl Payload {
    /// What is selected of the records, if anything.
    pub fn selection(&self) -> Option<&Selection> {
        self.parts.iter().find_map(|part| match &part.item {
            PayloadPart::Record(selection) => Some(selection),
            PayloadPart::TypeName(_) | PayloadPart::Errors(_) | PayloadPart::Effects(_) => None,
        })
    }
}

/// A field of a payload.
#[derive(Clone, Debug, PartialEq)]
pub enum PayloadPart {
    /// `__typename`
    TypeName(Arc<str>),
    /// `record { … }` or `records { … }`
    Record(Selection),
    /// `errors { … }`
    Errors(Vec<Keyed<ErrorPart>>),
    /// `effects { … }`
    Effects(Vec<Keyed<EffectPart>>),
}

/// A field of a payload's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorPart {
    /// `__typename`
    TypeName,
    /// `code`
    Code,
    /// `path`
    Path,
    /// `rule`
    Rule,
    /// `message`
    Message,
    /// `index`, in bulk payloads
    Index,
}

/// A field of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectPart {
    /// `__typename`
    TypeName,
    /// `kind`
    Kind,
    /// `object`
    Object,
    /// `id`
    Id,
    /// `field`
    Field,
    /// `from`
    From,
    /// `to`
    To,
}

/// A field of `me`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MePart {
    /// `__typename`
    TypeName,
    /// `tenant`: name of the tenant.
    Tenant,
    /// `kind`: `KEY`.
    Kind,
    /// `name`: name of the key.
    Name,
    /// `role`: null for a key with all rights.
    Role,
}
