//! `armature key`: API keys. A key is shown once; only its hash is kept.

use chrono::{DateTime, Duration, Utc};
use engine::{Door, Engine};
use serde_json::{Value as Json, json};
use server::admin::{Admin, NewKey};
use store::KeyRow;

use crate::cli::{Key, KeyCreate};
use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Carries out a command on keys.
pub async fn key(command: &Key, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let (Key::Create(KeyCreate { tenant, .. }) | Key::List { tenant } | Key::Revoke { tenant, .. }) = command;
    let store = super::open(settings).await?;
    let caller = super::caller(&super::tenant(&store, tenant).await?, Door::Command).await?;
    let engine = Engine::new();
    let admin = Admin { engine: &engine, caller: &caller };
    match command {
        Key::Create(arguments) => create(&admin, arguments, console).await,
        Key::List { .. } => list(&admin, console).await,
        Key::Revoke { key, .. } => revoke(&admin, key, console).await,
    }
}

async fn create(admin: &Admin<'_>, arguments: &KeyCreate, console: &Console) -> Result<u8, Failure> {
    let role = arguments.role.as_deref().map(|role| admin.role(role)).transpose()?;
    let user = match &arguments.user {
        None => None,
        Some(named) => Some(admin.user(named).await?),
    };
    let expires = arguments.expires.as_deref().map(end).transpose()?;
    let made = admin.make_key(NewKey { name: arguments.name.clone(), role, user, expires }).await?;
    if console.is_json() {
        console.data(&json!({ "apiKey": made.text, "key": made.row.id }).to_string())?;
    } else {
        console.say("The key is shown only now:");
        console.data(&made.text)?;
    }
    Ok(0)
}

async fn list(admin: &Admin<'_>, console: &Console) -> Result<u8, Failure> {
    let keys = admin.keys().await?;
    if console.is_json() {
        console.data(&json!({ "keys": keys.iter().map(shown).collect::<Vec<_>>() }).to_string())?;
        return Ok(0);
    }
    for key in keys {
        let role =
            key.role.as_deref().unwrap_or(if key.user.is_some() { "as its user" } else { "all rights" });
        let end = key.expires.map_or_else(String::new, |end| format!("  until {end}"));
        console.data(&format!("{}  {}…  {}  {role}{end}", key.id, key.prefix, key.name))?;
    }
    Ok(0)
}

fn shown(key: &KeyRow) -> Json {
    json!({
        "key": key.id, "prefix": key.prefix, "name": key.name, "role": key.role, "user": key.user,
        "created": key.created, "expires": key.expires, "lastUsed": key.last_used,
    })
}

async fn revoke(admin: &Admin<'_>, named: &str, console: &Console) -> Result<u8, Failure> {
    let keys = admin.keys().await?;
    let mut meant = keys.iter().filter(|key| key.id.to_string() == named || key.prefix == named);
    let (Some(key), None) = (meant.next(), meant.next()) else {
        return Err(Failure::Usage(format!(
            "`{named}` is not the id or prefix of one key; `key list` shows them"
        )));
    };
    admin.revoke_key(key.id).await?;
    console.result(&json!({ "key": key.id }), |console| console.say("The key opens nothing any more."))?;
    Ok(0)
}

/// When something ends: after a length of time (`30d`, `12h`), or at an instant.
pub fn end(text: &str) -> Result<DateTime<Utc>, Failure> {
    let wrong =
        || Failure::Usage(format!("`{text}` is no time: expected 30d, 12h, 45m or 2027-01-31T00:00:00Z"));
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let unit = text.chars().last().ok_or_else(wrong)?;
    let count: i64 = text.strip_suffix(unit).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    let length = match unit {
        'd' => Duration::try_days(count),
        'h' => Duration::try_hours(count),
        'm' => Duration::try_minutes(count),
        _ => None,
    };
    length.and_then(|length| clock::now().checked_add_signed(length)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_length_or_an_instant() {
        for good in ["30d", "12h", "45m", "2027-01-31T00:00:00Z"] {
            assert!(end(good).is_ok(), "{good}");
        }
        for bad in ["", "d", "30", "30y", "soon", "9223372036854775807d"] {
            assert!(end(bad).is_err(), "{bad}");
        }
    }
}
