//! Random filters, as the JSON that the API takes.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::{Map, Value as Json, json};

use super::values::values;
use crate::filter::{Operand, Operator, operators};
use crate::scope::{Member, Scope};
use crate::types::Type;
use crate::value::Value;

type Filters = BoxedStrategy<Json>;

/// Filters over an object's records, so many relations and connectives deep at most.
pub fn filters(scope: &dyn Scope, object: &str, depth: u32) -> BoxedStrategy<Json> {
    let mut options: Vec<(u32, Filters)> = Vec::new();
    for name in scope.members(object) {
        let Some(member) = scope.member(object, &name) else { continue };
        if let Some(filter) = of_member(scope, member, depth) {
            options.push((2, keyed(&name, filter)));
        }
    }
    if let Some(below) = depth.checked_sub(1) {
        let inner = filters(scope, object, below);
        let several = proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::Array).boxed();
        options.push((4, keyed("and", several.clone())));
        options.push((4, keyed("or", several)));
        options.push((4, keyed("not", inner)));
    }
    // Objects of one or two keys; all of them must hold.
    let one = Union::new_weighted(options).boxed();
    proptest::collection::vec(one, 1..3).prop_map(merged).boxed()
}

fn merged(parts: Vec<Json>) -> Json {
    let mut out = Map::new();
    for part in parts {
        if let Json::Object(map) = part {
            out.extend(map);
        }
    }
    Json::Object(out)
}

fn keyed(key: &str, inner: Filters) -> Filters {
    let key = key.to_owned();
    inner.prop_map(move |inner| json!({ key.as_str(): inner })).boxed()
}

fn of_member(scope: &dyn Scope, member: Member, depth: u32) -> Option<Filters> {
    let below = depth.checked_sub(1);
    Some(match member {
        Member::Value { ty, choices } => comparison(&ty, choices.as_deref()),
        Member::Parts(parts) => {
            let parts = parts.iter().map(|(part, ty)| keyed(part, comparison(ty, None)));
            Union::new(parts.chain([truth("isNull")]).collect::<Vec<_>>()).boxed()
        }
        Member::One(to) => {
            Union::new_weighted(vec![(4, filters(scope, &to, below?)), (1, truth("isNull"))]).boxed()
        }
        Member::OneOf(objects) => {
            let below = below?;
            let nested = objects.iter().map(|to| keyed(to, filters(scope, to, below)));
            Union::new(nested.chain([truth("isNull")]).collect::<Vec<_>>()).boxed()
        }
        Member::Many(to) => {
            let inner = filters(scope, &to, below?);
            let counts = (comparison_of_count(), proptest::option::of(inner.clone())).prop_map(
                |(mut count, filter)| {
                    if let (Json::Object(map), Some(filter)) = (&mut count, filter) {
                        map.insert("filter".to_owned(), filter);
                    }
                    json!({ "count": count })
                },
            );
            let quantified = ["some", "every", "none"].map(|quantifier| keyed(quantifier, inner.clone()));
            Union::new(quantified.into_iter().chain([counts.boxed()]).collect::<Vec<_>>()).boxed()
        }
    })
}

fn truth(key: &str) -> Filters {
    keyed(key, any::<bool>().prop_map(Json::Bool).boxed())
}

fn comparison_of_count() -> Filters {
    (select(vec!["eq", "ne", "gt", "gte", "lt", "lte"]), 0..4i64).prop_map(|(op, n)| json!({ op: n })).boxed()
}

/// A comparison of one field.
fn comparison(ty: &Type, choices: Option<&[Arc<str>]>) -> Filters {
    let options =
        operators(ty).into_iter().map(|operator| keyed(operator.name(), operand(operator, ty, choices)));
    Union::new(options.collect::<Vec<_>>()).boxed()
}

fn operand(operator: Operator, ty: &Type, choices: Option<&[Arc<str>]>) -> Filters {
    let element = match ty {
        Type::List(of) => (**of).clone(),
        other => other.clone(),
    };
    let one = || values(&element, choices).prop_map(|value| value.to_json());
    let pattern = matches!(operator, Operator::Like | Operator::ILike);
    match operator.operand() {
        Operand::Text(_) if pattern => {
            select(vec!["%", "a%", "%b%", "_", "__", "a\\%%", "%中%", "Ä_", "%É", "\\\\"])
                .prop_map(Json::from)
                .boxed()
        }
        Operand::Text(_) => values(&Type::Text, None).prop_map(|value: Value| value.to_json()).boxed(),
        Operand::One(_) | Operand::Element => one().boxed(),
        Operand::List(_) | Operand::Lists(_) => {
            proptest::collection::vec(one(), 0..4).prop_map(Json::Array).boxed()
        }
        Operand::Two => proptest::collection::vec(one(), 2).prop_map(Json::Array).boxed(),
        Operand::Truth => any::<bool>().prop_map(Json::Bool).boxed(),
        Operand::Period => select(vec![
            "today",
            "yesterday",
            "tomorrow",
            "this week",
            "last month",
            "next quarter",
            "this year",
            "last 7 days",
            "next 3 weeks",
            "last 2 quarters",
        ])
        .prop_map(Json::from)
        .boxed(),
    }
}
