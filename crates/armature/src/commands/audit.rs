//! `armature audit`: the newest entries of the audit log, the newest last, as a log is read.

use chrono::SecondsFormat;
use engine::audit::{Act, Asked, Line};
use engine::{Door, Engine};
use serde_json::{Value as Json, json};
use server::admin::AdminError;

use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Shows the last entries.
pub async fn audit(tenant: &str, last: u16, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let store = super::open(settings).await?;
    let caller = super::caller(&super::tenant(&store, tenant).await?, Door::Command).await?;
    let asked = Asked { first: usize::from(last), ..Asked::default() };
    let page = Engine::new().audit_page(&caller, &asked).await.map_err(AdminError::from)?;
    for line in page.lines.iter().rev() {
        let text = if console.is_json() { shown(line).to_string() } else { told(line) };
        console.data(&text)?;
    }
    if page.lines.is_empty() {
        console.say("Nothing was noted yet.");
    } else if page.more {
        console.say("There are older entries; --last N shows more.");
    }
    Ok(0)
}

fn shown(line: &Line) -> Json {
    json!({
        "id": line.id, "at": line.at, "actor": line.actor, "user": line.user, "door": line.door, "act": line.act,
        "object": line.object, "record": line.record, "outcome": line.outcome, "detail": line.detail, "trace": line.trace,
    })
}

/// `2026-03-31T09:00:00Z  user:ann@example.com  gave a role to user 0190…  role sales  (metadata)`
fn told(line: &Line) -> String {
    let at = line.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let act = Act::ALL.into_iter().find(|act| act.as_str() == line.act);
    let (done, tried): (&str, &str) = match act {
        Some(act) => phrases(act),
        None => (&line.act, &line.act),
    };
    let what = if line.outcome == "denied" && act != Some(Act::LoginFailed) {
        format!("was DENIED to {tried}")
    } else {
        done.to_owned()
    };
    let about = match (&line.object, line.record) {
        (Some(object), Some(record)) => format!(": {object} {record}"),
        (Some(object), None) => format!(": {object}"),
        (None, _) => String::new(),
    };
    let detail = line.detail.as_ref().map_or_else(String::new, |detail| format!("  {}", plain(detail)));
    let text = format!("{at}  {}  {what}{about}{detail}  ({})", line.actor, line.door);
    // Names of keys and users are whatever somebody typed; none of it commands the terminal.
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// An act that was done, and one that was tried.
fn phrases(act: Act) -> (&'static str, &'static str) {
    match act {
        Act::Create => ("created a record", "create a record"),
        Act::Update => ("updated a record", "update a record"),
        Act::Delete => ("deleted a record", "delete a record"),
        Act::Restore => ("restored a record", "restore a record"),
        Act::Destroy => ("deleted a record for good", "delete a record for good"),
        Act::Import => ("imported a file", "import a file"),
        Act::Export => ("exported records", "export records"),
        Act::Login => ("logged in", "log in"),
        Act::LoginFailed => ("FAILED to log in", "log in"),
        Act::Logout => ("ended a session", "end a session"),
        Act::UserCreate => ("created a user", "create a user"),
        Act::UserUpdate => ("changed users or teams", "change users or teams"),
        Act::UserDeactivate => ("deactivated a user", "deactivate a user"),
        Act::RoleGrant => ("gave a role", "give a role"),
        Act::RoleRevoke => ("took a role", "take a role"),
        Act::KeyCreate => ("made a key", "make a key"),
        Act::KeyRevoke => ("revoked a key", "revoke a key"),
        Act::ShareCreate => ("shared a record", "share a record"),
        Act::ShareEnd => ("ended a share", "end a share"),
        Act::Apply => ("changed the metadata", "change the metadata"),
        Act::Revert => ("brought back earlier metadata", "bring back earlier metadata"),
        Act::Purge => ("purged columns and tables", "purge columns and tables"),
        Act::Erase => ("erased a person", "erase a person"),
        Act::Setup => ("set up the tenant", "set up the tenant"),
        Act::Invite => ("made or used an invitation", "invite a user"),
        Act::Reset => ("set or asked for a new password", "set a new password"),
        Act::JobReplay => ("gave a dead job to the workers again", "replay a job"),
        Act::JobDiscard => ("struck out a job", "discard a job"),
    }
}

/// `role sales, user 0190…`
fn plain(detail: &Json) -> String {
    match detail {
        Json::Object(members) => {
            let each = |(name, value): (&String, &Json)| match value {
                Json::Null => None,
                Json::Bool(true) => Some(name.clone()),
                value => Some(format!("{name} {}", plain(value))),
            };
            members.iter().filter_map(each).collect::<Vec<_>>().join(", ")
        }
        Json::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" "),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_entry_reads_as_a_sentence() {
        let line = Line {
            id: Uuid::nil(),
            at: Utc.with_ymd_and_hms(2026, 3, 31, 9, 0, 0).single().expect("an instant"),
            actor: "user:ann@example.com".to_owned(),
            user: None,
            door: "metadata".to_owned(),
            act: "roleGrant".to_owned(),
            object: Some("user".to_owned()),
            record: Some(Uuid::nil()),
            outcome: "denied".to_owned(),
            detail: Some(json!({ "role": "admin", "link": true, "none": null })),
            trace: None,
        };
        assert_eq!(
            told(&line),
            "2026-03-31T09:00:00Z  user:ann@example.com  was DENIED to give a role: user \
             00000000-0000-0000-0000-000000000000  role admin, link  (metadata)"
        );
    }
}
