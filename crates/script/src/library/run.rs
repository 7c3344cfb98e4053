//! Running a function: its arguments by name, its budget, what comes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{CallFnOptions, Dynamic, Engine, EvalAltResult, Scope};

use super::failure::{self, Failing};
use super::{Changed, Library, Module, Path, Ran, Verdict};
use crate::budget::Budget;
use crate::data::{Data, named};
use crate::error::{ErrorKind, Place, ScriptError};
use crate::frame::Frame;
use crate::handle::{Draft, Handle};
use crate::host::Host;
use crate::profile::place_of;
use crate::scene::Scene;
use crate::view::View;

impl Library {
    /// Asks a guard. Where it needs a value that is not at hand, the error says which; whoever fetches it asks again.
    pub fn judge(&self, path: Path<'_>, scene: &Scene, budget: &Arc<Budget>) -> Result<Verdict, ScriptError> {
        let (package, module) = self.found(path)?;
        let frame = Frame::new(budget, None, scene.moment, &module.file);
        let before = budget.spent();
        let result = self.call(&package.pure, module, path, scene, &frame, None);
        if let Some(function) = module.functions.get(path.function) {
            function.judged.add(&before, &budget.spent());
        }
        let result = result?;
        if let Ok(truth) = result.as_bool() {
            let place =
                module.functions.get(path.function).map(|f| f.signature.place.clone()).unwrap_or_default();
            return Ok(if truth { Verdict::Holds } else { Verdict::Refused { text: None, place } });
        }
        if let Ok(text) = result.as_immutable_string_ref() {
            let own = || module.functions.get(path.function).map(|function| function.signature.place.clone());
            let elsewhere = || package.modules.values().find_map(|module| module.place_of(&text));
            let place = module.place_of(&text).or_else(elsewhere).or_else(own).unwrap_or_default();
            return Ok(Verdict::Refused { text: Some(text.to_string()), place });
        }
        let message =
            format!("a guard gives `true` or the text of its refusal, but `{path}` gave {}", named(&result));
        Err(self.failed(path, ErrorKind::Failed, message))
    }

    /// Runs a handler; it may ask the host.
    pub fn run(
        &self,
        path: Path<'_>,
        scene: &Scene,
        host: Arc<dyn Host>,
        budget: &Arc<Budget>,
    ) -> Result<Ran, ScriptError> {
        let (package, module) = self.found(path)?;
        let frame = Frame::new(budget, Some(host), scene.moment, &module.file);
        let draft = scene.assigns.then(Arc::<Draft>::default);
        let result = self.call(&package.effectful, module, path, scene, &frame, draft.as_ref())?;
        let mut ran = Ran { log: frame.log.take(), ..Ran::default() };
        for (field, assigned) in draft.map(|draft| draft.take()).unwrap_or_default() {
            let place = Place { file: module.file.clone(), line: assigned.line, column: None };
            let value = Data::from_dynamic(&assigned.value).map_err(|message| ScriptError {
                kind: ErrorKind::Failed,
                place: place.clone(),
                message: format!("`{field}`: {message}"),
            })?;
            ran.changed.push(Changed { field, value, place });
        }
        ran.returned = Data::from_dynamic(&result).ok().filter(|value| !value.is_null());
        Ok(ran)
    }

    fn found(&self, path: Path<'_>) -> Result<(&super::Package, &Module), ScriptError> {
        let found = self.packages.get(path.package).and_then(|package| {
            let module = package.modules.get(path.module)?;
            module.functions.contains_key(path.function).then_some((package, &**module))
        });
        found.ok_or_else(|| {
            let message = format!("there is no function `{path}`");
            ScriptError { kind: ErrorKind::Failed, place: Place::default(), message }
        })
    }

    fn failed(&self, path: Path<'_>, kind: ErrorKind, message: String) -> ScriptError {
        let place = self.has(path).map(|signature| signature.place.clone()).unwrap_or_default();
        ScriptError { kind, place, message }
    }

    /// Calls the function within its frame. A panic ends this run only.
    fn call(
        &self,
        engine: &Engine,
        module: &Module,
        path: Path<'_>,
        scene: &Scene,
        frame: &std::rc::Rc<Frame>,
        draft: Option<&Arc<Draft>>,
    ) -> Result<Dynamic, ScriptError> {
        let function = module.functions.get(path.function);
        let arguments = arguments(function.map_or(&[], |f| &f.signature.parameters), module, scene, draft)
            .map_err(|message| self.failed(path, ErrorKind::Failed, message))?;
        let options = CallFnOptions::new().eval_ast(module.preamble);
        let run = || {
            let mut scope = Scope::new();
            engine.call_fn_with_options::<Dynamic>(options, &mut scope, &module.ast, path.function, arguments)
        };
        let result: Result<Result<Dynamic, Box<EvalAltResult>>, _> =
            frame.within(|| catch_unwind(AssertUnwindSafe(run)));
        match result {
            // What stopped the run stands, whatever became of the error on its way out.
            Ok(Ok(value)) if frame.stop.borrow().is_none() => Ok(value),
            Ok(Ok(_)) => Err(failure::stopped(frame, &Failing { module, function })),
            Ok(Err(error)) => Err(failure::of(frame, &Failing { module, function }, &error)),
            Err(_) => {
                let place = frame.last().map(|at| place_of(&module.file, at)).unwrap_or_default();
                let message = "the platform failed while it ran the script".to_owned();
                Err(ScriptError { kind: ErrorKind::Panicked, place, message })
            }
        }
    }
}

/// The arguments by the names of the parameters.
fn arguments(
    parameters: &[String],
    module: &Module,
    scene: &Scene,
    draft: Option<&Arc<Draft>>,
) -> Result<Vec<Dynamic>, String> {
    let record = |view: &Option<Arc<dyn View>>, draft: Option<&Arc<Draft>>| match (view, draft) {
        (None, _) => Dynamic::UNIT,
        (Some(view), None) => Dynamic::from(Handle::read_only(Arc::clone(view))),
        (Some(view), Some(draft)) => Dynamic::from(Handle::writable(Arc::clone(view), Arc::clone(draft))),
    };
    parameters
        .iter()
        .map(|name| {
            Ok(match name.as_str() {
                "record" => record(&scene.record, draft),
                "old" => record(&scene.old, None),
                "user" => Dynamic::from(Handle::read_only(Arc::clone(&scene.user))),
                "settings" => Dynamic::from(Handle::read_only(Arc::clone(&module.settings))),
                "event" => scene.event.clone().into_dynamic(),
                other => return Err(super::check::unknown_parameter(other)),
            })
        })
        .collect()
}
