//! Fields of users and teams as administrators give them, in JSON or as texts of the command line.

use expr::Value;
use metadata::Name;
use metadata::catalog::{Catalog, Field, FieldType, Object};
use metadata::field::{read_json, read_text};
use query::request::{Input, RecordData, RecordRef};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::AdminError;

/// Fields given as a JSON object. A relation is `{id: …}`, `{<unique field>: …}` or a text: an id, or the value of a unique field.
pub fn fields_of_json(
    catalog: &Catalog,
    object: &Object,
    json: &Map<String, Json>,
) -> Result<RecordData, AdminError> {
    let mut data = RecordData::default();
    for (name, json) in json {
        let field = field(object, name)?;
        let input = match (&field.ty, json) {
            (_, Json::Null) => Input::Value(Value::Null),
            (FieldType::Lookup(lookup), Json::String(text)) => {
                Input::One(reference(catalog, &lookup.to, text)?)
            }
            (FieldType::Lookup(lookup), Json::Object(members)) => {
                Input::One(named(catalog, &lookup.to, members, name)?)
            }
            (ty, json) => Input::Value(read_json(ty, json).map_err(|bad| misread(name, &bad.message))?),
        };
        data.fields.push((field.name.clone(), input));
    }
    Ok(data)
}

/// Fields given as texts.
pub fn fields_of_texts(
    catalog: &Catalog,
    object: &Object,
    texts: &[(String, String)],
) -> Result<RecordData, AdminError> {
    let mut data = RecordData::default();
    for (name, text) in texts {
        let field = field(object, name)?;
        let input = match &field.ty {
            _ if text.is_empty() => Input::Value(Value::Null),
            FieldType::Lookup(lookup) => Input::One(reference(catalog, &lookup.to, text)?),
            ty => Input::Value(read_text(ty, text).map_err(|bad| misread(name, &bad.message))?),
        };
        data.fields.push((field.name.clone(), input));
    }
    Ok(data)
}

fn misread(field: &str, message: &str) -> AdminError {
    AdminError::wrong(format!("{field}: {message}"))
}

fn field<'a>(object: &'a Object, name: &str) -> Result<&'a Field, AdminError> {
    let found = object.field(name).filter(|field| field.writable());
    found.map(|field| &**field).ok_or_else(|| {
        let known: Vec<&str> = object
            .fields
            .values()
            .filter(|field| field.writable())
            .map(|field| field.name.as_str())
            .collect();
        AdminError::wrong(format!("`{}` has no field `{name}` that can be set", object.name))
            .hint(format!("there are {}", known.join(", ")))
    })
}

/// A record named by its id or by the value of a unique field: an e-mail address, a name.
fn reference(catalog: &Catalog, to: &Name, text: &str) -> Result<RecordRef, AdminError> {
    if let Ok(id) = text.parse::<Uuid>() {
        return Ok(RecordRef::Id(id));
    }
    let target = catalog.object(to);
    let unique = target.and_then(|target| {
        let identifies = |name: &str| target.identifies(name);
        let preferred = if text.contains('@') { ["email", "name"] } else { ["name", "email"] };
        let known = preferred.into_iter().find(|name| identifies(name));
        known
            .and_then(|name| target.field(name))
            .or_else(|| target.fields.values().find(|field| identifies(&field.name)))
    });
    let Some(field) = unique else {
        return Err(AdminError::wrong(format!(
            "`{text}` is no id, and `{to}` has no unique field to find it by"
        )));
    };
    let value = read_text(&field.ty, text).map_err(|bad| misread(to, &bad.message))?;
    Ok(RecordRef::By(field.name.clone(), value))
}

fn named(
    catalog: &Catalog,
    to: &Name,
    members: &Map<String, Json>,
    place: &str,
) -> Result<RecordRef, AdminError> {
    let mut each = members.iter();
    let (Some((key, value)), None) = (each.next(), each.next()) else {
        return Err(AdminError::wrong(format!("{place}: expected {{id: …}} or {{<unique field>: …}}")));
    };
    if key == "id" {
        let id = value.as_str().and_then(|text| text.parse().ok());
        return id.map(RecordRef::Id).ok_or_else(|| AdminError::wrong(format!("{place}: {value} is no id")));
    }
    let Some(field) = catalog.object(to).and_then(|target| target.field(key)) else {
        return Err(AdminError::wrong(format!("{place}: `{to}` has no field `{key}`")));
    };
    let value = read_json(&field.ty, value).map_err(|bad| misread(place, &bad.message))?;
    Ok(RecordRef::By(field.name.clone(), value))
}
