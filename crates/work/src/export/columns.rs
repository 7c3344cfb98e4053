//! The columns of an export: which there are, what is selected for them, what stands in their cells.

use std::sync::Arc;

use metadata::catalog::{Field, FieldType, Object};
use metadata::{Catalog, Name};
use query::request::{Keyed, PartItem, RecordItem, Selection};
use serde_json::{Map, Value as Json};

use crate::cell;

/// One column.
pub(crate) struct Column {
    /// `name`, `address.city`, `account.id`, `related.contact.id`
    pub(crate) header: String,
    field: Name,
    ty: FieldType,
    holds: Holds,
}

enum Holds {
    Value,
    Part(String),
    /// A field of the related record.
    Related(Name),
    /// The id of the related record, when it is of that object.
    RelatedOf(Name),
}

/// All columns of an object; to-many relations have none.
pub(crate) fn of(catalog: &Catalog, object: &Object, natural_keys: bool) -> Vec<Column> {
    object.fields.values().flat_map(|field| of_field(catalog, field, natural_keys)).collect()
}

fn of_field(catalog: &Catalog, field: &Arc<Field>, natural_keys: bool) -> Vec<Column> {
    let column =
        |header: String, holds| Column { header, field: field.name.clone(), ty: field.ty.clone(), holds };
    let name = &field.name;
    match &field.ty {
        FieldType::Many(_) => Vec::new(),
        FieldType::Lookup(lookup) => {
            let display = catalog.object(&lookup.to).and_then(|object| object.display.clone());
            let shown = display
                .filter(|_| natural_keys && !field.system)
                .filter(|key| plain(catalog, &lookup.to, key));
            let key = shown.or_else(|| Name::new("id").ok());
            key.map(|key| column(format!("{name}.{key}"), Holds::Related(key))).into_iter().collect()
        }
        FieldType::Polymorphic { to, .. } => to
            .iter()
            .map(|object| column(format!("{name}.{object}.id"), Holds::RelatedOf(object.clone())))
            .collect(),
        ty if !ty.parts().is_empty() => ty
            .parts()
            .iter()
            .map(|(part, ..)| column(format!("{name}.{part}"), Holds::Part((*part).to_owned())))
            .collect(),
        _ => vec![column(name.as_str().to_owned(), Holds::Value)],
    }
}

/// Whether related records can be found again by that field.
fn plain(catalog: &Catalog, object: &Name, key: &str) -> bool {
    catalog.object(object).and_then(|object| object.field(key)).is_some_and(|field| {
        matches!(
            field.ty,
            FieldType::Text(_)
                | FieldType::Email(_)
                | FieldType::Phone(_)
                | FieldType::AutoNumber { .. }
                | FieldType::Select(_)
        )
    })
}

/// Selects the id alone.
pub(crate) fn id() -> Selection {
    Name::new("id").map(|name| vec![value(name)]).unwrap_or_default()
}

fn value(name: Name) -> Keyed<RecordItem> {
    Keyed { key: name.shared(), item: RecordItem::Value(name) }
}

/// What is selected for the columns; one entry for each field.
pub(crate) fn selection(columns: &[Column]) -> Selection {
    let mut out: Selection = Vec::new();
    for column in columns {
        let held = out.iter_mut().find(|keyed| *keyed.key == *column.field.shared());
        match (held.map(|keyed| &mut keyed.item), &column.holds) {
            (Some(RecordItem::Parts(_, parts)), Holds::Part(part)) => parts.push(part_item(part)),
            (Some(RecordItem::OneOf(_, objects)), Holds::RelatedOf(object)) => {
                objects.push((object.clone(), id()));
            }
            (Some(_), _) => {}
            (None, holds) => {
                let item = match holds {
                    Holds::Value => RecordItem::Value(column.field.clone()),
                    Holds::Part(part) => RecordItem::Parts(column.field.clone(), vec![part_item(part)]),
                    Holds::Related(key) => RecordItem::One(column.field.clone(), vec![value(key.clone())]),
                    Holds::RelatedOf(object) => {
                        RecordItem::OneOf(column.field.clone(), vec![(object.clone(), typed(object))])
                    }
                };
                out.push(Keyed { key: column.field.shared(), item });
            }
        }
    }
    for keyed in &mut out {
        if let RecordItem::OneOf(_, objects) = &mut keyed.item {
            for (object, selection) in objects {
                *selection = typed(object);
            }
        }
    }
    out
}

/// The id with the object beside it, so that one can tell them apart.
fn typed(object: &Name) -> Selection {
    let mut selection = id();
    selection.push(Keyed { key: "object".into(), item: RecordItem::TypeName(object.shared()) });
    selection
}

fn part_item(part: &str) -> Keyed<PartItem> {
    Keyed { key: part.into(), item: PartItem::Part(part.into()) }
}

impl Column {
    /// Whether related records are read for it.
    pub(crate) fn relation(&self) -> bool {
        matches!(self.holds, Holds::Related(_) | Holds::RelatedOf(_))
    }

    /// What stands in the column for a record.
    pub(crate) fn cell(&self, record: &Map<String, Json>) -> String {
        let field = record.get(self.field.as_str()).unwrap_or(&Json::Null);
        let part = |name: &str| field.get(name).unwrap_or(&Json::Null);
        match &self.holds {
            Holds::Value => self.text(field),
            Holds::Part(name) => self.text(part(name)),
            Holds::Related(key) => self.text(part(key)),
            Holds::RelatedOf(object) if part("object").as_str() == Some(object.as_str()) => {
                self.text(part("id"))
            }
            Holds::RelatedOf(_) => String::new(),
        }
    }

    fn text(&self, json: &Json) -> String {
        if matches!(self.ty, FieldType::Json) && !json.is_null() {
            return cell::guarded(&json.to_string());
        }
        match json {
            Json::Null => String::new(),
            Json::Bool(truth) => truth.to_string(),
            Json::Number(number) => number.to_string(),
            Json::String(text) => cell::guarded(text),
            Json::Array(items) => cell::guarded(&list(items)),
            Json::Object(_) => json.to_string(),
        }
    }
}

/// `a;b`, or JSON where a text holds what parts them.
fn list(items: &[Json]) -> String {
    let texts: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
    let simple = |text: &&str| !text.contains([';', '|', '[']) && text.trim() == *text && !text.is_empty();
    if texts.iter().all(simple) && !texts.is_empty() {
        texts.join(";")
    } else {
        Json::Array(items.to_vec()).to_string()
    }
}
