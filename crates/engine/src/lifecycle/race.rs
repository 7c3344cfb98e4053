//! Two moves at once: the second one finds the record elsewhere than its sender saw it, and is told so.
//!
//! Where the record is when the request arrives is noted before its row is locked. A request that had to wait, or to be run again, compares.

use std::sync::OnceLock;

use expr::Value;
use query::request::{Operation, Write};
use sql::Lock;
use uuid::Uuid;

use super::Flow;
use crate::model::{Record, Shape};
use crate::outcome::{Code, Refusal};
use crate::run::{Halt, Run};
use crate::step::find;

/// Where a record was when the request arrived: stage, pass, since when.
#[derive(Debug, Default)]
pub(crate) struct Glimpse(OnceLock<[Value; 3]>);

impl Glimpse {
    fn of(flow: &Flow, record: &Record) -> [Value; 3] {
        [flow.stage, flow.pass, flow.entered].map(|slot| record.get(slot).clone())
    }
}

/// The record that a request wants to have in another stage, if it names one record.
fn moved(write: &Write) -> Option<Uuid> {
    match &write.operation {
        Operation::Move { id, .. } => Some(*id),
        Operation::Update { id, data, .. } => {
            data.fields.iter().any(|(field, _)| &**field == "stage").then_some(*id)
        }
        Operation::Create(..)
        | Operation::UpdateMany(..)
        | Operation::Upsert { .. }
        | Operation::Delete(..)
        | Operation::Restore(..)
        | Operation::Destroy(..) => None,
    }
}

/// Looks where the record is, before it is locked.
pub(crate) async fn look(run: &mut Run<'_>) -> Result<(), Halt> {
    let Some(id) = moved(run.write).filter(|_| run.glimpse.is_some_and(|glimpse| glimpse.0.get().is_none()))
    else {
        return Ok(());
    };
    let shape = std::sync::Arc::clone(run.model.shape(&run.write.object)?);
    let Some(flow) = &shape.flow else { return Ok(()) };
    let found = find::by_id_list(run, &shape, vec![id], None::<Lock>).await?;
    if let (Some(record), Some(glimpse)) = (found.get(&id), run.glimpse) {
        // Whoever looked first keeps what it saw.
        let _ = glimpse.0.set(Glimpse::of(flow, record));
    }
    Ok(())
}

/// The refusal where somebody else has moved the record since.
pub(crate) fn lost(run: &Run<'_>, shape: &Shape, record: &Record) -> Option<Refusal> {
    let (flow, glimpse) = (shape.flow.as_ref()?, run.glimpse?);
    moved(run.write)?;
    let now = Glimpse::of(flow, record);
    if *glimpse.0.get_or_init(|| now.clone()) == now {
        return None;
    }
    let message = format!(
        "somebody else has moved the {} meanwhile: it is in `{}` now",
        shape.object.title,
        called(flow, record)
    );
    Some(Refusal { path: Some("stage".to_owned()), ..Refusal::new(Code::Conflict, message).rule("moved") })
}

/// The refusal of a move into the stage that the record is in already, where no transition leads back into it.
pub(crate) fn there_already(flow: &Flow, record: &Record) -> Refusal {
    let message = format!("it is in `{}` already", called(flow, record));
    Refusal { path: Some("stage".to_owned()), ..Refusal::new(Code::Conflict, message).rule("moved") }
}

fn called(flow: &Flow, record: &Record) -> String {
    let stage = flow.stage(record).unwrap_or_default();
    flow.lifecycle(record).map_or_else(|| stage.to_owned(), |lifecycle| super::Way::called(lifecycle, stage))
}
