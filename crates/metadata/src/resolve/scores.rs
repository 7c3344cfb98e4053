//! Scores: their conditions and points, and the sum as one expression.

use expr::{BinaryOp, Expr, Node, Span, Type, Value};
use rust_decimal::Decimal;

use super::draft::Origin;
use super::expressions::{DraftScope, expression};
use super::report::Report;
use crate::catalog::{FieldType, Points, Returns};
use crate::document::{PointsDocument, ReturnsName};
use crate::name::Name;

/// The type of a score, with its points and their sum; `None` when something in it is faulty.
pub fn score(
    object: &Name,
    origin: &Origin,
    scope: &DraftScope<'_>,
    report: &mut Report,
) -> Option<FieldType> {
    let documents = origin.doc.points.as_deref().unwrap_or_default();
    let returns = match origin.doc.returns {
        Some(ReturnsName::Int) => Returns::Int,
        None if is_whole(documents, object, scope) => Returns::Int,
        Some(_) | None => Returns::Decimal,
    };
    let ty = returns.expr_type();
    let mut points: Vec<Points> = Vec::new();
    for (index, doc) in documents.iter().enumerate() {
        let at = origin.at.below(&format!("/x-points/{index}"));
        let when = match &doc.when {
            None => Ok(None),
            Some(text) => expression(text, scope, object, Some(&Type::Bool), &at.below("/when"), report)
                .map(Some)
                .ok_or(()),
        };
        let worth = expression(&doc.points.text(), scope, object, Some(&ty), &at.below("/points"), report);
        if let (Ok(when), Some(worth)) = (when, worth) {
            points.push(Points { title: doc.title.clone(), when, points: worth });
        }
    }
    if points.len() != documents.len() {
        return None;
    }
    let expr = sum(&points.iter().map(|one| term(one, &ty)).collect::<Vec<_>>(), &ty);
    Some(FieldType::Score { points, returns, expr })
}

/// Whether all points are whole numbers. What does not parse is reported when it is read in earnest.
fn is_whole(documents: &[PointsDocument], object: &Name, scope: &DraftScope<'_>) -> bool {
    documents.iter().all(|doc| {
        expr::parse(&doc.points.text(), scope, object, None).is_ok_and(|worth| worth.ty == Type::Int)
    })
}

fn typed(node: Node, ty: &Type) -> Expr {
    Expr { node, ty: ty.clone(), span: Span::default() }
}

fn nothing(ty: &Type) -> Expr {
    let zero = if *ty == Type::Int { Value::Int(0) } else { Value::Decimal(Decimal::ZERO) };
    typed(Node::Literal(zero), ty)
}

/// `if when { points ?? 0 } else { 0 }`
fn term(points: &Points, ty: &Type) -> Expr {
    let worth = match &points.points.node {
        Node::Literal(Value::Int(_) | Value::Decimal(_)) => points.points.clone(),
        _ => typed(Node::Coalesce(Box::new(points.points.clone()), Box::new(nothing(ty))), ty),
    };
    match &points.when {
        None => worth,
        Some(when) => typed(Node::If(Box::new(when.clone()), Box::new(worth), Box::new(nothing(ty))), ty),
    }
}

/// Added in halves, so that a long list does not nest deeply.
fn sum(terms: &[Expr], ty: &Type) -> Expr {
    match terms {
        [] => nothing(ty),
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            typed(Node::Binary(BinaryOp::Add, Box::new(sum(left, ty)), Box::new(sum(right, ty))), ty)
        }
    }
}
