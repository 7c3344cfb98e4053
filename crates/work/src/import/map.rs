//! The import map, and what a file's columns mean by it.

use std::collections::HashMap;
use std::sync::Arc;

use expr::{Value, did_you_mean};
use indexmap::IndexMap;
use metadata::catalog::{Field, FieldType, Object};
use metadata::{Catalog, Name};
use query::request::{Input, RecordData, RecordRef};
use serde::{Deserialize, Serialize};

use super::report::ImportError;
use crate::cell;

/// `{"columns": {"Sales Agent": "owner.name"}, "values": {"product": {"GTXPro": "GTX Pro"}}, "constants": {"type": "new"}}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// CSV header to field; `owner.name` finds the related record by that field, `name.first` is a part of a composite.
    #[serde(default)]
    pub columns: IndexMap<String, String>,
    /// By CSV header: what stands in the cell, and what is read instead.
    #[serde(default)]
    pub values: IndexMap<String, IndexMap<String, String>>,
    /// Field to the cell text that every record gets.
    #[serde(default)]
    pub constants: IndexMap<String, String>,
}

/// Where a cell goes.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As written: `owner.name`.
    pub(crate) path: String,
    field: Arc<Field>,
    goes: Goes,
}

#[derive(Clone, Debug)]
enum Goes {
    /// The field's value.
    Value,
    /// A part of a composite.
    Part(String, FieldType),
    /// A related record, by a field of its own (by id when absent).
    Related { object: Name, by: Option<(Name, FieldType)>, polymorphic: bool },
}

/// How a file is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading<'a> {
    /// The field of an upsert.
    pub(crate) key: Option<&'a str>,
    /// Whether it may tell of the past.
    pub(crate) past: bool,
}

/// What the columns of a file mean.
#[derive(Debug)]
pub(crate) struct Plan {
    columns: Vec<Column>,
    constants: Vec<(Target, String)>,
    /// Headers that are not read.
    pub(crate) unused: Vec<String>,
}

#[derive(Debug)]
struct Column {
    /// Place among the cells.
    place: usize,
    header: String,
    target: Target,
    values: HashMap<String, String>,
}

/// A cell that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadCell {
    pub(crate) header: String,
    pub(crate) reason: String,
}

fn usage(message: String, hint: Option<String>) -> ImportError {
    ImportError::Usage { message, hint }
}

impl Plan {
    /// Reads the map against the header.
    pub(crate) fn new(
        catalog: &Catalog,
        object: &Object,
        headers: &[String],
        map: Option<&Map>,
        reading: Reading<'_>,
    ) -> Result<Self, ImportError> {
        let plan = match map {
            Some(map) => Self::mapped(catalog, object, headers, map, reading.key)?,
            None => Self::plain(catalog, object, headers, reading)?,
        };
        plan.check(object, reading.key)?;
        Ok(plan)
    }

    /// The column that tells when a record came to its stage.
    fn times(&self) -> Option<&Column> {
        self.columns.iter().find(|column| is_past(&column.target.field))
    }

    /// Whether rows tell when their record came to its stage.
    pub(crate) fn tells_time(&self) -> bool {
        self.times().is_some()
    }

    /// When the record of a row came to its stage, in microseconds.
    pub(crate) fn time(&self, cells: &csv::StringRecord) -> Option<i64> {
        let column = self.times()?;
        let mut data = RecordData::default();
        column.put(&mut data, cells).ok()?;
        match data.fields.first() {
            Some((_, Input::Value(Value::DateTime(at)))) => Some(at.timestamp_micros()),
            _ => None,
        }
    }

    fn mapped(
        catalog: &Catalog,
        object: &Object,
        headers: &[String],
        map: &Map,
        key: Option<&str>,
    ) -> Result<Self, ImportError> {
        let place_of = |header: &str| {
            let mut places =
                headers.iter().enumerate().filter(|(_, h)| *h == header.trim()).map(|(place, _)| place);
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (None, _) => Err(usage(
                    format!("the file has no column `{header}`"),
                    did_you_mean(header, headers.iter().map(String::as_str))
                        .or_else(|| Some(format!("its columns are {}", headers.join(", ")))),
                )),
                (Some(_), Some(_)) => {
                    let hint = Some("give the columns of the file different names".to_owned());
                    Err(usage(format!("the file has several columns `{header}`"), hint))
                }
            }
        };
        let mut columns = Vec::new();
        for (header, path) in &map.columns {
            let place = place_of(header)?;
            let values =
                map.values.get(header).map(|values| values.clone().into_iter().collect()).unwrap_or_default();
            let target = Target::read(catalog, object, path, key)?;
            columns.push(Column { place, header: header.clone(), target, values });
        }
        if let Some(header) = map.values.keys().find(|header| !map.columns.contains_key(*header)) {
            let hint = Some(format!(
                "`values` is keyed by CSV header: {}",
                map.columns.keys().cloned().collect::<Vec<_>>().join(", ")
            ));
            return Err(usage(
                format!("the map gives values for `{header}`, which is not among its columns"),
                hint,
            ));
        }
        let mut constants = Vec::new();
        for (path, text) in &map.constants {
            constants.push((Target::read(catalog, object, path, key)?, text.clone()));
        }
        let named = |header: &&String| !map.columns.keys().any(|h| h.trim() == header.as_str());
        let unused = headers.iter().filter(named).cloned().collect();
        Ok(Self { columns, constants, unused })
    }

    /// Headers are field names. What the platform keeps itself is listed, not read, so that exports can be read back.
    fn plain(
        catalog: &Catalog,
        object: &Object,
        headers: &[String],
        Reading { key, past }: Reading<'_>,
    ) -> Result<Self, ImportError> {
        let told = |field: &Field| past && is_past(field);
        let mut columns = Vec::new();
        let mut unused = Vec::new();
        for (place, header) in headers.iter().enumerate() {
            if header.is_empty() {
                continue;
            }
            let first = header.split('.').next().unwrap_or_default();
            let kept = object.field(first).is_some_and(|field| !field.writable() && !told(field));
            if kept && key != Some(header.as_str()) {
                unused.push(header.clone());
                continue;
            }
            let target = Target::read(catalog, object, header, key)?;
            columns.push(Column { place, header: header.clone(), target, values: HashMap::new() });
        }
        Ok(Self { columns, constants: Vec::new(), unused })
    }

    fn check(&self, object: &Object, key: Option<&str>) -> Result<(), ImportError> {
        let mut seen: HashMap<&str, &str> = HashMap::new();
        let columns = self.columns.iter().map(|column| (&column.target, column.header.as_str()));
        for (target, header) in columns.chain(self.constants.iter().map(|(target, _)| (target, "a constant")))
        {
            let taken = target.takes();
            let clash = seen.iter().find(|(other, _)| {
                **other == taken || !target.alternative() && target.field.name.as_str() == **other
            });
            if let Some((_, other)) = clash {
                let message = format!("`{other}` and `{header}` both go to `{}`", target.field.name);
                return Err(usage(message, Some("a field takes one column".to_owned())));
            }
            seen.insert(taken, header);
        }
        if self.columns.is_empty() {
            return Err(usage(format!("no column of the file goes to a field of `{}`", object.name), None));
        }
        let Some(key) = key else { return Ok(()) };
        if object.field(key).is_none() {
            let hint = did_you_mean(key, object.fields.keys().map(Name::as_str));
            return Err(usage(
                format!("`{}` has no field `{key}` to tell its records apart by", object.name),
                hint,
            ));
        }
        if !object.identifies(key) {
            let hint = Some("make the field unique".to_owned());
            return Err(usage(
                format!("`{key}` does not tell `{}` records apart: it is not unique", object.name),
                hint,
            ));
        }
        if !self.columns.iter().any(|column| column.target.path == key) {
            return Err(usage(
                format!("no column of the file goes to `{key}`, which tells the records apart"),
                None,
            ));
        }
        Ok(())
    }

    /// The record of a row, or every cell that cannot be read.
    pub(crate) fn record(&self, cells: &csv::StringRecord) -> Result<RecordData, Vec<BadCell>> {
        let mut data = RecordData::default();
        let mut bad = Vec::new();
        for column in &self.columns {
            if let Err(reason) = column.put(&mut data, cells) {
                bad.push(BadCell { header: column.header.clone(), reason });
            }
        }
        for (target, text) in &self.constants {
            if let Err(reason) = target.put(&mut data, text) {
                bad.push(BadCell { header: format!("constant {}", target.path), reason });
            }
        }
        if bad.is_empty() { Ok(data) } else { Err(bad) }
    }

    /// The header of the column that goes to a field (or `field.part`).
    pub(crate) fn header_of(&self, path: &str) -> Option<String> {
        let exact = self.columns.iter().find(|column| column.target.path == path);
        let first = path.split('.').next().unwrap_or_default();
        exact
            .or_else(|| self.columns.iter().find(|column| column.target.field.name.as_str() == first))
            .map(|column| column.header.clone())
    }

    /// Fields that point at records of the object itself, by the field that these are found by.
    pub(crate) fn own_references(&self, object: &Name) -> Vec<(Name, Option<Name>)> {
        let own = |target: &Target| match &target.goes {
            Goes::Related { object: to, by, .. } if to == object => {
                Some((target.field.name.clone(), by.as_ref().map(|(name, _)| name.clone())))
            }
            _ => None,
        };
        self.columns.iter().filter_map(|column| own(&column.target)).collect()
    }
}

impl Column {
    /// Adds what its cell says.
    fn put(&self, data: &mut RecordData, cells: &csv::StringRecord) -> Result<(), String> {
        let cell = cells.get(self.place).unwrap_or_default();
        let mapped = self.values.get(cell).or_else(|| self.values.get(cell.trim()));
        self.target.put(data, mapped.map_or(cell, String::as_str))
    }
}

/// Whether the field tells when a record came to its stage: kept by the platform, and told by those who may write history.
fn is_past(field: &Field) -> bool {
    field.system && &*field.name == "stageEnteredAt"
}

impl Target {
    /// Understands `field`, `field.part`, `lookup.key`, `polymorphic.object.key`.
    fn read(catalog: &Catalog, object: &Object, path: &str, key: Option<&str>) -> Result<Self, ImportError> {
        let mut steps = path.trim().split('.');
        let first = steps.next().unwrap_or_default();
        let rest: Vec<&str> = steps.collect();
        let field = object.field(first).ok_or_else(|| {
            let hint = did_you_mean(first, object.fields.keys().map(Name::as_str));
            usage(format!("`{}` has no field `{first}`", object.name), hint)
        })?;
        let is_key = key == Some(first) && first == "id";
        if !field.writable() && !is_past(field) && !is_key {
            let hint = Some("leave the column out of the map".to_owned());
            return Err(usage(format!("`{first}` is kept by the platform and cannot be imported"), hint));
        }
        let goes = Self::goes(catalog, object, field, &rest)?;
        Ok(Self { path: path.trim().to_owned(), field: Arc::clone(field), goes })
    }

    fn goes(catalog: &Catalog, object: &Object, field: &Field, rest: &[&str]) -> Result<Goes, ImportError> {
        let path = || format!("{}.{}", field.name, rest.join("."));
        let related = |to: &Name, steps: &[&str], polymorphic| {
            let by = match steps {
                [] | ["id"] => None,
                [key] => Some(key_field(catalog, to, key)?),
                _ => {
                    return Err(usage(
                        format!("`{}` leads too far", path()),
                        Some("name a field of the related record".to_owned()),
                    ));
                }
            };
            Ok(Goes::Related { object: to.clone(), by, polymorphic })
        };
        match (&field.ty, rest) {
            (FieldType::Lookup(lookup), steps) => related(&lookup.to, steps, false),
            (FieldType::Polymorphic { to, .. }, [target, steps @ ..]) => {
                let Some(name) = to.iter().find(|name| name.as_str() == *target) else {
                    let hint = did_you_mean(target, to.iter().map(Name::as_str));
                    return Err(usage(format!("`{}` does not point at `{target}`", field.name), hint));
                };
                related(name, steps, true)
            }
            (FieldType::Polymorphic { to, .. }, []) => {
                let forms: Vec<String> =
                    to.iter().map(|name| format!("`{}.{name}.id`", field.name)).collect();
                Err(usage(
                    format!("`{}` points at records of several objects", field.name),
                    Some(format!("write {}", forms.join(" or "))),
                ))
            }
            (FieldType::Many(_), _) => {
                let message = format!("`{}` holds many records and cannot be a column", field.name);
                Err(usage(
                    message,
                    Some("import the related records with a column that points here".to_owned()),
                ))
            }
            (ty, []) if ty.parts().is_empty() => Ok(Goes::Value),
            (ty, [part]) if !ty.parts().is_empty() => {
                let Some((name, _, of)) = ty.parts().iter().find(|(name, ..)| name == part) else {
                    let hint = did_you_mean(part, ty.parts().iter().map(|(name, ..)| *name));
                    return Err(usage(format!("`{}` has no part `{part}`", field.name), hint));
                };
                Ok(Goes::Part((*name).to_owned(), cell::part_type(of)))
            }
            (ty, []) => {
                let parts: Vec<String> =
                    ty.parts().iter().map(|(name, ..)| format!("`{}.{name}`", field.name)).collect();
                Err(usage(format!("`{}` has parts", field.name), Some(format!("write {}", parts.join(", ")))))
            }
            _ => Err(usage(format!("`{}` of `{}` leads nowhere", path(), object.name), None)),
        }
    }

    /// What of the record it takes: two columns may not take the same.
    fn takes(&self) -> &str {
        match &self.goes {
            Goes::Part(..) | Goes::Related { polymorphic: true, .. } => &self.path,
            Goes::Value | Goes::Related { polymorphic: false, .. } => self.field.name.as_str(),
        }
    }

    /// Whether other columns may fill the same field.
    fn alternative(&self) -> bool {
        matches!(self.goes, Goes::Part(..) | Goes::Related { polymorphic: true, .. })
    }

    fn put(&self, data: &mut RecordData, text: &str) -> Result<(), String> {
        let name = self.field.name.clone();
        let empty = text.trim().is_empty();
        match &self.goes {
            Goes::Value => {
                let value = if empty { Value::Null } else { cell::read(&self.field.ty, text)? };
                data.fields.push((name, Input::Value(value)));
            }
            Goes::Part(part, ty) => {
                let value = if empty { Value::Null } else { cell::read(ty, text)? };
                let held = data.fields.iter_mut().find_map(|(field, input)| match input {
                    Input::Parts(parts) if *field == name => Some(parts),
                    _ => None,
                });
                match held {
                    Some(parts) => parts.push((part.clone(), value)),
                    None => data.fields.push((name, Input::Parts(vec![(part.clone(), value)]))),
                }
            }
            Goes::Related { object, by, polymorphic } => {
                if empty {
                    if !data.fields.iter().any(|(field, _)| *field == name) {
                        data.fields.push((name, Input::Value(Value::Null)));
                    }
                    return Ok(());
                }
                let reference = match by {
                    None => RecordRef::Id(cell::id(text)?),
                    Some((key, ty)) => RecordRef::By(key.clone(), cell::read(ty, text.trim())?),
                };
                let input = if *polymorphic {
                    Input::OneOf(object.clone(), reference)
                } else {
                    Input::One(reference)
                };
                put_related(data, &self.field.name, input)?;
            }
        }
        Ok(())
    }
}

/// A polymorphic field may have a column for each object; one of them at most is filled.
fn put_related(data: &mut RecordData, name: &Name, input: Input) -> Result<(), String> {
    match data.fields.iter_mut().find(|(field, _)| field == name) {
        Some((_, held @ Input::Value(Value::Null))) => *held = input,
        Some(_) => return Err(format!("`{name}` points at one record only, several columns are filled")),
        None => data.fields.push((name.clone(), input)),
    }
    Ok(())
}

/// A field by which related records can be found.
fn key_field(catalog: &Catalog, object: &Name, key: &str) -> Result<(Name, FieldType), ImportError> {
    let definition =
        catalog.object(object).ok_or_else(|| usage(format!("there is no object `{object}`"), None))?;
    let field = definition.field(key).ok_or_else(|| {
        let hint = did_you_mean(key, definition.fields.keys().map(Name::as_str));
        usage(format!("`{object}` has no field `{key}`"), hint)
    })?;
    let stored =
        catalog.layout.tables.get(object).and_then(|table| table.column(key, &metadata::layout::Role::Value));
    let computed = matches!(field.ty, FieldType::Lookup(_) | FieldType::Polymorphic { .. } | FieldType::Json);
    if stored.is_none() || computed {
        let hint = Some("use a field that holds a plain value".to_owned());
        return Err(usage(format!("`{object}` records cannot be found by `{key}`"), hint));
    }
    Ok((field.name.clone(), field.ty.clone()))
}
