//! What the steps of a case do, each by the way that every request goes.

use chrono::{DateTime, Duration, Months, Utc};
use engine::{Caller, Clock, ReadError, Refusal, WriteError};
use indexmap::IndexMap;
use metadata::catalog::{FieldType, Object};
use metadata::document::{TestAct, TestRecord, TestUser};
use query::request::{
    Batch, Deleted, Keyed, ListArgs, ListPart, ListRead, Operation, Page, Read, RecordData, RecordItem,
    RecordRead, Selection, Which, Write,
};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::TestError;
use super::bed::Bed;
use super::report::Problem;

/// Records that a `find` shows at most.
const MOST: i64 = 1_000;

/// Why a step was refused, as an API would tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct No {
    pub(super) code: String,
    pub(super) rule: Option<String>,
    pub(super) path: Option<String>,
    pub(super) message: String,
}

impl No {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), rule: None, path: None, message: message.into() }
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.as_str().to_owned(),
            rule: refusal.rule,
            path: refusal.path,
            message: refusal.message,
        }
    }
}

/// What came of a step that was not refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Done {
    /// Nothing is to be shown.
    Nothing,
    /// A record was read.
    One(Json),
    /// Records were listed.
    Many(Vec<Json>),
}

type Outcome = Result<Result<Done, Vec<No>>, TestError>;

/// Carries out a step; `wanted` are the fields that the case looks at in what is read.
pub(super) async fn take(bed: &mut Bed, act: &TestAct<'_>, caller: &Caller, wanted: &[String]) -> Outcome {
    Ok(match *act {
        TestAct::Create { name, object, data } => match create(bed, caller, object, data).await? {
            Ok(id) => {
                if let Some(name) = name {
                    bed.names.insert(name.to_owned(), (object.to_owned(), id));
                }
                Ok(Done::Nothing)
            }
            Err(refusals) => Err(refusals),
        },
        TestAct::Wait { time } => {
            let until = later(bed.clock.now(), time);
            wait(bed, until).await?;
            Ok(Done::Nothing)
        }
        TestAct::Find { object, filter } => find(bed, caller, object, filter, wanted).await?,
        TestAct::Get { record } => match named(bed, record) {
            Ok((object, id)) => get(bed, caller, &object, id, wanted).await?,
            Err(no) => Err(vec![no]),
        },
        TestAct::Update { record, data } => match named(bed, record) {
            Ok((object, id)) => match read_data(bed, &object, data) {
                Ok(data) => {
                    let operation = Operation::Update { id, data, expected_version: None };
                    done(write(bed, caller, &object, operation).await?)
                }
                Err(no) => Err(vec![no]),
            },
            Err(no) => Err(vec![no]),
        },
        TestAct::Delete { record } => match named(bed, record) {
            Ok((object, id)) => {
                let operation = Operation::Delete(Which::One(id), Batch::AllOrNone);
                done(write(bed, caller, &object, operation).await?)
            }
            Err(no) => Err(vec![no]),
        },
        TestAct::Move { record, to, reason, data } => match named(bed, record) {
            Ok((object, id)) => match read_data(bed, &object, data) {
                Ok(data) => {
                    let reason = reason.map(str::to_owned);
                    let operation =
                        Operation::Move { id, to: to.into(), reason, data, expected_version: None };
                    done(write(bed, caller, &object, operation).await?)
                }
                Err(no) => Err(vec![no]),
            },
            Err(no) => Err(vec![no]),
        },
        TestAct::Claim { .. } => {
            Err(vec![No::new("VALIDATION", "there are no pools yet, so nothing can be claimed")])
        }
    })
}

/// Turns the clock on and does what falls due on the way.
pub(super) async fn wait(bed: &Bed, until: DateTime<Utc>) -> Result<(), TestError> {
    work::jobs::run_due(&bed.engine, &bed.everything, until).await?;
    bed.clock.set(until);
    Ok(())
}

/// Makes a record; its id, or why not.
pub(super) async fn create(
    bed: &Bed,
    caller: &Caller,
    object: &str,
    data: Option<&Map<String, Json>>,
) -> Result<Result<Uuid, Vec<No>>, TestError> {
    let data = match read_data(bed, object, data) {
        Ok(data) => data,
        Err(no) => return Ok(Err(vec![no])),
    };
    let written = write(bed, caller, object, Operation::Create(vec![data], Batch::AllOrNone)).await?;
    Ok(written.map(|ids| ids.first().copied().unwrap_or_default()))
}

/// Makes a user with roles, under the name that the test gives.
pub(super) async fn make_user(
    bed: &mut Bed,
    user: &str,
    told: &TestUser,
    given: &IndexMap<String, TestRecord>,
) -> Result<Vec<Problem>, TestError> {
    let mut data = told.data.clone();
    data.retain(|_, value| !names_one(value, given));
    data.entry("name").or_insert_with(|| json!(user));
    data.entry("email").or_insert_with(|| json!(format!("{user}@test.example")));
    let caller = bed.everything.clone();
    let place = format!("users/{user}");
    match create(bed, &caller, "user", Some(&data)).await? {
        Ok(id) => {
            bed.everything.tenant.grant_roles(id, &told.roles).await?;
            bed.names.insert(user.to_owned(), ("user".to_owned(), id));
            Ok(Vec::new())
        }
        Err(refusals) => Ok(refusals
            .iter()
            .map(|no| Problem::new(&place, format!("the user is refused: {}", no.message)))
            .collect()),
    }
}

/// Gives a user what names records that were given after it.
pub(super) async fn place_user(
    bed: &Bed,
    user: &str,
    told: &TestUser,
    given: &IndexMap<String, TestRecord>,
) -> Result<Vec<Problem>, TestError> {
    let mut data = told.data.clone();
    data.retain(|_, value| names_one(value, given));
    let Some((_, id)) = bed.names.get(user).filter(|_| !data.is_empty()) else { return Ok(Vec::new()) };
    let data = match read_data(bed, "user", Some(&data)) {
        Ok(data) => data,
        Err(no) => return Ok(vec![Problem::new(format!("users/{user}"), no.message)]),
    };
    let operation = Operation::Update { id: *id, data, expected_version: None };
    let refusals = write(bed, &bed.everything, "user", operation).await?.err().unwrap_or_default();
    let told =
        |no: &No| Problem::new(format!("users/{user}"), format!("the user is refused: {}", no.message));
    Ok(refusals.iter().map(told).collect())
}

/// Whether a value is the name of a given record.
fn names_one(value: &Json, given: &IndexMap<String, TestRecord>) -> bool {
    value.as_str().is_some_and(|name| given.contains_key(name))
}

fn done(written: Result<Vec<Uuid>, Vec<No>>) -> Result<Done, Vec<No>> {
    written.map(|_| Done::Nothing)
}

async fn write(
    bed: &Bed,
    caller: &Caller,
    object: &str,
    operation: Operation,
) -> Result<Result<Vec<Uuid>, Vec<No>>, TestError> {
    let object = match known(bed, object) {
        Ok(object) => object.name.clone(),
        Err(no) => return Ok(Err(vec![no])),
    };
    let write = Write { object, operation, dry_run: false, idempotency_key: None };
    match bed.engine.write(caller, write, None).await {
        Ok(outcome) if outcome.ok() => {
            let ids = outcome.ids.into_iter().flatten().collect();
            let now = bed.clock.now();
            wait(bed, now).await?;
            Ok(Ok(ids))
        }
        Ok(outcome) => Ok(Err(outcome.errors.into_iter().map(No::from).collect())),
        Err(error) => refused(error).map(Err),
    }
}

/// What a caller is told of a write that did not happen; what no case can mean is an error.
fn refused(error: WriteError) -> Result<Vec<No>, TestError> {
    Ok(vec![match error {
        WriteError::Denied(denied) => {
            No::new(if denied.forbidden() { "FORBIDDEN" } else { "NOT_FOUND" }, denied.to_string())
        }
        WriteError::Forbidden(refusal) => No::from(refusal),
        WriteError::Usage { message } => No::new("VALIDATION", message),
        WriteError::Script(failure) => No::new("SCRIPT_ERROR", failure.to_string()),
        other => return Err(TestError::Write(Box::new(other))),
    }])
}

async fn get(bed: &Bed, caller: &Caller, object: &str, id: Uuid, wanted: &[String]) -> Outcome {
    let of = match known(bed, object) {
        Ok(of) => of,
        Err(no) => return Ok(Err(vec![no])),
    };
    let read = RecordRead {
        object: of.name.clone(),
        id: 0,
        selection: selection(of, wanted),
        deleted: Deleted::Without,
    };
    let answer = bed.engine.read(caller, Read::Record(read), &[expr::Value::Id(id)]).await;
    answered(answer, |json| if json.is_null() { Err(not_found()) } else { Ok(Done::One(json)) })
}

async fn find(
    bed: &Bed,
    caller: &Caller,
    object: &str,
    filter: Option<&Map<String, Json>>,
    wanted: &[String],
) -> Outcome {
    let of = match known(bed, object) {
        Ok(of) => of,
        Err(no) => return Ok(Err(vec![no])),
    };
    let json = filter.map_or_else(|| json!({}), |filter| Json::Object(filter.clone()));
    let scope = bed.catalog().scope();
    let filter = match expr::filter::read(&json, &scope, &of.name, &mut expr::filter::Values::Inline) {
        Ok(filter) => filter,
        Err(problems) => {
            let said = |problem: &expr::FilterProblem| No::new("VALIDATION", problem.message.clone());
            return Ok(Err(problems.iter().map(said).collect()));
        }
    };
    let page = Page { size: 0, backward: false, after: None, before: None, offset: None };
    let nodes = Keyed { key: "nodes".into(), item: ListPart::Nodes(selection(of, wanted)) };
    let args =
        ListArgs { filter, search: None, order: Vec::new(), page, deleted: Deleted::Without, as_of: None };
    let read = Read::List(ListRead { object: of.name.clone(), args, parts: vec![nodes] });
    let answer = bed.engine.read(caller, read, &[expr::Value::Int(MOST)]).await;
    answered(answer, |mut json| {
        let nodes = json.get_mut("nodes").map(Json::take);
        Ok(Done::Many(nodes.and_then(|nodes| nodes.as_array().cloned()).unwrap_or_default()))
    })
}

fn answered(answer: Result<Vec<u8>, ReadError>, then: impl FnOnce(Json) -> Result<Done, No>) -> Outcome {
    match answer {
        Ok(bytes) => {
            let json = serde_json::from_slice(&bytes).map_err(std::io::Error::other)?;
            Ok(then(json).map_err(|no| vec![no]))
        }
        Err(ReadError::Denied(denied)) => {
            let code = if denied.forbidden() { "FORBIDDEN" } else { "NOT_FOUND" };
            Ok(Err(vec![No::new(code, denied.to_string())]))
        }
        Err(error) => Err(error.into()),
    }
}

/// The fields of that name and the id. Relations are shown by their id.
pub(super) fn selection(object: &Object, wanted: &[String]) -> Selection {
    let Some(id) = object.field("id") else { return Vec::new() };
    let id = || Keyed { key: "id".into(), item: RecordItem::Value(id.name.clone()) };
    let mut selection = vec![id()];
    for field in wanted.iter().filter_map(|name| object.field(name)).filter(|field| &*field.name != "id") {
        let item = match &field.ty {
            FieldType::Lookup(_) => RecordItem::One(field.name.clone(), vec![id()]),
            FieldType::Polymorphic { to, .. } => {
                RecordItem::OneOf(field.name.clone(), to.iter().map(|to| (to.clone(), vec![id()])).collect())
            }
            FieldType::Many(_) => continue,
            ty if !ty.parts().is_empty() => {
                let part = |(part, _, _): &(&str, _, _)| Keyed {
                    key: (*part).into(),
                    item: query::request::PartItem::Part((*part).into()),
                };
                RecordItem::Parts(field.name.clone(), ty.parts().iter().map(part).collect())
            }
            _ => RecordItem::Value(field.name.clone()),
        };
        selection.push(Keyed { key: field.name.shared(), item });
    }
    selection
}

fn read_data(bed: &Bed, object: &str, data: Option<&Map<String, Json>>) -> Result<RecordData, No> {
    let of = known(bed, object)?;
    let mut json = data.cloned().unwrap_or_default();
    for (name, value) in &mut json {
        if let Some(field) = of.field(name) {
            resolve(bed, &field.ty, value);
        }
    }
    RecordData::from_json(bed.catalog(), of, &json, "data")
        .map_err(|problem| No { path: Some(problem.place), ..No::new("VALIDATION", problem.message) })
}

/// Names of the test's own records become their ids.
fn resolve(bed: &Bed, ty: &FieldType, value: &mut Json) {
    let id = |value: &mut Json| {
        if let Some((_, id)) = value.as_str().and_then(|name| bed.names.get(name)) {
            *value = json!({ "id": id });
        }
    };
    match ty {
        FieldType::Lookup(_) => id(value),
        FieldType::Polymorphic { .. } => {
            if let Some((object, uuid)) = value.as_str().and_then(|name| bed.names.get(name)) {
                *value = json!({ object: { "id": uuid } });
            } else if let Some(members) = value.as_object_mut() {
                members.values_mut().for_each(id);
            }
        }
        FieldType::Many(_) => {
            let lists = value.as_object_mut().into_iter().flat_map(Map::values_mut);
            lists.filter_map(Json::as_array_mut).flatten().for_each(id);
        }
        _ => {}
    }
}

fn known<'b>(bed: &'b Bed, object: &str) -> Result<&'b Object, No> {
    let found = bed.catalog().object(object);
    found
        .map(|object| &**object)
        .ok_or_else(|| No::new("VALIDATION", format!("there is no object `{object}`")))
}

fn named(bed: &Bed, record: &str) -> Result<(String, Uuid), No> {
    let unknown = || No::new("VALIDATION", format!("the test knows no record `{record}`"));
    bed.names.get(record).cloned().ok_or_else(unknown)
}

fn not_found() -> No {
    No::new("NOT_FOUND", "there is no such record for whoever looks")
}

fn later(now: DateTime<Utc>, time: expr::Duration) -> DateTime<Utc> {
    let months = Months::new(u32::try_from(time.months).unwrap_or(0));
    let day = now.checked_add_months(months).unwrap_or(now);
    day.checked_add_signed(Duration::microseconds(time.micros)).unwrap_or(day)
}
