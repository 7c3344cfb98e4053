//! The filter grammar of the API and of metadata documents: JSON that becomes the same tree as expression text.
//!
//! A filter never selects more because a value was lost: `null` where something is compared, and a comparison without operator, are
//! problems. All problems are collected.

mod compare;
mod fact;
mod operator;
mod related;
mod stages;

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::check::listed;
use crate::moment::Moment;
use crate::problem::{FilterProblem, code, did_you_mean};
use crate::scope::{Member, Scope};
use crate::tree::{Expr, FieldPath, Node, Quantifier, Root, Span};
use crate::types::Type;
use crate::value::Value;

pub use operator::{Membership, Operand, Operator, operators};

/// Filters nested deeper than this are refused.
pub const MOST_DEPTH: usize = 32;
/// Filters of more comparisons than this are refused.
pub const MOST_COMPARISONS: usize = 500;

/// Where compared values go.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// They stay in the tree as literals (metadata). Relative dates become request constants
    /// ([`Function::DateFrom`](crate::Function::DateFrom) and its kin), because the tree outlives the day.
    Inline,
    /// As [`Values::Inline`], and the texts `$user`, `$user.field` and `$today` are facts of the request (scopes of roles).
    Acting,
    /// Each is the next slot (API), a list (`in`, `hasAny`, `hasAll`) is one slot: filters of equal shape give equal trees. Relative
    /// dates are resolved at once.
    Slots {
        /// The values, by slot number. The caller may have put some there before.
        values: Vec<Value>,
        /// What relative dates are counted from.
        moment: Moment,
    },
}

/// Reads a filter over the object's records; `None` when it is JSON null or an empty object.
pub fn read(
    json: &Json,
    scope: &dyn Scope,
    object: &str,
    values: &mut Values,
) -> Result<Option<Expr>, Vec<FilterProblem>> {
    if json.is_null() || json.as_object().is_some_and(Map::is_empty) {
        return Ok(None);
    }
    let mut reader = Reader { scope, values, path: Vec::new(), comparisons: 0, problems: Vec::new() };
    let filter = reader.records(json, object, &Place::default());
    match filter {
        Some(filter) if reader.problems.is_empty() => Ok(Some(filter)),
        _ => Err(reader.problems),
    }
}

/// Where in the record's fields the reader stands.
#[derive(Clone, Default)]
struct Place {
    /// The steps of to-one relations and composites before.
    steps: Vec<Arc<str>>,
    depth: usize,
}

impl Place {
    fn then(&self, step: &str) -> Place {
        let mut steps = self.steps.clone();
        steps.push(Arc::from(step));
        Place { steps, depth: self.depth + 1 }
    }

    fn deeper(&self) -> Place {
        Place { steps: self.steps.clone(), depth: self.depth + 1 }
    }

    fn field(&self, ty: Type) -> Expr {
        Expr { node: Node::Field(self.path()), ty, span: Span::default() }
    }

    fn path(&self) -> FieldPath {
        FieldPath { root: Root::Record, steps: self.steps.clone() }
    }
}

struct Reader<'a> {
    scope: &'a dyn Scope,
    values: &'a mut Values,
    /// The keys down to the present place.
    path: Vec<String>,
    comparisons: usize,
    problems: Vec<FilterProblem>,
}

/// Something was noted as a problem.
struct Noted;

/// What joins filters.
const LOGIC: [&str; 3] = ["and", "or", "not"];
/// What is asked of to-many relations.
const MANY: [&str; 4] = ["some", "every", "none", "count"];

impl Reader<'_> {
    fn problem(&self, code: &'static str, message: impl Into<String>) -> FilterProblem {
        FilterProblem::new(code, &self.path, message)
    }

    /// Reads below a key.
    fn below<T>(&mut self, key: impl Into<String>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.into());
        let out = read(self);
        self.path.pop();
        out
    }

    /// The JSON as an object; null and other forms are problems, and so is too much depth.
    fn object<'j>(&mut self, json: &'j Json, place: &Place, what: &str) -> Option<&'j Map<String, Json>> {
        let problem = if place.depth > MOST_DEPTH {
            self.problem(code::LIMIT, "the filter is nested too deeply")
                .expected(format!("at most {MOST_DEPTH} levels"))
        } else {
            match json {
                Json::Object(map) => return Some(map),
                Json::Null => self
                    .problem(code::NULL, format!("{what} must not be null"))
                    .hint(Some(NULL_HINT.to_owned())),
                other => self.problem(code::VALUE, format!("{what} is an object")).found(shape(other)),
            }
        };
        self.problems.push(problem);
        None
    }

    /// A filter over records of an object: all of its keys must hold. `None` when something was noted.
    fn records(&mut self, json: &Json, object: &str, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a filter")?;
        let parts: Vec<Option<Expr>> = map
            .iter()
            .map(|(key, json)| self.below(key, |reader| reader.entry(key, json, object, place)))
            .collect();
        Some(Expr::all(parts.into_iter().collect::<Option<_>>()?))
    }

    fn entry(&mut self, key: &str, json: &Json, object: &str, place: &Place) -> Option<Expr> {
        match key {
            "and" => self.several(json, object, place).map(Expr::all),
            "or" => self.several(json, object, place).map(Expr::any),
            "not" => self.records(json, object, &place.deeper()).map(Expr::negation),
            "isNull" if !place.steps.is_empty() => {
                self.null_test(json, Expr::is_null(place.field(Type::Record(Arc::from(object)))))
            }
            stages::AGE | stages::REACHED | stages::ENTERED if !self.scope.lifecycles(object).is_empty() => {
                self.of_stages(key, json, object, place)
            }
            _ => {
                if let Some(member) = self.scope.member(object, key) {
                    self.member(member, key, json, place)
                } else {
                    self.unknown_field(key, object, place);
                    None
                }
            }
        }
    }

    fn several(&mut self, json: &Json, object: &str, place: &Place) -> Option<Vec<Expr>> {
        let Json::Array(items) = json else {
            let code = if json.is_null() { code::NULL } else { code::VALUE };
            let problem = self.problem(code, "a list of filters is wanted").found(shape(json));
            self.problems.push(problem);
            return None;
        };
        let place = place.deeper();
        let read: Vec<Option<Expr>> = items
            .iter()
            .enumerate()
            .map(|(at, item)| self.below(at.to_string(), |reader| reader.records(item, object, &place)))
            .collect();
        read.into_iter().collect()
    }

    fn member(&mut self, member: Member, key: &str, json: &Json, place: &Place) -> Option<Expr> {
        let place = place.then(key);
        match member {
            Member::Value { ty, choices } => {
                let subject = place.field(ty);
                self.comparisons(&subject, choices.as_deref(), json, &place)
            }
            Member::Parts(parts) => self.parts(&parts, json, &place),
            Member::One(object) => self.related_one(json, &object, &place),
            Member::OneOf(objects) => self.one_of(&objects, json, &place),
            Member::Many(object) => self.many(&object, json, &place),
        }
    }

    fn parts(&mut self, parts: &[(Arc<str>, Type)], json: &Json, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a filter on parts")?;
        let read: Vec<Option<Expr>> = map
            .iter()
            .map(|(key, json)| {
                self.below(key, |reader| {
                    if key == "isNull" {
                        let tests = parts
                            .iter()
                            .map(|(part, ty)| Expr::is_null(place.then(part).field(ty.clone())))
                            .collect();
                        return reader.null_test(json, Expr::all(tests));
                    }
                    let Some((part, ty)) = parts.iter().find(|(part, _)| **part == **key) else {
                        let legal = std::iter::once("isNull").chain(parts.iter().map(|(part, _)| &**part));
                        return reader.unknown(key, "part", legal);
                    };
                    let place = place.then(part);
                    reader.comparisons(&place.field(ty.clone()), None, json, &place)
                })
            })
            .collect();
        Some(Expr::all(read.into_iter().collect::<Option<_>>()?))
    }

    fn one_of(&mut self, objects: &[Arc<str>], json: &Json, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a filter on a relation")?;
        let read: Vec<Option<Expr>> = map
            .iter()
            .map(|(key, json)| {
                self.below(key, |reader| {
                    if key == "isNull" {
                        return reader.null_test(json, Expr::is_null(place.field(Type::Id)));
                    }
                    let Some(object) = objects.iter().find(|object| ***object == **key) else {
                        let legal = std::iter::once("isNull").chain(objects.iter().map(AsRef::as_ref));
                        return reader.unknown(key, "object", legal);
                    };
                    reader.related_one(json, object, &place.then(object))
                })
            })
            .collect();
        Some(Expr::all(read.into_iter().collect::<Option<_>>()?))
    }

    fn many(&mut self, object: &str, json: &Json, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a filter on a to-many relation")?;
        if map.is_empty() {
            return self.without_operator(MANY.into_iter());
        }
        let relation = place.path();
        let read: Vec<Option<Expr>> = map
            .iter()
            .map(|(key, json)| {
                self.below(key, |reader| {
                    let quantifier = match key.as_str() {
                        "some" => Quantifier::Some,
                        "every" => Quantifier::Every,
                        "none" => Quantifier::None,
                        "count" => return reader.count(object, json, place),
                        _ => return reader.unknown_of_many(key, object),
                    };
                    let condition = reader.related(object, json, place).ok()?;
                    let relation = relation.clone();
                    Some(Expr::condition(Node::Exists { quantifier, relation, condition }))
                })
            })
            .collect();
        Some(Expr::all(read.into_iter().collect::<Option<_>>()?))
    }

    /// A condition on related records; an empty one asks nothing.
    fn related(&mut self, object: &str, json: &Json, place: &Place) -> Result<Option<Box<Expr>>, Noted> {
        let below = Place { steps: Vec::new(), depth: place.depth + 1 };
        let condition = self.records(json, object, &below).ok_or(Noted)?;
        Ok(if json.as_object().is_some_and(Map::is_empty) { None } else { Some(Box::new(condition)) })
    }

    /// `count: {gt: 2, filter: {…}}`
    fn count(&mut self, object: &str, json: &Json, place: &Place) -> Option<Expr> {
        let map = self.object(json, place, "a filter on a number of records")?;
        let condition = match map.get("filter") {
            None => None,
            Some(filter) => self.below("filter", |reader| reader.related(object, filter, place)).ok()?,
        };
        let relation = place.path();
        let count = Expr { node: Node::Count { relation, condition }, ty: Type::Int, span: Span::default() };
        let rest: Map<String, Json> = map
            .iter()
            .filter(|(key, _)| *key != "filter")
            .map(|(key, json)| (key.clone(), json.clone()))
            .collect();
        self.comparisons(&count, None, &Json::Object(rest), place)
    }

    /// `isNull: true` is the test, `isNull: false` its complement.
    fn null_test(&mut self, json: &Json, test: Expr) -> Option<Expr> {
        if let Json::Bool(wanted) = json {
            return Some(if *wanted { test } else { Expr::negation(test) });
        }
        let problem = self.problem(code::VALUE, "`true` or `false` is wanted").found(shape(json));
        self.problems.push(problem);
        None
    }

    fn unknown_field(&mut self, key: &str, object: &str, place: &Place) {
        let names = self.scope.members(object);
        let mut legal: Vec<&str> = LOGIC.to_vec();
        if !place.steps.is_empty() {
            legal.push("isNull");
        }
        legal.extend(names.iter().map(AsRef::as_ref));
        if !self.scope.lifecycles(object).is_empty() {
            legal.extend([stages::AGE, stages::REACHED, stages::ENTERED]);
        }
        let hint = match (Operator::named(key), place.steps.last()) {
            (Some(operator), Some(relation)) => Some(format!(
                "`{relation}` is a relation; compare its id: `{{{relation}: {{id: {{{operator}: …}}}}}}`"
            )),
            _ => did_you_mean(key, legal.iter().copied()),
        };
        let problem = self
            .problem(code::UNKNOWN_NAME, format!("`{object}` has no field `{key}`"))
            .expected(listed(legal.into_iter()))
            .found(key)
            .hint(hint);
        self.problems.push(problem);
    }

    fn unknown_of_many<T>(&mut self, key: &str, object: &str) -> Option<T> {
        let hint = if LOGIC.contains(&key) || self.scope.member(object, key).is_some() {
            Some(format!("it leads to many records: `{{some: {{{key}: …}}}}`"))
        } else {
            did_you_mean(key, MANY)
        };
        let problem = self
            .problem(code::UNKNOWN_OPERATOR, format!("a to-many relation has no `{key}`"))
            .expected(listed(MANY.into_iter()))
            .found(key)
            .hint(hint);
        self.problems.push(problem);
        None
    }

    fn unknown<'n, T>(
        &mut self,
        key: &str,
        what: &str,
        legal: impl Iterator<Item = &'n str> + Clone,
    ) -> Option<T> {
        let problem = self
            .problem(code::UNKNOWN_NAME, format!("there is no {what} `{key}` here"))
            .expected(listed(legal.clone()))
            .found(key)
            .hint(did_you_mean(key, legal));
        self.problems.push(problem);
        None
    }

    /// A comparison that compares nothing.
    fn without_operator<'n, T>(&mut self, legal: impl Iterator<Item = &'n str>) -> Option<T> {
        let problem = self.problem(code::VALUE, "an operator is missing").expected(listed(legal));
        self.problems.push(problem);
        None
    }
}

const NULL_HINT: &str = "to ask whether something is null, write `{isNull: true}`";

/// What kind of JSON it is, in words.
fn shape(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(truth) => truth.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => format!("\"{}\"", text.chars().take(60).collect::<String>()),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}
