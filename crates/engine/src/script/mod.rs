//! Scripts within a write: what they see of records, and how what they ask for is carried out in the transaction of the write.
//!
//! A handler runs on a thread of its own; each of its questions is a message to the task that owns the transaction, which carries it out with
//! the rights of the handler's principal, by the same way as every other door.

mod ask;
mod found;
mod guard;
mod nested;
mod port;
mod view;

use std::sync::Arc;

use expr::Moment;
use metadata::catalog::FunctionPath;
use metadata::{Catalog, Name};
use query::request::Write;
use script::{Data, Library, Path, Ran, Scene, ScriptError, Severity, Source};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

pub(crate) use ask::{input, refused};
pub(crate) use guard::judge;
pub(crate) use nested::write as write_nested;
pub(crate) use view::{Sight, of_record};

use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::WriteError;
use crate::run::{Halt, Run};

/// Transactions with handlers that are under way at once; the others wait before they begin.
#[derive(Debug)]
pub(crate) struct Permits(pub(crate) Semaphore);

impl Default for Permits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        // Each of them has a thread for every level of its cascade, at most.
        Self(Semaphore::new((2 * cores).clamp(4, 16)))
    }
}

/// Whether a write is known to set handlers off, or to depend on other records. What it sets off further down shows on the way.
pub(crate) fn foreseen(engine: &Engine, caller: &Caller, write: &Write) -> Result<bool, WriteError> {
    let model = engine.model(caller)?;
    Ok(model.automations.foresees_handlers(write)
        || (!model.dialect.has_one_writer() && model.crossing.foresees(write)))
}

/// Waits for a place among the transactions with handlers. Whoever has one keeps it for the whole cascade.
pub(crate) async fn permit(engine: &Engine) -> Result<SemaphorePermit<'_>, WriteError> {
    engine.permits.0.acquire().await.map_err(WriteError::internal)
}

/// The scripts of a catalog, compiled. Those that do not compile were refused when the catalog was made.
pub(crate) fn library(catalog: &Catalog) -> Library {
    match Library::compile(&sources(catalog)) {
        Ok((library, _)) => library,
        Err(problems) => {
            let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
            let told: Vec<String> =
                errors.map(|problem| format!("{}: {}", problem.place, problem.message)).collect();
            tracing::error!(problems = ?told, "the scripts of a published catalog do not compile");
            Library::default()
        }
    }
}

fn sources(catalog: &Catalog) -> Vec<Source> {
    let settings = |script: &metadata::catalog::Script| {
        script.settings.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    };
    catalog
        .scripts
        .iter()
        .map(|script| Source {
            package: script.package.clone(),
            module: script.module.clone(),
            file: script.file.clone(),
            text: Arc::clone(&script.text),
            settings: settings(script),
        })
        .collect()
}

/// A function's path as the library has it.
pub(crate) fn path_of(function: &FunctionPath) -> Path<'_> {
    Path { package: &function.package, module: &function.module, function: &function.function }
}

/// What a handler is run for.
pub(crate) struct Handler<'a> {
    pub(crate) function: &'a FunctionPath,
    /// With whose rights.
    pub(crate) principal: &'a Caller,
    pub(crate) scene: Scene,
}

/// The rest of a scene around its records.
pub(crate) fn scene(run: &Run<'_>, caller: &Caller, event: Data) -> Scene {
    Scene {
        record: None,
        old: None,
        user: view::acting(caller, run.now),
        event,
        assigns: false,
        moment: Moment { now: run.now, zone: run.caller.zone },
    }
}

/// Runs a handler and carries out what it asks for, until it is done.
pub(crate) async fn run(run: &mut Run<'_>, handler: Handler<'_>) -> Result<Result<Ran, ScriptError>, Halt> {
    if !run.strict {
        return Err(Halt::Strictly);
    }
    let (port, mut questions) = port::open();
    let model = Arc::clone(&run.model);
    let budget = Arc::clone(&run.cascade.budget);
    let function = handler.function.clone();
    let mut scene = handler.scene;
    let about = scene
        .record
        .as_ref()
        .and_then(|record| Some((Name::new(record.kind()).ok()?, Uuid::try_parse(&record.id()?).ok()?)));
    scene.record = scene.record.map(|record| view::lively(record, &port));
    scene.old = scene.old.map(|record| view::lively(record, &port));
    let back = port.weak();
    let running = tokio::task::spawn_blocking(move || {
        model.library.run(path_of(&function), &scene, Arc::new(port), &budget)
    });
    let by = ask::By { principal: handler.principal, port: &back, about: about.as_ref() };
    let mut halted = None;
    while let Some(question) = questions.recv().await {
        let answer = match Box::pin(ask::answer(run, by, question.call, &question.place)).await {
            Ok(answer) => answer,
            Err(halt) => {
                halted = Some(halt);
                Err(script::HostError::Ended)
            }
        };
        // Whoever asked may be gone; then nobody hears the answer.
        let _ = question.reply.send(answer);
    }
    let ran = running.await.map_err(WriteError::internal)?;
    match halted {
        Some(halt) => Err(halt),
        None => Ok(ran),
    }
}
