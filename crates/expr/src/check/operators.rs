//! Comparison, arithmetic, and what dates and durations do with each other.

use super::{Checker, bool_expr, literal};
use crate::duration::Duration;
use crate::function::Function;
use crate::problem::{Problem, code};
use crate::syntax::{Ast, Kind};
use crate::tree::{BinaryOp, Expr, ListOp, Node, Span};
use crate::types::Type;
use crate::value::Value;

const DAY: i64 = 86_400_000_000;

impl Checker<'_> {
    pub(super) fn negate(&mut self, inner: Ast, span: Span) -> Option<Expr> {
        let inner = self.expr(inner)?;
        if !inner.ty.is_numeric() {
            self.note(
                Problem::new(code::TYPE, span, format!("{} cannot be negated", inner.ty))
                    .expected("a number"),
            );
            return None;
        }
        let ty = inner.ty.clone();
        Some(Expr { node: Node::Negate(Box::new(inner)), ty, span })
    }

    pub(super) fn binary(&mut self, op: BinaryOp, a: Ast, b: Ast, span: Span) -> Option<Expr> {
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => self.equality(op, a, b, span),
            BinaryOp::Different
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual => {
                let (a, b) = (self.expr(a), self.expr(b));
                self.comparison(op, a?, b?, span)
            }
            BinaryOp::Add | BinaryOp::Subtract => {
                let (a, b) = (self.expr(a), self.expr(b));
                let (a, b) = (a?, b?);
                match a.ty {
                    Type::Date => self.move_date(op, a, b, span),
                    Type::DateTime => self.move_instant(op, a, b, span),
                    Type::Text if op == BinaryOp::Add => self.concatenation(a, b, span),
                    _ => self.arithmetic(op, a, b, span),
                }
            }
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
                let (a, b) = (self.expr(a), self.expr(b));
                self.arithmetic(op, a?, b?, span)
            }
        }
    }

    /// `==` and `!=`; beside `null` they ask whether something is null, also of what has no value of its own.
    fn equality(&mut self, op: BinaryOp, a: Ast, b: Ast, span: Span) -> Option<Expr> {
        let negated = op == BinaryOp::NotEqual;
        let not = |expr: Expr| if negated { bool_expr(Node::Not(Box::new(expr)), span) } else { expr };
        match (&a.kind, &b.kind) {
            (Kind::Path(steps), Kind::Null) => {
                self.path_is_null(steps, a.span).map(|e| not(Expr { span, ..e }))
            }
            (Kind::Null, Kind::Path(steps)) => {
                self.path_is_null(steps, b.span).map(|e| not(Expr { span, ..e }))
            }
            _ => {
                let (a, b) = (self.expr(a), self.expr(b));
                let (a, b) = (a?, b?);
                let is_null = |expr| bool_expr(Node::IsNull(Box::new(expr)), span);
                match (&a.node, &b.node) {
                    (_, Node::Literal(Value::Null)) => Some(not(is_null(a))),
                    (Node::Literal(Value::Null), _) => Some(not(is_null(b))),
                    _ => self.comparison(op, a, b, span),
                }
            }
        }
    }

    /// A comparison of two checked operands.
    pub(super) fn comparison(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> Option<Expr> {
        self.check_choice(&a, &b);
        self.check_choice(&b, &a);
        let (a, b) = self.unify(a, b, span)?;
        let ordering = match op {
            BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => true,
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Different
            | BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Remainder => false,
        };
        let (can_order, can_compare) = match &a.ty {
            Type::Int
            | Type::Decimal
            | Type::Float
            | Type::Text
            | Type::Date
            | Type::Time
            | Type::DateTime
            | Type::Duration => (true, true),
            Type::Bool | Type::Id | Type::Record(_) => (false, true),
            Type::Json | Type::List(_) | Type::Null => (false, false),
        };
        if ordering && !can_order {
            self.note(
                Problem::new(code::TYPE, span, format!("{} has no order", a.ty)).found(a.ty.to_string()),
            );
            return None;
        }
        if !can_compare {
            self.note(
                Problem::new(code::TYPE, span, format!("{} is not compared as a whole", a.ty))
                    .found(a.ty.to_string())
                    .hint(Some(
                        "compare with null, or use `has`, `hasAny`, `hasAll`, `isEmpty` on lists".to_owned(),
                    )),
            );
            return None;
        }
        Some(bool_expr(Node::Binary(op, Box::new(a), Box::new(b)), span))
    }

    fn concatenation(&mut self, a: Expr, b: Expr, span: Span) -> Option<Expr> {
        let b = self.coerce(b, &Type::Text)?;
        Some(Expr { node: Node::Binary(BinaryOp::Add, Box::new(a), Box::new(b)), ty: Type::Text, span })
    }

    fn arithmetic(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> Option<Expr> {
        for side in [&a, &b] {
            if !side.ty.is_numeric() && side.ty != Type::Null {
                let hint = match (&a.ty, &b.ty) {
                    (_, Type::Text) | (Type::Text, _) => Some("numbers become text by `text(x)`"),
                    (Type::Duration, _) => Some("write the date or instant first"),
                    _ => None,
                };
                let problem = Problem::new(code::TYPE, side.span, format!("{} is not a number", side.ty));
                self.note(
                    problem.expected("a number").found(side.ty.to_string()).hint(hint.map(str::to_owned)),
                );
                return None;
            }
        }
        let (mut a, mut b) = self.unify(a, b, span)?;
        if a.ty == Type::Null || (op == BinaryOp::Divide && a.ty == Type::Int) {
            a = self.coerce(a, &Type::Decimal)?;
            b = self.coerce(b, &Type::Decimal)?;
        }
        if op == BinaryOp::Remainder && a.ty == Type::Float {
            self.note(
                Problem::new(code::TYPE, span, "floats have no remainder")
                    .hint(Some("use `decimal(x)`".to_owned())),
            );
            return None;
        }
        let ty = a.ty.clone();
        Some(Expr { node: Node::Binary(op, Box::new(a), Box::new(b)), ty, span })
    }

    /// A day and a literal length: calls of `addMonths` and `addDays` in the tree.
    fn move_date(&mut self, op: BinaryOp, date: Expr, by: Expr, span: Span) -> Option<Expr> {
        if by.ty == Type::Date {
            self.note(
                Problem::new(code::TYPE, span, "two dates are not subtracted or added")
                    .hint(Some("the days between them are `days(from, to)`".to_owned())),
            );
            return None;
        }
        let by = self.coerce(by, &Type::Duration)?;
        let Node::Literal(Value::Duration(length)) = by.node else {
            self.note(
                Problem::new(code::TYPE, by.span, "a date moves by whole days or months")
                    .expected("a literal such as `\"7d\"` or `\"3mo\"`")
                    .hint(Some("use `addDays(date, n)` or `addMonths(date, n)`".to_owned())),
            );
            return None;
        };
        let length = if op == BinaryOp::Subtract { length.negated() } else { Some(length) };
        let Some(length) = length.filter(|length| length.micros % DAY == 0) else {
            self.note(
                Problem::new(code::TYPE, by.span, "a date moves by whole days or months").found("hours"),
            );
            return None;
        };
        let moved = |function, date: Expr, n: i64| Expr {
            node: Node::Call(function, vec![date, literal(Value::Int(n), Type::Int, by.span)]),
            ty: Type::Date,
            span,
        };
        let Duration { months, micros } = length;
        let date = if months == 0 { date } else { moved(Function::AddMonths, date, i64::from(months)) };
        let only_months = months != 0 && micros == 0;
        Some(if only_months { date } else { moved(Function::AddDays, date, micros / DAY) })
    }

    fn move_instant(&mut self, op: BinaryOp, instant: Expr, by: Expr, span: Span) -> Option<Expr> {
        if by.ty == Type::DateTime {
            self.note(
                Problem::new(code::TYPE, span, "two instants are not subtracted or added")
                    .hint(Some("use `days(from, to)` or `hours(from, to)`".to_owned())),
            );
            return None;
        }
        let by = self.coerce(by, &Type::Duration)?;
        Some(Expr { node: Node::Binary(op, Box::new(instant), Box::new(by)), ty: Type::DateTime, span })
    }

    /// `a in [b, c]`, and `a in record.tags`.
    pub(super) fn is_in(&mut self, a: Ast, b: Ast, span: Span) -> Option<Expr> {
        let subject = self.expr(a);
        if let Kind::List(items) = b.kind {
            let (subject, list) = self.list_for(subject?, items, b.span)?;
            return Some(bool_expr(Node::In(Box::new(subject), Box::new(list)), span));
        }
        let list = self.expr(b);
        let (subject, list) = (subject?, list?);
        if let Type::List(of) = &list.ty {
            self.check_choice(&list, &subject);
            let subject = self.coerce(subject, &of.clone())?;
            let node = Node::ListTest(ListOp::Has, Box::new(list), Some(Box::new(subject)));
            return Some(bool_expr(node, span));
        }
        self.note(
            Problem::new(code::TYPE, list.span, format!("expected a list, found {}", list.ty))
                .expected("a list such as `[\"a\", \"b\"]`, or a field that is a list")
                .found(list.ty.to_string()),
        );
        None
    }

    /// A written list whose elements have the subject's type; the subject may take theirs.
    fn list_for(&mut self, mut subject: Expr, items: Vec<Ast>, span: Span) -> Option<(Expr, Expr)> {
        let checked: Vec<Option<Expr>> = items.into_iter().map(|item| self.expr(item)).collect();
        let checked: Vec<Expr> = checked.into_iter().collect::<Option<_>>()?;
        for item in &checked {
            self.check_choice(&subject, item);
            if matches!(item.node, Node::Literal(Value::Null)) {
                self.note(
                    Problem::new(code::TYPE, item.span, "null is in no list")
                        .hint(Some("ask `x == null || x in […]`".to_owned())),
                );
                return None;
            }
            let (unified, _) = self.unify(subject, item.clone(), item.span)?;
            subject = unified;
        }
        if !matches!(
            subject.ty,
            Type::Int
                | Type::Decimal
                | Type::Float
                | Type::Text
                | Type::Bool
                | Type::Date
                | Type::Time
                | Type::DateTime
                | Type::Duration
                | Type::Id
                | Type::Record(_)
        ) {
            self.note(Problem::new(code::TYPE, subject.span, format!("{} is in no list", subject.ty)));
            return None;
        }
        if matches!(subject.ty, Type::Record(_)) {
            subject = self.coerce(subject, &Type::Id)?;
        }
        let ty = subject.ty.clone();
        let items: Vec<Option<Expr>> = checked.into_iter().map(|item| self.coerce(item, &ty)).collect();
        let items: Vec<Expr> = items.into_iter().collect::<Option<_>>()?;
        Some((subject, Expr { node: Node::List(items), ty: Type::List(Box::new(ty)), span }))
    }

    /// The written list of `hasAny` and `hasAll`.
    pub(super) fn list_of(&mut self, field: &Expr, of: &Type, ast: Ast) -> Option<Expr> {
        let span = ast.span;
        let Kind::List(items) = ast.kind else {
            self.note(
                Problem::new(code::TYPE, span, "expected a list").expected("a list such as `[\"a\", \"b\"]`"),
            );
            return None;
        };
        let items: Vec<Option<Expr>> = items
            .into_iter()
            .map(|item| {
                let item = self.expr(item)?;
                self.check_choice(field, &item);
                self.coerce(item, of)
            })
            .collect();
        let items: Vec<Expr> = items.into_iter().collect::<Option<_>>()?;
        Some(Expr { node: Node::List(items), ty: Type::List(Box::new(of.clone())), span })
    }
}
