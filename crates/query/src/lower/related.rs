//! To-many relations inside expressions: quantifiers, counts and roll-ups, all as correlated subqueries.

use std::sync::Arc;

use expr::{Encoding, Expr, FieldPath, Quantifier, Root};
use metadata::catalog::{Aggregate, Field, FieldType, Many, Via};
use metadata::layout::Role;
use sql::{Fold, From, Ident, Join, JoinKind, Query, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Frame, Place, Rows, Typed, conjunction, equal, unknown, unsupported};
use super::expression::{convert, returned};
use crate::request::Deleted;

impl Cx<'_> {
    /// The records that a to-many relation joins to the record with the id `near`, of the object `object`.
    pub fn related(
        &mut self,
        object: &str,
        near: Scalar,
        many: &Many,
        deleted: Deleted,
    ) -> Result<Rows, LowerError> {
        let mut rows = self.rows(&many.to, deleted)?;
        match &many.via {
            Via::Field(name) => {
                let pointer = self.column(&rows.place, name, &Role::Value)?;
                if let Some(kind) = self.stored(&rows.place, name, &Role::Object)? {
                    rows.filter.push(equal(kind.scalar, Scalar::Text(object.to_owned())));
                }
                rows.filter.push(equal(pointer.scalar, near));
            }
            Via::Link { object: link, near: near_field, far } => {
                // Both ends are asked for themselves.
                let links = self.unscoped(|cx| cx.rows(link, Deleted::Without))?;
                let here = self.column(&links.place, near_field, &Role::Value)?;
                let there = self.column(&links.place, far, &Role::Value)?;
                rows.filter.push(equal(here.scalar, near));
                let mut on = links.filter;
                on.push(equal(there.scalar, self.id(&rows.place)?));
                rows.frame.joins.push(Join { kind: JoinKind::Inner, from: links.from, on: conjunction(on) });
            }
        }
        Ok(rows)
    }

    /// The same, at the end of a path of the record.
    fn related_by_path(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        relation: &FieldPath,
    ) -> Result<Rows, LowerError> {
        if relation.root != Root::Record {
            return Err(unsupported("a relation of anything but `record`"));
        }
        let Some((last, hops)) = relation.steps.split_last() else {
            return Err(unknown(&place.object.name, ""));
        };
        let mut object = Arc::clone(&place.object);
        let mut polymorphic = false;
        for hop in hops {
            let next = if polymorphic {
                polymorphic = false;
                self.object(hop)?
            } else {
                match object.field(hop).map(|field| &field.ty) {
                    Some(FieldType::Lookup(lookup)) => self.object(&lookup.to)?,
                    Some(FieldType::Polymorphic { .. }) => {
                        polymorphic = true;
                        Arc::clone(&object)
                    }
                    _ => return Err(unknown(&object.name, hop)),
                }
            };
            object = next;
        }
        let near = if hops.is_empty() { self.id(place)? } else { self.steps(frame, place, hops)?.scalar };
        match object.field(last).map(Arc::as_ref) {
            Some(Field { ty: FieldType::Many(many), .. }) => {
                self.related(&object.name, near, many, Deleted::Without)
            }
            _ => Err(unknown(&object.name, last)),
        }
    }

    /// A quantifier as a truth that is never null.
    pub fn exists(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        quantifier: Quantifier,
        (relation, condition): (&FieldPath, Option<&Expr>),
    ) -> Result<Scalar, LowerError> {
        let mut rows = self.related_by_path(frame, place, relation)?;
        let there = rows.place.clone();
        match (quantifier, condition) {
            (Quantifier::Every, None) => return Ok(Scalar::Bool(true)),
            (Quantifier::Every, Some(condition)) => {
                let truth = self.truth(&mut rows.frame, &there, condition)?;
                rows.filter.push(Scalar::IsNotTrue(Box::new(truth)));
            }
            (Quantifier::Some | Quantifier::None, Some(condition)) => {
                let truth = self.truth(&mut rows.frame, &there, condition)?;
                rows.filter.push(truth);
            }
            (Quantifier::Some | Quantifier::None, None) => {}
        }
        let exists = Scalar::Exists(Box::new(rows.query(vec![(Scalar::Int(1), Ident::made("v"))])));
        Ok(match quantifier {
            Quantifier::Some => exists,
            Quantifier::Every | Quantifier::None => Scalar::Not(Box::new(exists)),
        })
    }

    /// How many related records satisfy the condition.
    pub fn count(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        relation: &FieldPath,
        condition: Option<&Expr>,
    ) -> Result<Scalar, LowerError> {
        let mut rows = self.related_by_path(frame, place, relation)?;
        if let Some(condition) = condition {
            let there = rows.place.clone();
            let truth = self.truth(&mut rows.frame, &there, condition)?;
            rows.filter.push(truth);
        }
        Ok(Scalar::Subquery(Box::new(rows.query(vec![(Scalar::CountAll, Ident::made("v"))]))))
    }

    /// The value of a roll-up.
    pub fn rollup(&mut self, place: &Place, field: &Field) -> Result<Typed, LowerError> {
        let FieldType::Rollup { of, aggregate, field: folded, filter, returns } = &field.ty else {
            return Err(unknown(&place.object.name, &field.name));
        };
        let relation = Cx::field(place, of)?;
        let FieldType::Many(many) = &relation.ty else { return Err(unknown(&place.object.name, of)) };
        let near = self.id(place)?;
        let mut rows = self.related(&place.object.name, near, many, Deleted::Without)?;
        let there = rows.place.clone();
        if let Some(filter) = filter {
            let truth = self.truth(&mut rows.frame, &there, filter)?;
            rows.filter.push(truth);
        }
        let folded = match folded {
            None => None,
            Some(name) => {
                let field = Cx::field(&there, name)?;
                Some(self.field_value(&mut rows.frame, &there, &field)?)
            }
        };
        let plain = folded.as_ref().is_none_or(|typed| matches!(typed.scalar, Scalar::Column(..)));
        let (query, encoding) = if plain {
            let typed = fold(*aggregate, folded)?;
            (rows.query(vec![(typed.scalar, Ident::made("v"))]), typed.encoding)
        } else {
            self.fold_computed(*aggregate, folded, rows)?
        };
        let value = Typed { scalar: Scalar::Subquery(Box::new(query)), encoding };
        Ok(convert(value, returned(returns)))
    }
}

impl Cx<'_> {
    /// An aggregate over what is computed: in a subselect, because aggregates may mention their operand more than once.
    fn fold_computed(
        &mut self,
        aggregate: Aggregate,
        of: Option<Typed>,
        rows: Rows,
    ) -> Result<(Query, Encoding), LowerError> {
        let alias = self.alias('s');
        let column = Ident::made("v");
        let (inner, named) = match of {
            Some(Typed { scalar, encoding }) => {
                let named = Typed { scalar: Scalar::Column(alias.clone(), column.clone()), encoding };
                (scalar, Some(named))
            }
            None => (Scalar::Int(1), None),
        };
        let typed = fold(aggregate, named)?;
        let from =
            From { source: Relation::Query(Box::new(rows.query(vec![(inner, column.clone())]))), alias };
        let query = Query { columns: vec![(typed.scalar, column)], from: Some(from), ..Query::default() };
        Ok((query, typed.encoding))
    }
}

/// An aggregate over the rows at hand.
pub(super) fn fold(aggregate: Aggregate, of: Option<Typed>) -> Result<Typed, LowerError> {
    let Some(Typed { scalar, encoding }) = of else {
        return match aggregate {
            Aggregate::Count => Ok(Typed { scalar: Scalar::CountAll, encoding: Encoding::Int }),
            Aggregate::Sum | Aggregate::Min | Aggregate::Max | Aggregate::Avg => {
                Err(unsupported("an aggregate without a field"))
            }
        };
    };
    let (kind, result) = match aggregate {
        Aggregate::Count => (Fold::Count, Encoding::Int),
        Aggregate::Sum => (Fold::Sum, encoding),
        Aggregate::Min => (Fold::Min, encoding),
        Aggregate::Max => (Fold::Max, encoding),
        Aggregate::Avg => (Fold::Avg, Encoding::Decimal(6)),
    };
    Ok(Typed { scalar: Scalar::Aggregate(kind, Box::new(scalar), encoding), encoding: result })
}
