//! From an unchecked tree to a typed one. Every problem is noted and checking goes on, so that an author sees them all at once.

mod calls;
mod coerce;
mod operators;
mod path;

use std::sync::Arc;

use crate::problem::{Problem, code};
use crate::scope::Scope;
use crate::syntax::{Ast, Kind};
use crate::tree::{Expr, Node, Span};
use crate::types::Type;
use crate::value::Value;

pub use calls::is_pattern;
pub use path::listed;

/// Checks a tree over records of `object`.
pub fn check(
    ast: Ast,
    scope: &dyn Scope,
    object: &str,
    expected: Option<&Type>,
) -> Result<Expr, Vec<Problem>> {
    let mut checker = Checker { scope, object: Arc::from(object), related: false, problems: Vec::new() };
    let expr = checker.expr(ast);
    let expr = match (expr, expected) {
        (Some(expr), Some(ty)) => checker.coerce(expr, ty),
        (expr, _) => expr,
    };
    if let Some(expr) = &expr {
        checker.months_stand_alone(expr);
    }
    match expr {
        Some(expr) if checker.problems.is_empty() => Ok(expr),
        _ => Err(checker.problems),
    }
}

/// The state of a check.
pub struct Checker<'a> {
    scope: &'a dyn Scope,
    /// The object whose fields `record` has here.
    object: Arc<str>,
    /// Whether `record` is a related record.
    related: bool,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Checks one node; `None` when something in it was noted.
    fn expr(&mut self, ast: Ast) -> Option<Expr> {
        let span = ast.span;
        match ast.kind {
            Kind::Int(digits) => self.literal(&Type::Int, &digits, span),
            Kind::Decimal(text) => self.literal(&Type::Decimal, &text, span),
            Kind::Float(number) => Some(literal(Value::Float(number + 0.0), Type::Float, span)),
            Kind::Text(text) => Some(literal(Value::Text(text), Type::Text, span)),
            Kind::Bool(value) => Some(literal(Value::Bool(value), Type::Bool, span)),
            Kind::Null => Some(literal(Value::Null, Type::Null, span)),
            Kind::Path(steps) => self.path_value(&steps, span),
            Kind::Call(name, name_span, arguments) => self.call(&name, name_span, arguments, span),
            Kind::List(_) => {
                self.note(Problem::new(
                    code::TYPE,
                    span,
                    "a list stands only behind `in` and in `hasAny` and `hasAll`",
                ));
                None
            }
            Kind::Not(inner) => {
                let inner = self.condition(*inner)?;
                Some(bool_expr(Node::Not(Box::new(inner)), span))
            }
            Kind::Negate(inner) => self.negate(*inner, span),
            Kind::And(items) => self.conditions(items).map(|items| Expr { span, ..Expr::all(items) }),
            Kind::Or(items) => self.conditions(items).map(|items| Expr { span, ..Expr::any(items) }),
            Kind::Binary(op, a, b) => self.binary(op, *a, *b, span),
            Kind::In(a, b) => self.is_in(*a, *b, span),
            Kind::Coalesce(a, b) => {
                let (a, b) = (self.expr(*a), self.expr(*b));
                let (a, b) = self.unify(a?, b?, span)?;
                let ty = a.ty.clone();
                Some(Expr { node: Node::Coalesce(Box::new(a), Box::new(b)), ty, span })
            }
            Kind::If(condition, then, other) => {
                let (condition, then, other) =
                    (self.condition(*condition), self.expr(*then), self.expr(*other));
                let (then, other) = self.unify(then?, other?, span)?;
                let ty = then.ty.clone();
                Some(Expr { node: Node::If(Box::new(condition?), Box::new(then), Box::new(other)), ty, span })
            }
        }
    }

    fn literal(&mut self, ty: &Type, text: &str, span: Span) -> Option<Expr> {
        match Value::parse(ty, text) {
            Ok(value) => Some(literal(value, ty.clone(), span)),
            Err(bad) => {
                self.note(
                    Problem::new(code::VALUE, span, bad.to_string()).expected(bad.expected).found(bad.found),
                );
                None
            }
        }
    }

    /// Checks something that must be a condition.
    fn condition(&mut self, ast: Ast) -> Option<Expr> {
        let expr = self.expr(ast)?;
        self.coerce(expr, &Type::Bool)
    }

    fn conditions(&mut self, items: Vec<Ast>) -> Option<Vec<Expr>> {
        let checked: Vec<Option<Expr>> = items.into_iter().map(|item| self.condition(item)).collect();
        checked.into_iter().collect()
    }

    /// Durations with months only serve to move days, where the checker replaces them; any that is left is a mistake.
    fn months_stand_alone(&mut self, expr: &Expr) {
        if let Node::Literal(Value::Duration(duration)) = &expr.node
            && duration.months != 0
        {
            self.note(
                Problem::new(code::TYPE, expr.span, "months have no fixed length")
                    .found(duration.to_string())
                    .hint(Some("move days with them: `addMonths(date, n)`, `date + \"3mo\"`".to_owned())),
            );
        }
        expr.children().for_each(|child| self.months_stand_alone(child));
    }
}

fn literal(value: Value, ty: Type, span: Span) -> Expr {
    Expr { node: Node::Literal(value), ty, span }
}

fn bool_expr(node: Node, span: Span) -> Expr {
    Expr { node, ty: Type::Bool, span }
}
