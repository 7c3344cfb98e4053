//! The functions by which an effectful script asks its host.

use indexmap::IndexMap;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};

use crate::data::{Data, named};
use crate::error::Place;
use crate::frame::{self, Stop};
use crate::handle::{Handle, out};
use crate::host::{HostCall, HostError};
use crate::profile::place_of;

type Failure = Box<EvalAltResult>;
type Asked = Result<Dynamic, Failure>;
type Text = ImmutableString;
type Context<'a> = NativeCallContext<'a>;

/// Asks the host; without host it is only told that there is none.
#[derive(Clone, Copy)]
struct Asking(Option<&'static str>);

impl Asking {
    fn ask(
        self,
        context: &Context<'_>,
        name: &str,
        call: impl FnOnce() -> Result<HostCall, Failure>,
    ) -> Asked {
        frame::at(context.call_position());
        if let Some(why) = self.0 {
            return Err(format!("`{name}` {why}").into());
        }
        let frame = frame::current().ok_or("there is no run")?;
        let host = frame.host.clone().ok_or("there is no host")?;
        frame.budget.call().map_err(|spent| Failure::from(out(spent)))?;
        let call = call()?;
        if let HostCall::Log(line) = &call {
            frame.note(line);
            return Ok(Dynamic::UNIT);
        }
        let place: Place = place_of(context.call_source().unwrap_or(&frame.file), context.call_position());
        match host.call(call, place) {
            Ok(data) => Ok(data.into_dynamic()),
            Err(HostError::Refused(why)) => Err(why.into()),
            Err(HostError::Ended) => Err(frame::stop(Stop::Ended).into()),
        }
    }
}

/// Makes the interpreter know them.
pub(crate) fn register(engine: &mut Engine, refused: Option<&'static str>) {
    let asking = Asking(refused);
    reading(engine, asking);
    writing(engine, asking);
    moving(engine, asking);
    later(engine, asking);
}

fn reading(engine: &mut Engine, asking: Asking) {
    let find = move |context: &Context<'_>, object: Text, arguments: Map| {
        asking.ask(context, "find", || {
            Ok(HostCall::Find { object: object.into(), arguments: entries(&arguments)? })
        })
    };
    engine.register_fn("find", move |context: Context, object: Text, arguments: Map| {
        find(&context, object, arguments)
    });
    engine.register_fn("find", move |context: Context, object: Text| find(&context, object, Map::new()));
    engine.register_fn("get", move |context: Context, object: Text, id: Dynamic| {
        asking.ask(&context, "get", || Ok(HostCall::Get { object: object.into(), id: id_of(&id)? }))
    });
    let count = move |context: &Context<'_>, object: Text, filter: Map| {
        asking.ask(context, "count", || {
            Ok(HostCall::Count { object: object.into(), filter: Data::Map(entries(&filter)?) })
        })
    };
    engine.register_fn("count", move |context: Context, object: Text, filter: Map| {
        count(&context, object, filter)
    });
    engine.register_fn("count", move |context: Context, object: Text| count(&context, object, Map::new()));
    engine.register_fn("log", move |context: Context, line: Dynamic| {
        let line = line.to_string();
        asking.ask(&context, "log", || Ok(HostCall::Log(line)))
    });
}

fn writing(engine: &mut Engine, asking: Asking) {
    engine.register_fn("create", move |context: Context, object: Text, data: Map| {
        asking
            .ask(&context, "create", || Ok(HostCall::Create { object: object.into(), data: entries(&data)? }))
    });
    engine.register_fn("update", move |context: Context, object: Text, id: Dynamic, data: Map| {
        asking.ask(&context, "update", || {
            Ok(HostCall::Update { object: object.into(), id: id_of(&id)?, data: entries(&data)? })
        })
    });
    engine.register_fn("update", move |context: Context, record: Handle, data: Map| {
        asking.ask(&context, "update", || {
            let (object, id) = named_record(&record)?;
            Ok(HostCall::Update { object, id, data: entries(&data)? })
        })
    });
}

fn moving(engine: &mut Engine, asking: Asking) {
    let to = move |context: &Context<'_>, object: String, id: String, to: Text, more: &Map| {
        asking.ask(context, "move", || {
            let mut more = entries(more)?;
            let reason = more.shift_remove("reason").filter(|reason| !reason.is_null());
            let reason = reason.map(|reason| reason.into_value().to_text());
            let data = match more.shift_remove("data") {
                Some(Data::Map(data)) => data,
                None => IndexMap::new(),
                Some(_) => return Err("`data` of a move is a map of fields".into()),
            };
            if let Some(name) = more.keys().next() {
                return Err(format!("`move` takes `reason` and `data`, not `{name}`").into());
            }
            Ok(HostCall::Move { object, id, to: to.into(), reason, data })
        })
    };
    engine.register_fn("move", move |context: Context, record: Handle, stage: Text| {
        let (object, id) = named_record(&record)?;
        to(&context, object, id, stage, &Map::new())
    });
    engine.register_fn("move", move |context: Context, record: Handle, stage: Text, more: Map| {
        let (object, id) = named_record(&record)?;
        to(&context, object, id, stage, &more)
    });
    engine.register_fn("move", move |context: Context, object: Text, id: Dynamic, stage: Text| {
        to(&context, object.into(), id_of(&id)?, stage, &Map::new())
    });
    engine.register_fn("move", move |context: Context, object: Text, id: Dynamic, stage: Text, more: Map| {
        to(&context, object.into(), id_of(&id)?, stage, &more)
    });
    engine.register_fn("claim", move |context: Context, object: Text, id: Dynamic| {
        asking.ask(&context, "claim", || Ok(HostCall::Claim { object: object.into(), id: id_of(&id)? }))
    });
    engine.register_fn("claim", move |context: Context, record: Handle| {
        asking.ask(&context, "claim", || {
            let (object, id) = named_record(&record)?;
            Ok(HostCall::Claim { object, id })
        })
    });
}

fn later(engine: &mut Engine, asking: Asking) {
    engine.register_fn("notify", move |context: Context, user: Dynamic, message: Text| {
        asking
            .ask(&context, "notify", || Ok(HostCall::Notify { user: id_of(&user)?, message: message.into() }))
    });
    let schedule = move |context: &Context<'_>, at: &Dynamic, function: Text, event: Map| {
        asking.ask(context, "schedule", || {
            let at = Data::from_dynamic(at)?;
            Ok(HostCall::Schedule { at, function: function.into(), event: entries(&event)? })
        })
    };
    engine.register_fn("schedule", move |context: Context, at: Dynamic, function: Text| {
        schedule(&context, &at, function, Map::new())
    });
    engine.register_fn("schedule", move |context: Context, at: Dynamic, function: Text, event: Map| {
        schedule(&context, &at, function, event)
    });
    let enqueue = move |context: &Context<'_>, function: Text, event: Map| {
        asking.ask(context, "enqueue", || {
            Ok(HostCall::Enqueue { function: function.into(), event: entries(&event)? })
        })
    };
    engine.register_fn("enqueue", move |context: Context, function: Text| {
        enqueue(&context, function, Map::new())
    });
    engine.register_fn("enqueue", move |context: Context, function: Text, event: Map| {
        enqueue(&context, function, event)
    });
}

fn entries(map: &Map) -> Result<IndexMap<String, Data>, Failure> {
    map.iter().map(|(name, value)| Ok((name.to_string(), Data::from_dynamic(value)?))).collect()
}

fn id_of(value: &Dynamic) -> Result<String, Failure> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.to_string());
    }
    if let Some(handle) = value.read_lock::<Handle>()
        && let Some(id) = handle.id()
    {
        return Ok(id);
    }
    Err(format!("an id is a text or a record, not {}", named(value)).into())
}

fn named_record(handle: &Handle) -> Result<(String, String), Failure> {
    let view = handle.view();
    let id = view
        .id()
        .ok_or_else(|| Failure::from(format!("`{}` is no record that can be written", view.kind())))?;
    Ok((view.kind().to_owned(), id))
}
