//! Mutations: arguments to a write, selection to a payload.

use std::sync::Arc;

use expr::{Expr, Node, Span, Type, Value};
use metadata::Name;
use query::holes::Holes;
use query::request::{Batch, DataProblem, Keyed, Operation, RecordData, Which, Write};
use serde_json::Value as Json;
use uuid::Uuid;

use super::failure::{Arguments, Failures};
use super::selection::{keyed, sets};
use super::{EffectPart, ErrorPart, Lowering, Payload, PayloadPart};
use crate::document::Collected;
use crate::surface::Verb;

/// Most records of one bulk write.
const MOST_RECORDS: usize = 1_000;
/// Longest idempotency key.
const LONGEST_KEY: usize = 200;

impl<'d> Lowering<'_, 'd> {
    pub(super) fn write(
        &mut self,
        object: &Name,
        verb: Verb,
        field: &Collected<'d>,
    ) -> Result<(Write, Payload), Failures> {
        let arguments = self.arguments("Mutation", field)?;
        let operation = self.operation(object, verb, field, &arguments)?;
        let idempotency_key = arguments.get("idempotencyKey").and_then(Json::as_str).map(str::to_owned);
        let wrong = |key: &String| key.is_empty() || key.len() > LONGEST_KEY || key.contains('\0');
        if idempotency_key.as_ref().is_some_and(wrong) {
            let message =
                format!("idempotencyKey must have from 1 to {LONGEST_KEY} bytes, and none of them NUL");
            return Err(vec![self.argument_error(field, "idempotencyKey", message)]);
        }
        let dry_run = arguments.get("dryRun").and_then(Json::as_bool).unwrap_or(false);
        let write = Write { object: object.clone(), operation, dry_run, idempotency_key };
        let payload = self.payload(object, verb.bulk(), field)?;
        let holes = payload.selection().and_then(Holes::of_record);
        if write.dry_run && holes.is_some() {
            let message = "moves cannot be selected of a rehearsal: they are told of what is there";
            return Err(vec![self.argument_error(field, "dryRun", message)]);
        }
        Ok((write, payload))
    }

    fn operation(
        &mut self,
        object: &Name,
        verb: Verb,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Operation, Failures> {
        let each = arguments.get("allOrNone").and_then(Json::as_bool) == Some(false);
        let batch = if each { Batch::Each } else { Batch::AllOrNone };
        let one = |this: &Self| -> Result<Uuid, Failures> { this.id(field, "id", arguments.get("id")) };
        Ok(match verb {
            Verb::Create => Operation::Create(vec![self.data(object, field, arguments)?], Batch::AllOrNone),
            Verb::CreateMany => Operation::Create(self.records(object, field, arguments)?, batch),
            Verb::Update => Operation::Update {
                id: one(self)?,
                data: self.data(object, field, arguments)?,
                expected_version: arguments.get("expectedVersion").and_then(Json::as_i64),
            },
            Verb::Move => Operation::Move {
                id: one(self)?,
                to: Arc::from(arguments.get("to").and_then(Json::as_str).unwrap_or_default()),
                reason: arguments.get("reason").and_then(Json::as_str).map(str::to_owned),
                data: match arguments.get("data") {
                    None | Some(Json::Null) => RecordData::default(),
                    Some(_) => self.data(object, field, arguments)?,
                },
                expected_version: arguments.get("expectedVersion").and_then(Json::as_i64),
            },
            Verb::UpdateMany => {
                let which = self.matching(object, field, arguments)?;
                Operation::UpdateMany(which, self.data(object, field, arguments)?, batch)
            }
            Verb::UpsertMany => Operation::Upsert {
                key: self.key_field(object, field, arguments)?,
                records: self.records(object, field, arguments)?,
                batch,
            },
            Verb::Delete => Operation::Delete(Which::One(one(self)?), Batch::AllOrNone),
            Verb::DeleteMany => Operation::Delete(self.matching(object, field, arguments)?, batch),
            Verb::Restore => Operation::Restore(Which::One(one(self)?), Batch::AllOrNone),
            Verb::RestoreMany => Operation::Restore(self.matching(object, field, arguments)?, batch),
            Verb::Destroy => Operation::Destroy(Which::One(one(self)?), Batch::AllOrNone),
            Verb::DestroyMany => Operation::Destroy(self.matching(object, field, arguments)?, batch),
        })
    }

    /// The records that match the argument `filter`; its values are numbered for themselves.
    fn matching(
        &mut self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Which, Failures> {
        let outer = std::mem::take(&mut self.values);
        let filter = self.filter(object, field, arguments);
        let values = std::mem::replace(&mut self.values, outer);
        // An empty filter is all records: it was written out, a lost variable does not lead here.
        let all = || Expr { node: Node::And(Vec::new()), ty: Type::Bool, span: Span::default() };
        Ok(Which::Matching(filter?.unwrap_or_else(all), values))
    }

    fn key_field(
        &self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Name, Failures> {
        let of = self.object(object)?;
        let key = arguments.get("key").and_then(Json::as_str).unwrap_or_default();
        match of.field(key) {
            Some(known) if of.identifies(key) => Ok(known.name.clone()),
            _ => {
                let legal: Vec<&str> =
                    of.fields.keys().map(Name::as_str).filter(|name| of.identifies(name)).collect();
                let message = format!("key: {key} is no unique field of {object}");
                Err(vec![self.argument_error(field, "key", message).explained(Some(legal.join(", ")), None)])
            }
        }
    }

    fn data(
        &self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<RecordData, Failures> {
        let of = self.object(object)?;
        let Some(json) = arguments.get("data").and_then(Json::as_object) else {
            return Err(vec![self.argument_error(field, "data", "data is missing")]);
        };
        RecordData::from_json(self.catalog, of, json, "data")
            .map_err(|problem| vec![self.data_error(field, problem)])
    }

    fn records(
        &self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Vec<RecordData>, Failures> {
        let of = self.object(object)?;
        let items = arguments.get("data").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        if items.len() > MOST_RECORDS {
            let message = format!("data has {} records: at most {MOST_RECORDS} are allowed", items.len());
            return Err(vec![self.argument_error(field, "data", message)]);
        }
        let mut errors = Vec::new();
        let mut records = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Some(json) = item.as_object() else { continue };
            match RecordData::from_json(self.catalog, of, json, &format!("data[{index}]")) {
                Ok(data) => records.push(data),
                Err(problem) => errors.push(self.data_error(field, problem)),
            }
        }
        if errors.is_empty() { Ok(records) } else { Err(errors) }
    }

    fn data_error(&self, field: &Collected<'d>, problem: DataProblem) -> crate::error::Error {
        let message = format!("{}: {}", problem.place, problem.message);
        self.argument_error(field, &problem.place, message).explained(problem.expected, None)
    }

    fn payload(&mut self, object: &Name, bulk: bool, field: &Collected<'d>) -> Result<Payload, Failures> {
        let names = self.surface.names(object);
        let ty = names.with(if bulk { "BulkPayload" } else { "Payload" });
        let outer = std::mem::take(&mut self.values);
        let mut parts: Vec<Keyed<PayloadPart>> = Vec::new();
        for part in self.collect(&ty, field.sets())? {
            let item = match part.name {
                "__typename" => PayloadPart::TypeName(Arc::from(ty.as_str())),
                "record" | "records" => {
                    if parts.iter().any(|part| matches!(part.item, PayloadPart::Record(_))) {
                        return Err(vec![self.error(&part, "The written record can be selected once only")]);
                    }
                    PayloadPart::Record(self.within(&part, |this| this.record(object, sets(&part)))?)
                }
                "errors" => PayloadPart::Errors(self.error_parts(&part)?),
                "effects" => PayloadPart::Effects(self.effect_parts(&part)?),
                _ => return Err(self.unknown(&ty, &part)),
            };
            parts.push(keyed(&part, item));
        }
        let values: Vec<Value> = std::mem::replace(&mut self.values, outer);
        Ok(Payload { bulk, parts, values })
    }

    fn error_parts(&self, field: &Collected<'d>) -> Result<Vec<Keyed<ErrorPart>>, Failures> {
        self.plain("WriteError", field, |part| {
            Ok(Some(match part.name {
                "__typename" => ErrorPart::TypeName,
                "code" => ErrorPart::Code,
                "path" => ErrorPart::Path,
                "rule" => ErrorPart::Rule,
                "message" => ErrorPart::Message,
                "scriptLine" => ErrorPart::ScriptLine,
                "index" => ErrorPart::Index,
                _ => return Ok(None),
            }))
        })
    }

    fn effect_parts(&self, field: &Collected<'d>) -> Result<Vec<Keyed<EffectPart>>, Failures> {
        self.plain("WriteEffect", field, |part| {
            Ok(Some(match part.name {
                "__typename" => EffectPart::TypeName,
                "kind" => EffectPart::Kind,
                "object" => EffectPart::Object,
                "id" => EffectPart::Id,
                "field" => EffectPart::Field,
                "from" => EffectPart::From,
                "to" => EffectPart::To,
                _ => return Ok(None),
            }))
        })
    }
}
