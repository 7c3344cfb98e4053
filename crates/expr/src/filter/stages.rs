//! What a filter asks of the stages that a record is in and was in: `stageAge`, `reached`, `enteredStage`.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::compare::typed;
use super::{Place, Reader, Values, shape};
use crate::check::listed;
use crate::duration::Duration;
use crate::function::Function;
use crate::problem::{code, did_you_mean};
use crate::scope::Staged;
use crate::stay;
use crate::tree::{BinaryOp, Expr, FieldPath, Node, Root};
use crate::types::Type;
use crate::value::Value;

/// How long the record has been in its stage: `{gt: "7d"}`.
pub(super) const AGE: &str = "stageAge";
/// That it has been in a stage, some number of times: `{stage: "mql", times: {gte: 2}}`.
pub(super) const REACHED: &str = "reached";
/// That it entered a stage at some time: `{stage: "mql", at: {relative: "last month"}, pass: 1}`.
pub(super) const ENTERED: &str = "enteredStage";

/// The operators of [`AGE`], and how the instant since which the record is in its stage compares with the one so long ago.
const AGES: [(&str, BinaryOp); 4] = [
    ("gt", BinaryOp::Less),
    ("gte", BinaryOp::LessOrEqual),
    ("lt", BinaryOp::Greater),
    ("lte", BinaryOp::GreaterOrEqual),
];

impl Reader<'_> {
    /// One of the three.
    pub(super) fn of_stages(&mut self, key: &str, json: &Json, object: &str, place: &Place) -> Option<Expr> {
        self.one_more()?;
        match key {
            AGE => self.stage_age(json, place),
            REACHED => self.reached(json, object, place),
            _ => self.entered(json, object, place),
        }
    }

    fn stage_age(&mut self, json: &Json, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a comparison")?;
        let legal = AGES.map(|(name, _)| name).into_iter().chain(["between"]);
        if map.is_empty() {
            return self.without_operator(legal);
        }
        let since = place.then("stageEnteredAt").field(Type::DateTime);
        let compared =
            |op, ago: Expr| Expr::condition(Node::Binary(op, Box::new(since.clone()), Box::new(ago)));
        let read: Vec<Option<Expr>> = map
            .iter()
            .map(|(key, json)| {
                self.below(key, |reader| {
                    if let Some((_, op)) = AGES.iter().find(|(name, _)| name == key) {
                        return Some(compared(*op, reader.ago(json)?));
                    }
                    if key != "between" {
                        return reader.unknown(key, "operator", legal.clone());
                    }
                    let [least, most] = json.as_array().map(Vec::as_slice).unwrap_or_default() else {
                        return reader.no_duration(json, "two durations");
                    };
                    let (least, most) = (reader.ago(least)?, reader.ago(most)?);
                    Some(Expr::all(vec![
                        compared(BinaryOp::LessOrEqual, least),
                        compared(BinaryOp::GreaterOrEqual, most),
                    ]))
                })
            })
            .collect();
        Some(Expr::all(read.into_iter().collect::<Option<_>>()?))
    }

    /// The instant that lies so long back.
    fn ago(&mut self, json: &Json) -> Option<Expr> {
        let length: Option<Duration> = json.as_str().and_then(|text| text.parse().ok());
        let Some(length) = length else { return self.no_duration(json, "`7d`, `2w`, `3h`, `2mo`") };
        if let Values::Slots { moment, .. } = self.values {
            // Months are counted in the caller's calendar.
            let local = moment.now.with_timezone(&moment.zone);
            let months = u32::try_from(length.months).ok().map(chrono::Months::new);
            let ago = months.and_then(|months| local.checked_sub_months(months)).and_then(|day| {
                day.with_timezone(&chrono::Utc)
                    .checked_sub_signed(chrono::TimeDelta::microseconds(length.micros))
            });
            let Some(ago) = ago else { return self.no_duration(json, "a shorter duration") };
            return self.put(Value::DateTime(ago), &Type::DateTime);
        }
        if length.months != 0 {
            return self.no_duration(json, "a length in days: `30d`");
        }
        let now = Box::new(typed(Node::Call(Function::Now, Vec::new()), &Type::DateTime));
        let length = Box::new(typed(Node::Literal(Value::Duration(length)), &Type::Duration));
        Some(typed(Node::Binary(BinaryOp::Subtract, now, length), &Type::DateTime))
    }

    fn no_duration<T>(&mut self, json: &Json, expected: &str) -> Option<T> {
        let code = if json.is_null() { code::NULL } else { code::VALUE };
        let problem = self
            .problem(code, format!("{} is no length of time", shape(json)))
            .expected(expected)
            .found(shape(json));
        self.problems.push(problem);
        None
    }

    fn reached(&mut self, json: &Json, object: &str, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a filter on stages")?;
        let asked = self.stay(map, object, &["times"], &mut |_, _, _| None)?;
        let Some(times) = map.get("times") else { return Some(stays(place, asked, &Type::Bool)) };
        let count = stays(place, asked, &Type::Int);
        self.below("times", |reader| reader.comparisons(&count, None, times, place))
    }

    fn entered(&mut self, json: &Json, object: &str, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a filter on stages")?;
        let asked = self.stay(map, object, &["at", "pass"], &mut |reader, key, json| {
            if key == "at" {
                let at = of_stay(stay::ENTERED_AT, &Type::DateTime);
                reader.comparisons(&at, None, json, &Place::default())
            } else {
                reader.pass(json)
            }
        })?;
        Some(stays(place, asked, &Type::Bool))
    }

    /// That it is the how manyth stay.
    fn pass(&mut self, json: &Json) -> Option<Expr> {
        let Some(pass) = json.as_i64().filter(|pass| *pass > 0) else {
            let problem = self
                .problem(code::VALUE, format!("{} is no number of a pass", shape(json)))
                .expected("a whole number from 1")
                .found(shape(json));
            self.problems.push(problem);
            return None;
        };
        let pass = self.put(Value::Int(pass), &Type::Int)?;
        Some(equal(of_stay(stay::PASS, &Type::Int), pass))
    }

    /// What is asked of a stay: its stage, its lifecycle, and what `further` reads of the other keys.
    fn stay(
        &mut self,
        map: &Map<String, Json>,
        object: &str,
        others: &[&'static str],
        further: &mut dyn FnMut(&mut Self, &str, &Json) -> Option<Expr>,
    ) -> Option<Expr> {
        let lifecycles = self.scope.lifecycles(object);
        let named = map.get("lifecycle").and_then(Json::as_str);
        let named = named.filter(|name| lifecycles.iter().any(|one| *one.name == **name));
        let mut stages: Vec<Arc<str>> = Vec::new();
        for lifecycle in lifecycles.iter().filter(|one| named.is_none_or(|name| *one.name == *name)) {
            stages.extend(lifecycle.stages.iter().cloned());
        }
        let legal = ["stage", "lifecycle"].into_iter().chain(others.iter().copied());
        let mut asked = Vec::with_capacity(map.len());
        for (key, json) in map {
            let read = self.below(key, |reader| match key.as_str() {
                "stage" => Some(Some(equal(
                    of_stay(stay::STAGE, &Type::Text),
                    reader.choice(json, "stage", &stages)?,
                ))),
                "lifecycle" => {
                    let legal = names(&lifecycles);
                    Some(Some(equal(
                        of_stay(stay::LIFECYCLE, &Type::Text),
                        reader.choice(json, "lifecycle", &legal)?,
                    )))
                }
                "times" if others.contains(&"times") => Some(None),
                key if others.contains(&key) => further(reader, key, json).map(Some),
                key => reader.unknown(key, "condition", legal.clone()),
            });
            asked.push(read);
        }
        if !map.contains_key("stage") {
            let problem = self.problem(code::VALUE, "a stage is wanted").expected(listed(names_of(&stages)));
            self.problems.push(problem);
            return None;
        }
        let asked: Option<Vec<Option<Expr>>> = asked.into_iter().collect();
        Some(Expr::all(asked?.into_iter().flatten().collect()))
    }

    /// One of the names.
    fn choice(&mut self, json: &Json, what: &str, legal: &[Arc<str>]) -> Option<Expr> {
        let found = json.as_str().filter(|text| legal.iter().any(|name| **name == **text));
        let Some(text) = found else {
            let code = if json.is_null() { code::NULL } else { code::UNKNOWN_CHOICE };
            let problem = self
                .problem(code, format!("{} is no {what}", shape(json)))
                .expected(listed(names_of(legal)))
                .found(shape(json))
                .hint(json.as_str().and_then(|text| did_you_mean(text, names_of(legal))));
            self.problems.push(problem);
            return None;
        };
        self.put(Value::Text(text.to_owned()), &Type::Text)
    }
}

fn names(lifecycles: &[Staged]) -> Vec<Arc<str>> {
    lifecycles.iter().map(|lifecycle| Arc::clone(&lifecycle.name)).collect()
}

fn names_of(names: &[Arc<str>]) -> impl Iterator<Item = &str> + Clone {
    names.iter().map(AsRef::as_ref)
}

fn of_stay(field: &str, ty: &Type) -> Expr {
    typed(Node::Field(FieldPath { root: Root::Record, steps: vec![Arc::from(field)] }), ty)
}

fn equal(left: Expr, right: Expr) -> Expr {
    Expr::condition(Node::Binary(BinaryOp::Equal, Box::new(left), Box::new(right)))
}

fn stays(place: &Place, condition: Expr, ty: &Type) -> Expr {
    typed(Node::Stays { record: place.path(), condition: Some(Box::new(condition)) }, ty)
}
