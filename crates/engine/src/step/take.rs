//! What the request says about one record, put in its columns. Relations are noted, to be found for all records at once.

use std::sync::Arc;

use expr::{Encoding, Value};
use metadata::catalog::{Field, FieldType, Right};
use metadata::layout::Role;
use query::request::{Input, Operation, RecordData};

use super::relate::{Open, OpenMany};
use crate::model::{Record, Shape};
use crate::outcome::{Code, Refusal};
use crate::run::{Job, Run};

/// Takes the data over. What cannot be written is refused, never dropped.
pub(crate) fn data(run: &mut Run<'_>, place: usize, data: &RecordData) {
    let key = match &run.write.operation {
        Operation::Upsert { key, .. } => Some(key.as_str()),
        _ => None,
    };
    let written = key.is_none_or(|key| run.caller.access.may_write(&run.write.object, key));
    let (past, imports) = (run.caller.access.may(Right::History), run.caller.door.imports());
    let Some(job) = run.jobs.get_mut(place) else { return };
    job.passage.repeats = data.repeats;
    let mut refusals = Vec::new();
    let shape = Arc::clone(&job.shape);
    for (name, input) in &data.fields {
        match shape.object.field(name) {
            None => refusals
                .push(Refusal::at(name.as_str(), format!("`{}` has no field `{name}`", shape.object.name))),
            // It has named its record; where it may not be written it stays as it is.
            Some(_) if key.is_some_and(|key| key == &**name) && (&**name == "id" || !written) => {}
            // What a file leaves empty is not said, and nobody says that a record came to its stage never.
            Some(field) if unsaid(&shape, field, input, imports) => {}
            Some(field) if is_past(&shape, field) && !past => refusals.push(no_historian(field)),
            Some(field) if !field.writable() && !is_past(&shape, field) => refusals.push(unwritable(field)),
            Some(field) => {
                if let Err(refusal) = take(job, &shape, field, input) {
                    refusals.push(refusal);
                }
            }
        }
    }
    let index = job.index;
    for refusal in refusals {
        run.refuse(index, refusal);
    }
}

/// Whether the field tells when a record came to its stage: kept by the platform, but told by those who may write history.
fn is_past(shape: &Shape, field: &Field) -> bool {
    shape.flow.is_some() && &*field.name == "stageEnteredAt"
}

fn unsaid(shape: &Shape, field: &Field, input: &Input, imports: bool) -> bool {
    let empty = matches!(input, Input::Value(Value::Null));
    empty && (is_past(shape, field) || (imports && shape.flow.is_some() && &*field.name == "stage"))
}

fn no_historian(field: &Field) -> Refusal {
    let message = format!("`{}` is told by those only who have the right `history`", field.name);
    Refusal { path: Some(field.name.to_string()), ..Refusal::new(Code::Forbidden, message) }
}

fn unwritable(field: &Field) -> Refusal {
    let why = match &field.ty {
        FieldType::AutoNumber { .. } => "is numbered by the platform",
        FieldType::Formula { .. } | FieldType::Rollup { .. } | FieldType::Score { .. } => "is computed",
        _ => "is kept by the platform",
    };
    Refusal::at(field.name.as_str(), format!("`{}` {why} and cannot be written", field.name)).rule("readOnly")
}

/// Takes over one field of a record on its way.
pub(crate) fn one(run: &mut Run<'_>, place: usize, field: &str, input: &Input) -> Result<(), Refusal> {
    let Some(job) = run.jobs.get_mut(place) else { return Ok(()) };
    let shape = Arc::clone(&job.shape);
    match shape.object.field(field) {
        Some(field) if field.writable() => take(job, &shape, field, input),
        Some(field) => Err(unwritable(field)),
        None => Err(Refusal::at(field, format!("`{}` has no field `{field}`", shape.object.name))),
    }
}

fn take(job: &mut Job, shape: &Shape, field: &Field, input: &Input) -> Result<(), Refusal> {
    match (&field.ty, input) {
        (FieldType::Many(many), Input::Many { connect, disconnect }) => {
            job.many.push(OpenMany {
                field: field.name.clone(),
                many: many.clone(),
                connect: connect.clone(),
                disconnect: disconnect.clone(),
            });
            return Ok(());
        }
        (_, Input::Unreadable { path, message }) => {
            return Err(Refusal::at(path, format!("{}: {message}", field.title)).rule("format"));
        }
        (FieldType::Many(_), _) | (_, Input::Many { .. }) => return Err(mismatch(field)),
        (_, Input::Value(Value::Null)) => {
            for slot in shape.slots(&field.name) {
                job.after.set(*slot, Value::Null);
            }
        }
        (FieldType::Lookup(lookup), Input::One(reference)) => {
            let slot = shape.value_slot(&field.name).ok_or_else(|| mismatch(field))?;
            let target = lookup.to.clone();
            job.open.push(Open {
                field: field.name.clone(),
                slot,
                object: None,
                target,
                reference: reference.clone(),
            });
        }
        (FieldType::Polymorphic { to, .. }, Input::OneOf(target, reference)) => {
            if !to.contains(target) {
                let legal: Vec<&str> = to.iter().map(metadata::Name::as_str).collect();
                let message =
                    format!("`{}` may point at {}, not at `{target}`", field.name, legal.join(", "));
                return Err(Refusal::at(field.name.as_str(), message));
            }
            let slot = shape.value_slot(&field.name).ok_or_else(|| mismatch(field))?;
            let object = shape.slot(&field.name, &Role::Object);
            let (target, reference) = (target.clone(), reference.clone());
            job.open.push(Open { field: field.name.clone(), slot, object, target, reference });
        }
        (_, Input::One(_) | Input::OneOf(..)) => return Err(mismatch(field)),
        (_, Input::Parts(parts)) => {
            for (part, value) in parts {
                let slot = shape.part_slot(&field.name, part).ok_or_else(|| {
                    let path = format!("{}.{part}", field.name);
                    Refusal::at(path, format!("`{}` has no part `{part}`", field.name))
                })?;
                put(shape, &mut job.after, slot, value).map_err(|why| at_part(field, part, why))?;
                job.given.push(slot);
            }
            return Ok(());
        }
        (_, Input::Value(value)) => {
            let slot = shape.value_slot(&field.name).ok_or_else(|| mismatch(field))?;
            put(shape, &mut job.after, slot, value).map_err(|why| Refusal::at(field.name.as_str(), why))?;
        }
    }
    job.given.extend_from_slice(shape.slots(&field.name));
    Ok(())
}

fn at_part(field: &Field, part: &str, why: String) -> Refusal {
    Refusal::at(format!("{}.{part}", field.name), why)
}

fn mismatch(field: &Field) -> Refusal {
    Refusal::at(field.name.as_str(), format!("`{}` does not take such a value", field.name)).rule("type")
}

/// Puts a value in a column, in the form in which values are kept; says why not.
fn put(shape: &Shape, record: &mut Record, slot: usize, value: &Value) -> Result<(), String> {
    let encoding = shape.columns.get(slot).map(|stored| stored.encoding);
    record.set(slot, settled(value, encoding.unwrap_or(Encoding::Text))?);
    Ok(())
}

/// NFC text without NUL, numbers of the column's kind, decimals without trailing zeros.
fn settled(value: &Value, encoding: Encoding) -> Result<Value, String> {
    Ok(match (value, encoding) {
        (Value::Text(text), Encoding::Text) => Value::Text(settled_text(text)?),
        (Value::Int(number), Encoding::Decimal(_)) => Value::Decimal((*number).into()),
        (Value::Decimal(number), Encoding::Decimal(_)) => Value::Decimal(number.normalize()),
        (Value::Float(number), Encoding::Float) if !number.is_finite() => {
            return Err("a number must be finite".to_owned());
        }
        (Value::List(items), Encoding::TextList) => {
            Value::List(items.iter().map(|item| settled(item, Encoding::Text)).collect::<Result<_, _>>()?)
        }
        (value, encoding) if fits(value, encoding) => value.clone(),
        _ => return Err("the value is of another type".to_owned()),
    })
}

fn settled_text(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("text may not hold the character NUL".to_owned());
    }
    Ok(if text.is_ascii() { text.to_owned() } else { expr::nfc(text) })
}

fn fits(value: &Value, encoding: Encoding) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => encoding == Encoding::Bool,
        Value::Int(_) => matches!(encoding, Encoding::Int),
        Value::Decimal(_) => matches!(encoding, Encoding::Decimal(_)),
        Value::Float(_) => encoding == Encoding::Float,
        Value::Text(_) => encoding == Encoding::Text,
        Value::Date(_) => encoding == Encoding::Date,
        Value::Time(_) => encoding == Encoding::Time,
        Value::DateTime(_) => encoding == Encoding::DateTime,
        Value::Duration(_) => encoding == Encoding::Duration,
        Value::Id(_) => encoding == Encoding::Id,
        Value::List(_) => encoding == Encoding::TextList,
        Value::Json(_) => encoding == Encoding::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_in_one_form() {
        let text = settled(&Value::Text("e\u{301}".to_owned()), Encoding::Text);
        assert_eq!(text, Ok(Value::Text("\u{e9}".to_owned())));
        assert!(settled(&Value::Text("a\0b".to_owned()), Encoding::Text).is_err());
        assert_eq!(settled(&Value::Int(3), Encoding::Decimal(4)), Ok(Value::Decimal(3.into())));
        assert!(settled(&Value::Text("3".to_owned()), Encoding::Int).is_err());
        assert!(settled(&Value::Float(f64::NAN), Encoding::Float).is_err());
    }
}
