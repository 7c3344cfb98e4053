//! Comparisons, lists and text matching.
//!
//! A column is compared with a value in the column's own encoding, so that indexes serve; a value that the column cannot hold is rounded
//! in the direction that keeps the comparison's answer.

use expr::{BinaryOp, Encoding, Expr, ListOp, Node, Root, Slot, TextOp, Type, Value};
use sql::{Compare, ListTest, Param, Scalar};

use super::LowerError;
use super::context::{Cx, Frame, Place, Typed, unsupported};
use super::expression::{Leaf, convert};
use crate::slots::{Case, Pattern, Rounding, Transform};

/// A value that is known when the statement is bound.
#[derive(Clone, Copy)]
enum Operand<'e> {
    Literal(&'e Value),
    Slot(Slot),
}

fn operand(expr: &Expr) -> Option<Operand<'_>> {
    match &expr.node {
        Node::Literal(value) => Some(Operand::Literal(value)),
        Node::Slot(slot) => Some(Operand::Slot(*slot)),
        _ => None,
    }
}

impl Cx<'_> {
    fn bound(
        &mut self,
        operand: Operand<'_>,
        transform: Option<Transform>,
        encoding: Encoding,
        list: bool,
    ) -> Param {
        match operand {
            Operand::Literal(value) => {
                let value = transform.map_or_else(|| value.clone(), |transform| transform.apply(value));
                Cx::constant(value, encoding, list)
            }
            Operand::Slot(slot) => self.slot(slot, transform, encoding, list),
        }
    }

    /// A comparison as a truth.
    pub(super) fn compare(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        op: BinaryOp,
        (left, right): (&Expr, &Expr),
    ) -> Result<Scalar, LowerError> {
        if op == BinaryOp::NotEqual {
            return Ok(match self.compare(frame, place, BinaryOp::Equal, (left, right))? {
                Scalar::IsNull(inner) => Scalar::Not(Box::new(Scalar::IsNull(inner))),
                equal => Scalar::IsNotTrue(Box::new(equal)),
            });
        }
        match (operand(left), operand(right)) {
            (_, Some(known)) => {
                let subject = self.value(frame, place, left)?;
                Ok(self.compare_known(op, subject, known, &right.ty))
            }
            (Some(known), None) => {
                let subject = self.value(frame, place, right)?;
                Ok(self.compare_known(mirrored(op), subject, known, &left.ty))
            }
            (None, None) => {
                let first = self.value(frame, place, left)?;
                let second = self.value(frame, place, right)?;
                let (first, second) = unified(first, second);
                let operator = if op == BinaryOp::Equal { Compare::Same } else { operator(op) };
                Ok(Scalar::Compare(operator, Box::new(first.scalar), Box::new(second.scalar)))
            }
        }
    }

    /// A computed value against one that is bound, in the encoding of the first.
    fn compare_known(&mut self, op: BinaryOp, subject: Typed, known: Operand<'_>, ty: &Type) -> Scalar {
        if matches!(known, Operand::Literal(Value::Null)) {
            return match op {
                BinaryOp::Equal => Scalar::IsNull(Box::new(subject.scalar)),
                _ => Scalar::Bool(false),
            };
        }
        let rounding = match op {
            BinaryOp::Less | BinaryOp::GreaterOrEqual => Rounding::Up,
            BinaryOp::LessOrEqual | BinaryOp::Greater => Rounding::Down,
            _ => Rounding::Exact,
        };
        let transform = match subject.encoding {
            Encoding::Decimal(scale) => Some(Transform::Scale(scale, rounding)),
            Encoding::Int if *ty != Type::Int => Some(Transform::Whole(rounding)),
            Encoding::Float if *ty != Type::Float => Some(Transform::Float),
            Encoding::Duration => Some(Transform::Seconds),
            _ => None,
        };
        let encoding = subject.encoding;
        let value = Box::new(Scalar::Param(self.bound(known, transform, encoding, false)));
        if op == BinaryOp::Different && transform.is_some() {
            // The value may become null, because the column cannot hold it; then every known value is different.
            let same = Scalar::Compare(Compare::Equal, Box::new(subject.scalar.clone()), value);
            let known = Scalar::Not(Box::new(Scalar::IsNull(Box::new(subject.scalar))));
            return Scalar::And(vec![known, Scalar::IsNotTrue(Box::new(same))]);
        }
        Scalar::Compare(operator(op), Box::new(subject.scalar), value)
    }

    /// A computed value against a slot.
    pub(super) fn compare_with_slot(
        &mut self,
        op: BinaryOp,
        subject: Typed,
        slot: Slot,
        ty: &Type,
    ) -> Scalar {
        match op {
            BinaryOp::NotEqual => {
                let equal = self.compare_known(BinaryOp::Equal, subject, Operand::Slot(slot), ty);
                Scalar::IsNotTrue(Box::new(equal))
            }
            op => self.compare_known(op, subject, Operand::Slot(slot), ty),
        }
    }

    /// Whether the value is null.
    pub(super) fn is_null(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        inner: &Expr,
    ) -> Result<Scalar, LowerError> {
        Ok(Scalar::IsNull(Box::new(self.value(frame, place, inner)?.scalar)))
    }

    /// Whether the value is in a list; null is in none.
    pub(super) fn is_in(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        subject: &Expr,
        list: &Expr,
    ) -> Result<Scalar, LowerError> {
        let known = match &list.node {
            Node::Slot(slot) => Some(Operand::Slot(*slot)),
            Node::Literal(value) => Some(Operand::Literal(value)),
            Node::List(items) => return self.is_in_written(frame, place, subject, items),
            Node::Field(path) if path.root == Root::User => {
                let subject = self.value(frame, place, subject)?;
                let list = self.fact(&path.steps, subject.encoding, true);
                return Ok(Scalar::InParam(Box::new(subject.scalar), list));
            }
            _ => None,
        };
        let Some(known) = known else {
            let tags = self.value(frame, place, list)?;
            let value = self.value(frame, place, subject)?;
            return Ok(Scalar::ListTest(ListTest::Has, Box::new(tags.scalar), Some(Box::new(value.scalar))));
        };
        let member = match &list.ty {
            Type::List(member) => &**member,
            other => other,
        };
        let subject = self.value(frame, place, subject)?;
        let transform = list_transform(subject.encoding, member);
        let list = self.bound(known, Some(transform), subject.encoding, true);
        Ok(Scalar::InParam(Box::new(subject.scalar), list))
    }

    fn is_in_written(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        subject: &Expr,
        items: &[Expr],
    ) -> Result<Scalar, LowerError> {
        let literals: Option<Vec<Value>> = items
            .iter()
            .map(|item| match &item.node {
                Node::Literal(value) => Some(value.clone()),
                _ => None,
            })
            .collect();
        let typed = self.value(frame, place, subject)?;
        if let Some(values) = literals {
            let member =
                items.iter().map(|item| &item.ty).find(|ty| **ty != Type::Null).unwrap_or(&Type::Null);
            let transform = list_transform(typed.encoding, member);
            let list = Cx::constant(transform.apply(&Value::List(values)), typed.encoding, true);
            return Ok(Scalar::InParam(Box::new(typed.scalar), list));
        }
        let mut any = Vec::with_capacity(items.len());
        for item in items {
            any.push(match operand(item) {
                Some(Operand::Literal(Value::Null)) => Scalar::Bool(false),
                Some(known) => self.compare_known(BinaryOp::Equal, typed.clone(), known, &item.ty),
                None => {
                    let value = self.value(frame, place, item)?;
                    let (first, second) = unified(typed.clone(), value);
                    Scalar::Compare(Compare::Equal, Box::new(first.scalar), Box::new(second.scalar))
                }
            });
        }
        Ok(Scalar::Or(any))
    }

    /// Text matching. Without case, the folded side column serves where the field has one, ASCII folding elsewhere.
    pub(super) fn matches(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        op: TextOp,
        (subject, pattern): (&Expr, &Expr),
    ) -> Result<Scalar, LowerError> {
        let form = match op {
            TextOp::Like | TextOp::ILike => Pattern::Like,
            TextOp::Contains => Pattern::Contains,
            TextOp::StartsWith => Pattern::StartsWith,
            TextOp::EndsWith => Pattern::EndsWith,
        };
        let folded = match &subject.node {
            Node::Field(path) if path.root == Root::Record && op != TextOp::Like => {
                self.follow(frame, place, &path.steps, Leaf::Folded)?
            }
            _ => None,
        };
        let (text, case) = match (op, folded) {
            (TextOp::Like, _) => (self.value(frame, place, subject)?.scalar, Case::Kept),
            (_, Some(folded)) => (folded.scalar, Case::Folded),
            (_, None) => {
                let text = self.value(frame, place, subject)?.scalar;
                (Scalar::LowerAscii(Box::new(text)), Case::Ascii)
            }
        };
        let pattern = match operand(pattern) {
            Some(known) => {
                Scalar::Param(self.bound(known, Some(Transform::Pattern(form, case)), Encoding::Text, false))
            }
            None => self.computed_pattern(frame, place, (form, case), pattern)?,
        };
        Ok(Scalar::Like(Box::new(text), Box::new(pattern)))
    }

    /// A pattern that is itself computed from the record.
    fn computed_pattern(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        (form, case): (Pattern, Case),
        pattern: &Expr,
    ) -> Result<Scalar, LowerError> {
        let text = match (case, &pattern.node) {
            (Case::Folded, Node::Field(path)) if path.root == Root::Record => {
                self.follow(frame, place, &path.steps, Leaf::Folded)?
            }
            _ => None,
        };
        let text = match (case, text) {
            (Case::Folded, Some(folded)) => folded.scalar,
            (Case::Folded, None) => return Err(unsupported("a computed pattern without a folded column")),
            (Case::Kept, _) => self.value(frame, place, pattern)?.scalar,
            (Case::Ascii, _) => Scalar::LowerAscii(Box::new(self.value(frame, place, pattern)?.scalar)),
        };
        if form == Pattern::Like {
            return Ok(text);
        }
        let replace = |text: Scalar, what: &str| {
            let with = format!("\\{what}");
            let arguments = vec![text, Scalar::Text(what.to_owned()), Scalar::Text(with)];
            Scalar::Call(expr::Function::Replace, Encoding::Text, arguments)
        };
        let escaped = replace(replace(replace(text, "\\"), "%"), "_");
        let wildcard = || Scalar::Text("%".to_owned());
        Ok(Scalar::Concat(match form {
            Pattern::Like => vec![escaped],
            Pattern::Contains => vec![wildcard(), escaped, wildcard()],
            Pattern::StartsWith => vec![escaped, wildcard()],
            Pattern::EndsWith => vec![wildcard(), escaped],
        }))
    }

    /// A test on a list field.
    pub(super) fn list_test(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        op: ListOp,
        (subject, other): (&Expr, Option<&Expr>),
    ) -> Result<Scalar, LowerError> {
        let list = Box::new(self.value(frame, place, subject)?.scalar);
        let test = match op {
            ListOp::Has => ListTest::Has,
            ListOp::HasAny => ListTest::HasAny,
            ListOp::HasAll => ListTest::HasAll,
            ListOp::IsEmpty => return Ok(Scalar::ListTest(ListTest::IsEmpty, list, None)),
        };
        let other = other.ok_or_else(|| unsupported("a list test without its operand"))?;
        let value = match (test, operand(other), &other.node) {
            (ListTest::Has, _, _) => self.value(frame, place, other)?.scalar,
            (_, Some(known), _) => {
                Scalar::Param(self.bound(known, Some(Transform::Known), Encoding::Text, true))
            }
            (_, None, Node::List(items)) => {
                let values = items.iter().filter_map(|item| match &item.node {
                    Node::Literal(value) if !value.is_null() => Some(value.clone()),
                    _ => None,
                });
                let values: Vec<Value> = values.collect();
                if values.len() < items.len() {
                    return Err(unsupported("a list of computed values in a list test"));
                }
                Scalar::Param(Cx::constant(Value::List(values), Encoding::Text, true))
            }
            (_, None, _) => return Err(unsupported("a computed list in a list test")),
        };
        Ok(Scalar::ListTest(test, list, Some(Box::new(value))))
    }
}

/// How the members of a list are made fit for a column.
fn list_transform(encoding: Encoding, member: &Type) -> Transform {
    match encoding {
        Encoding::Decimal(scale) => Transform::ScaleList(scale),
        Encoding::Int if *member != Type::Int => Transform::WholeList,
        _ => Transform::Known,
    }
}

/// Two computed values in one encoding.
fn unified(first: Typed, second: Typed) -> (Typed, Typed) {
    let to = match (first.encoding, second.encoding) {
        (a, b) if a == b => a,
        (Encoding::Float, _) | (_, Encoding::Float) => Encoding::Float,
        (Encoding::Decimal(_), _) | (_, Encoding::Decimal(_)) => Encoding::Decimal(6),
        (a, _) => a,
    };
    (convert(first, to), convert(second, to))
}

fn operator(op: BinaryOp) -> Compare {
    match op {
        BinaryOp::NotEqual | BinaryOp::Different => Compare::NotEqual,
        BinaryOp::Less => Compare::Less,
        BinaryOp::LessOrEqual => Compare::LessOrEqual,
        BinaryOp::Greater => Compare::Greater,
        BinaryOp::GreaterOrEqual => Compare::GreaterOrEqual,
        BinaryOp::Equal
        | BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Remainder => Compare::Equal,
    }
}

/// The operator with its sides exchanged.
fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        other => other,
    }
}
