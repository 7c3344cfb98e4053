//! `opportunitiesGroupBy`: keys, conditions, order and selection of groups.

use std::sync::Arc;

use expr::{BinaryOp, Value};
use metadata::Name;
use metadata::catalog::Aggregate;
use query::request::{
    Bucket, GroupKey, GroupOrder, GroupOrderBy, GroupPart, GroupRead, Having, KeyItem, Keyed, Measure,
    OrderKey,
};
use serde_json::{Map, Value as Json};

use super::Lowering;
use super::failure::{Arguments, Failures};
use super::list::{deleted, direction_of, entries};
use super::selection::{fold, keyed};
use super::value::read_value;
use crate::document::Collected;
use crate::schema::field::{Composite, Shape, ValueType};

/// Most keys of one grouping.
const MOST_KEYS: usize = 10;

impl<'d> Lowering<'_, 'd> {
    pub(super) fn groups(&mut self, object: &Name, field: &Collected<'d>) -> Result<GroupRead, Failures> {
        let arguments = self.arguments("Query", field)?;
        let as_of = self.as_of(field, &arguments)?;
        let filter = self.then(as_of, |this| this.filter(object, field, &arguments))?;
        let keys = self.group_keys(object, field, &arguments)?;
        let having = match arguments.get("having").and_then(Json::as_object) {
            Some(having) => Some(self.having(object, field, having, "having")?),
            None => None,
        };
        let order = self.group_order(object, field, &arguments, &keys)?;
        let first = arguments.get("first").and_then(Json::as_i64);
        if first.is_some_and(|size| !(0..=query::cost::LARGEST_PAGE).contains(&size)) {
            let message = format!("first must be from 0 to {}", query::cost::LARGEST_PAGE);
            return Err(vec![self.argument_error(field, "first", message)]);
        }
        let size = self.slot(first.map_or(Value::Null, Value::Int))?;
        let zone = self.slot(Value::Text(self.moment.zone.name().to_owned()))?;
        let parts = self.group_parts(object, field, &keys)?;
        Ok(GroupRead {
            object: object.clone(),
            filter,
            deleted: deleted(&arguments),
            as_of,
            keys,
            having,
            order,
            size,
            zone,
            parts,
        })
    }

    fn group_keys(
        &self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Vec<GroupKey>, Failures> {
        let mut keys = Vec::new();
        let refuse = |message: String| vec![self.argument_error(field, "groupBy", message)];
        for entry in entries(arguments, "groupBy") {
            self.keys_of(object, entry, &[], &mut keys).map_err(refuse)?;
        }
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(refuse(format!("groupBy must name from 1 to {MOST_KEYS} fields")));
        }
        for (index, key) in keys.iter().enumerate() {
            if keys.iter().take(index).any(|other| other.path == key.path) {
                return Err(refuse(format!("groupBy names {} twice", key.path.join("."))));
            }
        }
        Ok(keys)
    }

    fn keys_of(
        &self,
        object: &str,
        entry: &Map<String, Json>,
        before: &[Arc<str>],
        keys: &mut Vec<GroupKey>,
    ) -> Result<(), String> {
        for (name, value) in entry {
            let mut path = before.to_vec();
            path.push(Arc::from(name.as_str()));
            match value {
                Json::Null | Json::Bool(false) => {}
                Json::Bool(true) => keys.push(GroupKey { path, bucket: None }),
                Json::String(bucket) => keys.push(GroupKey { path, bucket: bucket_of(bucket) }),
                Json::Object(inner) => match self.step(object, name)? {
                    Shape::One(to) => self.keys_of(&to, inner, &path, keys)?,
                    Shape::Parts(_) => self.keys_of(object, inner, &path, keys)?,
                    Shape::Value(_) | Shape::OneOf(_) | Shape::Many(_) => {
                        return Err(format!("groups cannot be made by {name}"));
                    }
                },
                Json::Number(_) | Json::Array(_) => return Err(format!("groups cannot be made by {name}")),
            }
        }
        Ok(())
    }

    fn group_parts(
        &self,
        object: &Name,
        field: &Collected<'d>,
        keys: &[GroupKey],
    ) -> Result<Vec<Keyed<GroupPart>>, Failures> {
        let names = self.surface.names(object);
        let ty = names.with("Group");
        let mut parts = Vec::new();
        for part in self.collect(&ty, field.sets())? {
            let item = match part.name {
                "__typename" => GroupPart::TypeName(Arc::from(ty.as_str())),
                "key" => GroupPart::Key(self.key_items(object, &part, &[], keys)?),
                "aggregate" => GroupPart::Aggregate(self.aggregate(object, &part)?),
                _ => return Err(self.unknown(&ty, &part)),
            };
            parts.push(keyed(&part, item));
        }
        Ok(parts)
    }

    fn key_items(
        &self,
        object: &Name,
        field: &Collected<'d>,
        before: &[Arc<str>],
        keys: &[GroupKey],
    ) -> Result<Vec<Keyed<KeyItem>>, Failures> {
        let ty = self.surface.names(object).with("GroupKey");
        let mut items = Vec::new();
        for part in self.collect(&ty, field.sets())? {
            let mut path = before.to_vec();
            path.push(Arc::from(part.name));
            let item = if part.name == "__typename" {
                KeyItem::TypeName(Arc::from(ty.as_str()))
            } else {
                match self.step(object, part.name).map_err(|message| vec![self.error(&part, message)])? {
                    Shape::One(to) => KeyItem::Nested(self.key_items(&to, &part, &path, keys)?),
                    Shape::Parts(composite) => {
                        KeyItem::Nested(self.key_parts(composite, &part, &path, keys)?)
                    }
                    Shape::Value(_) | Shape::OneOf(_) | Shape::Many(_) => {
                        KeyItem::Key(self.key(&part, &path, keys)?)
                    }
                }
            };
            items.push(keyed(&part, item));
        }
        Ok(items)
    }

    fn key_parts(
        &self,
        composite: Composite,
        field: &Collected<'d>,
        before: &[Arc<str>],
        keys: &[GroupKey],
    ) -> Result<Vec<Keyed<KeyItem>>, Failures> {
        let ty = composite.type_name();
        let mut items = Vec::new();
        for part in self.collect(ty, field.sets())? {
            let mut path = before.to_vec();
            path.push(Arc::from(part.name));
            let item = match part.name {
                "__typename" => KeyItem::TypeName(Arc::from(ty)),
                _ => KeyItem::Key(self.key(&part, &path, keys)?),
            };
            items.push(keyed(&part, item));
        }
        Ok(items)
    }

    fn key(&self, field: &Collected<'d>, path: &[Arc<str>], keys: &[GroupKey]) -> Result<usize, Failures> {
        keys.iter().position(|key| key.path == path).ok_or_else(|| {
            let legal = keys.iter().map(|key| key.path.join(".")).collect::<Vec<_>>().join(", ");
            let message = format!("key.{} is selected, but groupBy does not name it", path.join("."));
            vec![self.error(field, message).explained(Some(legal), None)]
        })
    }

    fn group_order(
        &self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
        keys: &[GroupKey],
    ) -> Result<Vec<GroupOrder>, Failures> {
        let mut order = Vec::new();
        for (index, entry) in entries(arguments, "orderBy").enumerate() {
            let refuse =
                |message: String| vec![self.argument_error(field, &format!("orderBy[{index}]"), message)];
            for (name, value) in entry {
                match (fold(name), value) {
                    (_, Json::Null) => {}
                    (None, Json::String(direction)) if name == "count" => {
                        order.push(by_measure(Aggregate::Count, None, direction));
                    }
                    (Some((_, aggregate)), Json::Object(inner)) => {
                        for (of, direction) in inner {
                            let (Some(direction), Ok(of)) = (direction.as_str(), Name::new(of)) else {
                                continue;
                            };
                            order.push(by_measure(aggregate, Some(of), direction));
                        }
                    }
                    _ => {
                        let mut by = Vec::new();
                        let one = Map::from_iter([(name.clone(), value.clone())]);
                        self.order_keys(object, &one, &[], &mut by).map_err(refuse)?;
                        for key in by {
                            order.push(by_key(&key, keys).map_err(refuse)?);
                        }
                    }
                }
            }
        }
        Ok(order)
    }

    fn having(
        &mut self,
        object: &Name,
        field: &Collected<'d>,
        having: &Map<String, Json>,
        place: &str,
    ) -> Result<Having, Failures> {
        let mut all = Vec::new();
        for (name, value) in having {
            let place = format!("{place}.{name}");
            match (name.as_str(), value) {
                ("and" | "or", Json::Array(items)) => {
                    let mut parts = Vec::new();
                    for item in items.iter().filter_map(Json::as_object) {
                        parts.push(self.having(object, field, item, &place)?);
                    }
                    all.push(if name == "and" { Having::And(parts) } else { Having::Or(parts) });
                }
                ("not", Json::Object(inner)) => {
                    all.push(Having::Not(Box::new(self.having(object, field, inner, &place)?)));
                }
                ("count", Json::Object(conditions)) => {
                    let measure = Measure { aggregate: Aggregate::Count, field: None };
                    all.extend(self.comparisons(field, &measure, &ValueType::Int, conditions, &place)?);
                }
                (fold_name, Json::Object(fields)) => {
                    let Some((_, aggregate)) = fold(fold_name) else { continue };
                    for (of, conditions) in fields {
                        let place = format!("{place}.{of}");
                        let (ty, measure) = self
                            .measure(object, aggregate, of)
                            .map_err(|message| vec![self.argument_error(field, &place, message)])?;
                        match conditions.as_object() {
                            Some(conditions) => {
                                all.extend(self.comparisons(field, &measure, &ty, conditions, &place)?);
                            }
                            None => {
                                return Err(vec![self.argument_error(
                                    field,
                                    &place,
                                    format!("{place} is null"),
                                )]);
                            }
                        }
                    }
                }
                _ => return Err(vec![self.argument_error(field, &place, format!("{place} is null"))]),
            }
        }
        Ok(Having::And(all))
    }

    fn measure(&self, object: &Name, aggregate: Aggregate, of: &str) -> Result<(ValueType, Measure), String> {
        let Shape::Value(value) = self.step(object, of)? else {
            return Err(format!("{of} has no aggregate"));
        };
        let ty = value.aggregated(aggregate).ok_or_else(|| format!("{of} has no such aggregate"))?;
        let field = Name::new(of).map_err(|bad| bad.to_string())?;
        Ok((ty, Measure { aggregate, field: Some(field) }))
    }

    fn comparisons(
        &mut self,
        field: &Collected<'d>,
        measure: &Measure,
        ty: &ValueType,
        conditions: &Map<String, Json>,
        place: &str,
    ) -> Result<Vec<Having>, Failures> {
        let mut all = Vec::new();
        for (operator, json) in conditions {
            let place = format!("{place}.{operator}");
            let part = match (operator.as_str(), json) {
                ("isNull", Json::Bool(true)) => Having::IsNull(measure.clone()),
                ("isNull", Json::Bool(false)) => Having::Not(Box::new(Having::IsNull(measure.clone()))),
                ("in", Json::Array(items)) => {
                    Having::Or(self.each(field, measure, ty, BinaryOp::Equal, items, &place)?)
                }
                ("notIn", Json::Array(items)) => {
                    Having::And(self.each(field, measure, ty, BinaryOp::Different, items, &place)?)
                }
                ("between", Json::Array(items)) => match items.as_slice() {
                    [from, to] => Having::And(vec![
                        self.compared(field, measure, ty, (BinaryOp::GreaterOrEqual, from), &place)?,
                        self.compared(field, measure, ty, (BinaryOp::LessOrEqual, to), &place)?,
                    ]),
                    _ => {
                        return Err(vec![self.argument_error(
                            field,
                            &place,
                            format!("{place} takes two values"),
                        )]);
                    }
                },
                (name, json) => match operator_of(name) {
                    Some(op) => self.compared(field, measure, ty, (op, json), &place)?,
                    None => {
                        return Err(vec![
                            self.argument_error(field, &place, format!("{name} is not available for groups"))
                                .explained(
                                    Some("eq, ne, in, notIn, gt, gte, lt, lte, between, isNull".into()),
                                    None,
                                ),
                        ]);
                    }
                },
            };
            all.push(part);
        }
        Ok(all)
    }

    fn each(
        &mut self,
        field: &Collected<'d>,
        measure: &Measure,
        ty: &ValueType,
        op: BinaryOp,
        items: &[Json],
        place: &str,
    ) -> Result<Vec<Having>, Failures> {
        items.iter().map(|item| self.compared(field, measure, ty, (op, item), place)).collect()
    }

    fn compared(
        &mut self,
        field: &Collected<'d>,
        measure: &Measure,
        ty: &ValueType,
        (op, json): (BinaryOp, &Json),
        place: &str,
    ) -> Result<Having, Failures> {
        let value = read_value(ty, json).map_err(|expected| {
            vec![
                self.argument_error(field, place, format!("{place}: {json} cannot be compared with"))
                    .explained(Some(expected.to_owned()), None),
            ]
        })?;
        Ok(Having::Compare(measure.clone(), op, self.slot(value)?))
    }
}

fn operator_of(name: &str) -> Option<BinaryOp> {
    Some(match name {
        "eq" => BinaryOp::Equal,
        "ne" => BinaryOp::Different,
        "gt" => BinaryOp::Greater,
        "gte" => BinaryOp::GreaterOrEqual,
        "lt" => BinaryOp::Less,
        "lte" => BinaryOp::LessOrEqual,
        _ => return None,
    })
}

pub(super) fn bucket_of(name: &str) -> Option<Bucket> {
    Some(match name {
        "DAY" => Bucket::Day,
        "WEEK" => Bucket::Week,
        "MONTH" => Bucket::Month,
        "QUARTER" => Bucket::Quarter,
        "YEAR" => Bucket::Year,
        _ => return None,
    })
}

fn by_key(key: &OrderKey, keys: &[GroupKey]) -> Result<GroupOrder, String> {
    let place = keys.iter().position(|candidate| candidate.path == key.path);
    let place =
        place.ok_or_else(|| format!("groups are ordered by {}, but not made by it", key.path.join(".")))?;
    Ok(GroupOrder { by: GroupOrderBy::Key(place), descending: key.descending, nulls_first: key.nulls_first })
}

fn by_measure(aggregate: Aggregate, field: Option<Name>, direction: &str) -> GroupOrder {
    let (descending, nulls_first) = direction_of(direction);
    GroupOrder { by: GroupOrderBy::Measure(Measure { aggregate, field }), descending, nulls_first }
}
