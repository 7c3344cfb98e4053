//! What a case left in the log of transitions and of automations.

use std::collections::HashSet;

use expr::{Encoding, Value};
use script::Judged;
use sql::{Cells, Scalar};
use uuid::Uuid;

use super::TestError;
use super::bed::Bed;
use super::report::{Cost, Tally};
use crate::statements::{column, integer, print, select};

/// Entries that were there before the first step.
pub(super) struct Mark {
    transitions: HashSet<Uuid>,
    runs: HashSet<Uuid>,
}

/// What is there now.
pub(super) async fn mark(bed: &Bed) -> Result<Mark, TestError> {
    let transitions = rows(bed, "transition", &[]).await?;
    let runs = rows(bed, "automation_run", &[]).await?;
    let ids = |rows: Vec<(Uuid, Vec<Value>)>| rows.into_iter().map(|(id, _)| id).collect();
    Ok(Mark { transitions: ids(transitions), runs: ids(runs) })
}

/// Counts what came since.
pub(super) async fn tell(bed: &Bed, mark: &Mark, tally: &mut Tally) -> Result<(), TestError> {
    let text = Encoding::Text;
    let taken = [("lifecycle", text), ("from_stage", text), ("name", text)];
    for (id, values) in rows(bed, "transition", &taken).await? {
        if let [Value::Text(lifecycle), Value::Text(from), Value::Text(name)] = &*values
            && !mark.transitions.contains(&id)
        {
            tally.allowed(lifecycle, from, name);
        }
    }
    let ran = [("automation", text), ("operations", Encoding::Int), ("micros", Encoding::Int)];
    for (id, values) in rows(bed, "automation_run", &ran).await? {
        if let [Value::Text(automation), operations, micros] = &*values
            && !mark.runs.contains(&id)
        {
            let (operations, micros) = (integer(operations), integer(micros));
            tally.ran(&Cost { script: automation.clone(), runs: 1, operations, micros });
        }
    }
    for judged in bed.engine.judged(&bed.everything).map_err(|error| TestError::Write(Box::new(error)))? {
        let Judged { function: script, runs, operations, micros } = judged;
        tally.ran(&Cost { script, runs, operations, micros });
    }
    Ok(())
}

async fn rows(
    bed: &Bed,
    table: &str,
    columns: &[(&str, Encoding)],
) -> Result<Vec<(Uuid, Vec<Value>)>, TestError> {
    let names = std::iter::once("id").chain(columns.iter().map(|(name, _)| *name));
    let query = select(table, names.map(column), Scalar::Bool(true));
    let tenant = &bed.everything.tenant;
    let rows = tenant.fetch(&print(&query, tenant), &[]).await?;
    let row = |row: &store::Row| match row.value(0, Encoding::Id) {
        Value::Id(id) => {
            let values = columns.iter().enumerate().map(|(at, (_, encoding))| row.value(at + 1, *encoding));
            Some((id, values.collect()))
        }
        _ => None,
    };
    Ok(rows.iter().filter_map(row).collect())
}
