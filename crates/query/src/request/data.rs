//! JSON in the shape of the API to the data of records: for every door that has it so.

use metadata::catalog::{Field, FieldType, Object};
use metadata::{Catalog, Name};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{Input, RecordData, RecordRef};

/// Why data cannot be read: where below the argument, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataProblem {
    /// Where: `data.account`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What would do.
    pub expected: Option<String>,
}

fn problem<T>(place: &str, message: impl Into<String>, expected: Option<String>) -> Result<T, DataProblem> {
    Err(DataProblem { place: place.to_owned(), message: message.into(), expected })
}

impl RecordData {
    /// The data of one record. `place` is where it stands: `data`, `data[3]`.
    ///
    /// # Errors
    /// A field that the object does not have.
    pub fn from_json(
        catalog: &Catalog,
        object: &Object,
        json: &Map<String, Json>,
        place: &str,
    ) -> Result<RecordData, DataProblem> {
        let mut data = RecordData::default();
        for (name, value) in json {
            let Some(field) = object.field(name) else {
                let place = format!("{place}.{name}");
                return problem(&place, format!("{} has no field {name}", object.name), None);
            };
            // A value that the field cannot hold refuses its record, not the request.
            let input = input(catalog, field, value, name).unwrap_or_else(|problem| {
                let DataProblem { place: path, message, .. } = problem;
                Input::Unreadable { path, message: in_sentence(&message) }
            });
            data.fields.push((field.name.clone(), input));
        }
        Ok(data)
    }
}

fn input(catalog: &Catalog, field: &Field, json: &Json, place: &str) -> Result<Input, DataProblem> {
    if json.is_null() {
        return Ok(Input::Value(expr::Value::Null));
    }
    Ok(match &field.ty {
        FieldType::Lookup(lookup) => Input::One(reference(catalog, &lookup.to, json, place)?),
        FieldType::Polymorphic { to, .. } => {
            let (name, value) = only(members(json, place)?, place)?;
            match to.iter().find(|member| member.as_str() == name) {
                Some(member) => {
                    let place = format!("{place}.{name}");
                    Input::OneOf(member.clone(), reference(catalog, member, value, &place)?)
                }
                None => return problem(place, format!("{name} is none of its objects"), None),
            }
        }
        FieldType::Many(many) => {
            let json = members(json, place)?;
            Input::Many {
                connect: references(catalog, &many.to, json, "connect", place)?,
                disconnect: references(catalog, &many.to, json, "disconnect", place)?,
            }
        }
        ty if !ty.parts().is_empty() => Input::Parts(parts(field, members(json, place)?, place)?),
        ty => Input::Value(read(ty, json, place)?),
    })
}

fn references(
    catalog: &Catalog,
    object: &Name,
    json: &Map<String, Json>,
    member: &str,
    place: &str,
) -> Result<Vec<RecordRef>, DataProblem> {
    let items = json.get(member).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let place = |index: usize| format!("{place}.{member}[{index}]");
    items.iter().enumerate().map(|(index, item)| reference(catalog, object, item, &place(index))).collect()
}

/// `{id: …}` or `{<unique field>: …}`
fn reference(catalog: &Catalog, object: &Name, json: &Json, place: &str) -> Result<RecordRef, DataProblem> {
    let (name, value) = only(members(json, place)?, place)?;
    if name == "id" {
        let text = value.as_str().unwrap_or_default();
        return match Uuid::try_parse(text) {
            Ok(id) => Ok(RecordRef::Id(id)),
            Err(_) => {
                problem(place, format!("{text:?} is no id"), Some("an id as answers have it, a UUID".into()))
            }
        };
    }
    match catalog.object(object).and_then(|object| object.field(name)) {
        Some(field) => {
            Ok(RecordRef::By(field.name.clone(), read(&field.ty, value, &format!("{place}.{name}"))?))
        }
        None => problem(place, format!("{object} has no field {name}"), None),
    }
}

/// The message as it goes on behind the field's title.
fn in_sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + letters.as_str())
}

fn read(ty: &FieldType, json: &Json, place: &str) -> Result<expr::Value, DataProblem> {
    metadata::field::read_json(ty, json).map_err(|bad| DataProblem {
        place: place.to_owned(),
        message: bad.message,
        expected: (!bad.expected.is_empty()).then_some(bad.expected),
    })
}

fn parts(
    field: &Field,
    json: &Map<String, Json>,
    place: &str,
) -> Result<Vec<(String, expr::Value)>, DataProblem> {
    let mut parts = Vec::new();
    for (name, value) in json {
        let float = field.ty.parts().iter().any(|(part, _, ty)| part == name && *ty == expr::Type::Float);
        let value = match value {
            Json::Null => expr::Value::Null,
            Json::String(text) if !float => expr::Value::Text(expr::nfc(text)),
            Json::Number(number) if float => match number.as_f64().filter(|number| number.is_finite()) {
                Some(number) => expr::Value::Float(number),
                None => return problem(place, format!("{name} is not finite"), None),
            },
            Json::String(_) | Json::Number(_) | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
                return problem(&format!("{place}.{name}"), format!("{name} is of another type"), None);
            }
        };
        parts.push((name.clone(), value));
    }
    Ok(parts)
}

fn members<'j>(json: &'j Json, place: &str) -> Result<&'j Map<String, Json>, DataProblem> {
    match json.as_object() {
        Some(members) => Ok(members),
        None => problem(place, "not an object", Some("{ … }".into())),
    }
}

/// The one member that has a value.
fn only<'j>(json: &'j Map<String, Json>, place: &str) -> Result<(&'j str, &'j Json), DataProblem> {
    let mut given = json.iter().filter(|(_, value)| !value.is_null());
    match (given.next(), given.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => problem(
            place,
            "a record is named by exactly one value",
            Some("{id: …} or {<unique field>: …}".into()),
        ),
    }
}
