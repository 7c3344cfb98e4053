//! Comparisons of one value: operators and operands.

use std::sync::Arc;

use serde_json::Value as Json;

use super::fact::is_fact_of_user;
use super::operator::{Membership, Operand, Operator, operators};
use super::{NULL_HINT, Place, Reader, Values, shape};
use crate::check::{is_pattern, listed};
use crate::evaluate::{Period, day_start};
use crate::function::Function;
use crate::problem::{code, did_you_mean};
use crate::tree::{BinaryOp, Expr, ListOp, Node, Slot, Span};
use crate::types::Type;
use crate::value::Value;

/// A field that is compared, with its choices where they are a closed list.
struct Subject<'a> {
    expr: &'a Expr,
    choices: Option<&'a [Arc<str>]>,
}

impl Subject<'_> {
    /// The type of the values it is compared with.
    fn element(&self) -> &Type {
        match &self.expr.ty {
            Type::List(of) => of,
            other => other,
        }
    }

    fn boxed(&self) -> Box<Expr> {
        Box::new(self.expr.clone())
    }

    fn binary(&self, op: BinaryOp, with: Expr) -> Expr {
        Expr::condition(Node::Binary(op, Box::new(self.expr.clone()), Box::new(with)))
    }
}

impl Reader<'_> {
    /// All comparisons of an object of operators.
    pub(super) fn comparisons(
        &mut self,
        subject: &Expr,
        choices: Option<&[Arc<str>]>,
        json: &Json,
        place: &Place,
    ) -> Option<Expr> {
        let map = self.object(json, place, "a comparison")?;
        let legal = operators(&subject.ty);
        if map.is_empty() {
            return self.without_operator(legal.iter().map(|operator| operator.name()));
        }
        let subject = Subject { expr: subject, choices };
        let read: Vec<Option<Expr>> = map
            .iter()
            .map(|(key, json)| {
                self.below(key, |reader| {
                    if let Some(operator) = Operator::named(key).filter(|operator| legal.contains(operator)) {
                        reader.comparison(&subject, operator, json)
                    } else {
                        reader.unknown_operator(key, &subject.expr.ty, &legal);
                        None
                    }
                })
            })
            .collect();
        Some(Expr::all(read.into_iter().collect::<Option<_>>()?))
    }

    fn unknown_operator(&mut self, key: &str, ty: &Type, legal: &[Operator]) {
        let names = legal.iter().map(|operator| operator.name());
        let problem = self
            .problem(code::UNKNOWN_OPERATOR, format!("{ty} has no operator `{key}`"))
            .expected(listed(names.clone()))
            .found(key)
            .hint(did_you_mean(key, names));
        self.problems.push(problem);
    }

    fn comparison(&mut self, subject: &Subject, operator: Operator, json: &Json) -> Option<Expr> {
        self.one_more()?;
        match operator.operand() {
            Operand::One(op) => {
                let with = self.one(subject, operator, json)?;
                if op == BinaryOp::Equal && is_fact_of_user(&with) {
                    // Null-safe equality would find records without a value for users without one; null is in no list.
                    let ty = Type::List(Box::new(with.ty.clone()));
                    let list = Box::new(typed(Node::List(vec![with]), &ty));
                    return Some(Expr::condition(Node::In(subject.boxed(), list)));
                }
                Some(subject.binary(op, with))
            }
            Operand::Text(op) => {
                let pattern = Box::new(self.one(subject, operator, json)?);
                Some(Expr::condition(Node::Text(op, subject.boxed(), pattern)))
            }
            Operand::Element => {
                let value = Box::new(self.one(subject, operator, json)?);
                Some(Expr::condition(Node::ListTest(ListOp::Has, subject.boxed(), Some(value))))
            }
            Operand::Lists(op) => {
                let list = Box::new(self.list(subject, operator, json)?);
                Some(Expr::condition(Node::ListTest(op, subject.boxed(), Some(list))))
            }
            Operand::List(membership) => {
                let list = Box::new(self.list(subject, operator, json)?);
                let held = Expr::condition(Node::In(subject.boxed(), list));
                Some(match membership {
                    Membership::In => held,
                    // Null is in no list, and not outside of one either: a comparison with null is false.
                    Membership::NotIn => Expr::all(vec![
                        Expr::negation(Expr::is_null(subject.expr.clone())),
                        Expr::negation(held),
                    ]),
                })
            }
            Operand::Two => self.between(subject, operator, json),
            Operand::Truth => {
                let test = if operator == Operator::IsEmpty {
                    Expr::condition(Node::ListTest(ListOp::IsEmpty, subject.boxed(), None))
                } else {
                    Expr::is_null(subject.expr.clone())
                };
                self.null_test(json, test)
            }
            Operand::Period => self.period(subject, json),
        }
    }

    /// Counts a comparison; `None` where there are too many of them.
    pub(super) fn one_more(&mut self) -> Option<()> {
        self.comparisons += 1;
        if self.comparisons == super::MOST_COMPARISONS + 1 {
            let problem = self
                .problem(code::LIMIT, "the filter has too many comparisons")
                .expected(format!("at most {}", super::MOST_COMPARISONS));
            self.problems.push(problem);
        }
        (self.comparisons <= super::MOST_COMPARISONS).then_some(())
    }

    /// One compared value, in its place.
    fn one(&mut self, subject: &Subject, operator: Operator, json: &Json) -> Option<Expr> {
        if let Some(name) = self.names_fact(json) {
            return self.fact(name, subject.element(), operator);
        }
        let value = self.value(subject, operator, json)?;
        self.put(value, subject.element())
    }

    /// One compared value.
    fn value(&mut self, subject: &Subject, operator: Operator, json: &Json) -> Option<Value> {
        let ty = subject.element();
        if json.is_null() {
            let problem = self
                .problem(code::NULL, format!("`{operator}` does not compare with null"))
                .expected(ty.to_string())
                .hint(Some(NULL_HINT.to_owned()));
            self.problems.push(problem);
            return None;
        }
        let value = match Value::from_json(ty, json) {
            Ok(value) => value,
            Err(bad) => {
                let problem = self
                    .problem(code::VALUE, format!("{} is not {}", shape(json), bad.expected))
                    .expected(bad.expected)
                    .found(shape(json));
                self.problems.push(problem);
                return None;
            }
        };
        match &value {
            Value::Text(text)
                if matches!(operator, Operator::Like | Operator::ILike) && !is_pattern(text) =>
            {
                let problem = self.problem(code::VALUE, "the pattern ends in a lone `\\`").found(shape(json));
                self.problems.push(problem);
                None
            }
            Value::Text(text) if is_exact(operator) && !self.is_choice(subject, text) => None,
            Value::Duration(length) if length.months != 0 => {
                let problem = self
                    .problem(code::VALUE, "months have no fixed length")
                    .found(shape(json))
                    .expected("`7d`, `2w`, `3h`");
                self.problems.push(problem);
                None
            }
            _ => Some(value),
        }
    }

    /// Whether the text is one of the subject's choices, if those are a closed list; else it is noted.
    fn is_choice(&mut self, subject: &Subject, text: &str) -> bool {
        let Some(choices) = subject.choices else { return true };
        if choices.iter().any(|choice| **choice == *text) {
            return true;
        }
        let names = choices.iter().map(AsRef::as_ref);
        let problem = self
            .problem(code::UNKNOWN_CHOICE, format!("`{text}` is not one of the choices"))
            .expected(listed(names.clone().take(20)))
            .found(text)
            .hint(did_you_mean(text, names));
        self.problems.push(problem);
        false
    }

    fn array<'j>(&mut self, json: &'j Json, expected: &str) -> Option<&'j [Json]> {
        if let Json::Array(items) = json {
            return Some(items);
        }
        let code = if json.is_null() { code::NULL } else { code::VALUE };
        let problem =
            self.problem(code, format!("{expected} is wanted")).expected(expected).found(shape(json));
        self.problems.push(problem);
        None
    }

    fn items<T>(
        &mut self,
        items: &[Json],
        mut read: impl FnMut(&mut Self, &Json) -> Option<T>,
    ) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(at, item)| self.below(at.to_string(), |reader| read(reader, item)))
            .collect();
        read.into_iter().collect()
    }

    fn list(&mut self, subject: &Subject, operator: Operator, json: &Json) -> Option<Expr> {
        let items = self.array(json, "a list of values")?;
        let ty = Type::List(Box::new(subject.element().clone()));
        if let Values::Slots { .. } = self.values {
            let values = self.items(items, |reader, item| reader.value(subject, operator, item))?;
            return self.put(Value::List(values), &ty);
        }
        let items = self.items(items, |reader, item| reader.one(subject, operator, item))?;
        Some(typed(Node::List(items), &ty))
    }

    fn between(&mut self, subject: &Subject, operator: Operator, json: &Json) -> Option<Expr> {
        let items = self.array(json, "a list of two values")?;
        if items.len() != 2 {
            let problem = self
                .problem(code::VALUE, "`between` takes two values, the least and the greatest")
                .found(format!("{} values", items.len()));
            self.problems.push(problem);
            return None;
        }
        let mut values = self.items(items, |reader, item| reader.one(subject, operator, item))?.into_iter();
        let (least, greatest) = (values.next()?, values.next()?);
        Some(Expr::all(vec![
            subject.binary(BinaryOp::GreaterOrEqual, least),
            subject.binary(BinaryOp::LessOrEqual, greatest),
        ]))
    }

    /// `relative: "last 7 days"`: from the first day or instant, up to the one just after.
    fn period(&mut self, subject: &Subject, json: &Json) -> Option<Expr> {
        let Some(period) = json.as_str().and_then(Period::parse) else {
            let code = if json.is_null() { code::NULL } else { code::VALUE };
            let problem = self
                .problem(code, format!("{} is not a period", shape(json)))
                .expected(Period::FORMS)
                .found(shape(json));
            self.problems.push(problem);
            return None;
        };
        let ty = subject.expr.ty.clone();
        let instants = ty == Type::DateTime;
        let (from, to) = if let Values::Slots { moment, .. } = self.values {
            let (zone, (first, after)) = (moment.zone, period.days(moment.today()));
            let value = |day| if instants { Value::DateTime(day_start(day, zone)) } else { Value::Date(day) };
            (self.put(value(first), &ty)?, self.put(value(after), &ty)?)
        } else {
            let (from, to) = if instants {
                (Function::InstantFrom, Function::InstantTo)
            } else {
                (Function::DateFrom, Function::DateTo)
            };
            let text = typed(Node::Literal(Value::Text(period.to_string())), &Type::Text);
            let call = |function| typed(Node::Call(function, vec![text.clone()]), &ty);
            (call(from), call(to))
        };
        Some(Expr::all(vec![
            subject.binary(BinaryOp::GreaterOrEqual, from),
            subject.binary(BinaryOp::Less, to),
        ]))
    }

    /// A value in its place: the next slot, or the tree.
    pub(super) fn put(&mut self, value: Value, ty: &Type) -> Option<Expr> {
        let node = match self.values {
            Values::Inline | Values::Acting => Node::Literal(value),
            Values::Slots { values, .. } => {
                if let Ok(slot) = Slot::try_from(values.len()) {
                    values.push(value);
                    Node::Slot(slot)
                } else {
                    let problem = self.problem(code::LIMIT, "the request has too many values");
                    self.problems.push(problem);
                    return None;
                }
            }
        };
        Some(typed(node, ty))
    }
}

pub(super) fn typed(node: Node, ty: &Type) -> Expr {
    Expr { node, ty: ty.clone(), span: Span::default() }
}

/// Whether the operator compares whole values, so that a text must be one of the choices.
fn is_exact(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::Ne
            | Operator::In
            | Operator::NotIn
            | Operator::Has
            | Operator::HasAny
            | Operator::HasAll
    )
}
