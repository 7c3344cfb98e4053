//! `armature demo`: an embedded database with a tenant to play with. The data is loaded once, into a folder of its own that takes its place
//! only when it is whole, so that an interrupted first start leaves nothing behind.

use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use engine::{Door, Engine};
use serde::{Deserialize, Serialize};
use server::admin::{Admin, NewKey, NewUser, Passwords, Secret};
use store::{Options, Store, Tenant, TenantName};

use crate::cli::Demo;
use crate::clock;
use crate::commands::{self, serve};
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::{demo, shipped};

/// Kept in `DIR/demo.json`.
#[derive(Serialize, Deserialize)]
struct Kept {
    tenant: String,
    #[serde(rename = "apiKey")]
    api_key: String,
    /// The administrator; none in a folder of a version without users.
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    password: Option<String>,
    /// Salespeople with their roles.
    #[serde(default)]
    users: Vec<KeptUser>,
}

/// A user of the demo who is there to be tried out.
#[derive(Serialize, Deserialize)]
struct KeptUser {
    email: String,
    role: String,
    #[serde(rename = "apiKey")]
    api_key: String,
}

/// What the demo's business is made of.
const PACKAGES: [&str; 2] = ["core", "b2b-mtl"];

/// The demo's administrator.
const ADMINISTRATOR: &str = "admin@tallis.example";

/// Loads the data on the first start, then serves it.
pub async fn demo(arguments: &Demo, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let dir = &arguments.data;
    prepare(dir, console).await?;
    let kept = read_kept(dir)?;
    let mut settings = settings.clone();
    settings.database = format!("sqlite:{}", dir.display());
    if let Some(port) = arguments.port {
        settings.port = port;
    }
    let login = serve::Login {
        tenant: kept.tenant,
        api_key: kept.api_key,
        email: kept.email,
        password: kept.password,
    };
    serve::run(&settings, console, Some(login)).await
}

fn read_kept(dir: &Path) -> Result<Kept, Failure> {
    let file = dir.join("demo.json");
    let text = fs::read_to_string(&file).map_err(|e| Failure::io(format!("read {}", file.display()), e))?;
    serde_json::from_str(&text).map_err(|e| Failure::Settings { file, message: e.to_string() })
}

/// Leaves a whole demo in `dir`.
async fn prepare(dir: &Path, console: &Console) -> Result<(), Failure> {
    if dir.join("demo.json").exists() {
        return Ok(());
    }
    let loading = dir.join("loading");
    if !loading.join("demo.json").exists() {
        if dir.join("control.db").exists() {
            let message =
                format!("{} holds another database; give --data a folder of its own", dir.display());
            return Err(Failure::Usage(message));
        }
        if loading.exists() {
            fs::remove_dir_all(&loading)
                .map_err(|e| Failure::io(format!("remove {}", loading.display()), e))?;
        }
        load(&loading, console).await?;
    }
    // The demo's own file comes last: it says that the rest is there.
    for entry in ["tenants", "control.db", "demo.json"] {
        if loading.join(entry).exists() {
            fs::rename(loading.join(entry), dir.join(entry))
                .map_err(|e| Failure::io(format!("move {entry} into {}", dir.display()), e))?;
        }
    }
    fs::remove_dir_all(&loading).map_err(|e| Failure::io(format!("remove {}", loading.display()), e))
}

/// Makes the tenant, applies the packages, loads the data.
async fn load(dir: &Path, console: &Console) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|e| Failure::io(format!("create {}", dir.display()), e))?;
    console.say("First start: preparing two years of a software maker's business.");
    let store = Store::open(&format!("sqlite:{}", dir.display()), Options::default()).await?;
    let name = TenantName::new("demo").map_err(|e| Failure::Internal(e.to_string()))?;
    let tenant = store.tenant_create(&name).await?;
    deploy::initialise(&tenant, clock::now()).await?;
    let mut options = deploy::ApplyOptions::new("demo", clock::now());
    options.observer = std::sync::Arc::new(deploy::Silent);
    // What ships has been tested.
    options.skip_tests = true;
    deploy::apply(&tenant, &shipped::packages(&PACKAGES), options).await?;
    demo::load::load(&tenant, today(), console).await?;
    let kept = people(&tenant).await?;
    store.close().await;
    write_private(&dir.join("demo.json"), &serde_json::json!(kept).to_string())
}

/// Makes an administrator with a password, gives roles to some of the salespeople, and keys to all of them.
async fn people(tenant: &Tenant) -> Result<Kept, Failure> {
    let caller = commands::caller(tenant, Door::Demo).await?;
    let engine = Engine::new();
    let admin = Admin { engine: &engine, caller: &caller };
    let key = NewKey { name: "demo".to_owned(), ..NewKey::default() };
    let api_key = admin.make_key(key).await?.text;
    let password: String = Secret::draw("")?.text.chars().take(20).collect();
    let new = NewUser {
        email: ADMINISTRATOR.to_owned(),
        name: Some("Administrator".to_owned()),
        roles: vec![admin.role("admin")?],
        ..NewUser::default()
    };
    let administrator = admin.create_user(new).await?;
    admin.set_password(administrator, password.clone(), &Passwords::default()).await?;
    let sellers = demo::sellers();
    let tried = [("vera.lindholm@tallis.example".to_owned(), "salesManager")]
        .into_iter()
        .chain(sellers.into_iter().take(2).map(|seller| (seller, "sales")));
    let mut users = Vec::new();
    for (email, role) in tried {
        let user = admin.user(&email).await?;
        admin.grant_role(user, &admin.role(role)?).await?;
        let key = NewKey { name: email.clone(), user: Some(user), ..NewKey::default() };
        let api_key = admin.make_key(key).await?.text;
        users.push(KeptUser { email, role: role.to_owned(), api_key });
    }
    Ok(Kept {
        tenant: tenant.name().to_string(),
        api_key,
        email: Some(ADMINISTRATOR.to_owned()),
        password: Some(password),
        users,
    })
}

/// The day that the demo's two years end on.
fn today() -> NaiveDate {
    clock::now().date_naive()
}

/// Writes a file that only its owner may read.
fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut open| open.write_all(text.as_bytes()))
        .map_err(|e| Failure::io(format!("write {}", file.display()), e))
}
