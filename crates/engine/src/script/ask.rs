//! What a handler asks for, carried out in the transaction with the rights of its principal.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::{Moment, Type, Value, filter};
use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::{FieldType, Object};
use query::request::{
    Batch, Deleted, Keyed, ListArgs, ListPart, ListRead, Operation, OrderKey, Page, Read, RecordData, Write,
};
use script::{Data, HostCall, HostError, Path, Place};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::found::{Found, selection};
use super::nested;
use super::port::Port;
use crate::caller::{Caller, Cause};
use crate::error::WriteError;
use crate::model::Log;
use crate::outcome::{Effect, EffectKind, Outcome};
use crate::queue::{Errand, Kind, Principal, Queued};
use crate::run::{Halt, Run};
use crate::step::find;

/// Most records of one `find`.
const MOST: i64 = 1_000;
/// Records of one `find` that says nothing.
const USUAL: i64 = 50;

/// The answer to a handler; a halt ends the whole write.
type Answer = Result<Result<Data, HostError>, Halt>;
/// What the handler did wrong.
type Wrong = String;

/// Who asks, and the way back to them for what they find.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) principal: &'a Caller,
    pub(super) port: &'a Port,
    /// The record that the handler is about.
    pub(super) about: Option<&'a (Name, Uuid)>,
}

/// Answers.
pub(super) async fn answer(run: &mut Run<'_>, by: By<'_>, call: HostCall, place: &Place) -> Answer {
    let principal = by.principal;
    let told = match call {
        HostCall::Find { object, arguments } => Box::pin(find(run, by, &object, arguments)).await?,
        HostCall::Get { object, id } => Box::pin(get(run, by, &object, &id)).await?,
        HostCall::Count { object, filter } => Box::pin(count(run, principal, &object, &filter)).await?,
        HostCall::Create { object, data } => {
            let write =
                write_of(principal, &object, &data, |data| Operation::Create(vec![data], Batch::AllOrNone));
            Box::pin(written(run, by, write, place)).await?
        }
        HostCall::Update { object, id, data } => {
            Box::pin(update(run, by, (&object, &id), &data, place)).await?
        }
        HostCall::Move { object, id, to, reason, data } => {
            let write = id_of(&id).and_then(|id| {
                let to: Arc<str> = to.into();
                write_of(principal, &object, &data, |data| Operation::Move {
                    id,
                    to,
                    reason,
                    data,
                    expected_version: None,
                })
            });
            Box::pin(written(run, by, write, place)).await?
        }
        HostCall::Claim { .. } => Err("there are no pools yet".to_owned()),
        HostCall::Notify { user, message } => notify(run, by, &user, message).await?,
        HostCall::Enqueue { function, event } => later(run, by, (&function, &event), run.now, place)?,
        HostCall::Schedule { at, function, event } => match moment(run, &at) {
            Some(due) => later(run, by, (&function, &event), due, place)?,
            None => Err("schedule takes an instant, or a length of time such as \"3d\"".to_owned()),
        },
        HostCall::Log(_) => Ok(Data::NULL),
    };
    Ok(told.map_err(HostError::Refused))
}

/// Longest message to a user, in characters.
const LONGEST_MESSAGE: usize = 2_000;

/// Tells a user something; with the commit they can read it.
async fn notify(
    run: &mut Run<'_>,
    by: By<'_>,
    user: &str,
    message: String,
) -> Result<Result<Data, Wrong>, Halt> {
    let id = match id_of(user) {
        Ok(id) => id,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if message.trim().is_empty() || message.chars().count() > LONGEST_MESSAGE {
        return Ok(Err(format!("a message has 1 to {LONGEST_MESSAGE} characters")));
    }
    run.cascade.write()?;
    let users = Arc::clone(run.model.shape("user")?);
    let known = find::by_id_list(run, &users, vec![id], None).await?;
    if known.get(&id).is_none_or(|user| user.deleted(&users)) {
        return Ok(Err("there is no user with this id".to_owned()));
    }
    let row = vec![
        Value::Id(run.new_id()),
        Value::DateTime(run.now),
        Value::Id(id),
        Value::Text(expr::nfc(&message)),
        by.about.map_or(Value::Null, |(object, _)| Value::Text(object.to_string())),
        by.about.map_or(Value::Null, |(_, record)| Value::Id(*record)),
        Value::Text(run.cascade.links.last().map(|link| link.automation.clone()).unwrap_or_default()),
    ];
    run.noted.push((Log::Told, row));
    let effect = Effect {
        kind: EffectKind::Notified,
        object: users.object.name.clone(),
        id,
        field: None,
        from: Json::Null,
        to: Json::String(message),
    };
    tell(run, by, effect);
    Ok(Ok(Data::NULL))
}

/// Tells the caller of an effect, as far as they see what the principal does.
fn tell(run: &mut Run<'_>, by: By<'_>, effect: Effect) {
    let open = run.caller.access.covers(&by.principal.access);
    (if open { &mut run.outcome.effects } else { &mut run.unsorted }).push(effect);
}

/// Puts a function into the queue, to be run after the commit.
fn later(
    run: &mut Run<'_>,
    by: By<'_>,
    (function, event): (&str, &IndexMap<String, Data>),
    due: DateTime<Utc>,
    place: &Place,
) -> Result<Result<Data, String>, Halt> {
    let catalog = &run.caller.catalog;
    let package =
        catalog.scripts.iter().find(|script| script.file == place.file).map(|of| of.package.clone());
    let Some((package, (module, name))) = package.zip(function.split_once("::")) else {
        return Ok(Err(format!("`{function}` is no path of a function, such as `lead::remind`")));
    };
    if run.model.library.has(Path { package: &package, module, function: name }).is_none() {
        return Ok(Err(format!("there is no function `{function}`")));
    }
    let work =
        run.work(Kind::Function, format!("{package}:{function}"), Data::Map(event.clone()).to_json())?;
    let errand = Errand { by: Some(Principal::of(by.principal)), ..work.errand };
    run.queued.push(Queued { errand, due, ..work });
    if let Some((object, id)) = by.about {
        let effect = Effect {
            kind: EffectKind::Queued,
            object: object.clone(),
            id: *id,
            field: None,
            from: Json::Null,
            to: Json::String(function.to_owned()),
        };
        tell(run, by, effect);
    }
    Ok(Ok(Data::NULL))
}

/// An instant, or so much later than now.
fn moment(run: &Run<'_>, at: &Data) -> Option<DateTime<Utc>> {
    let length = match at {
        Data::Value(Value::DateTime(instant)) => return Some(*instant),
        Data::Value(Value::Duration(length)) => *length,
        Data::Value(Value::Text(text)) => match Value::parse(&Type::DateTime, text) {
            Ok(Value::DateTime(instant)) => return Some(instant),
            _ => text.parse().ok()?,
        },
        _ => return None,
    };
    let months = u32::try_from(length.months).ok()?;
    let day = run.now.checked_add_months(chrono::Months::new(months))?;
    day.checked_add_signed(chrono::TimeDelta::microseconds(length.micros))
}

/// An object that the principal sees.
fn object_of(principal: &Caller, name: &str) -> Result<Arc<Object>, Wrong> {
    let visible = principal.visible();
    visible.object(name).cloned().ok_or_else(|| {
        let hint = expr::did_you_mean(name, visible.objects.keys().map(Name::as_str));
        let what = format!("there is no object `{name}`");
        hint.map_or(what.clone(), |hint| format!("{what}; {hint}"))
    })
}

fn id_of(id: &str) -> Result<Uuid, Wrong> {
    Uuid::try_parse(id).map_err(|_| format!("`{id}` is no id"))
}

/// The filter of the API, its values in slots.
fn condition(
    run: &Run<'_>,
    principal: &Caller,
    object: &Object,
    json: &Json,
    values: Vec<Value>,
) -> Result<(Option<expr::Expr>, Vec<Value>), Wrong> {
    let moment = Moment { now: run.now, zone: principal.zone };
    let mut slots = filter::Values::Slots { values, moment };
    let read = filter::read(json, &principal.visible().scope(), &object.name, &mut slots);
    let told = |problems: Vec<expr::FilterProblem>| {
        problems.iter().map(|problem| format!("filter.{problem}")).collect::<Vec<_>>().join("; ")
    };
    let condition = read.map_err(told)?;
    match slots {
        filter::Values::Slots { values, .. } => Ok((condition, values)),
        filter::Values::Inline | filter::Values::Acting => Ok((condition, Vec::new())),
    }
}

fn order_of(json: &Json, before: &[Arc<str>], keys: &mut Vec<OrderKey>) -> Result<(), Wrong> {
    match json {
        Json::Null => Ok(()),
        Json::Array(entries) => entries.iter().try_for_each(|entry| order_of(entry, before, keys)),
        Json::Object(entries) => entries.iter().try_for_each(|(name, direction)| {
            let mut path = before.to_vec();
            path.push(Arc::from(name.as_str()));
            match direction {
                Json::String(direction) if direction.starts_with("ASC") || direction.starts_with("DESC") => {
                    let descending = direction.starts_with("DESC");
                    let nulls_first =
                        if descending { !direction.ends_with("LAST") } else { direction.ends_with("FIRST") };
                    keys.push(OrderKey { path, descending, nulls_first });
                    Ok(())
                }
                nested => order_of(nested, &path, keys),
            }
        }),
        _ => Err("`orderBy` is a map such as #{name: \"ASC\"}, or a list of them".to_owned()),
    }
}

async fn find(
    run: &mut Run<'_>,
    by: By<'_>,
    object: &str,
    mut arguments: IndexMap<String, Data>,
) -> Result<Result<Data, Wrong>, Halt> {
    let prepared = (|| {
        let object = object_of(by.principal, object)?;
        let mut take = |name: &str| arguments.shift_remove(name).map_or(Json::Null, |data| data.to_json());
        let (condition, order, first, search) =
            (take("filter"), take("orderBy"), take("first"), take("search"));
        if let Some(name) = arguments.keys().next() {
            return Err(format!("`find` takes `filter`, `orderBy`, `first` and `search`, not `{name}`"));
        }
        let (filter, mut values) = self::condition(run, by.principal, &object, &condition, Vec::new())?;
        let mut keys = Vec::new();
        order_of(&order, &[], &mut keys)?;
        let first = match first {
            Json::Null => USUAL,
            first => first
                .as_i64()
                .filter(|first| (1..=MOST).contains(first))
                .ok_or(format!("`first` is a number from 1 to {MOST}"))?,
        };
        let search = search.as_str().map(|words| {
            values.push(Value::Text(words.to_owned()));
            slot(values.len() - 1)
        });
        values.push(Value::Int(first));
        let page =
            Page { size: slot(values.len() - 1), backward: false, after: None, before: None, offset: None };
        let args = ListArgs { filter, search, order: keys, page, deleted: Deleted::Without, as_of: None };
        Ok((object, args, values))
    })();
    let (object, args, values) = match prepared {
        Ok(prepared) => prepared,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let nodes = records(run, by, &object, args, &values).await?;
    Ok(nodes.map(Data::List))
}

fn slot(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}

/// The record of that id, as the principal sees it; null where they do not.
pub(super) async fn get(
    run: &mut Run<'_>,
    by: By<'_>,
    object: &str,
    id: &str,
) -> Result<Result<Data, Wrong>, Halt> {
    let prepared = (|| {
        let object = object_of(by.principal, object)?;
        let id = serde_json::json!({"id": {"eq": id_of(id)?.to_string()}});
        let (filter, mut values) = condition(run, by.principal, &object, &id, Vec::new())?;
        values.push(Value::Int(1));
        let page =
            Page { size: slot(values.len() - 1), backward: false, after: None, before: None, offset: None };
        let args = ListArgs {
            filter,
            search: None,
            order: Vec::new(),
            page,
            deleted: Deleted::Without,
            as_of: None,
        };
        Ok((object, args, values))
    })();
    let (object, args, values) = match prepared {
        Ok(prepared) => prepared,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let nodes = records(run, by, &object, args, &values).await?;
    Ok(nodes.map(|nodes| nodes.into_iter().next().unwrap_or(Data::NULL)))
}

async fn records(
    run: &mut Run<'_>,
    by: By<'_>,
    object: &Arc<Object>,
    args: ListArgs,
    values: &[Value],
) -> Result<Result<Vec<Data>, Wrong>, Halt> {
    let part = Keyed { key: Arc::from("nodes"), item: ListPart::Nodes(selection(object)) };
    let read = Read::List(ListRead { object: object.name.clone(), args, parts: vec![part] });
    let json = match page(run, by.principal, read, values).await? {
        Ok(json) => json,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let nodes = json.get("nodes").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Err(spent) = run.cascade.budget.read(nodes.len()) {
        return Err(run.cascade.spent(&spent).into());
    }
    let related = |object: &Name, id: Uuid| Data::Record(super::view::pointed(object, id, by.port));
    let found = nodes.iter().filter_map(|node| Found::read(object, node, &related));
    Ok(Ok(found.map(|found| Data::Record(Arc::new(found))).collect()))
}

async fn count(
    run: &mut Run<'_>,
    principal: &Caller,
    object: &str,
    json: &Data,
) -> Result<Result<Data, Wrong>, Halt> {
    let prepared = object_of(principal, object).and_then(|object| {
        let (filter, mut values) = condition(run, principal, &object, &json.to_json(), Vec::new())?;
        values.push(Value::Int(1));
        let page =
            Page { size: slot(values.len() - 1), backward: false, after: None, before: None, offset: None };
        let args = ListArgs {
            filter,
            search: None,
            order: Vec::new(),
            page,
            deleted: Deleted::Without,
            as_of: None,
        };
        let parts = vec![Keyed { key: Arc::from("count"), item: ListPart::TotalCount }];
        Ok((Read::List(ListRead { object: object.name.clone(), args, parts }), values))
    });
    let (read, values) = match prepared {
        Ok(prepared) => prepared,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let json = page(run, principal, read, &values).await?;
    Ok(json.map(|json| Data::Value(Value::Int(json.get("count").and_then(Json::as_i64).unwrap_or(0)))))
}

/// The answer to a read, in the transaction.
async fn page(
    run: &mut Run<'_>,
    principal: &Caller,
    read: Read,
    values: &[Value],
) -> Result<Result<Json, Wrong>, Halt> {
    let ready = match run.engine.prepare(principal, read, values) {
        Ok(ready) => ready,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let rows = run.execute(&ready.lowered.statement, &ready.bound).await?;
    let bytes = ready.answer(&rows).map_err(WriteError::from)?;
    Ok(Ok(serde_json::from_slice(&bytes).map_err(WriteError::internal)?))
}

async fn update(
    run: &mut Run<'_>,
    by: By<'_>,
    (object, id): (&str, &str),
    data: &IndexMap<String, Data>,
    place: &Place,
) -> Result<Result<Data, Wrong>, Halt> {
    let id = match id_of(id) {
        Ok(id) => id,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let write =
        write_of(by.principal, object, data, |data| Operation::Update { id, data, expected_version: None });
    Box::pin(written(run, by, write, place)).await
}

fn write_of(
    principal: &Caller,
    object: &str,
    data: &IndexMap<String, Data>,
    operation: impl FnOnce(RecordData) -> Operation,
) -> Result<Write, Wrong> {
    let object = object_of(principal, object)?;
    let json: Map<String, Json> =
        data.iter().map(|(name, value)| (name.clone(), input(&object, name, value))).collect();
    let data = RecordData::from_json(principal.visible(), &object, &json, "data").map_err(|problem| {
        let name = problem.place.rsplit('.').next().unwrap_or_default();
        let hint = expr::did_you_mean(name, object.fields.keys().map(Name::as_str));
        hint.map_or(problem.message.clone(), |hint| format!("{}; {hint}", problem.message))
    })?;
    Ok(Write {
        object: object.name.clone(),
        operation: operation(data),
        dry_run: false,
        idempotency_key: None,
    })
}

/// A value as the API takes it: a relation also as a record, or its id.
pub(crate) fn input(object: &Object, name: &str, value: &Data) -> Json {
    let named = |id: Json| serde_json::json!({ "id": id });
    match (object.field(name).map(|field| &field.ty), value) {
        (Some(FieldType::Lookup(_)), Data::Record(_) | Data::Value(Value::Text(_))) => named(value.to_json()),
        (Some(FieldType::Polymorphic { .. }), Data::Record(record)) => {
            let mut json = Map::new();
            json.insert(record.kind().to_owned(), named(value.to_json()));
            Json::Object(json)
        }
        (Some(FieldType::Float(_)), Data::Value(Value::Decimal(number))) => {
            serde_json::from_str(&number.to_string()).unwrap_or(Json::Null)
        }
        _ => value.to_json(),
    }
}

/// Carries out a write and gives the record as it is then.
async fn written(
    run: &mut Run<'_>,
    by: By<'_>,
    write: Result<Write, Wrong>,
    place: &Place,
) -> Result<Result<Data, Wrong>, Halt> {
    let write = match write {
        Ok(write) => write,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let cause = Cause { place: Some(place.to_string()), ..(*by.principal.cause).clone() };
    let principal = Caller { cause: Arc::new(cause), ..by.principal.clone() };
    let object = write.object.clone();
    let outcome = match Box::pin(nested::write(run, &principal, write)).await? {
        Ok(outcome) => outcome,
        Err(denied) => return Ok(Err(denied)),
    };
    if let Some(wrong) = refused(&outcome) {
        return Ok(Err(wrong));
    }
    match outcome.ids.first().copied().flatten() {
        Some(id) => get(run, By { principal: &principal, ..by }, &object, &id.to_string()).await,
        None => Ok(Ok(Data::NULL)),
    }
}

/// What is told of refusals.
pub(crate) fn refused(outcome: &Outcome) -> Option<Wrong> {
    let told = |refusal: &crate::outcome::Refusal| match &refusal.path {
        Some(path) => format!("{path}: {}", refusal.message),
        None => refusal.message.clone(),
    };
    let all: Vec<String> = outcome.errors.iter().map(told).collect();
    if all.is_empty() { None } else { Some(all.join("; ")) }
}
