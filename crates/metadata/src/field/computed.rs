//! Formulas and roll-ups: their frames. Expressions and filters are checked by resolution, once all fields are known.

use expr::{Encoding, Expr, Node, Span, Type, Value};

use super::Reading;
use crate::catalog::{Aggregate, FieldType, Returns};
use crate::codes;
use crate::document::{AggregateName, ReturnsName};

/// A formula whose expression is still to be read.
pub(super) fn formula(reading: &mut Reading<'_>) -> Option<FieldType> {
    let doc = reading.doc;
    if doc.formula.is_none() {
        reading.fault(codes::MISSING_KEY, "", "A formula needs `x-formula`, the expression");
    }
    let Some(returns) = doc.returns else {
        reading.fault(
            codes::MISSING_KEY,
            "",
            "A formula needs `x-returns`: text, bool, int, decimal, float, date or dateTime",
        );
        return None;
    };
    let returns = match returns {
        ReturnsName::Text => Returns::Text,
        ReturnsName::Bool => Returns::Bool,
        ReturnsName::Int => Returns::Int,
        ReturnsName::Decimal => Returns::Decimal,
        ReturnsName::Float => Returns::Float,
        ReturnsName::Date => Returns::Date,
        ReturnsName::DateTime => Returns::DateTime,
    };
    doc.formula.as_ref()?;
    Some(FieldType::Formula { returns, expr: nothing(), stored: doc.stored })
}

/// A roll-up whose relation, field and filter are still to be checked.
pub(super) fn rollup(reading: &mut Reading<'_>) -> Option<FieldType> {
    let doc = reading.doc;
    if doc.of.is_none() {
        reading.fault(codes::MISSING_KEY, "", "A roll-up needs `x-of`, the to-many relation");
    }
    let Some(aggregate) = doc.aggregate else {
        reading.fault(codes::MISSING_KEY, "", "A roll-up needs `x-aggregate`: count, sum, min, max or avg");
        return None;
    };
    let of = reading.optional_name(doc.of.as_deref(), "/x-of").ok()?;
    let field = reading.optional_name(doc.field.as_deref(), "/x-field").ok()?;
    let aggregate = match aggregate {
        AggregateName::Count => Aggregate::Count,
        AggregateName::Sum => Aggregate::Sum,
        AggregateName::Min => Aggregate::Min,
        AggregateName::Max => Aggregate::Max,
        AggregateName::Avg => Aggregate::Avg,
    };
    match (aggregate, &field) {
        (Aggregate::Count, Some(_)) => {
            reading.fault(codes::BAD_ROLLUP, "/x-field", "`count` counts records; it takes no field");
            return None;
        }
        (Aggregate::Sum | Aggregate::Min | Aggregate::Max | Aggregate::Avg, None) => {
            reading.fault(
                codes::MISSING_KEY,
                "",
                "This aggregate needs `x-field`, the field of the related records",
            );
            return None;
        }
        _ => {}
    }
    Some(FieldType::Rollup { of: of?, aggregate, field, filter: None, returns: Returns::Int })
}

/// A score whose points are still to be read.
pub(super) fn score(reading: &mut Reading<'_>) -> Option<FieldType> {
    let returns = match reading.doc.returns {
        None | Some(ReturnsName::Decimal) => Returns::Decimal,
        Some(ReturnsName::Int) => Returns::Int,
        Some(_) => {
            reading.fault(codes::BAD_VALUE, "/x-returns", "A score is a number: int or decimal");
            return None;
        }
    };
    Some(FieldType::Score { points: Vec::new(), returns, expr: nothing() })
}

/// Stands where an expression will be.
fn nothing() -> Expr {
    Expr { node: Node::Literal(Value::Null), ty: Type::Null, span: Span::default() }
}

/// How results are stored.
pub(super) fn encoding(returns: &Returns) -> Encoding {
    match returns {
        Returns::Text => Encoding::Text,
        Returns::Bool => Encoding::Bool,
        Returns::Int => Encoding::Int,
        Returns::Decimal => Encoding::Decimal(6),
        Returns::Float => Encoding::Float,
        Returns::Date => Encoding::Date,
        Returns::DateTime => Encoding::DateTime,
    }
}
