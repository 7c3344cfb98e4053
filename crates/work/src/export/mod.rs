//! From records to a file: every stored and computed field of an object, in the order of the catalog, page by page by id.
//!
//! A CSV is read back by [`crate::import()`] as it is: relations stand as ids (`account.id`, or by a field of the related record on demand), parts of
//! composites as columns of their own, lists as `a;b` or as JSON, and texts that a spreadsheet would take for a formula
//! with an apostrophe before them, which import takes away.

mod columns;

use std::io::Write;

use engine::{Caller, Engine, ReadError};
use expr::Value;
use metadata::Name;
use query::access::{Denied, Transfer};
use query::request::{CursorKey, Deleted, Keyed, ListArgs, ListPart, ListRead, Page, Read};
use serde_json::value::RawValue;

use columns::Column;

use crate::transfer;

/// Rows that a page may touch, related records counted.
const ROWS: usize = 50_000;
/// Records on a page at most.
const PAGE: usize = 1_000;

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a header; read back by [`crate::import()`].
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// What is exported, and how.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// The form.
    pub format: Format,
    /// Relations by the displayed field of the related record instead of its id, where that is a plain field.
    pub natural_keys: bool,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The caller may not, or there is no such object.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A page could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A page was not what was asked for.
    #[error("the records could not be understood")]
    Page(#[from] serde_json::Error),
    /// The file could not be written.
    #[error("the export could not be written: {0}")]
    Output(#[from] std::io::Error),
}

/// Exports all living records of an object; how many. `watch` is told how many are written.
pub async fn export(
    engine: &Engine,
    caller: &Caller,
    object: &Name,
    options: &ExportOptions,
    out: &mut (dyn Write + Send),
    watch: &(dyn Fn(u64) + Send + Sync),
) -> Result<u64, ExportError> {
    let definition = transfer::permit(engine, caller, object, Transfer::Export).await?;
    let columns = columns::of(caller.visible(), definition, options.natural_keys);
    let related = columns.iter().filter(|column| column.relation()).count();
    let size = (ROWS / (related + 1)).clamp(1, PAGE);
    if options.format == Format::Csv {
        line(out, columns.iter().map(|column| column.header.clone()))?;
    }
    let mut count = 0_u64;
    let mut last: Option<Value> = None;
    loop {
        let (read, values) = page(object, &columns, last.take(), size);
        let bytes = engine.read(caller, read, &values).await?;
        let found: Found<'_> = serde_json::from_slice(&bytes)?;
        for raw in &found.nodes {
            match options.format {
                Format::Csv => {
                    let record: serde_json::Map<String, serde_json::Value> = serde_json::from_str(raw.get())?;
                    line(out, columns.iter().map(|column| column.cell(&record)))?;
                }
                Format::Jsonl => {
                    out.write_all(raw.get().as_bytes())?;
                    out.write_all(b"\n")?;
                }
            }
        }
        count += found.nodes.len() as u64;
        watch(count);
        match found.ids.last() {
            Some(one) if found.nodes.len() == size => last = Some(Value::Id(one.id)),
            _ => break,
        }
    }
    out.flush()?;
    let counts = serde_json::json!({ "records": count });
    transfer::done(engine, caller, object, (Transfer::Export, counts)).await;
    Ok(count)
}

#[derive(serde::Deserialize)]
struct Found<'a> {
    ids: Vec<WithId>,
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
}

#[derive(serde::Deserialize)]
struct WithId {
    id: uuid::Uuid,
}

/// One record as a line of CSV.
fn line(out: &mut (dyn Write + Send), cells: impl Iterator<Item = String>) -> std::io::Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::with_capacity(256));
    writer.write_record(cells.map(String::into_bytes)).map_err(std::io::Error::other)?;
    out.write_all(&writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?)
}

fn page(object: &Name, columns: &[Column], after: Option<Value>, size: usize) -> (Read, Vec<Value>) {
    let mut values = vec![Value::Int(i64::try_from(size).unwrap_or(i64::MAX))];
    let after = after.map(|id| {
        values.push(id);
        vec![CursorKey::Slot(1)]
    });
    let read = Read::List(ListRead {
        object: object.clone(),
        args: ListArgs {
            filter: None,
            search: None,
            order: Vec::new(),
            page: Page { size: 0, backward: false, after, before: None, offset: None },
            deleted: Deleted::Without,
            as_of: None,
        },
        parts: vec![
            Keyed { key: "ids".into(), item: ListPart::Nodes(columns::id()) },
            Keyed { key: "nodes".into(), item: ListPart::Nodes(columns::selection(columns)) },
        ],
    });
    (read, values)
}
