//! Loads the demo's data through the write pipeline, with a progress bar.

use chrono::NaiveDate;
use engine::{Door, Engine};
use query::request::{Batch, Operation, Write};
use store::Tenant;

use super::{Part, SEED, generate};
use crate::commands;
use crate::console::Console;
use crate::failure::Failure;

/// Records per write.
const BATCH: usize = 1_000;

/// Generates the data of the two years before `today` and creates all of it.
pub async fn load(tenant: &Tenant, today: NaiveDate, console: &Console) -> Result<(), Failure> {
    let data = generate(SEED, today);
    let caller = commands::caller(tenant, Door::Demo).await?;
    let engine = Engine::new();
    let bar = console.progress("records", Some(data.len() as u64));
    for Part { object, key, rows } in data.objects {
        for some in rows.chunks(BATCH) {
            let (records, batch) = (some.to_vec(), Batch::AllOrNone);
            let write = Write {
                object: object.clone(),
                operation: match key.clone() {
                    Some(key) => Operation::Upsert { key, records, batch },
                    None => Operation::Create(records, batch),
                },
                dry_run: false,
                idempotency_key: None,
            };
            let outcome =
                engine.write(&caller, write, None).await.map_err(|e| Failure::Internal(e.to_string()))?;
            if let Some(refusal) = outcome.errors.first() {
                return Err(Failure::Internal(format!("the demo's {object}: {}", refusal.message)));
            }
            bar.inc(some.len() as u64);
        }
    }
    bar.finish_and_clear();
    Ok(())
}
