//! The bytes of answers. Rows arrive as JSON and are copied, never parsed.

use std::sync::Arc;

use engine::Outcome;
use graphql::{EffectPart, Error, ErrorPart, MePart, Payload, PayloadPart};
use query::request::Keyed;
use serde::Serialize;

use crate::access::Who;
use crate::trace::TraceId;

/// A JSON object that is being written.
pub(crate) struct Members<'o> {
    out: &'o mut Vec<u8>,
    any: bool,
}

impl<'o> Members<'o> {
    pub(crate) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Members { out, any: false }
    }

    /// Writes the name; what follows is the value. Names are GraphQL names and need no escaping.
    pub(crate) fn name(&mut self, name: &str) -> &mut Vec<u8> {
        if self.any {
            self.out.push(b',');
        }
        self.any = true;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}

pub(crate) fn json(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        // Only a map with keys that are no strings could fail, and there is none.
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// A root field's value, or null.
pub(crate) type RootValue = (Arc<str>, Option<Vec<u8>>);

/// The whole answer of an operation that was run. `None` for `data` when an error has taken all of it.
pub(crate) fn answer(data: Option<&[RootValue]>, errors: &[Error], trace: &TraceId) -> Vec<u8> {
    let size = data
        .unwrap_or_default()
        .iter()
        .map(|(key, value)| key.len() + value.as_ref().map_or(8, Vec::len) + 8);
    let mut out = Vec::with_capacity(size.sum::<usize>() + 64);
    let mut body = Members::begin(&mut out);
    if !errors.is_empty() {
        let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
        tracing::info!(?codes, "answered with errors");
        write_errors(errors, trace, body.name("errors"));
    }
    let place = body.name("data");
    match data {
        None => place.extend_from_slice(b"null"),
        Some(roots) => {
            let mut members = Members::begin(place);
            for (key, value) in roots {
                members.name(key).extend_from_slice(value.as_deref().unwrap_or(b"null"));
            }
            members.end();
        }
    }
    body.end();
    out
}

/// The whole answer of a request that was not run.
pub(crate) fn refusal(errors: &[Error], trace: &TraceId) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let mut body = Members::begin(&mut out);
    write_errors(errors, trace, body.name("errors"));
    body.end();
    out
}

fn write_errors(errors: &[Error], trace: &TraceId, out: &mut Vec<u8>) {
    let traced: Vec<Error> =
        errors.iter().map(|error| error.clone().with("traceId", trace.as_str())).collect();
    json(&traced, out);
}

/// What is selected of a write's outcome.
pub(crate) fn written(payload: &Payload, outcome: &Outcome) -> Vec<u8> {
    let records: usize =
        outcome.records.iter().map(|record| record.as_ref().map_or(4, bytes::Bytes::len) + 1).sum();
    let mut out = Vec::with_capacity(records + 64);
    let mut members = Members::begin(&mut out);
    for Keyed { key, item } in &payload.parts {
        let place = members.name(key);
        match item {
            PayloadPart::TypeName(name) => json(&**name, place),
            PayloadPart::Record(_) if payload.bulk => {
                write_list(&outcome.records, place, |record, out| write_record(record.as_ref(), out));
            }
            PayloadPart::Record(_) => write_record(outcome.records.first().and_then(Option::as_ref), place),
            PayloadPart::Errors(parts) => write_list(&outcome.errors, place, |error, out| {
                let mut members = Members::begin(out);
                for Keyed { key, item } in parts {
                    write_error_part(*item, error, payload.bulk, members.name(key));
                }
                members.end();
            }),
            PayloadPart::Effects(parts) => write_list(&outcome.effects, place, |effect, out| {
                let mut members = Members::begin(out);
                for Keyed { key, item } in parts {
                    write_effect_part(*item, effect, members.name(key));
                }
                members.end();
            }),
        }
    }
    members.end();
    out
}

pub(crate) fn write_list<T>(items: &[T], out: &mut Vec<u8>, each: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(b']');
}

fn write_record(record: Option<&bytes::Bytes>, out: &mut Vec<u8>) {
    out.extend_from_slice(record.map_or(b"null", |record| record.as_ref()));
}

fn write_error_part(part: ErrorPart, error: &engine::Refusal, bulk: bool, out: &mut Vec<u8>) {
    match part {
        ErrorPart::TypeName => json("WriteError", out),
        ErrorPart::Code => json(error.code.as_str(), out),
        ErrorPart::Path => json(&error.path, out),
        ErrorPart::Rule => json(&error.rule, out),
        ErrorPart::Message => json(&error.message, out),
        ErrorPart::ScriptLine => json(&error.line, out),
        ErrorPart::Index => json(&error.index.filter(|_| bulk), out),
    }
}

fn write_effect_part(part: EffectPart, effect: &engine::Effect, out: &mut Vec<u8>) {
    match part {
        EffectPart::TypeName => json("WriteEffect", out),
        EffectPart::Kind => json(effect.kind.as_str(), out),
        EffectPart::Object => json(effect.object.as_str(), out),
        EffectPart::Id => json(&effect.id, out),
        EffectPart::Field => json(&effect.field.as_ref().map(metadata::Name::as_str), out),
        EffectPart::From => json(&effect.from, out),
        EffectPart::To => json(&effect.to, out),
    }
}

/// `me`
pub(crate) fn me(parts: &[Keyed<MePart>], who: &Who) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    let mut members = Members::begin(&mut out);
    for Keyed { key, item } in parts {
        let place = members.name(key);
        match item {
            MePart::TypeName => json("Me", place),
            MePart::Tenant => json(&who.tenant, place),
            MePart::Kind => json(who.kind, place),
            MePart::Name => json(&who.name, place),
            MePart::Role => json(&who.roles.first(), place),
            MePart::Roles => json(&who.roles, place),
            MePart::User => json(&who.user, place),
        }
    }
    members.end();
    out
}
