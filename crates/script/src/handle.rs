//! A record, the user or settings as an object of the interpreter: reading a property asks its view, assigning one keeps a draft.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext, Position};

use crate::budget::Out;
use crate::data::{Data, named, shared};
use crate::frame::{self, Stop};
use crate::view::{View, ViewError};

/// What a script holds in `record`.
#[derive(Clone)]
pub(crate) struct Handle {
    view: Arc<dyn View>,
    draft: Option<Arc<Draft>>,
}

/// What a script assigned, and where.
#[derive(Default)]
pub(crate) struct Draft {
    assigned: Mutex<IndexMap<String, Assigned>>,
}

/// One assignment; the last one counts.
#[derive(Clone)]
pub(crate) struct Assigned {
    pub(crate) value: Dynamic,
    pub(crate) line: Option<u32>,
}

impl Draft {
    /// What was assigned, in the order in which the fields were first named.
    pub(crate) fn take(&self) -> IndexMap<String, Assigned> {
        std::mem::take(&mut *self.assigned.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Handle {
    pub(crate) fn read_only(view: Arc<dyn View>) -> Self {
        Self { view, draft: None }
    }

    pub(crate) fn writable(view: Arc<dyn View>, draft: Arc<Draft>) -> Self {
        Self { view, draft: Some(draft) }
    }

    pub(crate) fn view(&self) -> Arc<dyn View> {
        Arc::clone(&self.view)
    }

    pub(crate) fn id(&self) -> Option<String> {
        self.view.id()
    }

    fn get(&self, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        if let Some(draft) = &self.draft {
            let assigned = draft.assigned.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(assigned) = assigned.get(name) {
                return Ok(assigned.value.clone());
            }
        }
        self.view.get(name).map(Data::into_dynamic).map_err(|error| self.failed(name, error).into())
    }

    fn set(&self, name: &str, value: Dynamic, line: Option<u32>) -> Result<(), Box<EvalAltResult>> {
        // After a method call the interpreter assigns what it was called on, whether it changed or not.
        let unchanged = || {
            let known = Data::from_dynamic(&self.get(name).ok()?).ok()?;
            Some(known == Data::from_dynamic(&value).ok()?)
        };
        if unchanged().unwrap_or(false) {
            return Ok(());
        }
        let Some(draft) = &self.draft else {
            let kind = self.view.kind();
            let how = match self.view.id() {
                Some(_) => {
                    format!("`{name}` cannot be assigned here: write `update({kind}, #{{{name}: …}})`")
                }
                None => format!("`{name}` of {kind} cannot be assigned"),
            };
            return Err(how.into());
        };
        self.view.assignable(name).map_err(|error| self.failed(name, error))?;
        Data::from_dynamic(&value)?;
        let mut assigned = draft.assigned.lock().unwrap_or_else(PoisonError::into_inner);
        assigned.insert(name.to_owned(), Assigned { value, line });
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.view.names().iter().any(|known| known == name)
    }

    fn failed(&self, name: &str, error: ViewError) -> EvalAltResult {
        let runtime = |message: String| EvalAltResult::ErrorRuntime(message.into(), Position::NONE);
        match error {
            ViewError::Unknown => runtime(unknown(&*self.view, name)),
            ViewError::Refused(why) => runtime(why),
            ViewError::Unavailable(path) => frame::stop(Stop::Unavailable(path)),
            ViewError::Ended => frame::stop(Stop::Ended),
        }
    }
}

/// A message about a name that is not there, with the one that may have been meant.
pub(crate) fn unknown(view: &dyn View, name: &str) -> String {
    let names = view.names();
    let hint = expr::did_you_mean(name, names.iter().map(String::as_str));
    let what = match view.kind() {
        "settings" => format!("there is no setting `{name}`"),
        kind => format!("`{kind}` has no field `{name}`"),
    };
    hint.map_or(what.clone(), |hint| format!("{what}; {hint}"))
}

/// Makes the interpreter know handles.
pub(crate) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Handle>("record");
    engine.register_indexer_get(|context: NativeCallContext, handle: &mut Handle, name: ImmutableString| {
        frame::at(context.call_position());
        handle.get(&name)
    });
    engine.register_indexer_set(
        |context: NativeCallContext, handle: &mut Handle, name: ImmutableString, value: Dynamic| {
            frame::at(context.call_position());
            handle.set(&name, value, context.call_position().line().and_then(|line| u32::try_from(line).ok()))
        },
    );
    engine.register_fn("contains", |handle: &mut Handle, name: ImmutableString| handle.has(&name));
    engine.register_fn("==", |a: Handle, b: Handle| a.view.kind() == b.view.kind() && a.id() == b.id());
    engine.register_fn("!=", |a: Handle, b: Handle| a.view.kind() != b.view.kind() || a.id() != b.id());
    engine.register_fn("==", |a: Handle, b: ImmutableString| a.id().as_deref() == Some(b.as_str()));
    engine.register_fn("!=", |a: Handle, b: ImmutableString| a.id().as_deref() != Some(b.as_str()));
    engine.register_fn("==", |a: ImmutableString, b: Handle| b.id().as_deref() == Some(a.as_str()));
    engine.register_fn("!=", |a: ImmutableString, b: Handle| b.id().as_deref() != Some(a.as_str()));
    engine.register_fn("==", |_: Handle, (): ()| false);
    engine.register_fn("!=", |_: Handle, (): ()| true);
    engine.register_fn("==", |(): (), _: Handle| false);
    engine.register_fn("!=", |(): (), _: Handle| true);
    engine.register_fn("to_string", |handle: &mut Handle| shared(&handle.shown()));
    engine.register_fn("to_debug", |handle: &mut Handle| shared(&handle.shown()));
}

impl Handle {
    /// What is told of it as a whole: never its values.
    fn shown(&self) -> String {
        match self.view.id() {
            Some(id) => format!("{} {id}", self.view.kind()),
            None => self.view.kind().to_owned(),
        }
    }
}

/// How much of memory a value holds on to, roughly.
pub(crate) fn weight(value: &Dynamic) -> usize {
    const CELL: usize = 16;
    if let Ok(text) = value.as_immutable_string_ref() {
        return CELL + text.len();
    }
    if let Ok(items) = value.as_array_ref() {
        return CELL + items.iter().map(weight).sum::<usize>();
    }
    if let Ok(entries) = value.as_map_ref() {
        return CELL + entries.iter().map(|(name, value)| CELL + name.len() + weight(value)).sum::<usize>();
    }
    CELL
}

/// The message of a budget that has run out, kept as it is told.
pub(crate) fn out(out: Out) -> EvalAltResult {
    frame::stop(Stop::Out(out))
}

/// What two values are, for a message about them.
pub(crate) fn pair(a: &Dynamic, b: &Dynamic) -> String {
    format!("{} and {}", named(a), named(b))
}
