//! `armature plan`, `apply`, `pull`, `history`, `revert`, `purge`: how a tenant's metadata changes, on a database or through a server.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deploy::{
    Applied, ApplyOptions, Class, DeployError, Effect, Mapping, Observer, Plan, PlanOptions, Progress, Purged,
};
use engine::audit::Act;
use engine::{Door, Engine};
use indicatif::ProgressBar;
use metadata::source::SourceFile;
use serde_json::{Value, json};
use server::admin::{Admin, AdminError};
use store::Tenant;

use crate::cli::{ApplyArgs, On, PlanArgs};
use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::remote::Remote;
use crate::settings::Settings;
use crate::{folder, shipped};

/// Who the history says it was.
const ACTOR: &str = "command line";

/// Where the tenant is reached.
enum Way {
    Database(Tenant),
    Server(Remote),
}

impl Way {
    async fn to(on: &On, settings: &Settings) -> Result<Self, Failure> {
        match (&on.url, &on.key, &on.tenant) {
            (Some(url), Some(key), _) => Ok(Self::Server(Remote::new(url, key)?)),
            (_, _, Some(name)) => {
                let store = super::open(settings).await?;
                Ok(Self::Database(super::tenant(&store, name).await?))
            }
            _ => Err(Failure::Usage("say --tenant T, or --url URL --key KEY".to_owned())),
        }
    }

    /// The folder's documents, with those shipped packages that they need and the tenant has not.
    async fn documents(&self, dir: &Path) -> Result<Vec<SourceFile>, Failure> {
        let mut files = folder::read(dir)?;
        let present = match self {
            Self::Database(tenant) => {
                let catalog = deploy::Catalogs::new(clock::now).get(tenant).await?;
                catalog.packages.keys().cloned().collect()
            }
            Self::Server(remote) => remote.packages().await?,
        };
        files.extend(shipped::dependencies(&files, &present));
        Ok(files)
    }
}

fn mapping(file: Option<&PathBuf>) -> Result<Mapping, Failure> {
    let Some(file) = file else { return Ok(Mapping::default()) };
    let text = fs::read_to_string(file).map_err(|e| Failure::io(format!("read {}", file.display()), e))?;
    serde_json::from_str(&text).map_err(|e| Failure::Settings { file: file.clone(), message: e.to_string() })
}

/// Shows what `apply` would do.
pub async fn plan(arguments: &PlanArgs, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let way = Way::to(&arguments.on, settings).await?;
    let files = way.documents(&arguments.dir).await?;
    let options = PlanOptions { mapping: mapping(arguments.mapping.as_ref())?, replay: arguments.replay };
    let plan = match &way {
        Way::Database(tenant) => deploy::plan(tenant, &files, options).await?,
        Way::Server(remote) => return remote.plan(&files, &options, console).await,
    };
    console.result(&plan, |console| tell_plan(&plan, console))?;
    Ok(if plan.is_empty() { 0 } else { 2 })
}

fn tell_plan(plan: &Plan, console: &Console) {
    console.diagnostics(&plan.warnings);
    if plan.is_empty() {
        console.say("Nothing to do.");
        return;
    }
    console.say("Metadata");
    for change in &plan.changes {
        console.say(&format!("  {:<8} {}", change.kind, change.path));
    }
    console.say("Tables");
    for step in &plan.steps {
        let class = match step.class {
            Class::Safe => "safe",
            Class::Backfill => "backfill",
            Class::Destructive => "destructive",
        };
        console.say(&format!("  {class:<12} {}: {}", step.object, step.what));
    }
    if !plan.effects.is_empty() {
        console.say("Records");
    }
    for effect in &plan.effects {
        console.say(&told(effect));
    }
    console.say(&format!("Plan {}", plan.hash));
}

/// What a change does to records, in a line.
fn told(effect: &Effect) -> String {
    let sample = effect.sample.join(", ");
    let verdict = match (effect.refuses, effect.rule.split(':').next().unwrap_or_default()) {
        (true, _) => "refused",
        (false, "stage" | "lifecycle") => "moved",
        (false, "held") => "held before this move",
        (false, "drop") => "kept until purge",
        (false, _) => "held at their next write",
    };
    let Some(replay) = &effect.replay else {
        let Effect { count, object, rule, .. } = effect;
        return format!("  {count} {object} record(s) against {rule} ({verdict}), e.g. {sample}");
    };
    let owner = |share: &deploy::Share| {
        let name = share.name.as_deref().or(share.owner.as_deref()).unwrap_or("nobody");
        format!("{} of {name}", share.count)
    };
    let amount = |sum: &deploy::Amount| format!("{} {}", sum.amount, sum.currency.as_deref().unwrap_or(""));
    let owners: Vec<String> = replay.owners.iter().map(owner).collect();
    let amounts: Vec<String> = replay.amounts.iter().map(amount).collect();
    format!(
        "  {} past move(s) since {} would be refused: {} ({}; {}), e.g. {sample}",
        effect.count,
        replay.since,
        effect.rule,
        owners.join(", "),
        amounts.join(", ").trim(),
    )
}

/// Shows the stages of a long apply.
struct Bars {
    bar: ProgressBar,
}

impl Observer for Bars {
    fn step(&self, progress: Progress<'_>) -> Result<(), String> {
        self.bar.set_message(format!("{:?} {}", progress.stage, progress.what));
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        Ok(())
    }
}

fn options(console: &Console) -> ApplyOptions {
    let mut options = ApplyOptions::new(ACTOR, clock::now());
    options.observer = Arc::new(Bars { bar: console.progress("apply", Some(0)) });
    options
}

/// Changes the metadata, and notes it in the audit log.
async fn changed<T: Send>(
    tenant: &Tenant,
    act: Act,
    version: impl FnOnce(&T) -> i64 + Send,
    work: impl Future<Output = Result<T, DeployError>> + Send,
) -> Result<T, Failure> {
    let caller = super::caller(tenant, Door::Command).await?;
    let done = Admin { engine: &Engine::new(), caller: &caller }.deploy(act, version, work).await;
    done.map_err(|error| match error {
        AdminError::Deploy(error) => Failure::Deploy(error),
        other => Failure::Admin(other),
    })
}

/// Makes the tenant's metadata what the folder says.
pub async fn apply(arguments: &ApplyArgs, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let way = Way::to(&arguments.on, settings).await?;
    let files = way.documents(&arguments.dir).await?;
    let mut options = options(console);
    options.plan.clone_from(&arguments.plan);
    options.allow_destructive = arguments.allow_destructive;
    options.skip_tests = arguments.skip_tests;
    options.mapping = mapping(arguments.mapping.as_ref())?;
    let applied = match &way {
        Way::Database(tenant) => {
            let work = Box::pin(deploy::apply(tenant, &files, options));
            changed(tenant, Act::Apply, |applied: &Applied| applied.version, work).await?
        }
        Way::Server(remote) => return remote.apply(&files, &options, console).await,
    };
    console.result(&applied, |console| {
        tell_plan(&applied.plan, console);
        console.say(&format!("Version {} is published.", applied.version));
    })?;
    Ok(0)
}

/// Writes the tenant's metadata as files.
pub async fn pull(dir: &Path, on: &On, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let files = match Way::to(on, settings).await? {
        Way::Database(tenant) => deploy::pull(&tenant).await?,
        Way::Server(remote) => remote.pull().await?,
    };
    folder::write(dir, &files)?;
    let names: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    console.result(&json!({ "dir": dir, "files": names }), |console| {
        console.say(&format!("Wrote {} file(s) into {}.", names.len(), dir.display()));
    })?;
    Ok(0)
}

/// Lists the versions of the tenant's metadata.
pub async fn history(on: &On, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let versions = match Way::to(on, settings).await? {
        Way::Database(tenant) => json!(deploy::history(&tenant).await?),
        Way::Server(remote) => remote.history().await?,
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    console.result(&json!({ "versions": versions }), |console| {
        for entry in list(&versions) {
            let (at, actor) = (text(&entry["at"]), text(&entry["actor"]));
            console.say(&format!("{:>5}  {at}  {actor}", entry["version"].as_i64().unwrap_or(0)));
            for change in list(&entry["changes"]) {
                console.say(&format!("         {:<8} {}", text(&change["kind"]), text(&change["path"])));
            }
        }
    })?;
    Ok(0)
}

/// Brings back an earlier version as a new one.
pub async fn revert(
    version: i64,
    on: &On,
    (allow_destructive, mapped): (bool, Option<&PathBuf>),
    settings: &Settings,
    console: &Console,
) -> Result<u8, Failure> {
    let tenant = match Way::to(on, settings).await? {
        Way::Database(tenant) => tenant,
        Way::Server(remote) => {
            let told = (allow_destructive, mapping(mapped)?);
            return remote.revert(version, told, console).await;
        }
    };
    let mut options = options(console);
    options.allow_destructive = allow_destructive;
    options.mapping = mapping(mapped)?;
    let work = Box::pin(deploy::revert(&tenant, version, options));
    let applied = changed(&tenant, Act::Revert, |applied: &Applied| applied.version, work).await?;
    console.result(&applied, |console| {
        tell_plan(&applied.plan, console);
        console.say(&format!("Version {version} is back, as version {}.", applied.version));
    })?;
    Ok(0)
}

/// Deletes for good what changes have taken out of use.
pub async fn purge(on: &On, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let told = match Way::to(on, settings).await? {
        Way::Database(tenant) => {
            let work = Box::pin(deploy::purge(&tenant, options(console)));
            let purged = changed(&tenant, Act::Purge, |purged: &Purged| purged.version, work).await?;
            json!({ "tables": purged.tables, "columns": purged.columns, "version": purged.version })
        }
        Way::Server(remote) => remote.purge().await?,
    };
    console.result(&told, |console| {
        let count = |name: &str| told[name].as_array().map_or(0, Vec::len);
        console.say(&format!("Deleted {} table(s) and {} column(s).", count("tables"), count("columns")));
    })?;
    Ok(0)
}
