//! From a prepared document and its variables to requests, one a root field.

mod failure;
mod groups;
mod list;
mod past;
mod selection;
mod stages;
mod value;
mod write;

pub use past::{ChangePart, Explain, ExplainPart, FieldChangePart, GroundPart, History};

use std::sync::Arc;

use async_graphql::parser::types::SelectionSet;
use expr::{Moment, Value};
use metadata::Catalog;
use query::request::{Keyed, Read, Selection, Write};

use crate::document::{Collected, OperationKind, Running};
use crate::error::{Error, Location, PathSegment};
use crate::surface::{RootField, Surface};

/// What lowering must know of the moment and the caller.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The instant of the request and the caller's zone: relative dates and buckets are reckoned by them.
    pub moment: Moment,
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
    /// `opportunityHistory`
    History(History),
    /// `explain`
    Explain(Explain),
}

/// What is selected of a mutation's payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// Whether it is a bulk payload: `records` is a list.
    pub bulk: bool,
    /// In the order of the response.
    pub parts: Vec<Keyed<PayloadPart>>,
    /// The values of the slots in what is selected of the records.
    pub values: Vec<Value>,
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
    /// `scriptLine`
    ScriptLine,
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
    /// `kind`: `KEY` or `SESSION`.
    Kind,
    /// `name`: name of the user or the key.
    Name,
    /// `role`: the first of the roles; null for a key with all rights.
    Role,
    /// `roles`: those that one acts with.
    Roles,
    /// `user`: the id of one's own record.
    User,
}

/// Lowering of one operation.
pub(crate) struct Lowering<'s, 'd> {
    surface: &'s Surface,
    catalog: &'d Catalog,
    running: &'s Running<'d>,
    moment: Moment,
    /// The values of the root field at hand.
    values: Vec<Value>,
    path: Vec<PathSegment>,
}

/// Lowers all root fields of an operation.
pub(crate) fn operation<'d>(
    surface: &'d Surface,
    running: &Running<'d>,
    kind: OperationKind,
    set: &'d SelectionSet,
    context: &Context,
) -> Result<Lowered, Vec<Error>> {
    let ty = match kind {
        OperationKind::Query => "Query",
        OperationKind::Mutation => "Mutation",
    };
    let mut lowering = Lowering {
        surface,
        catalog: surface.catalog(),
        running,
        moment: context.moment,
        values: Vec::new(),
        path: Vec::new(),
    };
    let mut roots = Vec::new();
    let mut errors = Vec::new();
    for field in running.collect(ty, [set]).map_err(|error| vec![error])? {
        match lowering.within(&field, |this| this.root(ty, kind, &field)) {
            Ok(item) => roots.push(Root { key: field.key.clone(), location: field.location, item }),
            Err(failed) => errors.extend(failed),
        }
    }
    if errors.is_empty() { Ok(Lowered { kind, roots }) } else { Err(errors) }
}

impl<'d> Lowering<'_, 'd> {
    fn root(
        &mut self,
        ty: &'static str,
        kind: OperationKind,
        field: &Collected<'d>,
    ) -> Result<RootItem, Vec<Error>> {
        self.values.clear();
        match field.name {
            "__typename" => return Ok(RootItem::TypeName(ty)),
            "__schema" | "__type" if kind == OperationKind::Query => {
                return self
                    .running
                    .introspect(field)
                    .map(RootItem::Introspection)
                    .map_err(|error| vec![error]);
            }
            _ => {}
        }
        let read = match self.surface.root(kind, field.name).cloned() {
            Some(RootField::Me) => return self.me(field).map(RootItem::Me),
            Some(RootField::History(object)) => return self.history(&object, field).map(RootItem::History),
            Some(RootField::Explain) => return self.explain(field).map(RootItem::Explain),
            Some(RootField::Record(object)) => Read::Record(self.one(&object, field)?),
            Some(RootField::List(object)) => Read::List(self.list(&object, ty, field)?),
            Some(RootField::Groups(object)) => Read::Groups(self.groups(&object, field)?),
            Some(RootField::Stages(object, analysis)) => {
                Read::Stages(self.analysis(&object, analysis, field)?)
            }
            Some(RootField::Write(object, verb)) => {
                let (write, payload) = self.write(&object, verb, field)?;
                return Ok(RootItem::Write(Box::new(write), payload));
            }
            None => return Err(self.unknown(ty, field)),
        };
        Ok(RootItem::Read(read, std::mem::take(&mut self.values)))
    }

    fn me(&self, field: &Collected<'d>) -> Result<Vec<Keyed<MePart>>, Vec<Error>> {
        self.plain("Me", field, |part| {
            Ok(Some(match part.name {
                "__typename" => MePart::TypeName,
                "tenant" => MePart::Tenant,
                "kind" => MePart::Kind,
                "name" => MePart::Name,
                "role" => MePart::Role,
                "roles" => MePart::Roles,
                "user" => MePart::User,
                _ => return Ok(None),
            }))
        })
    }

    /// What is selected of a type that is not made of metadata, each under its key; `item` knows no part of that name where it says `None`.
    fn plain<T>(
        &self,
        ty: &str,
        field: &Collected<'d>,
        item: impl Fn(&Collected<'d>) -> Result<Option<T>, Vec<Error>>,
    ) -> Result<Vec<Keyed<T>>, Vec<Error>> {
        let mut parts = Vec::new();
        for part in self.collect(ty, field.sets())? {
            let item = item(&part)?.ok_or_else(|| self.unknown(ty, &part))?;
            parts.push(selection::keyed(&part, item));
        }
        Ok(parts)
    }
}
