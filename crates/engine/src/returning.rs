//! What is answered of written records. Own stored fields are answered from memory; whatever else is selected is read in the same
//! transaction, so that a dry run sees what it did, with one statement for all records.

use std::sync::Arc;

use bytes::Bytes;
use expr::{Expr, FieldPath, Node, Root, Span, Type, Value};
use metadata::catalog::{FieldType, Returns};
use query::request::{
    Deleted, Keyed, ListArgs, ListPart, ListRead, Page, PartItem, Read, RecordItem, Selection,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::WriteError;
use crate::model::{Record, Shape};
use crate::run::{Act, Halt, Job, Run};

/// Answers what is about to be destroyed, while it is there.
pub(crate) async fn before_destruction(run: &mut Run<'_>) -> Result<(), Halt> {
    let going = |job: &&Job| job.asked && job.act == Act::Destroy && !run.is_refused(job.index);
    let records: Vec<(usize, Uuid)> = run.jobs.iter().filter(going).map(|job| (job.index, job.id)).collect();
    read(run, &records).await
}

/// Answers the records that were written.
pub(crate) async fn records(run: &mut Run<'_>) -> Result<(), Halt> {
    from_memory(run);
    let missing = |(index, id): (usize, &Option<Uuid>)| {
        let answered = run.outcome.records.get(index).is_some_and(Option::is_some);
        id.filter(|_| !answered).map(|id| (index, id))
    };
    let records: Vec<(usize, Uuid)> = run.outcome.ids.iter().enumerate().filter_map(missing).collect();
    read(run, &records).await
}

/// What the present wave can answer without asking.
fn from_memory(run: &mut Run<'_>) {
    let Some(returning) = run.returning else { return };
    let mut answers = Vec::new();
    for job in &run.jobs {
        if job.asked
            && job.seen
            && matches!(job.act, Act::Create | Act::Update | Act::Delete | Act::Restore)
            && run.outcome.ids.get(job.index).is_some_and(Option::is_some)
            && let Some(json) = object(&job.shape, &job.after, &returning.selection)
        {
            answers.push((job.index, json));
        }
    }
    for (index, json) in answers {
        if let (Ok(text), Some(place)) = (serde_json::to_vec(&json), run.outcome.records.get_mut(index)) {
            *place = Some(Bytes::from(text));
        }
    }
}

/// The selected part of a record, if it is all its own.
fn object(shape: &Shape, record: &Record, selection: &Selection) -> Option<serde_json::Value> {
    let mut map = serde_json::Map::with_capacity(selection.len());
    for Keyed { key, item } in selection {
        let value = match item {
            RecordItem::TypeName(name) => serde_json::Value::String(name.to_string()),
            RecordItem::Value(name) => {
                let field = shape.object.field(name)?;
                let plain = match &field.ty {
                    FieldType::Formula { stored: true, returns, .. } => {
                        matches!(returns, Returns::Text | Returns::Bool | Returns::Date)
                    }
                    FieldType::Formula { .. }
                    | FieldType::Rollup { .. }
                    | FieldType::Score { .. }
                    | FieldType::Json => false,
                    _ => true,
                };
                let slot = shape.value_slot(name).filter(|_| plain)?;
                metadata::field::write_json(&field.ty, record.get(slot))
            }
            RecordItem::Parts(name, parts) => composite(shape, record, name, parts)?,
            RecordItem::One(..)
            | RecordItem::OneOf(..)
            | RecordItem::Many(..)
            | RecordItem::Lifecycle(_)
            | RecordItem::Score(..) => {
                return None;
            }
        };
        map.insert(key.to_string(), value);
    }
    Some(serde_json::Value::Object(map))
}

fn composite(
    shape: &Shape,
    record: &Record,
    name: &str,
    parts: &[Keyed<PartItem>],
) -> Option<serde_json::Value> {
    if shape.slots(name).iter().all(|slot| record.get(*slot).is_null()) {
        return Some(serde_json::Value::Null);
    }
    let mut map = serde_json::Map::with_capacity(parts.len());
    for Keyed { key, item } in parts {
        let value = match item {
            PartItem::TypeName(name) => serde_json::Value::String(name.to_string()),
            PartItem::Part(part) => record.get(shape.part_slot(name, part)?).to_json(),
        };
        map.insert(key.to_string(), value);
    }
    Some(serde_json::Value::Object(map))
}

/// Reads records by id in the transaction: their ids and what is selected of them, as two lists of one page.
async fn read(run: &mut Run<'_>, records: &[(usize, Uuid)]) -> Result<(), Halt> {
    let Some(returning) = run.returning else { return Ok(()) };
    if records.is_empty() {
        return Ok(());
    }
    let mut values = returning.values.clone();
    let ids = u16::try_from(values.len()).map_err(WriteError::internal)?;
    values.push(Value::List(records.iter().map(|(_, id)| Value::Id(*id)).collect()));
    values.push(Value::Int(i64::try_from(records.len()).map_err(WriteError::internal)?));
    let read = page(&run.write.object, &returning.selection, ids);
    let ready = run.engine.prepare(run.caller, read, &values).map_err(WriteError::from)?;
    let rows = run.execute(&ready.lowered.statement, &ready.bound).await?;
    let bytes = ready.answer(&rows).map_err(WriteError::from)?;
    let found: Found<'_> = serde_json::from_slice(&bytes).map_err(WriteError::internal)?;
    for (id, json) in found.ids.iter().zip(found.records) {
        let text = Bytes::from(json.get().to_owned().into_bytes());
        // A record may be written several times in one request.
        for (index, _) in records.iter().filter(|(_, wanted)| *wanted == id.id) {
            if let Some(place) = run.outcome.records.get_mut(*index) {
                *place = Some(text.clone());
            }
        }
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Found<'a> {
    ids: Vec<WithId>,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

#[derive(serde::Deserialize)]
struct WithId {
    id: Uuid,
}

pub(crate) fn page(object: &metadata::Name, selection: &Selection, ids: u16) -> Read {
    let path = FieldPath { root: Root::Record, steps: vec!["id".into()] };
    let expr = |node, ty| Expr { node, ty, span: Span::default() };
    let subject = expr(Node::Field(path), Type::Id);
    let list = expr(Node::Slot(ids), Type::List(Box::new(Type::Id)));
    let keyed = |key: &str, item| Keyed { key: Arc::from(key), item };
    let id = metadata::Name::new("id")
        .map(|name| vec![keyed_item("id", RecordItem::Value(name))])
        .unwrap_or_default();
    Read::List(ListRead {
        object: object.clone(),
        args: ListArgs {
            filter: Some(expr(Node::In(Box::new(subject), Box::new(list)), Type::Bool)),
            search: None,
            order: Vec::new(),
            page: Page { size: ids + 1, backward: false, after: None, before: None, offset: None },
            deleted: Deleted::With,
            as_of: None,
        },
        parts: vec![keyed("ids", ListPart::Nodes(id)), keyed("records", ListPart::Nodes(selection.clone()))],
    })
}

fn keyed_item(key: &str, item: RecordItem) -> Keyed<RecordItem> {
    Keyed { key: Arc::from(key), item }
}
