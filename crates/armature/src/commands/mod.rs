//! One file a command, found by its name.

mod audit;
mod check;
mod demo;
mod erase;
mod explain;
mod export;
mod import;
mod key;
mod metadata;
mod new;
mod schema;
mod serve;
mod share;
mod tenant;
mod test;
mod user;

use std::sync::Arc;

use engine::{Actor, Caller, Door, Ids, SystemClock, SystemIds};
use query::access::Access;
use store::{Store, Tenant, TenantName};

use crate::cli::{self, Command, On};
use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Runs the command; the exit code where it went well enough to have one.
pub async fn run(command: &Command, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    match command {
        Command::Demo(arguments) => demo::demo(arguments, settings, console).await,
        Command::Serve(arguments) => serve::serve(arguments, settings, console).await,
        Command::Tenant(cli::Tenant::Create { name }) => tenant::create(name, settings, console).await,
        Command::Tenant(cli::Tenant::List) => tenant::list(settings, console).await,
        Command::Key(command) => key::key(command, settings, console).await,
        Command::User(command) => user::user(command, settings, console).await,
        Command::Share(command) => share::share(command, settings, console).await,
        Command::New { dir } => new::new(dir, console),
        Command::Check { dir } => check::check(dir, console),
        Command::Test { dir } => test::test(dir, console).await,
        Command::Plan(arguments) => metadata::plan(arguments, settings, console).await,
        Command::Apply(arguments) => metadata::apply(arguments, settings, console).await,
        Command::Pull { dir, on } => metadata::pull(dir, on, settings, console).await,
        Command::Erase { object, id, reason, tenant } => {
            erase::erase((object, *id), reason, tenant, (settings, console)).await
        }
        Command::Audit { tenant, last } => audit::audit(tenant, *last, settings, console).await,
        Command::Explain(arguments) => explain::explain(arguments, settings, console).await,
        Command::History(on) => metadata::history(on, settings, console).await,
        Command::Revert { version, on, allow_destructive, mapping } => {
            let told = (*allow_destructive, mapping.as_ref());
            metadata::revert(*version, on, told, settings, console).await
        }
        Command::Purge(on) => metadata::purge(on, settings, console).await,
        Command::Import(arguments) => import::import(arguments, settings, console).await,
        Command::Export(arguments) => export::export(arguments, settings, console).await,
        Command::Schema { on, roles } => schema::schema(on, roles, settings, console).await,
    }
}

/// The database of the settings, created when it is absent.
pub async fn open(settings: &Settings) -> Result<Store, Failure> {
    Ok(Store::open(&settings.database, settings.server.store_options()).await?)
}

/// A tenant by name.
async fn tenant(store: &Store, name: &str) -> Result<Tenant, Failure> {
    let name = TenantName::new(name).map_err(|e| Failure::Usage(e.to_string()))?;
    Ok(store.tenant(&name).await?)
}

/// The database and tenant that a command works on; commands that cannot go through a server say so.
async fn on(on: &On, settings: &Settings) -> Result<(Store, Tenant), Failure> {
    let Some(name) = &on.tenant else {
        let message = "this command does not go through a server; say --tenant T and --database URL";
        return Err(Failure::Usage(message.to_owned()));
    };
    let store = open(settings).await?;
    let tenant = tenant(&store, name).await?;
    Ok((store, tenant))
}

/// The command line as a caller: whoever may open the database has all rights in it.
pub async fn caller(tenant: &Tenant, door: Door) -> Result<Caller, Failure> {
    let ids = SystemIds::default();
    let trace = ids.id(clock::now()).simple().to_string();
    Ok(Caller {
        tenant: tenant.clone(),
        catalog: deploy::Catalogs::new(clock::now).get(tenant).await?,
        actor: Actor { label: "command line".to_owned(), user: None },
        access: Access::Everything,
        facts: Arc::default(),
        cause: Arc::default(),
        door,
        clock: Arc::new(SystemClock),
        ids: Arc::new(ids),
        zone: chrono_tz::UTC,
        trace: Some(Arc::from(trace)),
    })
}
