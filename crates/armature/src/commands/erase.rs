//! `armature erase`: the record of a person for good, with every trace that the platform keeps of it.

use engine::{Door, Engine, Erase, Erased};
use metadata::Name;
use serde_json::json;
use server::admin::Admin;
use uuid::Uuid;

use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Erases a record; what it prints is the proof.
pub async fn erase(
    (object, id): (&str, Uuid),
    reason: &str,
    tenant: &str,
    (settings, console): (&Settings, &Console),
) -> Result<u8, Failure> {
    let object = Name::new(object).map_err(|error| Failure::Usage(format!("{object}: {error}")))?;
    let store = super::open(settings).await?;
    let caller = super::caller(&super::tenant(&store, tenant).await?, Door::Command).await?;
    let wanted = Erase { object, id, reason: reason.to_owned() };
    let erased = Admin { engine: &Engine::new(), caller: &caller }.erase(&wanted).await?;
    console.result(&shown(&erased), |console| {
        for (object, count) in &erased.records {
            console.say(&format!("{object}: {count} gone"));
        }
        console.say(&format!(
            "Erased with {} entries of their history, {} events, {} kept outcomes, {} entries of the audit log, {} ways in.",
            erased.history, erased.events, erased.outcomes, erased.audit, erased.access
        ));
    })?;
    Ok(0)
}

fn shown(erased: &Erased) -> serde_json::Value {
    let records = erased.records.iter().map(|(object, count)| (object.to_string(), json!(count)));
    json!({
        "records": records.collect::<serde_json::Map<_, _>>(),
        "history": erased.history,
        "events": erased.events,
        "outcomes": erased.outcomes,
        "audit": erased.audit,
        "access": erased.access,
    })
}
