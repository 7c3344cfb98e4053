//! Arguments of reads: filter, order, page.

use std::sync::Arc;

use expr::filter::Values;
use expr::{Expr, Type, Value};
use metadata::Name;
use query::cursor;
use query::request::{CursorKey, Deleted, ListArgs, ListRead, OrderKey, Page, RecordRead};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::Lowering;
use super::failure::{Arguments, Failures};
use super::selection::sets;
use crate::document::Collected;
use crate::schema::field::{Shape, shape};

impl<'d> Lowering<'_, 'd> {
    /// `opportunity(id: …)`
    pub(super) fn one(&mut self, object: &Name, field: &Collected<'d>) -> Result<RecordRead, Failures> {
        let arguments = self.arguments("Query", field)?;
        let id = self.id(field, "id", arguments.get("id"))?;
        let id = self.slot(Value::Id(id))?;
        let selection = self.record(object, sets(field))?;
        Ok(RecordRead { object: object.clone(), id, selection, deleted: deleted(&arguments) })
    }

    /// An argument that is an id.
    pub(super) fn id(
        &self,
        field: &Collected<'d>,
        argument: &str,
        value: Option<&Json>,
    ) -> Result<Uuid, Failures> {
        let text = value.and_then(Json::as_str).unwrap_or_default();
        Uuid::try_parse(text).map_err(|_| {
            vec![
                self.argument_error(field, argument, format!("{argument}: {text:?} is no id"))
                    .explained(Some("an id as answers have it, a UUID".to_owned()), None),
            ]
        })
    }

    /// A list, at the root or below a record of the type `parent`.
    pub(super) fn list(
        &mut self,
        object: &Name,
        parent: &str,
        field: &Collected<'d>,
    ) -> Result<ListRead, Failures> {
        let arguments = self.arguments(parent, field)?;
        let as_of = self.as_of(field, &arguments)?;
        let filter = self.then(as_of, |this| this.filter(object, field, &arguments))?;
        let search = match arguments.get("search").and_then(Json::as_str) {
            Some(words) => Some(self.slot(self.words(field, words)?)?),
            None => None,
        };
        let order = self.order(object, field, &arguments)?;
        let page = self.page(object, field, &arguments, &order)?;
        let args = ListArgs { filter, search, order, page, deleted: deleted(&arguments), as_of };
        let parts = self.page_parts(object, field)?;
        Ok(ListRead { object: object.clone(), args, parts })
    }

    /// The words of a search.
    fn words(&self, field: &Collected<'d>, words: &str) -> Result<Value, Failures> {
        Value::parse(&Type::Text, words).map_err(|_| {
            let error = self.argument_error(field, "search", format!("search: {words:?} is no text"));
            vec![error.explained(Some("text without NUL".to_owned()), None)]
        })
    }

    /// The argument `filter`, its values in slots.
    pub(super) fn filter(
        &mut self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Option<Expr>, Failures> {
        let Some(json) = arguments.get("filter") else { return Ok(None) };
        let mut values = Values::Slots { values: std::mem::take(&mut self.values), moment: self.moment };
        let read = expr::filter::read(json, &self.catalog.scope(), object, &mut values);
        if let Values::Slots { values, .. } = values {
            self.values = values;
        }
        read.map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| {
                    let place = std::iter::once("filter").chain(problem.path.iter().map(String::as_str));
                    let place = place.collect::<Vec<_>>().join(".");
                    let mut error = self
                        .argument_error(field, &place, format!("{place}: {}", problem.message))
                        .with("reason", problem.code);
                    if let Some(found) = problem.found {
                        error = error.with("found", found);
                    }
                    error.explained(problem.expected, problem.hint)
                })
                .collect()
        })
    }

    /// The argument `orderBy`.
    fn order(
        &self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Vec<OrderKey>, Failures> {
        let mut keys = Vec::new();
        for (index, entry) in entries(arguments, "orderBy").enumerate() {
            self.order_keys(object, entry, &[], &mut keys)
                .map_err(|message| vec![self.argument_error(field, &format!("orderBy[{index}]"), message)])?;
        }
        Ok(keys)
    }

    /// The keys of one entry of an order, in the order in which they stand there.
    pub(super) fn order_keys(
        &self,
        object: &str,
        entry: &Map<String, Json>,
        before: &[Arc<str>],
        keys: &mut Vec<OrderKey>,
    ) -> Result<(), String> {
        for (name, value) in entry {
            let mut path = before.to_vec();
            path.push(Arc::from(name.as_str()));
            match value {
                Json::Null => {}
                Json::String(direction) => {
                    let (descending, nulls_first) = direction_of(direction);
                    keys.push(OrderKey { path, descending, nulls_first });
                }
                Json::Object(inner) => match self.step(object, name)? {
                    Shape::One(to) => self.order_keys(&to, inner, &path, keys)?,
                    Shape::Parts(_) => self.order_keys(object, inner, &path, keys)?,
                    Shape::Value(_) | Shape::OneOf(_) | Shape::Many(_) => {
                        return Err(format!("{name} leads to no value"));
                    }
                },
                Json::Bool(_) | Json::Number(_) | Json::Array(_) => {
                    return Err(format!("{name} has no direction"));
                }
            }
        }
        Ok(())
    }

    /// What a step of a path is.
    pub(super) fn step(&self, object: &str, name: &str) -> Result<Shape, String> {
        let of = self.catalog.object(object).ok_or_else(|| format!("there is no object {object}"))?;
        let known = of.field(name).ok_or_else(|| format!("{object} has no field {name}"))?;
        Ok(shape(&of.name, known))
    }

    fn page(
        &mut self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
        order: &[OrderKey],
    ) -> Result<Page, Failures> {
        let number = |name: &str| arguments.get(name).and_then(Json::as_i64);
        let (first, last, offset) = (number("first"), number("last"), number("offset"));
        let cursor = |name: &str| arguments.get(name).and_then(Json::as_str);
        let (after, before) = (cursor("after"), cursor("before"));
        let refuse = |argument: &str, message: &str| Err(vec![self.argument_error(field, argument, message)]);
        for (name, value) in [("first", first), ("last", last)] {
            if value.is_some_and(|size| !(0..=query::cost::LARGEST_PAGE).contains(&size)) {
                return refuse(name, &format!("{name} must be from 0 to {}", query::cost::LARGEST_PAGE));
            }
        }
        if first.is_some() && last.is_some() {
            return refuse("last", "first and last cannot be combined");
        }
        if offset.is_some_and(|offset| offset < 0) {
            return refuse("offset", "offset must not be negative");
        }
        if offset.is_some() && (after.is_some() || before.is_some() || last.is_some()) {
            return refuse("offset", "offset cannot be combined with after, before or last");
        }
        let size = self.slot(first.or(last).map_or(Value::Null, Value::Int))?;
        let after = self.position("after", after, object, field, order)?;
        let before = self.position("before", before, object, field, order)?;
        let offset = match offset {
            Some(offset) => Some(self.slot(Value::Int(offset))?),
            None => None,
        };
        Ok(Page { size, backward: last.is_some(), after, before, offset })
    }

    fn position(
        &mut self,
        argument: &str,
        text: Option<&str>,
        object: &Name,
        field: &Collected<'d>,
        order: &[OrderKey],
    ) -> Result<Option<Vec<CursorKey>>, Failures> {
        let Some(text) = text else { return Ok(None) };
        let values = cursor::decode(text, self.catalog, object, order).map_err(|_| {
            let message = format!("{argument} is no cursor of this list in this order");
            vec![self.argument_error(field, argument, message)]
        })?;
        let mut keys = Vec::with_capacity(values.len());
        for value in values {
            keys.push(if value.is_null() { CursorKey::Null } else { CursorKey::Slot(self.slot(value)?) });
        }
        Ok(Some(keys))
    }
}

/// The members of a list argument that are objects.
pub(super) fn entries<'a>(
    arguments: &'a Arguments,
    name: &str,
) -> impl Iterator<Item = &'a Map<String, Json>> {
    arguments.get(name).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object)
}

/// Whether it goes down, and whether nulls come first: plain ASC has them last, plain DESC first.
pub(super) fn direction_of(direction: &str) -> (bool, bool) {
    let descending = direction.starts_with("DESC");
    let nulls_first = if direction.ends_with("_NULLS_FIRST") {
        true
    } else if direction.ends_with("_NULLS_LAST") {
        false
    } else {
        descending
    };
    (descending, nulls_first)
}

pub(super) fn deleted(arguments: &Arguments) -> Deleted {
    match arguments.get("deleted").and_then(Json::as_str) {
        Some("ONLY") => Deleted::Only,
        Some("WITH") => Deleted::With,
        _ => Deleted::Without,
    }
}
