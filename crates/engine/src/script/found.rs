//! Records that a handler asked for, read like those of every other door.

use std::sync::Arc;

use expr::Value;
use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::{Field, FieldType, Object};
use query::request::{Keyed, PartItem, RecordItem, Selection};
use script::{Data, View, ViewError};
use serde_json::Value as Json;
use uuid::Uuid;

/// A record that was read.
pub(super) struct Found {
    object: Arc<Object>,
    id: String,
    values: IndexMap<String, Data>,
}

/// What is read of each record.
pub(super) fn selection(object: &Object) -> Selection {
    object.fields.values().filter_map(|field| item(field)).collect()
}

fn item(field: &Field) -> Option<Keyed<RecordItem>> {
    let name = field.name.clone();
    let keyed = |item| Some(Keyed { key: field.name.shared(), item });
    let id = || {
        let name = Name::new("id").ok()?;
        Some(vec![Keyed { key: name.shared(), item: RecordItem::Value(name) }])
    };
    match &field.ty {
        FieldType::Many(_) => None,
        FieldType::Lookup(_) => keyed(RecordItem::One(name, id()?)),
        FieldType::Polymorphic { to, .. } => {
            let mut selections = Vec::new();
            for object in to {
                let mut selection = id()?;
                selection.push(Keyed {
                    key: Arc::from("__typename"),
                    item: RecordItem::TypeName(object.shared()),
                });
                selections.push((object.clone(), selection));
            }
            keyed(RecordItem::OneOf(name, selections))
        }
        ty if !ty.parts().is_empty() => {
            let parts = ty
                .parts()
                .iter()
                .map(|(part, _, _)| Keyed { key: Arc::from(*part), item: PartItem::Part(Arc::from(*part)) });
            keyed(RecordItem::Parts(name, parts.collect()))
        }
        _ => keyed(RecordItem::Value(name)),
    }
}

impl Found {
    /// From the JSON of an answer. `related` makes the record that a field points at.
    pub(super) fn read(
        object: &Arc<Object>,
        json: &Json,
        related: &dyn Fn(&Name, Uuid) -> Data,
    ) -> Option<Self> {
        let id = json.get("id")?.as_str()?.to_owned();
        let mut values = IndexMap::new();
        for (name, field) in &object.fields {
            if let Some(json) = json.get(name.as_str()) {
                values.insert(name.to_string(), value(field, json, related));
            }
        }
        Some(Self { object: Arc::clone(object), id, values })
    }
}

fn value(field: &Field, json: &Json, related: &dyn Fn(&Name, Uuid) -> Data) -> Data {
    let id = || json.get("id").and_then(Json::as_str).and_then(|id| Uuid::try_parse(id).ok());
    if json.is_null() {
        return Data::NULL;
    }
    match &field.ty {
        FieldType::Lookup(lookup) => id().map_or(Data::NULL, |id| related(&lookup.to, id)),
        FieldType::Polymorphic { .. } => {
            let object = json.get("__typename").and_then(Json::as_str).and_then(|name| Name::new(name).ok());
            match (object, id()) {
                (Some(object), Some(id)) => related(&object, id),
                _ => Data::NULL,
            }
        }
        FieldType::Formula { .. } | FieldType::Rollup { .. } => match field.ty.expr_type() {
            Some(ty) => Value::from_json(&ty, json).map_or(Data::NULL, Data::from),
            None => Data::NULL,
        },
        ty if !ty.parts().is_empty() => Data::from(Value::Json(json.clone())),
        ty => metadata::field::read_json(ty, json)
            .map_or_else(|_| Data::from(Value::Json(json.clone())), Data::from),
    }
}

impl View for Found {
    fn kind(&self) -> &str {
        &self.object.name
    }

    fn id(&self) -> Option<String> {
        Some(self.id.clone())
    }

    fn get(&self, name: &str) -> Result<Data, ViewError> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        match self.object.field(name) {
            Some(_) => {
                Err(ViewError::Refused(format!("`{name}` is a list of records: use `find` or `count`")))
            }
            None => Err(ViewError::Unknown),
        }
    }

    fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }
}
