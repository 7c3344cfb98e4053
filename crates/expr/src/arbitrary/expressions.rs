//! Random well-typed expressions, in the form in which the checker leaves them: what is printed parses to the same tree.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::values::values;
use super::{Known, Vocabulary};
use crate::function::Function;
use crate::tree::{BinaryOp, Expr, FieldPath, ListOp, Node, Quantifier, Root, Span, TextOp};
use crate::types::Type;
use crate::value::Value;

type Exprs = BoxedStrategy<Expr>;

/// Expressions of a type over `record`, so many levels deep at most.
pub fn expressions(words: &Arc<Vocabulary>, ty: &Type, depth: u32) -> BoxedStrategy<Expr> {
    let leaf = leaves(words, ty);
    let Some(below) = depth.checked_sub(1) else { return leaf };
    let same = || expressions(words, ty, below);
    let of = |other: Type| expressions(words, &other, below);
    let mut options: Vec<(u32, Exprs)> = vec![(2, leaf)];
    match ty {
        Type::Bool => options.extend(conditions(words, below)),
        Type::Int => options.extend(ints(words, below)),
        Type::Decimal => options.extend([
            (4, binary(&ARITHMETIC, &same(), &same(), ty)),
            (1, negated(same(), ty)),
            (1, call(Function::Decimal, vec![of(Type::Int)], ty)),
            (1, call(Function::Decimal, vec![of(Type::Float)], ty)),
            (1, call(Function::Abs, vec![same()], ty)),
            (2, call(Function::Round, vec![same(), digits()], ty)),
            (1, extremes(&same(), ty)),
        ]),
        Type::Float => options.extend([
            (3, binary(&FLOATING, &same(), &same(), ty)),
            (1, negated(same(), ty)),
            (1, call(Function::Float, vec![of(Type::Int)], ty)),
            (1, call(Function::Float, vec![of(Type::Decimal)], ty)),
            (1, call(Function::Abs, vec![same()], ty)),
            (1, extremes(&same(), ty)),
        ]),
        Type::Text => options.extend(texts(words, below)),
        Type::Date => {
            let starts = [
                Function::StartOfWeek,
                Function::StartOfMonth,
                Function::StartOfQuarter,
                Function::StartOfYear,
            ];
            options.extend([
                (2, call(Function::AddDays, vec![same(), of(Type::Int)], ty)),
                (2, call(Function::AddMonths, vec![same(), of(Type::Int)], ty)),
                (2, Union::new(starts.map(|function| call(function, vec![same()], ty))).boxed()),
                (1, call(Function::Date, vec![of(Type::DateTime)], ty)),
                (1, call(Function::Today, vec![], ty)),
                (1, extremes(&same(), ty)),
            ]);
        }
        Type::DateTime => options.extend([
            (2, binary(&[BinaryOp::Add, BinaryOp::Subtract], &same(), &leaves(words, &Type::Duration), ty)),
            (1, call(Function::Now, vec![], ty)),
            (1, extremes(&same(), ty)),
        ]),
        Type::Null
        | Type::Time
        | Type::Duration
        | Type::Id
        | Type::Json
        | Type::List(_)
        | Type::Record(_) => {}
    }
    options.push((1, chosen(of(Type::Bool), same(), same(), ty)));
    options.push((1, coalesced(same(), same(), ty)));
    Union::new_weighted(options).boxed()
}

const ARITHMETIC: [BinaryOp; 5] =
    [BinaryOp::Add, BinaryOp::Subtract, BinaryOp::Multiply, BinaryOp::Divide, BinaryOp::Remainder];
const FLOATING: [BinaryOp; 4] = [BinaryOp::Add, BinaryOp::Subtract, BinaryOp::Multiply, BinaryOp::Divide];
const WHOLE: [BinaryOp; 4] = [BinaryOp::Add, BinaryOp::Subtract, BinaryOp::Multiply, BinaryOp::Remainder];
const EQUALITY: [BinaryOp; 3] = [BinaryOp::Equal, BinaryOp::NotEqual, BinaryOp::Different];
const COMPARISON: [BinaryOp; 7] = [
    BinaryOp::Equal,
    BinaryOp::NotEqual,
    BinaryOp::Different,
    BinaryOp::Less,
    BinaryOp::LessOrEqual,
    BinaryOp::Greater,
    BinaryOp::GreaterOrEqual,
];

fn typed(node: Node, ty: &Type) -> Expr {
    Expr { node, ty: ty.clone(), span: Span::default() }
}

fn path(steps: &[Arc<str>]) -> FieldPath {
    FieldPath { root: Root::Record, steps: steps.to_vec() }
}

fn field(known: &Known) -> Expr {
    typed(Node::Field(path(&known.steps)), &known.ty)
}

fn literals(ty: &Type) -> Exprs {
    let ty = ty.clone();
    values(&ty, None).prop_map(move |value| typed(Node::Literal(value), &ty)).boxed()
}

/// Fields and literals. Fields with choices are left to [`conditions`], because they are compared with their choices only.
fn leaves(words: &Vocabulary, ty: &Type) -> Exprs {
    let fields: Vec<Expr> =
        words.fields.iter().filter(|known| known.ty == *ty && known.choices.is_none()).map(field).collect();
    if fields.is_empty() { literals(ty) } else { prop_oneof![3 => select(fields), 1 => literals(ty)].boxed() }
}

fn binary(ops: &[BinaryOp], a: &Exprs, b: &Exprs, ty: &Type) -> Exprs {
    let ty = ty.clone();
    (select(ops.to_vec()), a.clone(), b.clone())
        .prop_map(move |(op, a, b)| typed(Node::Binary(op, Box::new(a), Box::new(b)), &ty))
        .boxed()
}

/// Numbers with their sign are literals of their own.
fn negated(of: Exprs, ty: &Type) -> Exprs {
    let ty = ty.clone();
    of.prop_map(move |inner| match inner.node {
        Node::Literal(_) => inner,
        _ => typed(Node::Negate(Box::new(inner)), &ty),
    })
    .boxed()
}

fn call(function: Function, arguments: Vec<Exprs>, ty: &Type) -> Exprs {
    let ty = ty.clone();
    arguments.prop_map(move |arguments| typed(Node::Call(function, arguments), &ty)).boxed()
}

fn extremes(of: &Exprs, ty: &Type) -> Exprs {
    let ty = ty.clone();
    (select(vec![Function::Min, Function::Max]), proptest::collection::vec(of.clone(), 2..4))
        .prop_map(move |(function, arguments)| typed(Node::Call(function, arguments), &ty))
        .boxed()
}

fn chosen(condition: Exprs, then: Exprs, other: Exprs, ty: &Type) -> Exprs {
    let ty = ty.clone();
    (condition, then, proptest::option::weighted(0.8, other))
        .prop_map(move |(condition, then, other)| {
            let other = other.unwrap_or_else(|| typed(Node::Literal(Value::Null), &ty));
            typed(Node::If(Box::new(condition), Box::new(then), Box::new(other)), &ty)
        })
        .boxed()
}

fn coalesced(first: Exprs, second: Exprs, ty: &Type) -> Exprs {
    let ty = ty.clone();
    (first, second)
        .prop_map(move |(first, second)| typed(Node::Coalesce(Box::new(first), Box::new(second)), &ty))
        .boxed()
}

fn digits() -> Exprs {
    (0..=6i64).prop_map(|digits| typed(Node::Literal(Value::Int(digits)), &Type::Int)).boxed()
}

fn ints(words: &Arc<Vocabulary>, below: u32) -> Vec<(u32, Exprs)> {
    let ty = &Type::Int;
    let of = |other: Type| expressions(words, &other, below);
    let parts = [Function::Year, Function::Month, Function::Day, Function::Weekday];
    let spans = [Function::Days, Function::Months, Function::Years];
    let cuts = [Function::Floor, Function::Ceil, Function::Int];
    let mut options = vec![
        (4, binary(&WHOLE, &of(Type::Int), &of(Type::Int), ty)),
        (1, negated(of(Type::Int), ty)),
        (1, call(Function::Abs, vec![of(Type::Int)], ty)),
        (1, call(Function::Len, vec![of(Type::Text)], ty)),
        (2, Union::new(parts.map(|function| call(function, vec![of(Type::Date)], ty))).boxed()),
        (
            2,
            Union::new(spans.map(|function| call(function, vec![of(Type::Date), of(Type::Date)], ty)))
                .boxed(),
        ),
        (1, call(Function::Days, vec![of(Type::DateTime), of(Type::DateTime)], ty)),
        (1, call(Function::Hours, vec![of(Type::DateTime), of(Type::DateTime)], ty)),
        (2, Union::new(cuts.map(|function| call(function, vec![of(Type::Decimal)], ty))).boxed()),
        (1, call(Function::Int, vec![of(Type::Float)], ty)),
        (1, extremes(&of(Type::Int), ty)),
    ];
    options.extend(words.many.iter().map(|(steps, related)| {
        let relation = path(steps);
        let condition = proptest::option::of(expressions(related, &Type::Bool, below));
        let counted = condition.prop_map(move |condition| {
            typed(Node::Count { relation: relation.clone(), condition: condition.map(Box::new) }, &Type::Int)
        });
        (2, counted.boxed())
    }));
    options
}

fn texts(words: &Arc<Vocabulary>, below: u32) -> Vec<(u32, Exprs)> {
    let ty = &Type::Text;
    let of = |other: Type| expressions(words, &other, below);
    let plain = [Function::Lower, Function::Upper, Function::Trim];
    let shown = [Type::Int, Type::Decimal, Type::Bool, Type::Date, Type::DateTime];
    vec![
        (2, binary(&[BinaryOp::Add], &of(Type::Text), &of(Type::Text), ty)),
        (2, Union::new(plain.map(|function| call(function, vec![of(Type::Text)], ty))).boxed()),
        (2, Union::new(shown.map(|other| call(Function::Text, vec![of(other)], ty))).boxed()),
        (1, call(Function::Substring, vec![of(Type::Text), of(Type::Int), of(Type::Int)], ty)),
        (1, call(Function::Replace, vec![of(Type::Text), of(Type::Text), of(Type::Text)], ty)),
    ]
}

fn conditions(words: &Arc<Vocabulary>, below: u32) -> Vec<(u32, Exprs)> {
    let ty = &Type::Bool;
    let of = |other: Type| expressions(words, &other, below);
    let truth = || of(Type::Bool);
    let ordered = [
        Type::Int,
        Type::Decimal,
        Type::Float,
        Type::Text,
        Type::Date,
        Type::Time,
        Type::DateTime,
        Type::Duration,
    ];
    let several = || proptest::collection::vec(truth(), 2..4);
    let mut options = vec![
        (
            6,
            Union::new(ordered.clone().map(|other| binary(&COMPARISON, &of(other.clone()), &of(other), ty)))
                .boxed(),
        ),
        (1, binary(&EQUALITY, &truth(), &truth(), ty)),
        (2, several().prop_map(Expr::all).boxed()),
        (2, several().prop_map(Expr::any).boxed()),
        (2, truth().prop_map(Expr::negation).boxed()),
        (2, Union::new(ordered.clone().map(|other| of(other).prop_map(Expr::is_null))).boxed()),
        (2, Union::new(ordered.map(|other| listed(words, &other, below))).boxed()),
        (2, matched(words, below)),
        (1, call(Function::IsBlank, vec![of(Type::Text)], ty)),
    ];
    if !words.relations.is_empty() {
        let tests: Vec<Expr> = words.relations.iter().map(|known| Expr::is_null(field(known))).collect();
        options.push((1, select(tests).boxed()));
    }
    options.extend(words.fields.iter().filter_map(|known| choice_or_list(known).map(|exprs| (1, exprs))));
    options.extend(words.many.iter().map(|(steps, related)| {
        let relation = path(steps);
        let quantifiers = select(vec![Quantifier::Some, Quantifier::Every, Quantifier::None]);
        let exists = (quantifiers, proptest::option::weighted(0.8, expressions(related, &Type::Bool, below)))
            .prop_map(move |(quantifier, condition)| {
                let condition = condition.map(Box::new);
                Expr::condition(Node::Exists { quantifier, relation: relation.clone(), condition })
            });
        (3, exists.boxed())
    }));
    options
}

fn listed(words: &Arc<Vocabulary>, ty: &Type, below: u32) -> Exprs {
    let list = Type::List(Box::new(ty.clone()));
    (expressions(words, ty, below), proptest::collection::vec(literals(ty), 0..4))
        .prop_map(move |(subject, items)| {
            Expr::condition(Node::In(Box::new(subject), Box::new(typed(Node::List(items), &list))))
        })
        .boxed()
}

fn matched(words: &Arc<Vocabulary>, below: u32) -> Exprs {
    let subject = || expressions(words, &Type::Text, below);
    let literal =
        (select(vec![TextOp::Contains, TextOp::StartsWith, TextOp::EndsWith]), subject(), subject());
    let patterns =
        select(vec!["", "%", "a%", "%b", "_", "__%", "a\\%b", "%中%", "Ä%", "%é_", "100\\%", "a\\\\b"]);
    let pattern =
        (select(vec![TextOp::Like, TextOp::ILike]), subject(), patterns).prop_map(|(op, subject, text)| {
            (op, subject, typed(Node::Literal(Value::Text(text.to_owned())), &Type::Text))
        });
    prop_oneof![literal, pattern]
        .prop_map(|(op, subject, pattern)| {
            Expr::condition(Node::Text(op, Box::new(subject), Box::new(pattern)))
        })
        .boxed()
}

/// Tests of a field with choices, or of a list.
fn choice_or_list(known: &Known) -> Option<Exprs> {
    let own = field(known);
    match (&known.ty, &known.choices) {
        (Type::List(of), choices) => {
            let of = (**of).clone();
            let values = values(&of, choices.as_deref());
            let ops = select(vec![ListOp::Has, ListOp::HasAny, ListOp::HasAll, ListOp::IsEmpty]);
            let tests = (ops, proptest::collection::vec(values, 1..4)).prop_map(move |(op, values)| {
                let mut items = values.into_iter().map(|value| typed(Node::Literal(value), &of));
                let operand = match op {
                    ListOp::IsEmpty => None,
                    ListOp::Has => items.next().map(Box::new),
                    ListOp::HasAny | ListOp::HasAll => {
                        let list = Type::List(Box::new(of.clone()));
                        Some(Box::new(typed(Node::List(items.collect()), &list)))
                    }
                };
                Expr::condition(Node::ListTest(op, Box::new(own.clone()), operand))
            });
            Some(tests.boxed())
        }
        (ty, Some(choices)) => {
            let ty = ty.clone();
            let tests =
                (select(COMPARISON.to_vec()), values(&ty, Some(choices))).prop_map(move |(op, value)| {
                    let value = typed(Node::Literal(value), &ty);
                    Expr::condition(Node::Binary(op, Box::new(own.clone()), Box::new(value)))
                });
            Some(tests.boxed())
        }
        (_, None) => None,
    }
}
