//! How types come together. Ints become decimals or floats by an explicit call in the tree; literals take the type they stand beside
//! (texts become dates, instants, durations and ids; ints and decimals become floats); everything else is asked for.

use rust_decimal::prelude::ToPrimitive;

use super::Checker;
use crate::decimal;
use crate::function::Function;
use crate::problem::{Problem, code, did_you_mean};
use crate::tree::{Expr, FieldPath, Node, Span};
use crate::types::Type;
use crate::value::Value;

/// Why an expression cannot take a type.
enum Refusal {
    /// Its type does not go over.
    Type,
    /// It is a literal that does not read as a value of the type.
    Value(Problem),
}

impl Checker<'_> {
    /// Gives the expression the type, or notes why that cannot be.
    pub fn coerce(&mut self, expr: Expr, to: &Type) -> Option<Expr> {
        let (span, from) = (expr.span, expr.ty.clone());
        match coerced(expr, to) {
            Ok(expr) => Some(expr),
            Err(Refusal::Value(problem)) => {
                self.note(problem);
                None
            }
            Err(Refusal::Type) => {
                self.note(mismatch(span, to, &from));
                None
            }
        }
    }

    /// Brings two expressions to one type, or notes why they do not go together.
    pub fn unify(&mut self, a: Expr, b: Expr, span: Span) -> Option<(Expr, Expr)> {
        let refused = match unified(a, b) {
            Ok(pair) => return Some(pair),
            Err(refused) => *refused,
        };
        self.note(match refused {
            Refused { refusal: Refusal::Value(problem), .. } => problem,
            Refused { refusal: Refusal::Type, a, b } => {
                Problem::new(code::TYPE, span, format!("{a} and {b} do not go together"))
                    .found(format!("{a} and {b}"))
                    .hint(conversion(&a, &b).or_else(|| conversion(&b, &a)))
            }
        });
        None
    }

    /// Notes a literal text that is none of the choices of the field it is compared with.
    pub fn check_choice(&mut self, field: &Expr, literal: &Expr) {
        let Node::Literal(Value::Text(text)) = &literal.node else { return };
        let Some(choices) = self.choices(field) else { return };
        if choices.iter().any(|choice| **choice == **text) {
            return;
        }
        let legal = choices.iter().map(AsRef::as_ref);
        let hint = did_you_mean(text, legal.clone());
        let shown = super::path::listed(legal.take(20));
        self.note(
            Problem::new(code::UNKNOWN_CHOICE, literal.span, format!("`{text}` is not one of the choices"))
                .expected(shown)
                .found(text)
                .hint(hint),
        );
    }
}

struct Refused {
    refusal: Refusal,
    a: Type,
    b: Type,
}

/// The expression with that type, where it goes over; for trying signatures.
pub fn try_coerce(expr: Expr, to: &Type) -> Option<Expr> {
    coerced(expr, to).ok()
}

fn coerced(expr: Expr, to: &Type) -> Result<Expr, Refusal> {
    let span = expr.span;
    let typed = |node: Node| Ok(Expr { node, ty: to.clone(), span });
    match (expr.node, &expr.ty, to) {
        (Node::Literal(Value::Null), _, _) => typed(Node::Literal(Value::Null)),
        (Node::Literal(Value::List(_)), _, _) => Err(Refusal::Type),
        (Node::Literal(Value::Int(v)), Type::Int, Type::Decimal) => {
            match decimal::from_millionths(i128::from(v) * i128::from(decimal::SCALE)) {
                Some(number) => typed(Node::Literal(Value::Decimal(number))),
                None => Err(Refusal::Value(out_of_range(span))),
            }
        }
        (Node::Literal(Value::Int(v)), Type::Int, Type::Float) =>
        {
            #[expect(clippy::cast_precision_loss, reason = "the nearest float is what `float` means")]
            typed(Node::Literal(Value::Float(v as f64)))
        }
        (Node::Literal(Value::Decimal(v)), Type::Decimal, Type::Float) => match v.to_f64() {
            Some(number) => typed(Node::Literal(Value::Float(number))),
            None => Err(Refusal::Value(out_of_range(span))),
        },
        (Node::Literal(Value::Text(text)), Type::Text, Type::Record(_)) => {
            Ok(Expr { node: Node::Literal(read_text(&Type::Id, &text, span)?), ty: Type::Id, span })
        }
        (
            Node::Literal(Value::Text(text)),
            Type::Text,
            Type::Date | Type::Time | Type::DateTime | Type::Duration | Type::Id,
        ) => typed(Node::Literal(read_text(to, &text, span)?)),
        (node, from, to) if from == to => typed(node),
        (Node::If(condition, then, other), _, _) => {
            let (then, other) = (coerced(*then, to)?, coerced(*other, to)?);
            typed(Node::If(condition, Box::new(then), Box::new(other)))
        }
        (Node::Coalesce(first, second), _, _) => {
            let (first, second) = (coerced(*first, to)?, coerced(*second, to)?);
            typed(Node::Coalesce(Box::new(first), Box::new(second)))
        }
        (node, Type::Int, Type::Decimal) => typed(call(Function::Decimal, node, Type::Int, span)),
        (node, Type::Int, Type::Float) => typed(call(Function::Float, node, Type::Int, span)),
        (Node::Field(path), Type::Record(_), Type::Id) => typed(Node::Field(id_of(path))),
        (node, Type::Id, Type::Record(_)) => Ok(Expr { node, ty: Type::Id, span }),
        _ => Err(Refusal::Type),
    }
}

fn unified(a: Expr, b: Expr) -> Result<(Expr, Expr), Box<Refused>> {
    let (ta, tb) = (a.ty.clone(), b.ty.clone());
    let common = match (&ta, &tb) {
        // Records are compared by their ids, and only records of one object.
        (Type::Record(x), Type::Record(y)) if x == y => Type::Id,
        (Type::Record(_), Type::Id | Type::Text | Type::Null)
        | (Type::Id | Type::Text | Type::Null, Type::Record(_)) => Type::Id,
        (x, y) if x == y => return Ok((a, b)),
        (Type::Decimal, Type::Float) | (Type::Float, Type::Decimal) => Type::Float,
        (Type::Null, other) => other.clone(),
        (_, Type::Null) => ta.clone(),
        (Type::Int, other @ (Type::Decimal | Type::Float))
        | (other @ (Type::Decimal | Type::Float), Type::Int)
        | (Type::Text, other)
        | (other, Type::Text) => other.clone(),
        _ => return Err(Box::new(Refused { refusal: Refusal::Type, a: ta, b: tb })),
    };
    let refuse = |refusal| Box::new(Refused { refusal, a: ta.clone(), b: tb.clone() });
    let a = coerced(a, &common).map_err(refuse)?;
    let b = coerced(b, &common).map_err(refuse)?;
    Ok((a, b))
}

fn read_text(to: &Type, text: &str, span: Span) -> Result<Value, Refusal> {
    Value::parse(to, text).map_err(|bad| {
        Refusal::Value(
            Problem::new(code::VALUE, span, bad.to_string()).expected(bad.expected).found(bad.found),
        )
    })
}

fn call(function: Function, node: Node, ty: Type, span: Span) -> Node {
    Node::Call(function, vec![Expr { node, ty, span }])
}

/// The path to the id of the record that the path leads to.
fn id_of(path: FieldPath) -> FieldPath {
    if path.steps.last().is_some_and(|step| &**step == "id") { path } else { path.then("id".into()) }
}

fn out_of_range(span: Span) -> Problem {
    Problem::new(code::VALUE, span, "the number is out of range").expected("decimals are smaller than 9.2e12")
}

fn mismatch(span: Span, to: &Type, from: &Type) -> Problem {
    Problem::new(code::TYPE, span, format!("expected {to}, found {from}"))
        .expected(to.to_string())
        .found(from.to_string())
        .hint(conversion(from, to))
}

/// How to get from one type to the other, where there is a way.
fn conversion(from: &Type, to: &Type) -> Option<String> {
    let text = match (from, to) {
        (Type::Decimal, Type::Int) => "use `round(x)`, `floor(x)` or `int(x)`: `int(round(x))`",
        (Type::Float, Type::Int) => "use `int(x)`",
        (Type::Float, Type::Decimal) | (Type::Decimal, Type::Float) => "use `decimal(x)` or `float(x)`",
        (Type::Int | Type::Decimal | Type::Bool | Type::Date | Type::DateTime, Type::Text) => "use `text(x)`",
        (Type::DateTime, Type::Date) => "use `date(x)`",
        (_, Type::Bool) => "compare it: `x == …` or `x != null`",
        _ => return None,
    };
    Some(text.to_owned())
}
