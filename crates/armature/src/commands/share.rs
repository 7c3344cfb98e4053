//! `armature share`: records that are opened to users, teams or roles.

use engine::{Door, Engine};
use serde_json::{Value as Json, json};
use server::admin::{Admin, NewShare};
use store::{Grantee, ShareRow};

use super::key;
use crate::cli::{Share, ShareCreate, ShareLevel};
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Carries out a command on shares.
pub async fn share(command: &Share, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let (Share::Create(ShareCreate { tenant, .. }) | Share::List { tenant, .. } | Share::End { tenant, .. }) =
        command;
    let store = super::open(settings).await?;
    let caller = super::caller(&super::tenant(&store, tenant).await?, Door::Command).await?;
    let engine = Engine::new();
    let admin = Admin { engine: &engine, caller: &caller };
    match command {
        Share::Create(arguments) => {
            let row = admin.share(meant(&admin, arguments).await?).await?;
            console.result(&json!({ "share": row.id }), |console| {
                console.say(&format!("Shared; `share end {}` ends it.", row.id));
            })?;
        }
        Share::List { object, record, .. } => {
            let rows = admin.shares(object, *record).await?;
            let shown: Vec<Json> = rows.iter().map(shown).collect();
            console.result(&json!({ "shares": shown }), |_| ())?;
            for row in rows.iter().filter(|_| !console.is_json()) {
                let level = if row.update { "update" } else { "read" };
                let (kind, name) = (row.grantee.kind(), row.grantee.name());
                console.data(&format!("{}  {}  {level} to {kind} {name}", row.id, row.record))?;
            }
        }
        Share::End { share, .. } => {
            admin.end_share(*share).await?;
            console.result(&json!({ "share": share }), |console| console.say("It is shared no longer."))?;
        }
    }
    Ok(0)
}

async fn meant(admin: &Admin<'_>, arguments: &ShareCreate) -> Result<NewShare, Failure> {
    let with = match (&arguments.user, arguments.team, &arguments.role) {
        (Some(user), ..) => Grantee::User(admin.user(user).await?),
        (None, Some(team), _) => Grantee::Team(team),
        (None, None, Some(role)) => Grantee::Role(role.clone()),
        (None, None, None) => {
            return Err(Failure::Usage("say with whom: --user, --team or --role".to_owned()));
        }
    };
    Ok(NewShare {
        object: arguments.object.clone(),
        record: arguments.record,
        with,
        update: arguments.level == ShareLevel::Update,
        expires: arguments.expires.as_deref().map(key::end).transpose()?,
    })
}

fn shown(row: &ShareRow) -> Json {
    json!({
        "share": row.id, "object": row.object, "record": row.record, "with": row.grantee.kind(),
        "grantee": row.grantee.name(), "level": if row.update { "update" } else { "read" },
        "expires": row.expires, "created": row.created,
    })
}
