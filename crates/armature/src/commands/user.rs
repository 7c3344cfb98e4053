//! `armature user`: who works in a tenant.

use engine::{Door, Engine};
use serde_json::json;
use server::admin::{Active, Admin, NewKey, NewUser, Passwords, check_password, fields_of_texts};
use uuid::Uuid;

use crate::cli::{User, UserCreate};
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Carries out a command on users.
pub async fn user(command: &User, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let (User::Create(UserCreate { tenant, .. })
    | User::List { tenant }
    | User::Deactivate { tenant, .. }
    | User::Activate { tenant, .. }
    | User::Grant { tenant, .. }
    | User::Revoke { tenant, .. }) = command;
    let store = super::open(settings).await?;
    let caller = super::caller(&super::tenant(&store, tenant).await?, Door::Command).await?;
    let engine = Engine::new();
    let admin = Admin { engine: &engine, caller: &caller };
    match command {
        User::Create(arguments) => return create(&admin, arguments, console).await,
        User::List { .. } => return list(&admin, console).await,
        User::Deactivate { user, .. } => admin.set_active(admin.user(user).await?, Active::No).await?,
        User::Activate { user, .. } => admin.set_active(admin.user(user).await?, Active::Yes).await?,
        User::Grant { user, role, .. } => {
            let user = admin.user(user).await?;
            for role in role {
                admin.grant_role(user, &admin.role(role)?).await?;
            }
        }
        User::Revoke { user, role, .. } => {
            let user = admin.user(user).await?;
            for role in role {
                admin.revoke_role(user, role).await?;
            }
        }
    }
    console.result(&json!({ "ok": true }), |console| console.say("Done; it holds from now on."))?;
    Ok(0)
}

async fn create(admin: &Admin<'_>, arguments: &UserCreate, console: &Console) -> Result<u8, Failure> {
    let catalog = &admin.caller.catalog;
    let object =
        catalog.object("user").ok_or_else(|| Failure::Internal("there is no object `user`".to_owned()))?;
    let roles = arguments.role.iter().map(|role| admin.role(role)).collect::<Result<Vec<_>, _>>()?;
    let texts = arguments.set.iter().map(|pair| assignment(pair)).collect::<Result<Vec<_>, _>>()?;
    let fields = fields_of_texts(catalog, object, &texts)?;
    let password = if arguments.password_stdin { Some(password()?) } else { None };
    let email = arguments.email.clone();
    let user = admin
        .create_user(NewUser { email: email.clone(), name: arguments.name.clone(), fields, roles })
        .await?;
    if let Some(password) = password {
        admin.set_password(user, password, &Passwords::default()).await?;
    }
    let key = admin.make_key(NewKey { name: email, user: Some(user), ..NewKey::default() }).await?;
    told(user, &key.text, console)?;
    Ok(0)
}

/// The first line of stdin, checked before anything is made.
fn password() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Failure::io("read the password", error))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    check_password(&password)?;
    Ok(password)
}

fn told(user: Uuid, key: &str, console: &Console) -> Result<(), Failure> {
    if console.is_json() {
        return console.data(&json!({ "user": user, "apiKey": key }).to_string());
    }
    console.say(&format!("User {user}. Their API key is shown only now:"));
    console.data(key)
}

/// `field=value`
fn assignment(pair: &str) -> Result<(String, String), Failure> {
    let wrong = || Failure::Usage(format!("`{pair}`: expected field=value"));
    let (field, value) = pair.split_once('=').ok_or_else(wrong)?;
    Ok((field.trim().to_owned(), value.to_owned()))
}

async fn list(admin: &Admin<'_>, console: &Console) -> Result<u8, Failure> {
    let users = admin.users().await?;
    if console.is_json() {
        let shown = |user: &server::admin::ListedUser| json!({ "user": user.id, "email": user.email, "name": user.name, "active": user.active, "roles": user.roles });
        console.data(&json!({ "users": users.iter().map(shown).collect::<Vec<_>>() }).to_string())?;
        return Ok(0);
    }
    for user in users {
        let inactive = if user.active { "" } else { "  (inactive)" };
        let email = user.email.as_deref().unwrap_or("–");
        console.data(&format!("{}  {email}  {}  {}{inactive}", user.id, user.name, user.roles.join(", ")))?;
    }
    Ok(0)
}
