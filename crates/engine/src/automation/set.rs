//! Fields that automations set.

use std::sync::Arc;

use metadata::catalog::{Automation, FieldType};
use query::request::{Input, Operation, RecordData, RecordRef, Write};
use script::Changed;
use serde_json::Map;

use super::{condition, fire};
use crate::caller::Caller;
use crate::model::Shape;
use crate::outcome::Refusal;
use crate::run::{Halt, Run};
use crate::script::{input, refused, write_nested};
use crate::step::{fill, relate, take};

/// Of the record on its way: computed, and put in its place.
pub(super) async fn in_place(
    run: &mut Run<'_>,
    automation: &Automation,
    place: usize,
) -> Result<Result<(), String>, Halt> {
    for (field, expr) in &automation.set {
        match condition::value(run, &automation.package, expr, place).await? {
            Ok(value) => fill::put(run, place, field, value),
            Err(error) => return Ok(Err(format!("`{field}` cannot be computed: {error}"))),
        }
    }
    Ok(Ok(()))
}

/// Of the record that was written: by a write of its own.
pub(super) async fn elsewhere(
    run: &mut Run<'_>,
    automation: &Automation,
    principal: &Caller,
    place: usize,
) -> Result<Result<(), String>, Halt> {
    let mut data = RecordData::default();
    for (field, expr) in &automation.set {
        let value = match condition::value(run, &automation.package, expr, place).await? {
            Ok(value) => value,
            Err(error) => return Ok(Err(format!("`{field}` cannot be computed: {error}"))),
        };
        let Some(job) = run.jobs.get(place) else { return Ok(Ok(())) };
        let ty = job.shape.object.field(field).map(|field| &field.ty);
        let input = match (ty, value) {
            (Some(FieldType::Lookup(_)), expr::Value::Id(id)) => Input::One(RecordRef::Id(id)),
            (_, value) => {
                let slot = job.shape.value_slot(field);
                Input::Value(slot.map_or(value.clone(), |slot| fill::fitting(value, &job.shape, slot)))
            }
        };
        data.fields.push((field.clone(), input));
    }
    let Some((id, shape)) = run.jobs.get(place).map(|job| (job.id, Arc::clone(&job.shape))) else {
        return Ok(Ok(()));
    };
    let operation = Operation::Update { id, data, expected_version: None };
    let write = Write { object: shape.object.name.clone(), operation, dry_run: false, idempotency_key: None };
    let outcome = match Box::pin(write_nested(run, principal, write)).await? {
        Ok(outcome) => outcome,
        Err(denied) => return Ok(Err(denied)),
    };
    if let Some(why) = refused(&outcome) {
        return Ok(Err(why));
    }
    fire::reload(run, place, &shape).await?;
    Ok(Ok(()))
}

/// What a handler assigned: read as the API reads it, and put in its place.
pub(super) async fn assigned(
    run: &mut Run<'_>,
    place: usize,
    shape: &Arc<Shape>,
    changed: &[Changed],
) -> Result<Result<(), String>, Halt> {
    if changed.is_empty() {
        return Ok(Ok(()));
    }
    let json: Map<_, _> = changed
        .iter()
        .map(|changed| (changed.field.clone(), input(&shape.object, &changed.field, &changed.value)))
        .collect();
    let data = match RecordData::from_json(&run.caller.catalog, &shape.object, &json, "record") {
        Ok(data) => data,
        Err(problem) => return Ok(Err(problem.message)),
    };
    for (field, input) in &data.fields {
        let line = changed.iter().find(|changed| changed.field == **field).map(|changed| &changed.place);
        if let Err(refusal) = take::one(run, place, field, input) {
            let place = line.map(|place| format!(" ({place})")).unwrap_or_default();
            return Ok(Err(format!("{}{place}", refusal.message)));
        }
    }
    let before = run.outcome.errors.len();
    relate::resolve(run).await?;
    let wrong = run.outcome.errors.get(before).map(|refusal: &Refusal| refusal.message.clone());
    Ok(wrong.map_or(Ok(()), Err))
}
